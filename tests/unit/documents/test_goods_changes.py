"""Goods are added to an approved volume or disabled; nothing that customs has approved is altered."""

from __future__ import annotations

import pytest

from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.changing import GC, MF, faults_of, goods_of, of
from tests.unit.documents.world import approved_world, codes_of, goods, line, manifest


@pytest.mark.requirement("CH-03", "CH-04")
def test_items_are_added_and_disabled_when_customs_approves() -> None:
    """New ones get the next numbers; disabled ones keep theirs and are marked."""
    world = approved_world()
    filed = of(world, "GF-1").content["Item"]
    assert isinstance(filed, list)
    decision = world.do(GC, "save-declare", "C-1", goods_of(goods(GName="新"), goods(), disabled=("2",)))
    assert decision.shown == {"added": ["3", "4"], "disabled": ["2"]}
    assert of(world, "GF-1").content["Item"] == filed
    world.answer(decision.document.number, "A", customs_number="J53016000001")
    items = of(world, "GF-1").content["Item"]
    assert isinstance(items, list)
    assert items[:2] == [filed[0], {**filed[1], "Disabled": "1"}]
    assert [(item["GNo"], item["GName"]) for item in items[2:]] == [("3", "新"), ("4", "书籍")]
    assert world.documents[decision.document.number].customs_number is None


@pytest.mark.requirement("CH-03")
def test_a_disabled_item_cannot_be_used_in_new_manifests() -> None:
    """An added one can."""
    world = approved_world()
    number = world.do(GC, "save-declare", "C-1", goods_of(goods(GName="新"), disabled=("1",))).document.number
    assert world.do(MF, "save", "M-1", manifest(line())).changes
    world.answer(number, "A")
    with pytest.raises(RejectedError) as fault:
        world.do(MF, "save-declare", "M-2", manifest(line()))
    assert [each.partition(" ")[2] for each in codes_of(fault.value)] == [f"{MF}/Item[1]/ContrItem"]
    assert world.do(MF, "save-declare", "M-3", manifest(line(ContrItem="3"))).outgoing


@pytest.mark.requirement("CH-03", "EN-05")
@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (goods_of(goods(GNo="1")), "change.item-is-filed Item[1]/GNo"),
        (goods_of(goods(GNo="4")), "rule.fill-differs Item[1]/GNo"),
        (goods_of(goods(), goods(Disabled="1")), "rule.filled-by-customs Item[2]/Disabled"),
        (goods_of(goods(DeclPrice="0")), "rule.not-positive Item[1]/DeclPrice"),
        (goods_of(goods(LicenseNo="1：26-AB")), "rule.licence-form Item[1]/LicenseNo"),
        (goods_of(goods(GUnit="")), "rule.mandatory Item[1]/GUnit"),
        (goods_of(*[goods()] * 98), "change.too-many-items Item"),
        (goods_of(disabled=("3",)), "item.unknown-number DisabledItem[1]/GNo"),
        (goods_of(disabled=("1", "1")), "item.named-twice DisabledItem[2]/GNo"),
        (goods_of(goods(), CustomMaster="5304"), "change.fixed-field CustomMaster"),
    ],
)
def test_approved_items_are_never_altered(body: Fields, fault: str) -> None:
    """Nothing but adding and disabling is possible, and it obeys the rules of the filing."""
    code, path = fault.split()
    assert faults_of(approved_world(), GC, body) == [f"{code} {GC}/{path}"]


@pytest.mark.requirement("CH-03")
def test_an_item_is_disabled_once() -> None:
    """Once it is, it stays so."""
    world = approved_world()
    world.answer(world.do(GC, "disable", "C-1", goods_of(disabled=("1",))).document.number, "A")
    assert faults_of(world, GC, goods_of(disabled=("1",))) == [
        f"change.disabled-already {GC}/DisabledItem[1]/GNo"
    ]


@pytest.mark.requirement("CH-03")
def test_the_operation_disable_only_disables() -> None:
    """Items to be added need the other operation."""
    assert faults_of(approved_world(), GC, goods_of(goods(), disabled=("1",)), "disable") == [
        f"command.disable-only {GC}/Item"
    ]


def test_a_saved_change_is_numbered_again_when_it_is_declared() -> None:
    """Another one may have added items meanwhile."""
    world = approved_world()
    world.do(GC, "save", "C-1", goods_of(goods(GName="first")))
    world.answer(world.do(GC, "save-declare", "C-2", goods_of(goods(GName="second"))).document.number, "A")
    decision = world.do(GC, "declare", "C-1")
    world.answer(decision.document.number, "A")
    items = of(world, "GF-1").content["Item"]
    assert isinstance(items, list)
    assert [(item["GNo"], item["GName"]) for item in items[2:]] == [("3", "second"), ("4", "first")]


@pytest.mark.requirement("CH-01", "CH-03")
def test_goods_are_not_changed_once_the_qualification_is_revoked() -> None:
    """The volume is still approved, but nothing of it can be declared any more; saving harms nobody."""
    world = approved_world()
    world.do(GC, "save", "C-1", goods_of(goods()))
    world.answer(of(world, "QF-1").number, "V")
    assert faults_of(world, GC, goods_of(goods())) == [f"change.qualification-not-approved {GC}/VolumeSeqNo"]
    with pytest.raises(RejectedError) as fault:
        world.do(GC, "declare", "C-1")
    assert codes_of(fault.value) == [f"change.qualification-not-approved {GC}/VolumeSeqNo"]
