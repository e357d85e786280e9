"""A volume of goods is filed under a qualification, held until that is approved, and then sent by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents.core import Decision
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.world import World, codes_of, goods, qualification, volume

QF, GF = "QualificationFiling", "GoodsFiling"


def _world(state: str = "declared") -> tuple[World, str]:
    world = World()
    operation = "save" if state == "saved" else "save-declare"
    number = world.do(QF, operation, "QF-1", qualification()).changes[0].document.number
    if state == "approved":
        world.answer(number, "A", valid_until="20270630")
    return world, number


def _faults(world: World, body: Fields, operation: str = "save-declare") -> list[str]:
    with pytest.raises(RejectedError) as fault:
        world.do(GF, operation, "GF-9", body)
    return codes_of(fault.value)


@pytest.mark.requirement("GF-01")
def test_a_volume_names_its_qualification_by_either_number() -> None:
    """The client number is looked up and never stays in the content."""
    world, number = _world()
    by_client = world.do(GF, "save", "GF-1", volume()).changes[0].document
    by_number = world.do(GF, "save", "GF-2", volume(QualificationClientNo="", QualificationSeqNo=number))
    for document in (by_client, by_number.changes[0].document):
        assert document.parent == number
        assert document.content["QualificationSeqNo"] == number
        assert "QualificationClientNo" not in document.content
        assert (document.office, document.nature) == ("5301", "1")
    assert by_number.filled[f"{GF}/CustomMaster"] == "5301"


@pytest.mark.requirement("GF-01")
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"QualificationClientNo": "QF-7"}, "rule.unknown-qualification GoodsFiling/QualificationClientNo"),
        (
            {"QualificationClientNo": "", "QualificationSeqNo": "Q00000000000000099"},
            "rule.unknown-qualification GoodsFiling/QualificationSeqNo",
        ),
        ({"CustomMaster": "5304"}, "rule.fill-differs GoodsFiling/CustomMaster"),
    ],
)
def test_a_wrong_qualification_is_refused(fields: dict[str, str], code: str) -> None:
    """Unknown numbers and another office than the qualification's are refused."""
    world, _ = _world()
    assert code in _faults(world, volume(**fields), "save")


def test_two_names_of_different_qualifications_are_refused() -> None:
    """Client number and unified number must mean the same."""
    world, _ = _world()
    other = world.do(QF, "save", "QF-2", qualification(CustomMaster="5304")).changes[0].document
    body = volume(QualificationSeqNo=other.number)
    assert f"rule.fill-differs {GF}/QualificationClientNo" in _faults(world, body, "save")


@pytest.mark.requirement("QR-08")
def test_a_foreign_qualification_is_as_unknown_as_none() -> None:
    """Another partner's number tells nothing."""
    world, number = _world()
    body = volume(QualificationClientNo="", QualificationSeqNo=number)
    with pytest.raises(RejectedError) as fault:
        world.do(GF, "save", "GF-1", body, partner="other")
    assert codes_of(fault.value) == [f"rule.unknown-qualification {GF}/QualificationSeqNo"]


@pytest.mark.requirement("GF-01", "QF-07")
def test_bonded_goods_have_no_goods_filing() -> None:
    """Their data come from the account book."""
    world = World()
    world.do(QF, "save-declare", "QF-1", _bonded())
    assert _faults(world, volume()) == [f"rule.qualification-is-bonded {GF}/QualificationSeqNo"]


def _bonded() -> Fields:
    body = qualification(GoodsNature="2")
    return {key: value for key, value in body.items() if not key.startswith("Guarantee")}


@pytest.mark.requirement("GF-03")
@given(st.lists(st.booleans(), min_size=1, max_size=12))
def test_items_are_numbered_from_one_without_gaps(named: list[bool]) -> None:
    """Given numbers must be the right ones; the others are filled in."""
    items = [goods(GNo=str(count)) if has else goods() for count, has in enumerate(named, 1)]
    world, _ = _world()
    document = world.do(GF, "save", "GF-1", volume(*items)).changes[0].document
    kept = document.content["Item"]
    assert isinstance(kept, list)
    assert [item["GNo"] for item in kept] == [str(count) for count in range(1, len(named) + 1)]


