"""Texts that would be SQL if a statement were put together from them, in every place that asks the store."""

from __future__ import annotations

from dataclasses import fields

import pytest

from gateway.store import Search, Store
from tests.services.stores import document, new

pytest_plugins = ("tests.services.store_fixtures",)

HOSTILE = (
    "' OR '1'='1",
    "' OR 1=1 --",
    "'; DROP TABLE documents; --",
    '" OR ""="',
    "\\' OR 1=1 --",
    "' UNION SELECT * FROM raw --",
    "%",
    "_%",
    "*",
    "$.a",
    "$[*]",
    "{a,b}",
    ":number",
    "%(number)s",
    "?",
    "$1",
    "/*",
    "x'00'",
    "‘ OR ’1’=’1",
    "NULL",
    "' || pg_sleep(9) || '",
)
ASKED = ("number", "customs_number", "client_number", "office", "nature", "ie_flag", "message_type")


@pytest.fixture
def filled(store: Store) -> Store:
    """One manifest that nobody asks for."""
    with store.begin() as unit:
        unit.documents.put([new(document(content={"BillNo": "B-1"}))])
    return store


@pytest.mark.parametrize("name", ASKED)
def test_a_criterion_is_a_text_and_never_a_statement(filled: Store, name: str) -> None:
    """Nothing is found by it, and all is still there."""
    assert name in {field.name for field in fields(Search)}
    for text in HOSTILE:
        with filled.read() as unit:
            assert unit.searching.count(Search(kind="manifest", **{name: text})) == 0, text
    with filled.read() as unit:
        assert unit.searching.count(Search(kind="manifest")) == 1


def test_lists_days_and_contents_are_texts_too(filled: Store) -> None:
    """States, enterprises, days, months and what stands in the content."""
    for text in HOSTILE:
        with filled.read() as unit:
            for asked in (
                Search(kind="manifest", states=(text,)),
                Search(kind="manifest", enterprises=(text,)),
                Search(kind="manifest", content={"BillNo": text}),
                Search(kind="manifest", periods=(text, text)),
                Search(kind="manifest", days=(text, text)),
                Search(kind=text),
            ):
                assert unit.searching.count(asked) == 0, (text, asked)
            assert unit.submissions.by_message_id(text) is None
            assert unit.submissions.latest_of_number(text) is None
            assert list(unit.submissions.latest_of_client_number("Manifest", text)) == []
            assert unit.submissions.latest_of_customs_number(text) is None
            assert unit.documents.get(text) is None
    with filled.read() as unit:
        assert unit.documents.get(document().number) is not None


def test_such_numbers_are_kept_and_found_as_they_are(filled: Store) -> None:
    """A client may well number documents so; each finds its own and no other."""
    rows = [document(f"M2026{place:013d}", client_number=text) for place, text in enumerate(HOSTILE, 1_000)]
    with filled.begin() as unit:
        unit.documents.put([new(row) for row in rows])
    for row in rows:
        with filled.read() as unit:
            assert unit.searching.count(Search(kind="manifest", client_number=row.client_number)) == 1
