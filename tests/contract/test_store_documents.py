"""Documents in every store: compare-and-set, numbers, history and the ways to find them."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Executable

from gateway.errors import ParkedError, RetryError
from gateway.store import DocumentFilter, RelationRow, Store
from gateway.store.connection import Connection, Found, Values
from tests.services.stores import add_relations, changed, document, new

pytest_plugins = ("tests.services.store_fixtures",)

OpenStore = Callable[[], Store]
NUMBER = document().number


def put(store: Store, *changes: object) -> None:
    """Write changes in a transaction of their own."""
    with store.begin() as unit:
        unit.documents.put(changes)


def test_a_new_document_has_version_one(store: Store) -> None:
    """What was put is found as it was put, in version 1."""
    row = document(
        customs_number="530120261020000001",
        parent="Q20260000000000001",
        period="202610",
        valid_until="20270120",
        content={"Item": [{"GName": "西服"}], "NoteS": "x"},
    )
    with store.begin() as unit:
        assert unit.documents.put([new(row)]) == [replace(row, version=1)]
    with store.read() as unit:
        assert unit.documents.get(NUMBER) == replace(row, version=1)
        assert unit.documents.get("M20260000000000099") is None


def test_a_change_is_written_where_the_document_is_as_expected(store: Store) -> None:
    """State, version and content go on together, and the history says how."""
    put(store, new(document()))
    put(store, changed(document(state="declared", content={"NoteS": "new"}), "saved", 1))
    with store.read() as unit:
        found = unit.documents.get(NUMBER)
        assert found == document(state="declared", version=2, content={"NoteS": "new"})
        (listed,) = unit.documents.listing(DocumentFilter(), limit=9)
        assert listed.created_at < listed.updated_at
        told = [
            (h.version, h.from_state, h.to_state, h.event, h.cause_id) for h in unit.documents.history(NUMBER)
        ]
    assert told == [(1, None, "saved", "save", "1"), (2, "saved", "declared", "change", "1")]


@pytest.mark.parametrize(("state", "version"), [("declared", 1), ("saved", 2), ("saved", 0)])
def test_a_change_is_refused_where_the_document_is_otherwise(store: Store, state: str, version: int) -> None:
    """Either another state or another version is enough, and nothing is written."""
    put(store, new(document()))
    with pytest.raises(RetryError, match=r"store.changed-meanwhile"):
        put(store, changed(document(state="approved"), state, version))
    with store.read() as unit:
        assert unit.documents.get(NUMBER) == document(version=1)
        assert len(unit.documents.history(NUMBER)) == 1


def test_a_change_of_an_absent_document_is_refused(store: Store) -> None:
    """Nothing can be expected of what is not there."""
    with pytest.raises(RetryError, match=r"store.changed-meanwhile"):
        put(store, changed(document(), "saved", 1))


def test_of_two_who_change_the_same_version_one_wins(store: Store, open_store: OpenStore) -> None:
    """Whoever comes second is told, also when it began before the first had ended."""
    put(store, new(document()))
    other = open_store()
    with ThreadPoolExecutor(1) as threads:
        with store.begin() as unit:
            unit.documents.put([changed(document(state="declared"), "saved", 1)])
            second = threads.submit(put, other, changed(document(state="deleted"), "saved", 1))
        with pytest.raises(RetryError, match=r"store.changed-meanwhile"):
            second.result()
    with store.read() as unit:
        assert unit.documents.get(NUMBER) == document(state="declared", version=2)


def test_racing_threads_lose_no_change(store: Store, open_store: OpenStore) -> None:
    """Of changes that are tried again whenever another was faster, every one is made."""
    put(store, new(document()))

    def count(shared: Store) -> None:
        while True:
            with shared.read() as unit:
                found = unit.documents.get(NUMBER)
            assert found is not None
            try:
                put(shared, changed(found, found.state, found.version))
            except RetryError:
                continue
            return

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(count, [store, open_store()] * 3))
    with store.read() as unit:
        assert [h.version for h in unit.documents.history(NUMBER)] == [1, 2, 3, 4, 5, 6, 7]


def test_changes_put_together_are_all_or_nothing(store: Store) -> None:
    """One document that is not as expected keeps all others of the same decision as they were."""
    second = "M20260000000000002"
    put(store, new(document()), new(document(second)))
    with store.begin() as unit:
        with pytest.raises(RetryError, match=r"store.changed-meanwhile"), unit.savepoint():
            unit.documents.put(
                [
                    changed(document(state="awaiting"), "saved", 1),
                    changed(document(second, state="awaiting"), "cleared", 1),
                ]
            )
        found = unit.documents.get(NUMBER)
    assert found is not None
    assert (found.state, found.version) == ("saved", 1)


def test_a_document_may_change_twice_in_one_decision(store: Store) -> None:
    """Saving and declaring in one message are two changes, in their order."""
    put(
        store,
        new(document(content={"NoteS": "1"})),
        changed(document(state="checked", content={"NoteS": "2"}), "saved", 1),
        changed(document(state="declared", content={"NoteS": "2"}), "checked", 2),
    )
    with store.read() as unit:
        assert unit.documents.get(NUMBER) == document(state="declared", version=3, content={"NoteS": "2"})
        assert [h.to_state for h in unit.documents.history(NUMBER)] == ["saved", "checked", "declared"]


def test_a_content_is_kept_once_for_as_long_as_it_stays(store: Store) -> None:
    """Receipts move a document through many states; only what changes its content makes a version of it."""
    put(store, new(document(content={"A": "1", "B": "1"})))
    put(store, changed(document(state="declared", content={"A": "1", "B": "1"}), "saved", 1))
    put(store, changed(document(state="approved", content={"A": "2", "B": "1"}), "declared", 2))
    with store.read() as unit:
        kept = unit.documents.versions(NUMBER)
    assert [(v.version, v.content) for v in kept] == [(1, {"A": "1", "B": "1"}), (3, {"A": "2", "B": "1"})]


def test_a_number_is_a_letter_a_year_and_a_rising_count(store: Store) -> None:
    """A unified number has 18 characters; each letter counts for itself, in China's year."""
    new_year_in_china = datetime(2026, 12, 31, 16, tzinfo=UTC)
    with store.begin() as unit:
        numbers = [unit.documents.next_number(letter, unit.now) for letter in "MQM"]
        numbers.append(unit.documents.next_number("M", new_year_in_china))
    assert numbers == ["M20260000000000001", "Q20260000000000001", "M20260000000000002", "M20270000000000003"]
    assert all(re.fullmatch(r"[A-Z]\d{17}", number) for number in numbers)