@pytest.mark.requirement("GF-03")
def test_a_gap_in_the_numbers_is_refused() -> None:
    """The second item cannot have number 3."""
    world, _ = _world()
    body = volume(goods(GNo="1"), goods(GNo="3"))
    assert _faults(world, body) == [f"rule.fill-differs {GF}/Item[2]/GNo"]


@pytest.mark.requirement("EN-01", "GF-04")
def test_faults_of_items_name_their_position() -> None:
    """Every item is checked, all faults at once."""
    world, _ = _world()
    body = volume(goods(GName="", LicenseNo="1：26-AB"), goods(CodeTS="4901", DeclPrice="0"))
    assert sorted(_faults(world, body)) == [
        f"rule.goods-code {GF}/Item[2]/CodeTS",
        f"rule.licence-form {GF}/Item[1]/LicenseNo",
        f"rule.mandatory {GF}/Item[1]/GName",
        f"rule.not-positive {GF}/Item[2]/DeclPrice",
    ]


def test_declaring_needs_an_item() -> None:
    """An empty volume can be saved, not declared."""
    world, _ = _world()
    body = {key: value for key, value in volume().items() if key != "Item"}
    assert world.do(GF, "save", "GF-1", body).changes
    assert _faults(world, body) == [f"rule.no-items {GF}/Item"]


@pytest.mark.requirement("GF-07")
def test_a_volume_cannot_be_declared_before_its_qualification() -> None:
    """Saving is possible, declaring is not."""
    world, _ = _world("saved")
    world.do(GF, "save", "GF-1", volume())
    assert _faults(world, volume()) == [f"rule.qualification-not-declared {GF}/QualificationSeqNo"]


@pytest.mark.requirement("GF-07")
def test_a_volume_is_held_until_the_qualification_is_approved() -> None:
    """It is declared and held, the ERP is told, and approval lets every held volume go."""
    world, number = _world()
    held = world.do(GF, "save-declare", "GF-1", volume())
    second = world.do(GF, "save-declare", "GF-2", volume())
    world.do(GF, "save", "GF-3", volume())
    assert held.outgoing[0][1].hold
    assert [news.code for news in held.news] == ["news.volume-held"]
    world.answer(number, "0", "T")
    approved = world.answer(number, "A", valid_until="20270630")
    assert isinstance(approved, Decision)
    numbers = tuple(decision.changes[0].document.number for decision in (held, second))
    assert approved.release == numbers
    assert {news.number for news in approved.news} == set(numbers)
    assert "审批通过" in approved.news[0].text("zh")


@pytest.mark.requirement("GF-07")
def test_under_an_approved_qualification_nothing_is_held() -> None:
    """It goes at once."""
    world, _ = _world("approved")
    decision = world.do(GF, "save-declare", "GF-1", volume())
    assert not decision.outgoing[0][1].hold
    assert decision.news == ()


@pytest.mark.requirement("GF-07")
@pytest.mark.parametrize(("code", "kind"), [("R", "B"), ("-1", "T")])
def test_a_refused_qualification_keeps_its_volumes_held_and_says_so(code: str, kind: str) -> None:
    """Corrected and approved, it lets them go after all."""
    world, number = _world()
    held = world.do(GF, "save-declare", "GF-1", volume()).changes[0].document.number
    refused = world.answer(number, code, kind)
    assert isinstance(refused, Decision)
    assert refused.release == ()
    assert [(news.number, news.code) for news in refused.news] == [(held, "news.volume-stays-held")]
    world.do(QF, "edit", "QF-1", qualification())
    world.do(QF, "declare", "QF-1")
    approved = world.answer(number, "A", valid_until="20270630")
    assert isinstance(approved, Decision)
    assert approved.release == (held,)
    assert approved.recall == ()


def test_an_expired_qualification_takes_no_more_volumes() -> None:
    """Its last day is over."""
    world, number = _world()
    world.answer(number, "A", valid_until="20261019")
    assert _faults(world, volume()) == [f"rule.qualification-expired {GF}/QualificationSeqNo"]


def test_a_revoked_qualification_takes_no_volume_at_all() -> None:
    """Not even a saved one."""
    world, number = _world("approved")
    world.answer(number, "V")
    assert _faults(world, volume(), "save") == [f"rule.qualification-ended {GF}/QualificationSeqNo"]


