"""A qualification filing is completed from the profile and checked before it is saved or declared."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import CHINA
from gateway.config import Rules
from gateway.documents.qualification import in_force, months_after
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.world import ACME, World, codes_of, qualification, settings

QF = "QualificationFiling"


def _faults(body: Fields, operation: str = "save-declare", world: World | None = None) -> list[str]:
    with pytest.raises(RejectedError) as fault:
        (world or World()).do(QF, operation, "QF-9", body)
    return codes_of(fault.value)


@pytest.mark.requirement("QF-02", "QF-03", "QF-04", "EN-02")
def test_saving_needs_four_fields_and_fills_the_profile_in() -> None:
    """Customs and nature are enough; the number, code, name and guarantee mode come from the gateway."""
    decision = World().do(QF, "save", "QF-1", {"CustomMaster": "5301", "GoodsNature": "1"})
    document = decision.changes[0].document
    assert document.state == "saved"
    assert len(document.number) == 18
    assert decision.filled == {
        f"{QF}/TradeCode": ACME,
        f"{QF}/TradeName": "深圳示例进出口有限公司",
        f"{QF}/GuaranteeMode": "1",
        f"{QF}/SeqNo": document.number,
    }
    assert decision.outgoing == ()


@pytest.mark.requirement("EN-01", "QF-03")
def test_declaring_reports_every_missing_field_at_once_with_both_names() -> None:
    """Each missing mandatory field is its own violation, with its Chinese and English name."""
    with pytest.raises(RejectedError) as fault:
        World().do(QF, "save-declare", "QF-1", {"GoodsNature": "1"})
    names = [
        "CustomMaster",
        "IEBatches",
        "ContactName",
        "ContactTel",
        "GuaranteeAmount",
        "GuaranteeValidDate",
    ]
    assert sorted(codes_of(fault.value)) == sorted(f"rule.mandatory {QF}/{name}" for name in names)
    first = fault.value.violations[0]
    assert str(first.values["field"]) in first.text("en")
    assert f"中文{first.values['field']}" in first.text("zh")


@pytest.mark.requirement("QF-03", "EN-04")
@pytest.mark.parametrize("amount", ["0", "0.0000", "-50", "NaN"])
def test_a_guarantee_is_above_nothing(amount: str) -> None:
    """Saving tells it already."""
    with pytest.raises(RejectedError) as fault:
        World().do(QF, "save", "QF-1", qualification(GuaranteeAmount=amount))
    assert codes_of(fault.value) == [f"rule.not-positive {QF}/GuaranteeAmount"]


@pytest.mark.requirement("EN-03")
def test_chinese_names_end_as_codes() -> None:
    """A code table takes the code or its Chinese name."""
    body = qualification(CustomMaster="皇岗海关", GoodsNature="一般贸易", GuaranteeMode="保证金")
    document = World().do(QF, "save", "QF-1", body).changes[0].document
    assert (document.office, document.nature) == ("5301", "1")
    assert document.content["GuaranteeMode"] == "1"


@pytest.mark.requirement("EN-03")
def test_an_unknown_name_tells_the_nearest_entries() -> None:
    """What is meant is often near."""
    with pytest.raises(RejectedError) as fault:
        World().do(QF, "save", "QF-1", qualification(CustomMaster="蛇口关"))
    assert codes_of(fault.value) == [f"rule.unknown-code {QF}/CustomMaster"]
    assert "5304 蛇口海关" in fault.value.violations[0].text("zh")


@pytest.mark.requirement("EN-03", "EN-04")
def test_an_unknown_but_well_formed_office_is_a_warning_by_default() -> None:
    """The public table of offices is incomplete, so policy decides."""
    decision = World().do(QF, "save", "QF-1", qualification(CustomMaster="9901"))
    assert [warning.code for warning in decision.warnings] == ["rule.unknown-customs-district"]
    strict = World(settings=settings(rules=Rules(unknown_customs_district="refuse")))
    assert _faults(qualification(CustomMaster="9901"), world=strict) == [
        f"rule.unknown-code {QF}/CustomMaster"
    ]


@pytest.mark.requirement("EN-02")
@given(st.sampled_from(["TradeCode", "TradeName", "GuaranteeMode"]), st.booleans())
def test_a_grey_field_may_be_left_out_or_repeated(name: str, given_too: bool) -> None:
    """Sending what would be filled in anyway changes nothing."""
    right = {"TradeCode": ACME, "TradeName": "深圳示例进出口有限公司", "GuaranteeMode": "1"}
    body = qualification(**({name: right[name]} if given_too else {}))
    document = World().do(QF, "save", "QF-1", body).changes[0].document
    assert {key: document.content[key] for key in right} == right


@pytest.mark.requirement("EN-02")
@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("TradeName", "另一家公司", "rule.fill-differs"),
        ("GuaranteeMode", "2", "rule.fill-differs"),
        ("SeqNo", "Q00000000000000009", "rule.filled-by-customs"),
        ("CustomsNo", "Q53016000009", "rule.filled-by-customs"),
        ("ApprovedValidDate", "20280101", "rule.filled-by-customs"),
    ],
)
def test_another_value_in_a_grey_field_is_refused(name: str, value: str, code: str) -> None:
    """A grey field is never silently overwritten."""
    assert _faults(qualification(**{name: value})) == [f"{code} {QF}/{name}"]


@pytest.mark.requirement("QF-05")
@pytest.mark.parametrize(
    ("day", "right"),
    [("20270119", False), ("20270120", True), ("20261020", False), ("20200101", False), ("20300101", True)],
)
def test_the_guarantee_lasts_three_months_at_least(day: str, right: bool) -> None:
    """On 2026-10-20 the earliest day is 2027-01-20."""
    body = qualification(GuaranteeValidDate=day)
    if right:
        assert World().do(QF, "save-declare", "QF-1", body).outgoing
    else:
        assert _faults(body) == [f"rule.guarantee-too-short {QF}/GuaranteeValidDate"]


@pytest.mark.requirement("QF-05")
def test_the_months_are_configurable_but_the_day_lies_ahead() -> None:
    """With no months asked for, today is still too early."""
    world = World(settings=settings(rules=Rules(guarantee_months=0)))
    body = qualification(GuaranteeValidDate="20261020")
    assert _faults(body, world=world) == [f"rule.guarantee-too-short {QF}/GuaranteeValidDate"]
    assert world.do(QF, "save-declare", "QF-1", qualification(GuaranteeValidDate="20261021")).outgoing


@pytest.mark.requirement("QF-05", "EN-04")
def test_a_day_that_does_not_exist_is_a_fault_of_its_own() -> None:
    """The thirtieth of February is no date at all."""
    assert _faults(qualification(GuaranteeValidDate="20270230")) == [
        f"rule.not-a-date {QF}/GuaranteeValidDate"
    ]


@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)), st.integers(0, 60))
def test_months_ahead_keep_the_day_or_take_the_months_last(day: date, months: int) -> None:
    """31 October and four months is 28 February."""
    later = months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day


@pytest.mark.requirement("QF-06")
@pytest.mark.parametrize(
    ("office", "nature", "right"),
    [
        ("0708", "3", True),
        ("5301", "3", False),
        ("5729", "4", True),
        ("0708", "4", False),
        ("0708", "1", True),
        ("5729", "2", True),
    ],
)
def test_border_trade_and_contracts_are_only_known_at_their_offices(
    office: str, nature: str, right: bool
) -> None:
    """07 knows border small trade, 57 knows contracted exports."""
    body = qualification(CustomMaster=office, GoodsNature=nature)
    if nature == "2":
        body = {key: value for key, value in body.items() if not key.startswith("Guarantee")}
    if right:
        assert World().do(QF, "save-declare", "QF-1", body).outgoing
    else:
        assert _faults(body) == [f"rule.nature-not-at-office {QF}/GoodsNature"]


@pytest.mark.requirement("QF-01", "QF-07")
def test_bonded_goods_need_no_guarantee_and_must_name_none() -> None:
    """The three guarantee fields are greyed out for bonded goods, and nothing is filled in."""
    body = qualification(GoodsNature="2", GuaranteeMode="1")
    assert _faults(body) == [
        f"rule.bonded-no-guarantee {QF}/{name}"
        for name in ("GuaranteeMode", "GuaranteeAmount", "GuaranteeValidDate")
    ]
    bare = {key: value for key, value in body.items() if not key.startswith("Guarantee")}
    document = World().do(QF, "save-declare", "QF-1", bare).changes[0].document
    assert "GuaranteeMode" not in document.content


@pytest.mark.requirement("QF-01", "QF-11")
def test_a_second_live_filing_of_the_same_kind_is_refused() -> None:
    """Another office or nature is fine; the same again is not, until the first has ended."""
    world = World()
    first = world.do(QF, "save", "QF-1", qualification()).changes[0].document
    assert _faults(qualification(), world=world) == [f"rule.qualification-exists {QF}/GoodsNature"]
    world.do(QF, "save", "QF-2", qualification(CustomMaster="5304"))
    bonded: Fields = {"CustomMaster": "5301", "GoodsNature": "2"}
    world.do(QF, "save", "QF-3", bonded)
    world.do(QF, "delete", "QF-1")
    assert world.do(QF, "save", "QF-4", qualification()).changes[0].document.number != first.number


@pytest.mark.requirement("QR-08")
@pytest.mark.parametrize(
    ("partner", "fields", "code"),
    [
        ("acme", {"TradeCode": "4403180002"}, "rule.not-your-enterprise"),
        ("both", {}, "rule.enterprise-not-named"),
        ("stranger", {}, "rule.enterprise-not-named"),
        ("stranger", {"TradeCode": ACME}, "rule.not-your-enterprise"),
    ],
)
def test_a_partner_acts_for_its_own_enterprises_only(partner: str, fields: dict[str, str], code: str) -> None:
    """A partner of several enterprises must name one, and nobody names a foreign one."""
    with pytest.raises(RejectedError) as fault:
        World().do(QF, "save", "QF-1", qualification(**fields), partner=partner)
    assert codes_of(fault.value) == [f"{code} {QF}/TradeCode"]


def test_a_partner_of_several_enterprises_names_one() -> None:
    """With a name it works as for a single one."""
    body = qualification(TradeCode="4403180002")
    document = World().do(QF, "save", "QF-1", body, partner="both").changes[0].document
    assert document.enterprise == "4403180002"


@pytest.mark.requirement("EN-04")
def test_a_wrong_credit_code_in_the_profile_is_a_warning() -> None:
    """The ERP cannot mend the gateway's configuration, but it is told."""
    world = World()
    profile = world.settings.enterprise[0].model_copy(update={"social_credit_code": "91440300MA5EX00011"})
    world.settings = world.settings.model_copy(update={"enterprise": (profile,)})
    decision = world.do(QF, "save", "QF-1", qualification())
    assert [warning.code for warning in decision.warnings] == ["rule.social-credit-code"]


def test_an_enterprise_without_profile_is_refused() -> None:
    """Without a profile nothing can be filled in."""
    world = World()
    world.settings = world.settings.model_copy(update={"enterprise": ()})
    assert f"rule.unknown-enterprise {QF}/TradeCode" in _faults(qualification(), world=world)


@pytest.mark.requirement("MF-03")
def test_a_qualification_is_in_force_until_its_last_day() -> None:
    """The last day counts."""
    world = World()
    number = world.do(QF, "save-declare", "QF-1", qualification()).changes[0].document.number
    assert not in_force(world.documents[number], "20261020")
    world.answer(number, "A", valid_until="20270630")
    assert in_force(world.documents[number], "20270630")
    assert not in_force(world.documents[number], "20270701")


def test_the_day_is_chinas() -> None:
    """One minute after midnight in China is the next day, whatever the day elsewhere."""
    late = World(now=datetime(2026, 10, 21, 0, 1, tzinfo=CHINA))
    assert _faults(qualification(GuaranteeValidDate="20270120"), world=late) == [
        f"rule.guarantee-too-short {QF}/GuaranteeValidDate"
    ]
