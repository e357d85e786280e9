"""A copy is a new saved document; showing and printing change nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from gateway.clock import CHINA
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.world import (
    OTHER,
    World,
    approved_world,
    cleared,
    codes_of,
    goods,
    manifest,
    qualification,
)

QF, GF, MF = "QualificationFiling", "GoodsFiling", "Manifest"


def _fault(world: World, message: str, number: str, body: Fields, partner: str = "acme") -> list[str]:
    with pytest.raises(RejectedError) as fault:
        world.do(message, "copy", number, body, partner)
    return codes_of(fault.value)


@pytest.mark.requirement("MF-11")
def test_a_manifest_is_copied_in_any_state() -> None:
    """The copy has a new number, is saved, and is of today; the original stays as it is."""
    world = approved_world()
    source = cleared(world, "M-1")
    world.now = datetime(2026, 10, 24, 8, 0, tzinfo=CHINA)
    decision = world.do(MF, "copy", "M-2", {"SeqNo": source.number})
    copy = decision.document
    assert (copy.state, copy.version, copy.client_number) == ("saved", 1, "M-2")
    assert copy.number != source.number
    assert (copy.customs_number, copy.valid_until) == (None, None)
    assert [change.event for change in decision.changes] == ["copy"]
    renewed = {"SeqNo": copy.number, "DeclDate": "20261024"}
    kept = {name: value for name, value in source.content.items() if name != "CustomsNo"}
    assert copy.content == {**kept, **renewed}
    assert world.documents[source.number] == source
    assert world.do(MF, "declare", "M-2").outgoing


@pytest.mark.requirement("GF-06")
def test_a_volume_is_copied_without_what_was_disabled_being_so() -> None:
    """In a new filing every item is an item like any other."""
    world = approved_world()
    source = world.by_client_number("acme", world.documents["V00000000000000002"].kind, "GF-1")
    assert source is not None
    disabling: Fields = {"VolumeClientNo": "GF-1", "DisabledItem": [{"GNo": "1"}]}
    world.answer(world.do("GoodsFilingChange", "disable", "C-1", disabling).document.number, "A")
    copy = world.do(GF, "copy", "GF-2", {"SeqNo": source.number}).document
    items, original = copy.content["Item"], source.content["Item"]
    assert items == original
    assert world.do(GF, "declare", "GF-2").outgoing


@pytest.mark.requirement("GF-06", "MF-11")
def test_what_the_command_brings_takes_the_place_of_what_was_copied() -> None:
    """A copy under another qualification, or with other goods, is one command."""
    world = approved_world()
    world.do(QF, "save-declare", "QF-2", qualification(CustomMaster="5304"))
    source = next(d for d in world.documents.values() if d.client_number == "GF-1")
    body: Fields = {"SeqNo": source.number, "QualificationClientNo": "QF-2", "NoteS": "副本"}
    copy = world.do(GF, "copy", "GF-2", body).document
    assert (copy.office, copy.content["NoteS"]) == ("5304", "副本")
    assert copy.content["Item"] == source.content["Item"]
    other = world.do(GF, "copy", "GF-3", {"SeqNo": source.number, "Item": [goods(GName="另一商品")]}).document
    items = other.content["Item"]
    assert isinstance(items, list)
    assert [item["GName"] for item in items] == ["另一商品"]


def test_a_copy_is_of_a_document_that_is_named() -> None:
    """By its unified number; the client number is that of the copy, and new."""
    world = approved_world()
    source = world.do(MF, "save", "M-1", manifest()).document
    assert _fault(world, MF, "M-2", {}) == [f"command.copy-of-what {MF}/SeqNo"]
    assert _fault(world, MF, "M-1", {"SeqNo": source.number}) == [
        "rule.client-number-taken MessageHead/ClientSeqNo"
    ]
    unknown = [f"rule.unknown-document {MF}/SeqNo"]
    assert _fault(world, MF, "M-2", {"SeqNo": source.number}, partner="other") == unknown
    volume = next(d for d in world.documents.values() if d.client_number == "GF-1")
    assert _fault(world, MF, "M-2", {"SeqNo": volume.number}) == unknown


@pytest.mark.requirement("QR-08")
def test_the_copy_belongs_to_the_same_enterprise() -> None:
    """Also where the partner speaks for several."""
    world = World()
    world.do(QF, "save-declare", "QF-1", qualification(TradeCode=OTHER), partner="both")
    body: Fields = {"QualificationClientNo": "QF-1", "Item": [goods()]}
    source = world.do(GF, "save", "GF-1", body, partner="both").document
    copy = world.do(GF, "copy", "GF-2", {"SeqNo": source.number}, partner="both").document
    assert (source.enterprise, copy.enterprise) == (OTHER, OTHER)


def test_the_rules_of_saving_hold_for_a_copy() -> None:
    """A volume of a qualification that has ended cannot be saved under it again."""
    world = approved_world()
    qualification_filed = next(d for d in world.documents.values() if d.client_number == "QF-1")
    source = next(d for d in world.documents.values() if d.client_number == "GF-1")
    world.answer(qualification_filed.number, "V")
    assert _fault(world, GF, "GF-2", {"SeqNo": source.number}) == [
        f"rule.qualification-ended {GF}/QualificationSeqNo"
    ]


@pytest.mark.requirement("QF-10", "GF-06", "MF-11")
@pytest.mark.parametrize(("message", "number"), [(QF, "QF-1"), (GF, "GF-1"), (MF, "M-1")])
def test_printing_and_showing_name_the_document_and_change_nothing(message: str, number: str) -> None:
    """By client number or unified number, also when the document has ended."""
    world = approved_world()
    world.do(MF, "save", "M-1", manifest())
    document = next(d for d in world.documents.values() if d.client_number == number)
    world.put(replace(document, state="deleted"))
    before = dict(world.documents)
    for body in ({}, {"SeqNo": document.number}):
        printed = world.do(message, "print", number, dict(body))
        shown = world.do(message, "show", number, dict(body))
        assert printed.document == shown.document == before[document.number]
        assert (printed.changes, shown.changes, printed.outgoing) == ((), (), ())
        assert shown.shown == {"content": document.content}
    assert world.documents == before


@pytest.mark.requirement("MF-11")
def test_a_copy_with_another_nature_gets_that_natures_trade_mode() -> None:
    """What follows from a replaced field is found out anew."""
    world = approved_world()
    source = world.do(MF, "save", "M-1", manifest()).document
    body: Fields = {"SeqNo": source.number, "GoodsNature": "3", "CustomMaster": "0708"}
    with pytest.raises(RejectedError) as fault:
        world.do(MF, "copy", "M-2", body)
    assert f"rule.fill-differs {MF}/TradeMode" not in codes_of(fault.value)
    copy = world.do(MF, "copy", "M-3", {"SeqNo": source.number, "VolumeClientNo": "GF-1"}).document
    assert copy.content["TradeMode"] == source.content["TradeMode"] == "0110"