@pytest.mark.requirement("GF-08")
def test_approval_gives_the_customs_number_of_12_characters() -> None:
    """Manifests name the volume by it."""
    world, _ = _world("approved")
    number = world.do(GF, "save-declare", "GF-1", volume()).changes[0].document.number
    with pytest.raises(RejectedError) as fault:
        world.answer(number, "A", customs_number="J5301")
    assert fault.value.code == "receipt.customs-number"
    world.answer(number, "A", customs_number="J53016000001")
    document = world.documents[number]
    assert (document.state, document.customs_number) == ("approved", "J53016000001")
    assert document.content["CustomsNo"] == "J53016000001"


@pytest.mark.requirement("GF-01", "GF-07")
def test_volumes_bind_office_and_nature_of_their_qualification() -> None:
    """A refused qualification is corrected, but not moved away from under its volumes."""
    world, number = _world()
    world.do(GF, "save-declare", "GF-1", volume())
    world.answer(number, "R")
    moved = qualification(CustomMaster="0708", GoodsNature="3")
    with pytest.raises(RejectedError) as fault:
        world.do(QF, "edit", "QF-1", moved)
    assert codes_of(fault.value) == [
        f"rule.volumes-bind {QF}/{name}" for name in ("CustomMaster", "GoodsNature")
    ]
    world.do(QF, "edit", "QF-1", qualification(IEBatches="20"))


@pytest.mark.requirement("GF-07", "QF-09")
@pytest.mark.parametrize("end", ["deleted", "edited and deleted", "revoked"])
def test_held_volumes_come_back_when_their_qualification_has_ended(end: str) -> None:
    """They are saved again, never sent, and told; under another qualification they are declared after all."""
    world, number = _world()
    held = world.do(GF, "save-declare", "GF-1", volume()).document.number
    saved = world.do(GF, "save", "GF-2", volume()).document.number
    if end == "revoked":
        decision = world.answer(number, "V")
    else:
        world.answer(number, "R")
        if end == "edited and deleted":
            world.do(QF, "edit", "QF-1", qualification())
        decision = world.do(QF, "delete", "QF-1")
    assert isinstance(decision, Decision)
    assert decision.document.number == number
    assert decision.recall == (held,)
    assert [(news.number, news.code) for news in decision.news] == [(held, "news.volume-recalled")]
    assert world.documents[held].state == world.documents[saved].state == "saved"
    assert world.history[-1] == (held, "recall", "saved")
    world.do(QF, "save-declare", "QF-2", qualification())
    world.do(GF, "edit", "GF-1", volume(QualificationClientNo="QF-2"))
    assert world.do(GF, "declare", "GF-1").outgoing[0][1].hold


@pytest.mark.requirement("GF-07")
@pytest.mark.parametrize("end", ["revoked", "revoked and deleted"])
def test_what_was_let_go_is_not_called_back(end: str) -> None:
    """Customs has it, or is about to, and will decide itself."""
    world, number = _world("approved")
    sent = world.do(GF, "save-declare", "GF-1", volume()).document.number
    decision = world.answer(number, "V")
    if end == "revoked and deleted":
        decision = world.do(QF, "delete", "QF-1")
    assert isinstance(decision, Decision)
    assert (decision.recall, decision.news) == ((), ())
    assert world.documents[sent].state == "declared"
    world.answer(sent, "A", customs_number="J53016000001")


@pytest.mark.requirement("QR-08")
def test_a_volume_is_not_moved_to_another_enterprise() -> None:
    """The qualification of another enterprise is no place for it."""
    world = World()
    for count, code in enumerate(("4403180001", "4403180002"), 1):
        world.do(QF, "save-declare", f"QF-{count}", qualification(TradeCode=code), partner="both")
    world.do(GF, "save", "GF-1", volume(), partner="both")
    with pytest.raises(RejectedError) as fault:
        world.do(GF, "edit", "GF-1", volume(QualificationClientNo="QF-2"), partner="both")
    assert codes_of(fault.value) == [f"rule.unknown-qualification {GF}/QualificationSeqNo"]


@pytest.mark.requirement("CH-03")
def test_an_item_is_not_filed_as_disabled() -> None:
    """Only a change that customs has approved disables."""
    world, _ = _world()
    assert _faults(world, volume(goods(Disabled="1"))) == [f"rule.filled-by-customs {GF}/Item[1]/Disabled"]
