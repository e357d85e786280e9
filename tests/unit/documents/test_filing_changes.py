"""Which filing a change is of, when it may be made, and what becomes of it when the filing has ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from gateway.clock import CHINA
from gateway.documents import Decision
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.changing import GC, QC, QE, QF, faults_of, goods_of, of, terms_of
from tests.unit.documents.world import approved_world, codes_of, goods


@pytest.mark.parametrize("fields", [{}, {"IEBatches": "12"}, {"GuaranteeAmount": "50"}])
def test_a_change_of_nothing_is_saved_but_not_declared(fields: dict[str, str]) -> None:
    """Equal numbers are no change, however they are written."""
    world = approved_world()
    assert world.do(QC, "save", "C-1", terms_of(**fields)).changes
    assert faults_of(world, QC, terms_of(**fields)) == [f"change.nothing {QC}"]
    assert faults_of(world, GC, goods_of()) == [f"change.nothing {GC}"]


@pytest.mark.requirement("CH-01")
@pytest.mark.parametrize("by", ["unified number", "client number", "enterprise, office and nature"])
def test_the_qualification_is_found_by_number_or_enterprise(by: str) -> None:
    """However it is named, the numbers are filled in and the client number does not stay."""
    world = approved_world()
    number = of(world, "QF-1").number
    named: dict[str, Fields] = {
        "unified number": {"QualificationSeqNo": number},
        "client number": {"QualificationClientNo": "QF-1"},
        "enterprise, office and nature": {"CustomMaster": "皇岗海关", "GoodsNature": "1"},
    }
    document = world.do(QC, "save-declare", "C-1", {**named[by], "IEBatches": "20"}).document
    assert (document.parent, document.content["QualificationSeqNo"]) == (number, number)
    assert "QualificationClientNo" not in document.content


@pytest.mark.requirement("CH-01", "EN-02")
@pytest.mark.parametrize("by", ["VolumeSeqNo", "VolumeClientNo", "VolumeCustomsNo"])
def test_the_volume_is_found_by_any_of_its_numbers(by: str) -> None:
    """Unified number, client number, customs number; all else is back-filled."""
    world = approved_world()
    filed = of(world, "GF-1")
    numbers = {"VolumeSeqNo": filed.number, "VolumeClientNo": "GF-1", "VolumeCustomsNo": "J53016000001"}
    decision = world.do(GC, "disable", "C-1", {by: numbers[by], "DisabledItem": [{"GNo": "1"}]})
    content = decision.document.content
    assert (content["VolumeSeqNo"], content["VolumeCustomsNo"]) == (filed.number, "J53016000001")
    assert (content["QualificationSeqNo"], content["CustomMaster"]) == (filed.parent, "5301")
    assert "VolumeClientNo" not in content


@pytest.mark.requirement("CH-01", "EN-01")
@pytest.mark.parametrize(
    ("message", "body", "fault"),
    [
        (QC, {}, "change.which-qualification QualificationSeqNo"),
        (QC, {"CustomMaster": "5304", "GoodsNature": "1"}, "change.no-qualification QualificationSeqNo"),
        (QC, {"QualificationClientNo": "NONE"}, "rule.unknown-qualification QualificationClientNo"),
        (QC, {"QualificationSeqNo": "Q00000000000000099"}, "rule.unknown-qualification QualificationSeqNo"),
        (GC, {}, "rule.mandatory VolumeSeqNo"),
        (GC, {"VolumeClientNo": "NONE"}, "change.unknown-volume VolumeClientNo"),
        (GC, {"VolumeCustomsNo": "J53016000009"}, "change.unknown-volume VolumeCustomsNo"),
        (QE, {"QualificationClientNo": "NONE"}, "rule.unknown-qualification QualificationClientNo"),
    ],
)
def test_a_filing_that_is_not_found_is_told_once(message: str, body: Fields, fault: str) -> None:
    """With the field that was to name it, and nothing else."""
    code, name = fault.split()
    assert faults_of(approved_world(), message, body) == [f"{code} {message}/{name}"]


@pytest.mark.requirement("QR-08")
def test_a_foreign_filing_is_as_unknown_as_none() -> None:
    """Another partner finds neither qualification nor volume."""
    world = approved_world()
    for message, body in (
        (QC, {"QualificationSeqNo": of(world, "QF-1").number}),
        (GC, {"VolumeSeqNo": of(world, "GF-1").number}),
        (GC, {"VolumeCustomsNo": "J53016000001"}),
    ):
        with pytest.raises(RejectedError) as fault:
            world.do(message, "save", "C-1", dict(body), partner="other")
        assert fault.value.code in {"rule.unknown-qualification", "change.unknown-volume"}


@pytest.mark.requirement("CH-01")
@pytest.mark.parametrize(
    "state", ["saved", "declared", "sent", "receive_failed", "refused", "revoked", "deleted"]
)
def test_only_an_approved_filing_is_changed(state: str) -> None:
    """Not even saved is a change of any other."""
    world = approved_world()
    for client_number in ("QF-1", "GF-1"):
        world.put(replace(of(world, client_number), state=state))
    assert faults_of(world, QC, terms_of(IEBatches="20"), "save") == [
        f"change.not-approved {QC}/QualificationSeqNo"
    ]
    assert faults_of(world, GC, goods_of(goods()), "save") == [f"change.not-approved {GC}/VolumeSeqNo"]


@pytest.mark.requirement("CH-01")
@pytest.mark.parametrize("operation", ["save", "save-declare"])
def test_one_declared_and_not_yet_decided_blocks_another(operation: str) -> None:
    """Until customs has decided; a saved one blocks nothing, but whoever declares first goes first."""
    world = approved_world()
    world.do(QC, "save", "C-0", terms_of(IEBatches="15"))
    number = world.do(QC, "save-declare", "C-1", terms_of(IEBatches="20")).document.number
    undecided = [f"change.undecided {QC}/QualificationSeqNo"]
    assert faults_of(world, QC, terms_of(IEBatches="30"), operation) == undecided
    with pytest.raises(RejectedError) as fault:
        world.do(QC, "declare", "C-0")
    assert codes_of(fault.value) == undecided
    assert number in fault.value.text("en")
    world.answer(number, "0", "T")
    assert faults_of(world, QC, terms_of(IEBatches="30"), operation) == undecided
    world.answer(number, "A")
    assert world.do(QC, operation, "C-2", terms_of(IEBatches="30")).changes
    # Another filing of the same enterprise is not concerned.
    assert world.do(GC, operation, "C-3", goods_of(goods())).changes


@pytest.mark.requirement("CH-01")
def test_of_two_declared_at_once_only_one_finds_the_filing_as_expected() -> None:
    """Declaring moves the filing to its next version."""
    world = approved_world()
    filing = of(world, "GF-1")
    decision = world.do(GC, "save-declare", "C-1", goods_of(goods()))
    moved = next(change for change in decision.changes if change.document.number == filing.number)
    assert (moved.event, moved.expected_version) == ("amend", filing.version)
    assert moved.document == replace(filing, version=filing.version + 1)


@pytest.mark.parametrize(("message", "body"), [(QC, terms_of(IEBatches="20")), (GC, goods_of(goods()))])
def test_nothing_is_declared_about_a_qualification_past_its_last_day(message: str, body: Fields) -> None:
    """Customs would refuse it; file anew."""
    world = approved_world()
    world.now = datetime(2027, 7, 1, 8, 0, tzinfo=CHINA)
    assert [each.partition(" ")[0] for each in faults_of(world, message, body)] == [
        "rule.qualification-expired"
    ]


@pytest.mark.requirement("CH-04")
def test_what_was_approved_before_a_revocation_is_still_written_down() -> None:
    """The receipts may come in any order."""
    world = approved_world()
    filing = of(world, "QF-1").number
    number = world.do(QC, "save-declare", "C-1", terms_of(IEBatches="20")).document.number
    world.answer(filing, "V")
    world.answer(number, "A")
    assert (world.documents[filing].state, world.documents[filing].content["IEBatches"]) == ("revoked", "20")


def test_an_approval_for_a_deleted_filing_has_no_effect_and_says_so() -> None:
    """The change is approved all the same."""
    world = approved_world()
    filing = of(world, "QF-1")
    number = world.do(QC, "save-declare", "C-1", terms_of(IEBatches="20")).document.number
    world.answer(filing.number, "V")
    world.do(QF, "delete", "QF-1")
    approved = world.answer(number, "A")
    assert isinstance(approved, Decision)
    assert [news.code for news in approved.news] == ["news.change-without-effect"]
    assert world.documents[filing.number].content == filing.content
