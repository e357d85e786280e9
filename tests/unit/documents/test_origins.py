"""Where a field comes from: each kind of work on a document, followed one step back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import Document, Making, Trail, Where
from gateway.documents.items import OPERATIONS, Work, lines_of, renumbered, split
from gateway.documents.origins import trail_of_decision
from gateway.fields import FieldDictionary, Fields
from tests.unit.documents.rolled import BASE

pytestmark = pytest.mark.requirement("EN-05")


def marked(prefix: str, count: int) -> list[Fields]:
    """Return items each of which can be told from all others."""
    return [{"GName": f"{prefix}{n}"} for n in range(1, count + 1)]


def making(operation: str, body: Fields, before: Sequence[Fields] = (), earlier: int = 0) -> Making:
    """Return what a command makes of a document with some items."""
    content: Fields = {"Item": list(before), "NoteS": "before"} if before else {}
    return Making("Manifest", operation, body, content, None, earlier, FieldDictionary())


def application(message_type: str, content: Fields) -> Document:
    """Return an application as customs approved it."""
    return replace(BASE, message_type=message_type, content=content)


def text_at(items: Sequence[Fields], trail: Trail) -> object:
    """Return the name of the item to which a trail leads."""
    return items[int(trail.path.partition("[")[2].partition("]")[0]) - 1]["GName"]


@st.composite
def works(draw: st.DrawFn) -> tuple[str, list[Fields], list[Fields]]:
    """Draw an operation with the items that are there and those that it brings."""
    operation = draw(st.sampled_from(sorted(OPERATIONS)))
    kept = marked("kept", draw(st.integers(1, 12)))
    places = st.integers(1, len(kept))
    if operation in {"delete-item", "reclassify"}:
        numbers = draw(st.lists(places, min_size=1, max_size=len(kept), unique=True))
        more = {"DeclElements": "new"} if operation == "reclassify" else {}
        return operation, kept, [{"GNo": str(number), **more} for number in numbers]
    given_items = marked("given", draw(st.integers(1, 5)))
    if operation == "insert-item":
        given_items[0]["GNo"] = str(draw(places))
    return operation, kept, given_items


@given(works(), st.integers(1, 20))
def test_an_item_is_followed_through_any_work_on_items_and_any_split(
    drawn: tuple[str, list[Fields], list[Fields]], limit: int
) -> None:
    """To the item that was there or to the one that came, in whichever volume it ended."""
    operation, kept, brought = drawn
    work = Work(
        "Manifest", lines_of({"Item": kept}, kept=True), lines_of({"Item": brought}), ("DeclElements",)
    )
    parts = split(renumbered(OPERATIONS[operation](work)), limit)
    earlier = 0
    for part in parts:
        made = making(operation, {"Item": brought}, kept, earlier)
        for position, line in enumerate(part, 1):
            trail = made.trail(f"Manifest/Item[{position}]/GName")
            items = kept if trail.where is Where.BEFORE else brought
            assert text_at(items, trail) == line.fields["GName"]
        earlier += len(part)


@given(st.integers(1, 300), st.integers(1, 99))
def test_a_file_that_became_several_volumes_is_followed_from_each(count: int, limit: int) -> None:
    """The position goes on counting where the volume before ended."""
    brought = marked("given", count)
    for earlier in range(0, count, limit):
        made = making("save", {"Item": brought}, earlier=earlier)
        assert text_at(brought, made.trail("Manifest/Item[1]/GName")) == f"given{earlier + 1}"


def test_what_classifies_an_item_is_the_commands_and_all_else_is_what_it_was() -> None:
    """Of an item that was not named nothing is."""
    body: Fields = {"Item": [{"GNo": "2", "DeclElements": "new"}]}
    made = making("reclassify", body, marked("kept", 2))
    assert made.trail("Manifest/Item[2]/DeclElements") == Trail(
        Where.COMMAND, "Manifest/Item[1]/DeclElements"
    )
    assert made.trail("Manifest/Item[2]/GName") == Trail(Where.BEFORE, "Manifest/Item[2]/GName")
    assert made.trail("Manifest/Item[1]/DeclElements").where is Where.BEFORE


def test_items_that_were_there_are_counted_anew_by_the_gateway() -> None:
    """The number of one that was moved comes from no file."""
    body: Fields = {"Item": [{"GNo": "1", "GName": "given1"}]}
    made = making("insert-item", body, marked("kept", 2))
    assert made.trail("Manifest/Item[3]/GNo").where is Where.FILLED
    assert made.trail("Manifest/Item[1]/GNo") == Trail(Where.COMMAND, "Manifest/Item[1]/GNo")


@pytest.mark.parametrize("operation", ["save", "save-declare", "edit", "extend", "disable"])
def test_a_whole_body_is_looked_up_where_it_was_sent(operation: str) -> None:
    """Also a group of another name, and the body itself."""
    made = making(operation, {"NoteS": "x"})
    for path in ("Manifest/NoteS", "Manifest", "Manifest/DisabledItem[2]/GNo"):
        assert made.trail(path) == Trail(Where.COMMAND, path)


def test_declaring_brings_nothing_but_the_day_that_it_names() -> None:
    """Everything else stands as it was saved."""
    made = making("declare", {"DeclDate": "20261020", "NoteS": "before"}, marked("kept", 1))
    assert made.trail("Manifest/DeclDate").where is Where.COMMAND
    assert made.trail("Manifest/NoteS").where is Where.BEFORE
    assert made.trail("Manifest/Item[1]/GName").where is Where.BEFORE


def test_a_position_behind_the_last_item_leads_nowhere() -> None:
    """It is said to be filled in, and the finder has refused it before."""
    assert making("append-item", {"Item": marked("g", 1)}, marked("k", 1)).trail(
        "Manifest/Item[9]/GName"
    ) == Trail(Where.FILLED, "Manifest/Item[9]/GName")


def test_an_approved_change_brings_its_terms_and_its_goods() -> None:
    """The rest of the filing is as it was."""
    terms = application("QualificationChange", {"IEBatches": "48", "TradeCode": "x"})
    assert trail_of_decision("QualificationFiling/IEBatches", {}, terms).where is Where.DECIDED
    assert trail_of_decision("QualificationFiling/TradeCode", {}, terms).where is Where.BEFORE
    goods = application("GoodsFilingChange", {"Item": marked("new", 1)})
    before: Fields = {"Item": list(marked("old", 2))}
    added = trail_of_decision("GoodsFiling/Item[3]/GName", before, goods)
    assert added == Trail(Where.DECIDED, "GoodsFilingChange/Item[1]/GName")
    assert trail_of_decision("GoodsFiling/Item[2]/GName", before, goods).where is Where.BEFORE
    assert trail_of_decision("GoodsFiling/NoteS", before, goods).where is Where.BEFORE


def test_an_approved_modification_is_followed_by_the_items_numbers_before_it() -> None:
    """The first of three was taken out, so that the second item was the third."""
    before: Fields = {"NetWt": "1", "Item": [{"GNo": str(n), "GQty": str(n)} for n in (1, 2, 3)]}
    changes: list[Fields] = [
        {"FieldCode": "NetWt", "OldValue": "1", "NewValue": "2"},
        {"FieldCode": "GNo", "GNo": "1", "OldValue": "1"},
        {"FieldCode": "GQty", "GNo": "3", "OldValue": "3", "NewValue": "30"},
    ]
    changed = application("ManifestModification", {"Change": changes})
    assert trail_of_decision("Manifest/Item[2]/GQty", before, changed) == Trail(
        Where.DECIDED, "ManifestModification/Change[3]/NewValue"
    )
    assert trail_of_decision("Manifest/Item[1]/GQty", before, changed) == Trail(
        Where.BEFORE, "Manifest/Item[2]/GQty"
    )
    assert (
        trail_of_decision("Manifest/NetWt", before, changed).path == "ManifestModification/Change[1]/NewValue"
    )
    assert trail_of_decision("Manifest/GrossWet", before, changed) == Trail(Where.BEFORE, "Manifest/GrossWet")
