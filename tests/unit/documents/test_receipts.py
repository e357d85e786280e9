"""Receipts move documents on; what came late, twice or as a notice changes nothing."""

from __future__ import annotations

import pytest

from gateway.documents.core import Decision, Stale
from gateway.errors import RejectedError
from tests.unit.documents.month import aggregate
from tests.unit.documents.world import World, approved_world, cleared, manifest, qualification

QF, MF = "QualificationFiling", "Manifest"


def _declared(world: World) -> str:
    return world.do(QF, "save-declare", "QF-1", qualification()).changes[0].document.number


@pytest.mark.requirement("QF-08")
def test_a_qualification_is_sent_approved_and_valid_until_a_day() -> None:
    """Approval carries the last day and the customs number."""
    world = World()
    number = _declared(world)
    world.answer(number, "0", "T")
    assert world.documents[number].state == "sent"
    world.answer(number, "A", valid_until="20270531", customs_number="Q53016000001")
    document = world.documents[number]
    assert (document.state, document.valid_until) == ("approved", "20270531")
    assert document.customs_number == "Q53016000001"
    assert document.content["ApprovedValidDate"] == "20270531"
    world.answer(number, "V")
    assert world.documents[number].state == "revoked"


@pytest.mark.requirement("QF-08")
def test_without_a_day_the_right_lasts_as_long_as_the_guarantee() -> None:
    """The regulation ties the one to the other."""
    world = World()
    number = _declared(world)
    world.answer(number, "A")
    assert world.documents[number].valid_until == "20270630"


@pytest.mark.requirement("CU-03")
def test_a_technical_receipt_after_the_decision_is_stale() -> None:
    """It proves arrival and changes nothing."""
    world = World()
    number = _declared(world)
    world.answer(number, "A", valid_until="20270531")
    version = world.documents[number].version
    late = world.answer(number, "0", "T")
    assert isinstance(late, Stale)
    assert late.reason.code == "state.stale-receipt"
    assert world.documents[number].version == version
    assert "approved" in late.reason.text("en")


@pytest.mark.requirement("CU-03")
def test_the_same_receipt_twice_changes_nothing() -> None:
    """Duplicates are stale."""
    world = World()
    number = _declared(world)
    world.answer(number, "R")
    assert isinstance(world.answer(number, "R"), Stale)


@pytest.mark.requirement("CU-03")
def test_an_overtaken_approval_still_brings_the_customs_number() -> None:
    """Cleared before approved: the state stays, the number is learnt."""
    world = approved_world()
    number = world.do(MF, "save-declare", "M-1", manifest()).changes[0].document.number
    world.answer(number, "15")
    late = world.answer(number, "7", customs_number="53012026I000000007")
    assert isinstance(late, Decision)
    document = world.documents[number]
    assert (document.state, document.customs_number) == ("cleared", "53012026I000000007")
    assert isinstance(world.answer(number, "7", customs_number="53012026I000000007"), Stale)


@pytest.mark.requirement("CU-04", "CU-03")
@pytest.mark.parametrize(
    ("code", "expected"), [("X", "receipt.unknown-code"), ("9", "state.unexpected-receipt")]
)
def test_what_fits_nothing_is_for_a_person(code: str, expected: str) -> None:
    """An unknown code, or an entrusting of general trade, changes nothing, whatever its text says."""
    world = approved_world()
    number = world.do(MF, "save-declare", "M-1", manifest()).changes[0].document.number
    with pytest.raises(RejectedError) as fault:
        world.answer(number, code, text="海关审批通过")
    assert fault.value.code == expected
    assert world.documents[number].state == "declared"
    assert "{" not in fault.value.text("en") + fault.value.text("zh")


def test_a_refusal_after_approval_is_for_a_person() -> None:
    """Customs contradicts itself."""
    world = World()
    number = _declared(world)
    world.answer(number, "A", valid_until="20270531")
    with pytest.raises(RejectedError) as fault:
        world.answer(number, "R")
    assert fault.value.code == "state.unexpected-receipt"


