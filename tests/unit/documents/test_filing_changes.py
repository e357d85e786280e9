"""An approved filing is changed by an application that customs decides; until then the old content holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from gateway.clock import CHINA
from gateway.documents import Decision, Document
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.world import (
    OTHER,
    World,
    approved_world,
    codes_of,
    goods,
    line,
    manifest,
    qualification,
)

QF, GF, MF = "QualificationFiling", "GoodsFiling", "Manifest"
QC, GC, QE = "QualificationChange", "GoodsFilingChange", "QualificationExtension"
TERMS: Fields = {
    "IEBatches": "20",
    "GuaranteeMode": "2",
    "GuaranteeAmount": "80",
    "GuaranteeValidDate": "20280101",
}


def _of(world: World, client_number: str) -> Document:
    """Return a document as it is now."""
    return next(d for d in world.documents.values() if d.client_number == client_number)


def _terms(**fields: str) -> Fields:
    return {"QualificationClientNo": "QF-1", **fields}


def _goods(*items: Fields, disabled: tuple[str, ...] = (), **fields: str) -> Fields:
    body: Fields = {"VolumeClientNo": "GF-1", **fields}
    if items:
        body["Item"] = list(items)
    if disabled:
        body["DisabledItem"] = [{"GNo": number} for number in disabled]
    return body


def _faults(world: World, message: str, body: Fields, operation: str = "save-declare") -> list[str]:
    before = dict(world.documents)
    with pytest.raises(RejectedError) as fault:
        world.do(message, operation, "C-9", body)
    assert world.documents == before
    return codes_of(fault.value)


def _bonded(world: World) -> str:
    """Return the number of an approved bonded qualification `QB-1`, valid until the end of June 2027."""
    body: Fields = {k: v for k, v in qualification(GoodsNature="2").items() if not k.startswith("Guarantee")}
    number = world.do(QF, "save-declare", "QB-1", body).document.number
    world.answer(number, "A", valid_until="20270630", customs_number="Q53016000002")
    return number


@pytest.mark.requirement("CH-02", "CH-04")
def test_four_terms_of_a_qualification_change_when_customs_approves() -> None:
    """The reply shows old and new; the filing keeps the old until then."""
    world = approved_world()
    before = _of(world, "QF-1")
    decision = world.do(QC, "save-declare", "C-1", _terms(**{k: str(v) for k, v in TERMS.items()}))
    rows = decision.shown["changes"]
    assert isinstance(rows, list)
    assert [(row["field"], row["old"], row["new"]) for row in rows] == [
        ("IEBatches", "12", "20"),
        ("GuaranteeMode", "1", "2"),
        ("GuaranteeAmount", "50.0000", "80"),
        ("GuaranteeValidDate", "20270630", "20280101"),
    ]
    assert _of(world, "QF-1").content == before.content
    world.answer(decision.document.number, "0", "T")
    approved = world.answer(decision.document.number, "A")
    assert isinstance(approved, Decision)
    assert [(news.number, news.code) for news in approved.news] == [(before.number, "news.change-effective")]
    after = _of(world, "QF-1")
    assert (after.state, after.customs_number) == ("approved", before.customs_number)
    assert after.content == {**before.content, **TERMS, "ApprovedValidDate": "20280101"}
    assert [event for number, event, _ in world.history if number == before.number][-2:] == [
        "amend",
        "change",
    ]


@pytest.mark.requirement("CH-04")
@pytest.mark.parametrize(("code", "kind", "state"), [("R", "B", "refused"), ("-1", "T", "receive_failed")])
def test_a_refused_change_leaves_everything_as_it_is(code: str, kind: str, state: str) -> None:
    """Corrected, it is declared again."""
    world = approved_world()
    before = _of(world, "QF-1").content
    number = world.do(QC, "save-declare", "C-1", _terms(IEBatches="20")).document.number
    world.answer(number, code, kind)
    assert world.documents[number].state == state
    assert _of(world, "QF-1").content == before
    world.do(QC, "edit", "C-1", _terms(IEBatches="30"))
    world.do(QC, "declare", "C-1")
    world.answer(number, "A")
    assert _of(world, "QF-1").content["IEBatches"] == "30"


@pytest.mark.requirement("CH-02")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("CustomMaster", "5304"),
        ("TradeCode", OTHER),
        ("TradeName", "另一家公司"),
        ("GoodsNature", "2"),
    ],
)
def test_any_other_difference_is_refused_by_name(field: str, value: str) -> None:
    """The same value may be repeated; the text names the field in both languages."""
    world = approved_world()
    kept = str(_of(world, "QF-1").content[field])
    assert world.do(QC, "save", "C-1", _terms(IEBatches="20", **{field: kept})).changes
    with pytest.raises(RejectedError) as fault:
        world.do(QC, "save-declare", "C-2", _terms(IEBatches="20", **{field: value}))
    assert codes_of(fault.value) == [f"change.fixed-field {QC}/{field}"]
    assert f"中文{field}" in fault.value.violations[0].text("zh")


@pytest.mark.requirement("CH-02", "QF-05", "QF-07")
@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"GuaranteeValidDate": "20270119"}, "rule.guarantee-too-short GuaranteeValidDate"),
        ({"GuaranteeAmount": "0"}, "rule.not-positive GuaranteeAmount"),
        ({"GuaranteeMode": "9"}, "rule.unknown-code GuaranteeMode"),
    ],
)
def test_the_new_terms_obey_the_rules_of_the_filing(fields: dict[str, str], fault: str) -> None:
    """Three months ahead, above nothing, from the table."""
    code, name = fault.split()
    assert _faults(approved_world(), QC, _terms(**fields)) == [f"{code} {QC}/{name}"]


def test_a_guarantee_that_is_nearer_by_now_is_no_hindrance() -> None:
    """Only a new date is judged; the old one was, when it was filed."""
    world = approved_world()
    world.now = datetime(2027, 5, 1, 8, 0, tzinfo=CHINA)
    kept = _terms(IEBatches="20", GuaranteeValidDate="20270630")
    assert world.do(QC, "save-declare", "C-1", kept).outgoing


@pytest.mark.requirement("CH-02", "QF-07")
def test_a_bonded_qualification_only_changes_its_batches() -> None:
    """It has no guarantee, and gets none by a change."""
    world = approved_world()
    number = _bonded(world)
    body: Fields = {"QualificationClientNo": "QB-1", "IEBatches": "20"}
    assert _faults(world, QC, {**body, "GuaranteeAmount": "1"}) == [
        f"rule.bonded-no-guarantee {QC}/GuaranteeAmount"
    ]
    world.answer(world.do(QC, "save-declare", "C-1", body).document.number, "A")
    assert world.documents[number].content["IEBatches"] == "20"
    assert world.documents[number].valid_until == "20270630"


@pytest.mark.parametrize("fields", [{}, {"IEBatches": "12"}, {"GuaranteeAmount": "50"}])
def test_a_change_of_nothing_is_saved_but_not_declared(fields: dict[str, str]) -> None:
    """Equal numbers are no change, however they are written."""
    world = approved_world()
    assert world.do(QC, "save", "C-1", _terms(**fields)).changes
    assert _faults(world, QC, _terms(**fields)) == [f"change.nothing {QC}"]
    assert _faults(world, GC, _goods()) == [f"change.nothing {GC}"]


@pytest.mark.requirement("CH-01")
@pytest.mark.parametrize("by", ["unified number", "client number", "enterprise, office and nature"])
def test_the_qualification_is_found_by_number_or_enterprise(by: str) -> None:
    """However it is named, the numbers are filled in and the client number does not stay."""
    world = approved_world()
    number = _of(world, "QF-1").number
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
    filed = _of(world, "GF-1")
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
    assert _faults(approved_world(), message, body) == [f"{code} {message}/{name}"]


@pytest.mark.requirement("QR-08")
def test_a_foreign_filing_is_as_unknown_as_none() -> None:
    """Another partner finds neither qualification nor volume."""
    world = approved_world()
    for message, body in (
        (QC, {"QualificationSeqNo": _of(world, "QF-1").number}),
        (GC, {"VolumeSeqNo": _of(world, "GF-1").number}),
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
        world.put(replace(_of(world, client_number), state=state))
    assert _faults(world, QC, _terms(IEBatches="20"), "save") == [
        f"change.not-approved {QC}/QualificationSeqNo"
    ]
    assert _faults(world, GC, _goods(goods()), "save") == [f"change.not-approved {GC}/VolumeSeqNo"]


@pytest.mark.requirement("CH-01")
@pytest.mark.parametrize("operation", ["save", "save-declare"])
def test_one_declared_and_not_yet_decided_blocks_another(operation: str) -> None:
    """Until customs has decided; a saved one blocks nothing, but whoever declares first goes first."""
    world = approved_world()
    world.do(QC, "save", "C-0", _terms(IEBatches="15"))
    number = world.do(QC, "save-declare", "C-1", _terms(IEBatches="20")).document.number
    undecided = [f"change.undecided {QC}/QualificationSeqNo"]
    assert _faults(world, QC, _terms(IEBatches="30"), operation) == undecided
    with pytest.raises(RejectedError) as fault:
        world.do(QC, "declare", "C-0")
    assert codes_of(fault.value) == undecided
    assert number in fault.value.text("en")
    world.answer(number, "0", "T")
    assert _faults(world, QC, _terms(IEBatches="30"), operation) == undecided
    world.answer(number, "A")
    assert world.do(QC, operation, "C-2", _terms(IEBatches="30")).changes
    # Another filing of the same enterprise is not concerned.
    assert world.do(GC, operation, "C-3", _goods(goods())).changes


@pytest.mark.requirement("CH-01")
def test_of_two_declared_at_once_only_one_finds_the_filing_as_expected() -> None:
    """Declaring moves the filing to its next version."""
    world = approved_world()
    filing = _of(world, "GF-1")
    decision = world.do(GC, "save-declare", "C-1", _goods(goods()))
    moved = next(change for change in decision.changes if change.document.number == filing.number)
    assert (moved.event, moved.expected_version) == ("amend", filing.version)
    assert moved.document == replace(filing, version=filing.version + 1)


@pytest.mark.requirement("CH-03", "CH-04")
def test_items_are_added_and_disabled_when_customs_approves() -> None:
    """New ones get the next numbers; disabled ones keep theirs and are marked."""
    world = approved_world()
    filed = _of(world, "GF-1").content["Item"]
    assert isinstance(filed, list)
    decision = world.do(GC, "save-declare", "C-1", _goods(goods(GName="新"), goods(), disabled=("2",)))
    assert decision.shown == {"added": ["3", "4"], "disabled": ["2"]}
    assert _of(world, "GF-1").content["Item"] == filed
    world.answer(decision.document.number, "A", customs_number="J53016000001")
    items = _of(world, "GF-1").content["Item"]
    assert isinstance(items, list)
    assert items[:2] == [filed[0], {**filed[1], "Disabled": "1"}]
    assert [(item["GNo"], item["GName"]) for item in items[2:]] == [("3", "新"), ("4", "书籍")]
    assert world.documents[decision.document.number].customs_number is None


@pytest.mark.requirement("CH-03")
def test_a_disabled_item_cannot_be_used_in_new_manifests() -> None:
    """An added one can."""
    world = approved_world()
    number = world.do(GC, "save-declare", "C-1", _goods(goods(GName="新"), disabled=("1",))).document.number
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
        (_goods(goods(GNo="1")), "change.item-is-filed Item[1]/GNo"),
        (_goods(goods(GNo="4")), "rule.fill-differs Item[1]/GNo"),
        (_goods(goods(), goods(Disabled="1")), "rule.filled-by-customs Item[2]/Disabled"),
        (_goods(goods(DeclPrice="0")), "rule.not-positive Item[1]/DeclPrice"),
        (_goods(goods(LicenseNo="1：26-AB")), "rule.licence-form Item[1]/LicenseNo"),
        (_goods(goods(GUnit="")), "rule.mandatory Item[1]/GUnit"),
        (_goods(*[goods()] * 98), "change.too-many-items Item"),
        (_goods(disabled=("3",)), "item.unknown-number DisabledItem[1]/GNo"),
        (_goods(disabled=("1", "1")), "item.named-twice DisabledItem[2]/GNo"),
        (_goods(goods(), CustomMaster="5304"), "change.fixed-field CustomMaster"),
    ],
)
def test_approved_items_are_never_altered(body: Fields, fault: str) -> None:
    """Nothing but adding and disabling is possible, and it obeys the rules of the filing."""
    code, path = fault.split()
    assert _faults(approved_world(), GC, body) == [f"{code} {GC}/{path}"]


@pytest.mark.requirement("CH-03")
def test_an_item_is_disabled_once() -> None:
    """Once it is, it stays so."""
    world = approved_world()
    world.answer(world.do(GC, "disable", "C-1", _goods(disabled=("1",))).document.number, "A")
    assert _faults(world, GC, _goods(disabled=("1",))) == [
        f"change.disabled-already {GC}/DisabledItem[1]/GNo"
    ]


@pytest.mark.requirement("CH-03")
def test_the_operation_disable_only_disables() -> None:
    """Items to be added need the other operation."""
    assert _faults(approved_world(), GC, _goods(goods(), disabled=("1",)), "disable") == [
        f"command.disable-only {GC}/Item"
    ]


def test_a_saved_change_is_numbered_again_when_it_is_declared() -> None:
    """Another one may have added items meanwhile."""
    world = approved_world()
    world.do(GC, "save", "C-1", _goods(goods(GName="first")))
    world.answer(world.do(GC, "save-declare", "C-2", _goods(goods(GName="second"))).document.number, "A")
    decision = world.do(GC, "declare", "C-1")
    world.answer(decision.document.number, "A")
    items = _of(world, "GF-1").content["Item"]
    assert isinstance(items, list)
    assert [(item["GNo"], item["GName"]) for item in items[2:]] == [("3", "second"), ("4", "first")]


@pytest.mark.parametrize(("message", "body"), [(QC, _terms(IEBatches="20")), (GC, _goods(goods()))])
def test_nothing_is_declared_about_a_qualification_past_its_last_day(message: str, body: Fields) -> None:
    """Customs would refuse it; file anew."""
    world = approved_world()
    world.now = datetime(2027, 7, 1, 8, 0, tzinfo=CHINA)
    assert [each.partition(" ")[0] for each in _faults(world, message, body)] == [
        "rule.qualification-expired"
    ]


@pytest.mark.requirement("CH-04")
def test_what_was_approved_before_a_revocation_is_still_written_down() -> None:
    """The receipts may come in any order."""
    world = approved_world()
    filing = _of(world, "QF-1").number
    number = world.do(QC, "save-declare", "C-1", _terms(IEBatches="20")).document.number
    world.answer(filing, "V")
    world.answer(number, "A")
    assert (world.documents[filing].state, world.documents[filing].content["IEBatches"]) == ("revoked", "20")


def test_an_approval_for_a_deleted_filing_has_no_effect_and_says_so() -> None:
    """The change is approved all the same."""
    world = approved_world()
    filing = _of(world, "QF-1")
    number = world.do(QC, "save-declare", "C-1", _terms(IEBatches="20")).document.number
    world.answer(filing.number, "V")
    world.do(QF, "delete", "QF-1")
    approved = world.answer(number, "A")
    assert isinstance(approved, Decision)
    assert [news.code for news in approved.news] == ["news.change-without-effect"]
    assert world.documents[filing.number].content == filing.content


@pytest.mark.parametrize(("named", "expected"), [("", "20280101"), ("20271231", "20271231")])
def test_the_last_day_follows_the_guarantee_where_it_was_tied_to_it(named: str, expected: str) -> None:
    """Unless customs names a day with the approval."""
    world = approved_world()
    number = world.do(QC, "save-declare", "C-1", _terms(GuaranteeValidDate="20280101")).document.number
    world.answer(number, "A", valid_until=named)
    filing = _of(world, "QF-1")
    assert (filing.valid_until, filing.content["ApprovedValidDate"]) == (expected, expected)


def test_a_last_day_of_its_own_stays_when_the_guarantee_moves() -> None:
    """Customs gave less than the guarantee would have allowed."""
    world = World()
    number = world.do(QF, "save-declare", "QF-1", qualification()).document.number
    world.answer(number, "A", valid_until="20270331")
    change = world.do(QC, "save-declare", "C-1", _terms(GuaranteeValidDate="20280101")).document.number
    world.answer(change, "A")
    assert world.documents[number].valid_until == "20270331"