def test_no_number_is_given_twice(store: Store, open_store: OpenStore) -> None:
    """Threads and processes that draw numbers at the same time all get different ones."""

    def draw(shared: Store) -> list[str]:
        given = []
        for _ in range(10):
            with shared.begin() as unit:
                given += [unit.documents.next_number("M", unit.now) for _ in range(2)]
        return given

    with ThreadPoolExecutor(6) as threads:
        given = [number for numbers in threads.map(draw, [store, open_store()] * 3) for number in numbers]
    assert len(set(given)) == len(given) == 120


def test_a_number_of_an_undone_transaction_was_never_given(store: Store) -> None:
    """Drawing goes on without a repeat among what is committed."""
    with store.begin() as unit:
        with pytest.raises(ParkedError), unit.savepoint():
            unit.documents.put(
                [new(document(unit.documents.next_number("M", unit.now))), new(document("bad"))]
            )
        unit.documents.put([new(document(unit.documents.next_number("M", unit.now)))])
    with store.begin() as unit:
        unit.documents.put([new(document(unit.documents.next_number("M", unit.now)))])
        assert len(unit.documents.listing(DocumentFilter(), limit=9)) == 2


def test_a_client_number_finds_its_newest_document(store: Store) -> None:
    """The number belongs to a partner and a kind; of several documents the newest is meant."""
    put(store, *(new(document(f"M2026000000000000{n}")) for n in range(1, 4)))
    put(store, new(document("V20260000000000001", kind="volume")))
    with store.read() as unit:
        found = unit.documents.by_client_number("acme", "manifest", "A-1")
        assert found is not None
        assert found.number == "M20260000000000003"
        assert unit.documents.by_client_number("other", "manifest", "A-1") is None


