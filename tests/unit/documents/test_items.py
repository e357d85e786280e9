"""Items are appended, inserted, deleted and reclassified; their numbers are always 1 to n."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import Decision
from gateway.documents.items import Line, Work, append, delete, insert, lines_of, renumbered, split
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.world import (
    World,
    approved_world,
    codes_of,
    goods,
    line,
    manifest,
    qualification,
    volume,
)

GF, MF = "GoodsFiling", "Manifest"


def _saved(*names: str) -> World:
    """Return a world with the saved volume `GF-1` of these goods."""
    world = World()
    world.do("QualificationFiling", "save-declare", "QF-1", qualification())
    world.do(GF, "save", "GF-1", volume(*(goods(GName=name) for name in names)))
    return world


def _faults(world: World, operation: str, *items: Fields, message: str = GF, **head: str) -> list[str]:
    with pytest.raises(RejectedError) as fault:
        world.do(message, operation, "GF-1" if message == GF else "M-1", {**head, "Item": list(items)})
    return codes_of(fault.value)


def _names(decision: Decision) -> list[tuple[str, str]]:
    items = decision.document.content["Item"]
    assert isinstance(items, list)
    return [(str(item["GNo"]), str(item["GName"])) for item in items]


@pytest.mark.requirement("GF-03")
def test_items_are_appended_at_the_end() -> None:
    """In the order in which they come; the reply tells their numbers."""
    decision = _saved("a", "b").do(GF, "append-item", "GF-1", {"Item": [goods(GName="c"), goods(GName="d")]})
    assert _names(decision) == [("1", "a"), ("2", "b"), ("3", "c"), ("4", "d")]
    assert decision.filled[f"{GF}/Item[2]/GNo"] == "4"
    change = decision.changes[0]
    assert (change.event, change.document.state, change.document.version) == ("append-item", "saved", 2)


@pytest.mark.requirement("GF-03")
def test_items_are_inserted_before_another_one() -> None:
    """The first names it; the others follow in order, and the numbers behind go up."""
    items = [goods(GName="x", GNo="2"), goods(GName="y")]
    decision = _saved("a", "b", "c").do(GF, "insert-item", "GF-1", {"Item": items})
    assert _names(decision) == [("1", "a"), ("2", "x"), ("3", "y"), ("4", "b"), ("5", "c")]


@pytest.mark.requirement("GF-03")
def test_items_are_deleted_by_their_numbers() -> None:
    """The numbers behind go down."""
    decision = _saved("a", "b", "c", "d").do(
        GF, "delete-item", "GF-1", {"Item": [{"GNo": "3"}, {"GNo": "1"}]}
    )
    assert _names(decision) == [("1", "b"), ("2", "d")]


@pytest.mark.requirement("GF-05")
def test_an_item_is_reclassified_and_shown_with_its_elements() -> None:
    """Code and elements change, everything else of the item stays."""
    world = _saved("a", "b")
    world.do(
        GF, "reclassify", "GF-1", {"Item": [{"GNo": "2", "CodeTS": "8518290000", "DeclElements": "0|0|有源"}]}
    )
    shown = world.do(GF, "show", "GF-1")
    assert shown.changes == ()
    content = shown.shown["content"]
    assert content == world.documents[shown.document.number].content
    items = shown.document.content["Item"]
    assert isinstance(items, list)
    assert (items[1]["CodeTS"], items[1]["DeclElements"]) == ("8518290000", "0|0|有源")
    assert (items[1]["GName"], items[1]["GNo"]) == ("b", "2")
    assert "DeclElements" not in items[0]


@pytest.mark.requirement("MF-10")
def test_the_items_of_a_manifest_are_worked_on_alike() -> None:
    """Append, insert, delete with renumbering; back-filled like those that were there from the beginning."""
    world = approved_world()
    world.do(MF, "save", "M-1", manifest(line(GQty="1", DeclTotal="12.50")))
    two, three = line(GQty="2", DeclTotal="25.00"), line(GQty="3", DeclTotal="37.50")
    world.do(MF, "append-item", "M-1", {"Item": [two]})
    world.do(MF, "insert-item", "M-1", {"Item": [{**three, "GNo": "1"}]})
    decision = world.do(MF, "delete-item", "M-1", {"Item": [{"GNo": "2"}]})
    items = decision.document.content["Item"]
    assert isinstance(items, list)
    assert [(item["GNo"], item["GQty"], item["GName"]) for item in items] == [
        ("1", "3", "书籍"),
        ("2", "2", "书籍"),
    ]
    assert world.do(MF, "declare", "M-1").outgoing


@pytest.mark.requirement("MF-10")
def test_only_the_elements_of_a_manifests_item_are_reclassified() -> None:
    """The code stays that of the filing (MF-05)."""
    world = approved_world()
    world.do(MF, "save", "M-1", manifest(line()))
    decision = world.do(MF, "reclassify", "M-1", {"Item": [{"GNo": "1", "DeclElements": "印刷|中文"}]})
    items = decision.document.content["Item"]
    assert isinstance(items, list)
    assert items[0]["DeclElements"] == "印刷|中文"
    faults = _faults(world, "reclassify", {"GNo": "1", "CodeTS": "8518290000"}, message=MF)
    assert faults == [f"item.not-wanted {MF}/Item[1]/CodeTS"]


@pytest.mark.requirement("GF-03", "EN-05")
@pytest.mark.parametrize(
    ("operation", "items", "fault"),
    [
        ("insert-item", [goods(GNo="4")], "item.unknown-number Item[1]/GNo"),
        ("insert-item", [goods()], "item.unknown-number Item[1]/GNo"),
        ("delete-item", [{"GNo": "1"}, {"GNo": "9"}], "item.unknown-number Item[2]/GNo"),
        ("delete-item", [{"GNo": "1"}, {"GNo": "1"}], "item.named-twice Item[2]/GNo"),
        ("delete-item", [{"GNo": "1", "GName": "a"}], "item.not-wanted Item[1]/GName"),
        ("reclassify", [{"GNo": "1", "GUnit": "011"}], "item.not-wanted Item[1]/GUnit"),
        ("append-item", [goods(GNo="9")], "rule.fill-differs Item[1]/GNo"),
        ("append-item", [goods(), goods(DeclPrice="0")], "rule.not-positive Item[2]/DeclPrice"),
        ("append-item", [], "item.none-given Item"),
    ],
)
def test_what_is_wrong_is_told_at_the_commands_own_item(
    operation: str, items: list[Fields], fault: str
) -> None:
    """The path counts the items of the command, not those of the document, and nothing changes."""
    world = _saved("a", "b", "c")
    before = dict(world.documents)
    code, path = fault.split()
    assert _faults(world, operation, *items) == [f"{code} {GF}/{path}"]
    assert world.documents == before


@pytest.mark.requirement("MF-10", "EN-05")
@pytest.mark.parametrize("operation", ["insert-item", "delete-item", "reclassify"])
def test_of_no_items_none_can_be_named(operation: str) -> None:
    """The reply tells how the first one comes in, and not of numbers from 1 to 0."""
    world = approved_world()
    world.do(MF, "save", "M-1", {"IEFlag": "I", "CustomMaster": "5301"})
    with pytest.raises(RejectedError) as fault:
        world.do(MF, operation, "M-1", {"Item": [{"GNo": "1"}]})
    assert codes_of(fault.value) == [f"item.none-there {MF}/Item[1]/GNo"]
    assert "append-item" in fault.value.text("en")


def test_an_item_that_was_there_is_told_by_its_number() -> None:
    """A fault of an item that the command did not bring does not point into the command."""
    world = approved_world()
    world.do(MF, "save", "M-1", manifest(line(), line(ContrItem="2")))
    number = world.do("GoodsFilingChange", "disable", "C-1", _disabling("2")).document.number
    world.answer(number, "A")
    faults = _faults(world, "append-item", line(), message=MF)
    assert [fault.partition(" ")[2] for fault in faults] == [f"{MF}/Item[GNo=2]/ContrItem"]


def _disabling(number: str) -> Fields:
    return {"VolumeClientNo": "GF-1", "DisabledItem": [{"GNo": number}]}


def test_what_the_command_repeats_of_the_head_must_be_the_same() -> None:
    """Work on items changes items; names and codes are the same."""
    world = _saved("a")
    world.do(GF, "append-item", "GF-1", {"CustomMaster": "皇岗海关", "Item": [goods()]})
    faults = _faults(world, "append-item", goods(), NoteS="other")
    assert faults == [f"rule.differs-from-saved {GF}/NoteS"]


@pytest.mark.requirement("GF-06")
def test_work_on_a_refused_volume_saves_it_again() -> None:
    """What customs gave to the attempt that it refused is forgotten."""
    world = approved_world()
    number = world.do(GF, "save-declare", "GF-2", volume()).document.number
    world.answer(number, "R", customs_number="J53016000009")
    document = world.do(GF, "delete-item", "GF-2", {"Item": [{"GNo": "1"}]}).document
    assert (document.state, document.customs_number) == ("saved", None)
    assert "CustomsNo" not in document.content


_LINES = st.lists(st.integers(0, 9), max_size=8)


def _lines(values: list[int], *, kept: bool) -> list[Line]:
    return lines_of({"Item": [{"GName": str(value)} for value in values]}, kept=kept)


@pytest.mark.requirement("GF-03", "MF-10")
@given(_LINES, st.lists(st.integers(0, 9), min_size=1, max_size=4), st.data())
def test_numbers_are_one_to_n_and_the_order_is_kept(
    old: list[int], new: list[int], data: st.DataObject
) -> None:
    """Whatever is done, it is what a list does, and the kept items are numbered by their places."""
    work = Work(GF, _lines(old, kept=True), _lines(new, kept=False))
    expected = [*old, *new]
    lines = append(work)
    if old and data.draw(st.booleans()):
        before = data.draw(st.integers(1, len(old)))
        work.given[0].fields["GNo"] = str(before)
        lines, expected = insert(work), [*old[: before - 1], *new, *old[before - 1 :]]
    elif old and data.draw(st.booleans()):
        gone = data.draw(st.sets(st.integers(1, len(old)), min_size=1))
        named = [Line({"GNo": str(number)}, "Item[1]") for number in gone]
        lines = delete(Work(GF, work.kept, named))
        expected = [value for count, value in enumerate(old, 1) if count not in gone]
    lines = renumbered(lines)
    assert [each.fields["GName"] for each in lines] == [str(value) for value in expected]
    assert all(each.number in {"", str(count)} for count, each in enumerate(lines, 1))
    assert all(each.number for each in lines if each.kept)


@pytest.mark.requirement("GF-02")
@given(st.integers(0, 40), st.integers(1, 12), st.booleans())
def test_splitting_loses_and_reorders_nothing(count: int, limit: int, numbered: bool) -> None:
    """Each volume but the last is full; together they are what was sent."""
    body: Fields = {
        "Item": [{"GName": str(n), **({"GNo": str(n)} if numbered else {})} for n in range(1, count + 1)]
    }
    parts = split(lines_of(body), limit)
    assert [each.fields["GName"] for part in parts for each in part] == [str(n) for n in range(1, count + 1)]
    assert [each.step for part in parts for each in part] == [f"Item[{n}]" for n in range(1, count + 1)]
    assert all(len(part) == limit for part in parts[:-1])
    assert len(parts[-1]) <= limit
    assert all(not each.number for part in parts[1:] for each in part)
