"""More goods than a volume holds become further volumes by themselves, in order (GF-02)."""

from __future__ import annotations

import pytest

from gateway.config import Rules
from gateway.documents import Decision
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.world import World, codes_of, goods, qualification, settings, volume

GF = "GoodsFiling"

pytestmark = pytest.mark.requirement("GF-02")


def _world(limit: int = 99) -> World:
    world = World(settings=settings(rules=Rules(volume_items=limit)))
    world.do("QualificationFiling", "save-declare", "QF-1", qualification())
    return world


def _goods(count: int, start: int = 1) -> list[Fields]:
    return [goods(GName=f"goods {number}") for number in range(start, start + count)]


def _names(decision: Decision) -> list[list[str]]:
    found = []
    for change in decision.changes:
        items = change.document.content["Item"]
        assert isinstance(items, list)
        assert [item["GNo"] for item in items] == [str(number) for number in range(1, len(items) + 1)]
        found.append([str(item["GName"]) for item in items])
    return found


@pytest.mark.parametrize(("count", "sizes"), [(99, [99]), (100, [99, 1]), (250, [99, 99, 52])])
def test_more_than_99_items_become_further_volumes(count: int, sizes: list[int]) -> None:
    """In order; each is a document of its own under the same qualification."""
    decision = _world().do(GF, "save", "GF-1", volume(*_goods(count)))
    names = _names(decision)
    assert [len(part) for part in names] == sizes
    assert [name for part in names for name in part] == [f"goods {number}" for number in range(1, count + 1)]
    documents = [change.document for change in decision.changes]
    assert len({document.number for document in documents}) == len(sizes)
    assert {document.parent for document in documents} == {documents[0].parent}
    assert documents[0].client_number == "GF-1"
    assert all(document.client_number == document.number for document in documents[1:])
    assert all(document.content["SeqNo"] == document.number for document in documents)
    assert decision.document == documents[0]
    assert decision.filled[f"{GF}/SeqNo"] == documents[0].number
    for position in range(1, count + 1):
        assert decision.filled[f"{GF}/Item[{position}]/GNo"] == str((position - 1) % 99 + 1)


def test_a_further_volume_goes_its_own_way() -> None:
    """It is found by its number, which is its client number, too."""
    world = _world(2)
    decision = world.do(GF, "save", "GF-1", volume(*_goods(3)))
    number = decision.changes[1].document.number
    assert world.do(GF, "declare", number).document.number == number
    assert world.documents[decision.document.number].state == "saved"


@pytest.mark.requirement("GF-07")
def test_all_volumes_of_one_message_are_declared_and_held() -> None:
    """Each with a message of its own, and each is told."""
    decision = _world(2).do(GF, "save-declare", "GF-1", volume(*_goods(5)))
    numbers = [change.document.number for change in decision.changes]
    assert [(number, message.hold) for number, message in decision.outgoing] == [(n, True) for n in numbers]
    assert [(news.number, news.code) for news in decision.news] == [(n, "news.volume-held") for n in numbers]
    assert {change.document.state for change in decision.changes} == {"declared"}


def test_an_edit_may_make_further_volumes() -> None:
    """The volume itself keeps the first items."""
    world = _world(2)
    first = world.do(GF, "save", "GF-1", volume(*_goods(1))).document
    decision = world.do(GF, "edit", "GF-1", volume(*_goods(3), SeqNo=first.number))
    assert _names(decision) == [["goods 1", "goods 2"], ["goods 3"]]
    assert decision.document.number == first.number
    assert [change.event for change in decision.changes] == ["edit", "save"]


def test_appending_to_a_full_volume_makes_a_further_one() -> None:
    """The items that were there stay where they are."""
    world = _world(3)
    world.do(GF, "save", "GF-1", volume(*_goods(2)))
    decision = world.do(GF, "append-item", "GF-1", {"Item": list(_goods(3, start=3))})
    assert _names(decision) == [["goods 1", "goods 2", "goods 3"], ["goods 4", "goods 5"]]


def test_inserting_into_a_full_volume_is_refused() -> None:
    """What stands between others cannot go elsewhere."""
    world = _world(2)
    world.do(GF, "save", "GF-1", volume(*_goods(2)))
    with pytest.raises(RejectedError) as fault:
        world.do(GF, "insert-item", "GF-1", {"Item": [goods(GNo="1")]})
    assert codes_of(fault.value) == [f"rule.too-many-items {GF}/Item"]


def test_items_may_bear_the_numbers_of_the_whole_message() -> None:
    """Or those that they get in their volume, and no others."""
    world = _world(2)
    items = [{**item, "GNo": str(number)} for number, item in enumerate(_goods(3), 1)]
    assert _names(world.do(GF, "save", "GF-1", volume(*items)))[1] == ["goods 3"]
    items[2]["GNo"] = "1"
    world.do(GF, "save", "GF-2", volume(*items))
    items[2]["GNo"] = "7"
    with pytest.raises(RejectedError) as fault:
        world.do(GF, "save", "GF-3", volume(*items))
    assert codes_of(fault.value) == [f"rule.fill-differs {GF}/Item[3]/GNo"]


@pytest.mark.requirement("EN-01", "EN-05")
def test_faults_point_at_the_items_of_the_message() -> None:
    """Whatever volume an item would have gone into; what is wrong with the head is told once."""
    world = _world(2)
    items = _goods(5)
    items[3]["DeclPrice"] = "0"
    items[4]["GUnit"] = "999"
    with pytest.raises(RejectedError) as fault:
        world.do(GF, "save", "GF-1", volume(*items, CustomMaster="5304"))
    assert sorted(codes_of(fault.value)) == [
        f"rule.fill-differs {GF}/CustomMaster",
        f"rule.not-positive {GF}/Item[4]/DeclPrice",
        f"rule.unknown-code {GF}/Item[5]/GUnit",
    ]
    assert [document.client_number for document in world.documents.values()] == ["QF-1"]