def test_another_customs_number_is_for_a_person() -> None:
    """A document has one number; a second one means a mistake."""
    world = approved_world()
    number = cleared(world, "M-1").number
    with pytest.raises(RejectedError) as fault:
        world.answer(number, "15", customs_number="53012026I999999999")
    assert fault.value.code == "receipt.customs-number"


@pytest.mark.requirement("MF-12")
def test_a_manifest_is_approved_cleared_and_withdrawn() -> None:
    """Official numbers move it; a withdrawal ends it."""
    world = approved_world()
    document = cleared(world, "M-1")
    assert document.state == "cleared"
    world.answer(document.number, "W")
    assert world.documents[document.number].state == "withdrawn"


@pytest.mark.requirement("DC-01")
@pytest.mark.parametrize(
    ("codes", "states"),
    [
        ("L J R", "declared reviewed cleared"),
        ("L C G R", "declared inspection reviewed cleared"),
        ("C P R", "inspection reviewed cleared"),
        ("L E", "declared not_accepted"),
        ("G D", "reviewed not_accepted"),
    ],
)
def test_the_channel_codes_move_a_declaration(codes: str, states: str) -> None:
    """Each code means one thing; the state follows."""
    world = approved_world()
    cleared(world, "M-1")
    number = aggregate(world).declarations[0].number
    world.answer(number, "0", "T")
    assert world.documents[number].state == "declared"
    for code, state in zip(codes.split(), states.split(), strict=True):
        world.answer(number, code, customs_number="530120261000000001")
        assert world.documents[number].state == state
    assert world.documents[number].customs_number == "530120261000000001"
    assert "CustomsNo" not in world.documents[number].content


@pytest.mark.requirement("DC-01")
def test_a_notice_changes_nothing() -> None:
    """Taxes to be paid are told, not a state."""
    world = approved_world()
    cleared(world, "M-1")
    number = aggregate(world).declarations[0].number
    notice = world.answer(number, "T")
    assert isinstance(notice, Stale)
    assert notice.reason.code == "state.notice-only"


@pytest.mark.requirement("DC-01")
def test_a_technical_failure_is_not_accepted() -> None:
    """What customs could not read it did not accept."""
    world = approved_world()
    cleared(world, "M-1")
    number = aggregate(world).declarations[0].number
    world.answer(number, "-2", "T")
    assert world.documents[number].state == "not_accepted"


@pytest.mark.requirement("CU-03")
@pytest.mark.parametrize(("code", "receipt_type"), [("R", "B"), ("0", "T"), ("-2", "T")])
def test_what_was_said_of_a_refused_filing_is_over_once_it_is_corrected(code: str, receipt_type: str) -> None:
    """A repeated refusal or a late technical receipt calls for nobody."""
    world = World()
    number = _declared(world)
    world.answer(number, "R")
    world.do(QF, "edit", "QF-1", qualification())
    late = world.answer(number, code, receipt_type)
    assert isinstance(late, Stale)
    assert world.documents[number].state == "saved"


@pytest.mark.requirement("CU-03")
def test_a_late_approval_of_what_is_being_corrected_calls_a_person() -> None:
    """Customs and ERP now mean different things by the same number."""
    world = World()
    number = _declared(world)
    world.answer(number, "R")
    world.do(QF, "edit", "QF-1", qualification())
    with pytest.raises(RejectedError) as refused:
        world.answer(number, "A")
    assert refused.value.code == "state.unexpected-receipt"


@pytest.mark.parametrize("given", ["1", "5" * 300])
def test_a_customs_number_of_another_length_is_refused(given: str) -> None:
    """A manifest's has 18 characters."""
    world = approved_world()
    number = world.do(MF, "save-declare", "JB-1", manifest()).changes[0].document.number
    with pytest.raises(RejectedError) as refused:
        world.answer(number, "7", customs_number=given)
    assert refused.value.code == "receipt.customs-number"
