"""What an aggregation works with, in every store: merged and added up as by hand, whatever a month holds."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.config import Aggregation
from gateway.documents import Goods, Line, Sum, pieces
from gateway.errors import ParkedError, RetryError
from gateway.store import DraftRow, LineRow, Move, PlaceRow, RunRow, Store
from tests.services.stores import changed, document, new
from tests.unit.documents.month import lines_of, merge, sums_of
from tests.unit.documents.rolled import random_month

pytest_plugins = ("tests.services.store_fixtures",)

RUN = "R20260000000000001"
KEYS = Aggregation(max_items=2)


def _goods(store: Store, run: str) -> list[Goods]:
    with store.read() as unit:
        return [
            Goods(row.part, row.item, row.first, row.last, row.wraps, row.contracts, *row.figures)
            for row in unit.lines.merged(run)
        ]


@pytest.mark.requirement("AG-06", "AG-09", "AG-10")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_the_database_merges_and_adds_up_as_by_hand(store: Store, seed: int, dice: object) -> None:
    """In whatever order lines are stored: the same goods in the same order, the same sums of each item."""
    lines = lines_of(random_month(seed), KEYS)
    shuffled = list(lines)
    getattr(dice, "shuffle")(shuffled)  # noqa: B009 -- hypothesis has no type for it
    run = f"{seed:018}"
    with store.begin() as unit:
        unit.runs.clear(run, 10_000)
        unit.lines.add(run, shuffled)
    goods = merge(lines)
    assert _goods(store, run) == goods
    parts = list(pieces(goods, KEYS.max_items))
    with store.begin() as unit:
        unit.lines.place(run, _places(parts), ())
        assert [
            (row.declaration, Sum(row.position, row.lines, row.words, *row.figures))
            for row in unit.lines.sums(run)
        ] == [(index, each) for index, piece in enumerate(parts, 1) for each in sums_of(piece, lines)]
        assert unit.lines.count(run) == len(lines)


def _places(parts: list[tuple[Goods, ...]]) -> list[PlaceRow]:
    return [
        PlaceRow(item=goods.item, declaration=index, position=position)
        for index, piece in enumerate(parts, 1)
        for position, goods in enumerate(piece, 1)
    ]


def _line(number: str, position: int, **fields: object) -> Line:
    (line,) = lines_of([random_month(7)[0]], Aggregation())[:1]
    return replace(line, manifest=number, position=position, rank=f"{number} {position:05}", **fields)


def _numbers(*counts: int) -> list[str]:
    return [f"M{count:017}" for count in counts]


@pytest.mark.requirement("AG-09")
def test_lines_are_kept_once_each_and_read_by_manifest(store: Store) -> None:
    """A second line of the same item is refused by the tables themselves."""
    one, two, three = _numbers(1, 2, 3)
    kept = [_line(one, 1, contract="A\0"), _line(one, 2), _line(two, 1), _line(three, 1)]
    with store.begin() as unit:
        unit.lines.add(RUN, kept)
        with pytest.raises(ParkedError, match=r"store.refused"), unit.savepoint():
            unit.lines.add(RUN, [_line(one, 2)])
        assert unit.lines.manifests(RUN, after="", limit=2) == [one, two]
        assert unit.lines.manifests(RUN, after=two, limit=2) == [three]
        expected = [LineRow(**asdict(line)) for line in kept[:3]]
        assert unit.lines.between(RUN, "", two) == [replace(expected[0], contract="A\\x00"), *expected[1:]]
        unit.lines.remove(RUN, two)
        assert unit.lines.count(RUN) == 1
        assert unit.lines.count("R20260000000000002") == 0


@pytest.mark.requirement("AG-09")
def test_relations_come_of_lines_places_and_numbers(store: Store) -> None:
    """A declaration has its number when relations are asked for; figures are plain decimals."""
    (one,) = _numbers(1)
    draft = DraftRow(
        declaration=1, office="5301", nature="1", ie_flag="I", state="saved", content={"DecHead": {}}
    )
    with store.begin() as unit:
        unit.documents.put([new(document(one)), new(document("D20260000000000001", kind="declaration"))])
        figures = {1: (1_250_000, 12_34000), 2: (10_000_000, 0), 3: (1, 10**18)}
        for position, (quantity, total) in figures.items():
            unit.lines.add(RUN, [_line(one, position, item="a", quantity=quantity, total=total)])
        unit.lines.place(RUN, [PlaceRow(item="a", declaration=1, position=7)], [draft])
        assert unit.lines.drafts(RUN, after=0, limit=9) == [draft]
        assert unit.lines.drafts(RUN, after=1, limit=9) == []
        unit.lines.number(RUN, [(1, "D20260000000000001")])
        went = unit.lines.went_into(RUN, "D20260000000000001")
        assert went == [(one, 1, 7), (one, 2, 7), (one, 3, 7)]
        assert unit.lines.went_into("another", "D20260000000000001") == []
        unit.relations.take(RUN, "", one)
        found = unit.relations.of_manifest(one)
    places = {(relation.declaration_number, relation.declaration_item) for relation in found}
    assert places == {("D20260000000000001", 7)}
    assert [(str(relation.quantity), str(relation.total)) for relation in found] == [
        ("12.5", "12.34"),
        ("100", "0"),
        ("0.00001", "10000000000000"),
    ]


@pytest.mark.requirement("AG-10")
def test_a_run_is_brought_on_by_one_alone(store: Store) -> None:
    """Whoever comes second finds it moved on, and is told."""
    row = RunRow(run=RUN, phase="marking")
    with store.begin() as unit:
        unit.documents.put([new(document(RUN, kind="aggregation", period="202610"))])
        unit.runs.begin(row)
        assert unit.runs.get(RUN) == row
        assert unit.runs.under_way() == [row]
        assert unit.runs.in_phase("marking", "4403180001", "202610") == RUN
        assert unit.runs.in_phase("marking", "4403180001", "202611") is None
        moved = unit.runs.step(row, last="M1", done=3, moment=unit.now)
        assert unit.runs.get(RUN) == moved
        with pytest.raises(RetryError, match=r"store.changed-meanwhile"), unit.savepoint():
            unit.runs.step(row, last="M2")
        unit.runs.end(RUN)
        assert unit.runs.get(RUN) is None


def test_what_a_run_worked_with_is_thrown_away_by_the_piece(store: Store) -> None:
    """Less than was allowed says that it was the last; other runs keep theirs."""
    numbers = _numbers(*range(1, 8))
    with store.begin() as unit:
        unit.lines.add(RUN, [_line(number, 1) for number in numbers])
        unit.lines.add("other", [_line(numbers[0], 1)])
        unit.lines.place(RUN, [PlaceRow(item="a", declaration=1, position=1)], ())
        assert unit.runs.clear(RUN, 3, lines=False) == 1
        cleared = []
        while not cleared or cleared[-1] >= 3:
            cleared.append(unit.runs.clear(RUN, 3))
        assert sum(cleared) == 7
        assert unit.lines.count("other") == 1


@pytest.mark.requirement("AG-04")
def test_documents_are_moved_where_they_are_as_expected(store: Store) -> None:
    """State, parent, version and history; the others stay, and nobody loses a content."""
    numbers = _numbers(1, 2, 3)
    with store.begin() as unit:
        for number, state in zip(numbers, ("cleared", "withdrawn", "cleared"), strict=True):
            unit.documents.put([new(document(number, state=state, content={"NoteS": number}))])
    move = Move(
        from_state="cleared",
        to_state="awaiting",
        parent=RUN,
        event="await",
        cause_kind="clock",
        cause_id=RUN,
    )
    with store.begin() as unit:
        assert unit.months.move(numbers, move) == [numbers[0], numbers[2]]
        assert unit.months.move([], move) == []
    with store.read() as unit:
        rows = unit.months.of_run(RUN, "awaiting", after="", limit=9)
        assert [(row.number, row.version, row.content["NoteS"]) for row in rows] == [
            (number, 2, number) for number in (numbers[0], numbers[2])
        ]
        assert unit.months.of_run(RUN, "awaiting", after=numbers[0], limit=9) == rows[1:]
        assert [row.number for row in unit.months.many(numbers)] == numbers
        last = unit.documents.history(numbers[0])[-1]
        assert (last.version, last.event, last.from_state, last.to_state, last.cause_id) == (
            2,
            "await",
            "cleared",
            "awaiting",
            RUN,
        )
        assert len(unit.documents.history(numbers[1])) == 1


@pytest.mark.requirement("AM-07")
def test_a_locked_document_stays_as_it_is_until_the_transaction_ends(
    store: Store, open_store: Callable[[], Store]
) -> None:
    """Who reads a run in order to leave it goes before whoever begins it."""
    other = open_store()
    with store.begin() as unit:
        unit.documents.put([new(document(RUN, kind="aggregation", state="requested"))])
        assert unit.documents.lock("R20260000000000099") is None
    seen: list[str] = []

    def begin_it() -> None:
        with other.begin() as unit:
            unit.documents.put([changed(document(RUN, kind="aggregation", state="making"), "requested", 1)])
            seen.append("begun")

    with ThreadPoolExecutor(1) as threads:
        with store.begin() as unit:
            assert unit.documents.lock(RUN) == unit.documents.get(RUN)
            later = threads.submit(begin_it)
            for _ in range(20):
                unit.documents.get(RUN)
            seen.append("left")
        later.result()
    assert seen == ["left", "begun"]