def test_a_customs_number_finds_its_document(store: Store) -> None:
    """A volume is found by what customs called it, and nothing of another kind is."""
    put(
        store,
        new(document("V20260000000000001", kind="volume", customs_number="B53012600001")),
        new(document()),
    )
    with store.read() as unit:
        found = unit.documents.volume("B53012600001")
        assert found is not None
        assert found.number == "V20260000000000001"
        assert unit.documents.by_customs_number("B53012600001") == found
        assert unit.documents.by_customs_number("B53012600001", "manifest") is None


def test_qualifications_are_found_by_enterprise_office_and_nature(store: Store) -> None:
    """Those of another office or nature are not among them, those of every state are."""
    kind = "qualification"
    put(
        store,
        new(document("Q20260000000000002", kind=kind, state="refused")),
        new(document("Q20260000000000001", kind=kind)),
        new(document("Q20260000000000003", kind=kind, office="5302")),
        new(document("Q20260000000000004", kind=kind, nature="2")),
        new(document("Q20260000000000005", kind=kind, enterprise="4403180002")),
    )
    with store.read() as unit:
        found = unit.documents.qualifications("4403180001", "5301", "1")
        anywhere = unit.documents.qualifications("4403180001", None, "1")
    assert [row.number[-1] for row in found] == ["1", "2"]
    assert [row.number[-1] for row in anywhere] == ["1", "2", "3"]


def test_children_are_found_by_their_parent(store: Store) -> None:
    """The volumes of a qualification come in their order."""
    parent = "Q20260000000000001"
    put(
        store,
        *(new(document(f"V2026000000000000{n}", kind="volume", parent=parent)) for n in (3, 1)),
        new(document()),
    )
    with store.read() as unit:
        assert [row.number[-1] for row in unit.documents.children(parent)] == ["1", "3"]


def test_a_month_is_read_in_pieces_while_it_changes(store: Store) -> None:
    """Every manifest of a month comes once and in order, though some are changed as they come."""
    numbers = [f"M2026{n:013d}" for n in range(1, 702)]
    put(store, *(new(document(number, state="cleared", period="202610")) for number in reversed(numbers)))
    put(store, new(document("M20269000000000001", state="saved", period="202610")))
    put(store, new(document("M20269000000000002", state="cleared", period="202609")))
    with store.begin() as unit:
        seen = []
        for row in unit.documents.manifests("4403180001", "202610", ["cleared", "approved"]):
            seen.append(row.number)
            if len(seen) % 20 == 0:
                unit.documents.put([changed(replace(row, state="aggregated"), row.state, row.version)])
        assert seen == numbers
        left = list(unit.documents.manifests("4403180001", "202610", ["cleared"]))
        assert [row.number for row in left] == [n for at, n in enumerate(numbers, 1) if at % 20]


@pytest.mark.requirement("AM-07")
def test_the_amended_manifests_of_a_month_are_found_by_the_amendments_state(store: Store) -> None:
    """Only amendments of the month, the enterprise and the states asked for count."""
    usual = {"kind": "amendment", "parent": NUMBER, "state": "sent", "period": "202610"}
    others = [{"state": "saved"}, {"period": "202609"}, {"enterprise": "4403180002"}, {"kind": "change"}]
    several = [usual, *({**usual, **other, "parent": f"M{n:017d}"} for n, other in enumerate(others, 2))]
    put(store, *(new(document(f"A{n:017d}", **fields)) for n, fields in enumerate(several)))
    with store.read() as unit:
        assert unit.documents.amended("4403180001", "202610", ["declared", "sent"]) == {NUMBER}


def test_a_listing_comes_page_by_page(store: Store) -> None:
    """Pages follow each other by number, and each filter narrows them."""
    put(store, *(new(document(f"M2026000000000000{n}", ie_flag="IE"[n % 2])) for n in range(1, 8)))
    put(store, new(document("Q20260000000000001", kind="qualification", state="approved", partner="other")))
    with store.read() as unit:
        listing = unit.documents.listing
        first_page = listing(DocumentFilter(kind="manifest"), limit=4)
        assert [row.number[-1] for row in first_page] == ["1", "2", "3", "4"]
        rest = listing(DocumentFilter(kind="manifest"), limit=4, after=first_page[-1].number)
        assert [row.number[-1] for row in rest] == ["5", "6", "7"]
        assert len(listing(DocumentFilter(states=["saved"]), limit=9)) == 7
        assert len(listing(DocumentFilter(states=["approved", "refused", "approved"]), limit=9)) == 1


