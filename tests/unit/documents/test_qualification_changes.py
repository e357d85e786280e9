"""Four terms of an approved qualification may change; the old ones hold until customs has decided."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.clock import CHINA
from gateway.documents import Decision
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.changing import QC, QF, bonded, faults_of, of, terms_of
from tests.unit.documents.world import OTHER, World, approved_world, codes_of, qualification

TERMS: Fields = {
    "IEBatches": "20",
    "GuaranteeMode": "2",
    "GuaranteeAmount": "80",
    "GuaranteeValidDate": "20280101",
}


@pytest.mark.requirement("CH-02", "CH-04")
def test_four_terms_of_a_qualification_change_when_customs_approves() -> None:
    """The reply shows old and new; the filing keeps the old until then."""
    world = approved_world()
    before = of(world, "QF-1")
    decision = world.do(QC, "save-declare", "C-1", terms_of(**{k: str(v) for k, v in TERMS.items()}))
    rows = decision.shown["changes"]
    assert isinstance(rows, list)
    assert [(row["field"], row["old"], row["new"]) for row in rows] == [
        ("IEBatches", "12", "20"),
        ("GuaranteeMode", "1", "2"),
        ("GuaranteeAmount", "50.0000", "80"),
        ("GuaranteeValidDate", "20270630", "20280101"),
    ]
    assert of(world, "QF-1").content == before.content
    world.answer(decision.document.number, "0", "T")
    approved = world.answer(decision.document.number, "A")
    assert isinstance(approved, Decision)
    assert [(news.number, news.code) for news in approved.news] == [(before.number, "news.change-effective")]
    after = of(world, "QF-1")
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
    before = of(world, "QF-1").content
    number = world.do(QC, "save-declare", "C-1", terms_of(IEBatches="20")).document.number
    world.answer(number, code, kind)
    assert world.documents[number].state == state
    assert of(world, "QF-1").content == before
    world.do(QC, "edit", "C-1", terms_of(IEBatches="30"))
    world.do(QC, "declare", "C-1")
    world.answer(number, "A")
    assert of(world, "QF-1").content["IEBatches"] == "30"


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
    kept = str(of(world, "QF-1").content[field])
    assert world.do(QC, "save", "C-1", terms_of(IEBatches="20", **{field: kept})).changes
    with pytest.raises(RejectedError) as fault:
        world.do(QC, "save-declare", "C-2", terms_of(IEBatches="20", **{field: value}))
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
    assert faults_of(approved_world(), QC, terms_of(**fields)) == [f"{code} {QC}/{name}"]


def test_a_guarantee_that_is_nearer_by_now_is_no_hindrance() -> None:
    """Only a new date is judged; the old one was, when it was filed."""
    world = approved_world()
    world.now = datetime(2027, 5, 1, 8, 0, tzinfo=CHINA)
    kept = terms_of(IEBatches="20", GuaranteeValidDate="20270630")
    assert world.do(QC, "save-declare", "C-1", kept).outgoing


@pytest.mark.requirement("CH-02", "QF-07")
def test_a_bonded_qualification_only_changes_its_batches() -> None:
    """It has no guarantee, and gets none by a change."""
    world = approved_world()
    number = bonded(world)
    body: Fields = {"QualificationClientNo": "QB-1", "IEBatches": "20"}
    assert faults_of(world, QC, {**body, "GuaranteeAmount": "1"}) == [
        f"rule.bonded-no-guarantee {QC}/GuaranteeAmount"
    ]
    world.answer(world.do(QC, "save-declare", "C-1", body).document.number, "A")
    assert world.documents[number].content["IEBatches"] == "20"
    assert world.documents[number].valid_until == "20270630"


@pytest.mark.parametrize(("named", "expected"), [("", "20280101"), ("20271231", "20271231")])
def test_the_last_day_follows_the_guarantee_where_it_was_tied_to_it(named: str, expected: str) -> None:
    """Unless customs names a day with the approval."""
    world = approved_world()
    number = world.do(QC, "save-declare", "C-1", terms_of(GuaranteeValidDate="20280101")).document.number
    world.answer(number, "A", valid_until=named)
    filing = of(world, "QF-1")
    assert (filing.valid_until, filing.content["ApprovedValidDate"]) == (expected, expected)


def test_a_last_day_of_its_own_stays_when_the_guarantee_moves() -> None:
    """Customs gave less than the guarantee would have allowed."""
    world = World()
    number = world.do(QF, "save-declare", "QF-1", qualification()).document.number
    world.answer(number, "A", valid_until="20270331")
    change = world.do(QC, "save-declare", "C-1", terms_of(GuaranteeValidDate="20280101")).document.number
    world.answer(change, "A")
    assert world.documents[number].valid_until == "20270331"
