"""How the office reads numbers, dates and months."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customs_stub.checks.figures import cents, day, months_after, number, product


@pytest.mark.parametrize(
    ("text", "value"), [("1.50", "1.5"), ("", "0"), ("x", "0"), ("NaN", "0"), ("Infinity", "0")]
)
def test_what_is_no_number_counts_as_zero(text: str, value: str) -> None:
    """No check lets zero pass, so nothing slips through."""
    assert number(text) == Decimal(value)


@pytest.mark.parametrize(("value", "rounded"), [("0.005", "0.01"), ("0.0049", "0.00"), ("100.005", "100.01")])
def test_halves_round_up(value: str, rounded: str) -> None:
    """As on customs' page, not to the even digit."""
    assert cents(Decimal(value)) == Decimal(rounded)


def test_the_largest_figures_that_the_schema_takes_are_multiplied_exactly() -> None:
    """19 digits by 19 digits, to the cent."""
    nines = number("99999999999999.99999")
    assert cents(product(nines, number("999999999999999.9999"))) == Decimal(
        "99999999999999999980000000000.00"
    )


@given(st.dates())
def test_every_day_is_read_back(when: date) -> None:
    """Writing and reading a date are the same date."""
    assert day(f"{when.year:04}{when:%m%d}") == when


@pytest.mark.parametrize("text", ["20261301", "20260230", "2026-10-1", "", "２０２６１００１"])
def test_what_is_no_day_is_none(text: str) -> None:
    """Neither the pattern alone nor wide digits make a day."""
    assert day(text) is None


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        (date(2026, 10, 20), 3, date(2027, 1, 20)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2027, 11, 30), 3, date(2028, 2, 29)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
    ],
)
def test_months_end_where_the_month_ends(start: date, months: int, end: date) -> None:
    """The last day stands in for a day that the month has not."""
    assert months_after(start, months) == end