def test_a_listing_shows_only_the_enterprises_that_may_be_seen(store: Store) -> None:
    """Who may see no enterprise sees no document."""
    put(store, new(document()), new(document("M20260000000000002", enterprise="4403180002")))
    with store.read() as unit:
        listing = unit.documents.listing
        assert len(listing(DocumentFilter(), limit=9)) == 2
        assert [r.number for r in listing(DocumentFilter(enterprises=["4403180001"]), limit=9)] == [NUMBER]
        assert listing(DocumentFilter(enterprises=[]), limit=9) == []


def test_a_listing_of_a_month_is_one_row_of_numbers_whoever_the_documents_are_of(store: Store) -> None:
    """What an index is asked for enterprise by enterprise comes in the order of numbers, page by page."""
    of = ("4403180002", "4403180001", "4403180002", "4403180001", "4403180003")
    found = (
        document(f"{letter}{2026_0000000000000 + n:017d}", kind=kind, enterprise=enterprise, period="202610")
        for letter, kind in (("M", "manifest"), ("A", "amendment"))
        for n, enterprise in enumerate(of, 1)
    )
    other = document("M20260000000000009", period="202611")
    put(store, *map(new, (*found, other)))
    seen = ["4403180001", "4403180002", "4403180001"]
    with store.read() as unit:
        listing = unit.documents.listing
        pages = [listing(DocumentFilter(period="202610"), limit=6)]
        pages.append(listing(DocumentFilter(period="202610"), limit=6, after=pages[0][-1].number))
        pages.append(listing(DocumentFilter(period="202610", kind="manifest", enterprises=seen), limit=9))
    assert [[row.number[0] + row.number[-1] for row in page] for page in pages] == [
        ["A1", "A2", "A3", "A4", "A5", "M1"],
        ["M2", "M3", "M4", "M5"],
        ["M1", "M2", "M3", "M4"],
    ]


def test_a_month_is_listed_in_one_question_however_many_enterprises_there_are(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An index has a part for each enterprise and kind; asking of each would take seconds with thousands."""
    made = [
        document(f"M2026000000000{number}", enterprise=f"440318{number}", period="202610")
        for number in range(1000, 1100)
    ]
    put(store, *map(new, made))
    asked: list[object] = []
    execute = Connection.execute

    def counted(connection: Connection, statement: Executable, values: Values | None = None) -> Found:
        asked.append(statement)
        return execute(connection, statement, values)

    monkeypatch.setattr(Connection, "execute", counted)
    with store.read() as unit:
        found = unit.documents.listing(DocumentFilter(period="202610"), limit=1000)
    assert ([row.number for row in found], len(asked)) == ([row.number for row in made], 1)


@pytest.mark.requirement("AG-09")
def test_no_manifest_item_goes_into_two_declaration_items(store: Store) -> None:
    """The tables themselves refuse a second declaration item for a manifest item."""
    first, second = "D20260000000000001", "D20260000000000002"
    put(
        store,
        new(document()),
        new(document(first, kind="declaration")),
        new(document(second, kind="declaration")),
    )

    def relation(item: int, declaration: str) -> RelationRow:
        return RelationRow(
            manifest_number=NUMBER,
            manifest_item=item,
            declaration_number=declaration,
            declaration_item=1,
            quantity=1,
            total=1,
        )

    with store.begin() as unit:
        add_relations(unit, relation(2, first), relation(1, second))
        with pytest.raises(ParkedError, match=r"store.refused"), unit.savepoint():
            add_relations(unit, relation(2, second))
    with store.read() as unit:
        there = unit.relations.of_manifest(NUMBER)
        assert [(row.manifest_item, row.declaration_number) for row in there] == [(1, second), (2, first)]
        assert unit.relations.of_declaration(first) == [there[1]]
