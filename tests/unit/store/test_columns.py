"""How values stand in columns: text order is time order, digits and keys stay, everything can be stored."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeDecorator

from gateway.store.columns import Exact, Json, Moment, Words, encode, storable
from gateway.store.tables import sequences

DIALECT = sqlite.dialect()


def written(column: TypeDecorator[Any], value: object) -> str | None:
    """Return what is stored of a value."""
    return column.bind_processor(DIALECT)(value)


def read_again(column: TypeDecorator[Any], stored: str | None) -> Any:
    """Return what is read of it."""
    read = column.result_processor(DIALECT, None)
    return stored if read is None else read(stored)


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=zones)  # noqa: DTZ001 - hypothesis adds them
texts = st.text(st.characters(exclude_categories=[]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=8,
)


@given(moments, moments)
def test_the_order_of_the_text_is_the_order_of_time(one: datetime, other: datetime) -> None:
    """Whatever the zones, sorting what is stored sorts by time."""
    first, second = (written(Moment(), moment) for moment in (one, other))
    assert first is not None
    assert second is not None
    assert (first < second) == (one < other)
    assert len(first) == len(second) == len("2026-10-20T12:00:00.000000+08:00")


@given(moments)
def test_a_moment_comes_back(moment: datetime) -> None:
    """The same moment is read, told in China's zone."""
    read = read_again(Moment(), written(Moment(), moment))
    assert read == moment
    assert read.utcoffset() == timedelta(hours=8)


def test_a_moment_without_a_zone_is_a_mistake() -> None:
    """No zone is guessed."""
    with pytest.raises(AssertionError, match="without a zone"):
        written(Moment(), datetime(2026, 10, 20))  # noqa: DTZ001 - the mistake itself


@given(st.decimals(allow_nan=False, allow_infinity=False, places=5))
def test_a_decimal_keeps_its_digits(value: Decimal) -> None:
    """Zeros at the end are digits, too."""
    stored = written(Exact(), value)
    assert stored is not None
    assert "E" not in stored
    assert str(read_again(Exact(), stored)) == format(value, "f")


@given(values)
def test_json_comes_back_and_is_written_alike_again(value: object) -> None:
    """What is read is what was given, and writing it once more gives the same bytes."""
    stored = encode(value)
    stored.encode("utf-8")
    assert "\0" not in stored
    read = json.loads(stored)
    assert encode(read) == encode(json.loads(encode(read)))
    if "\\ud" not in stored:
        assert read == value
        assert encode(read) == stored


def test_json_keeps_the_order_of_its_keys() -> None:
    """Keys are not sorted, and Chinese is not escaped."""
    assert encode({"b": "清单", "a": ["1"]}) == '{"b":"清单","a":["1"]}'


@given(texts)
def test_every_text_can_be_stored(text: str) -> None:
    """What comes out is UTF-8 without NUL, and unchanged where it was so before."""
    stored = storable(text)
    assert "\0" not in stored
    stored.encode("utf-8")
    if not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        assert stored == text


@pytest.mark.parametrize("column", [Words(), Moment(), Exact(), Json()])
def test_nothing_stays_nothing(column: Words | Moment | Exact | Json) -> None:
    """An absent value is absent, in both directions."""
    assert written(column, None) is None
    assert read_again(column, None) is None


def test_postgresql_is_told_to_sort_by_code_points() -> None:
    """The collation stands in the table itself, not in the set-up of the server."""
    assert 'name TEXT COLLATE "C"' in str(CreateTable(sequences).compile(dialect=postgresql.dialect()))
    assert "COLLATE" not in str(CreateTable(sequences).compile(dialect=DIALECT))
