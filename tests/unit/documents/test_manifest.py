"""A manifest is completed from volume, profile and calendar, and its figures must agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import CHINA
from gateway.documents.filed import FROM_FILING
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.world import World, approved_world, codes_of, line, manifest, qualification, volume

MF = "Manifest"


def _faults(body: Fields, operation: str = "save-declare", world: World | None = None) -> list[str]:
    with pytest.raises(RejectedError) as fault:
        (world or approved_world()).do(MF, operation, "M-9", body)
    return codes_of(fault.value)


@pytest.mark.requirement("MF-02")
def test_saving_needs_little_and_gives_the_number() -> None:
    """Customs office and direction are enough to save."""
    decision = World().do(MF, "save", "M-1", {"CustomMaster": "5301", "IEFlag": "I"})
    document = decision.changes[0].document
    assert document.state == "saved"
    assert document.content["SeqNo"] == document.number
    assert (document.office, document.ie_flag, document.period) == ("5301", "I", "202610")


@pytest.mark.requirement("MF-02", "EN-01")
def test_declaring_reports_every_missing_field() -> None:
    """Grey fields are not reported as missing: they are the gateway's to fill."""
    found = _faults({"CustomMaster": "5301", "IEFlag": "I"})
    assert f"rule.mandatory {MF}/BillNo" in found
    assert f"rule.no-items {MF}/Item" in found
    assert not [code for code in found if "TradeName" in code or "DeclDate" in code]


@pytest.mark.requirement("MF-01", "MF-05", "MF-06", "EN-02")
@pytest.mark.parametrize("flag", ["I", "E"])
def test_volume_date_and_trade_mode_are_filled_in(flag: str) -> None:
    """The ERP sends quantities and prices; what is filed comes from the filing."""
    decision = approved_world().do(
        MF, "save-declare", "M-1", manifest(line(), line(ContrItem="2"), IEFlag=flag)
    )
    content = decision.changes[0].document.content
    items = content["Item"]
    assert isinstance(items, list)
    assert (content["DeclDate"], content["TradeMode"]) == ("20261020", "0110")
    assert content["ManualNo"] == "J53016000001"
    assert "VolumeClientNo" not in content
    assert [item["GName"] for item in items] == ["书籍", "扬声器"]
    assert [item["GNo"] for item in items] == ["1", "2"]
    assert decision.filled[f"{MF}/Item[2]/CodeTS"] == "8518290000"
    assert decision.outgoing[0][1].body == content


@pytest.mark.requirement("MF-05", "EN-02")
@given(st.sampled_from([name for name in FROM_FILING if name != "SecondUnit"]), st.booleans())
def test_only_the_filing_may_say_what_is_filed(name: str, right: bool) -> None:
    """The same value is fine, another is a violation of that very field."""
    world = approved_world()
    filed = world.volume("J53016000001")
    assert filed is not None
    kept = filed.content["Item"]
    assert isinstance(kept, list)
    others = {"CodeTS": "9999999999", "GUnit": "035", "FirstUnit": "011", "OriginCountry": "DEU"}
    value = str(kept[0][name]) if right else others.get(name, "EUR" if name == "TradeCurr" else "其他")
    body = manifest(line(**{name: value}))
    if right:
        assert world.do(MF, "save-declare", "M-1", body).outgoing
    else:
        assert _faults(body, world=world) == [f"rule.fill-differs {MF}/Item[1]/{name}"]


@pytest.mark.requirement("MF-05")
def test_an_item_that_is_not_filed_is_refused() -> None:
    """The reply tells how many items there are."""
    with pytest.raises(RejectedError) as fault:
        approved_world().do(MF, "save", "M-1", manifest(line(ContrItem="3")))
    assert codes_of(fault.value) == [f"rule.unknown-item {MF}/Item[1]/ContrItem"]
    assert "from 1 to 2" in fault.value.violations[0].text("en")


@pytest.mark.requirement("MF-04")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"VolumeClientNo": "GF-7"}, "rule.unknown-volume Manifest/VolumeClientNo"),
        ({"VolumeClientNo": "", "ManualNo": "J53016000009"}, "rule.unknown-volume Manifest/ManualNo"),
        ({"ManualNo": "J53016000009"}, "rule.fill-differs Manifest/ManualNo"),
        ({"VolumeClientNo": ""}, "rule.mandatory Manifest/ManualNo"),
    ],
)
def test_the_filing_number_is_a_volume_of_the_enterprise(fields: dict[str, str], expected: str) -> None:
    """By customs number or client number, but one that is known."""
    assert expected in _faults(manifest(**fields))


@pytest.mark.requirement("MF-04", "QR-08")
def test_a_foreign_volume_is_unknown() -> None:
    """Volumes of other enterprises do not exist for a partner."""
    body = manifest(VolumeClientNo="", ManualNo="J53016000001")
    with pytest.raises(RejectedError) as fault:
        approved_world().do(MF, "save", "M-1", body, partner="other")
    assert codes_of(fault.value) == [f"rule.unknown-volume {MF}/ManualNo"]


@pytest.mark.requirement("MF-04")
def test_a_volume_that_is_not_approved_cannot_be_used() -> None:
    """Neither one on its way nor one that was revoked."""
    world = approved_world()
    world.do("GoodsFiling", "save-declare", "GF-2", volume())
    assert f"rule.volume-not-approved {MF}/VolumeClientNo" in _faults(
        manifest(VolumeClientNo="GF-2"), world=world
    )
    filed = world.volume("J53016000001")
    assert filed is not None
    world.answer(filed.number, "V")
    assert _faults(manifest(), world=world) == [f"rule.volume-not-approved {MF}/ManualNo"]


@pytest.mark.requirement("MF-03", "MF-04")
def test_the_declaring_customs_is_that_of_qualification_and_volume() -> None:
    """Another office has neither; where the enterprise has one is told."""
    assert sorted(_faults(manifest(CustomMaster="5304"))) == [
        f"rule.no-qualification-in-force {MF}/CustomMaster",
        f"rule.volume-of-other-office {MF}/ManualNo",
    ]
    with pytest.raises(RejectedError) as fault:
        approved_world().do(MF, "save-declare", "M-1", manifest(CustomMaster="5304"))
    told = next(each for each in fault.value.violations if each.code == "rule.no-qualification-in-force")
    assert "at 5301, approved 20270630." in told.text("en")
    assert "（关区 5301）海关审批通过 20270630。" in told.text("zh")


@pytest.mark.requirement("MF-03")
def test_a_qualification_that_ended_serves_no_more() -> None:
    """Expired or revoked, it takes no manifest; the reply tells what is known."""
    world = approved_world()
    world.now = datetime(2027, 7, 1, 8, 0, tzinfo=CHINA)
    body = manifest(IEDate="20270630")
    with pytest.raises(RejectedError) as fault:
        world.do(MF, "save-declare", "M-1", body)
    assert codes_of(fault.value) == [f"rule.no-qualification-in-force {MF}/CustomMaster"]
    assert "approved 20270630" in fault.value.violations[0].text("en")
    assert "海关审批通过 20270630" in fault.value.violations[0].text("zh")
    assert world.do(MF, "save", "M-2", body).changes


@pytest.mark.requirement("MF-06")
@pytest.mark.parametrize(
    ("nature", "office", "mode", "flag"),
    [("1", "5301", "0110", "I"), ("3", "0708", "4019", "I"), ("4", "5729", "3422", "E")],
)
def test_trade_mode_follows_the_nature(nature: str, office: str, mode: str, flag: str) -> None:
    """General, border small trade and contracted exports each have their own."""
    body: Fields = {"CustomMaster": office, "IEFlag": flag, "GoodsNature": nature}
    document = World().do(MF, "save", "M-1", body).changes[0].document
    assert document.content["TradeMode"] == mode


@pytest.mark.requirement("MF-06")
def test_another_declaration_date_or_trade_mode_is_refused() -> None:
    """Both are grey fields."""
    found = _faults(manifest(DeclDate="20261019", TradeMode="4019"))
    assert found == [f"rule.fill-differs {MF}/DeclDate", f"rule.fill-differs {MF}/TradeMode"]


def test_goods_of_a_foreign_contract_are_only_exported() -> None:
    """Import and that nature exclude each other."""
    body: Fields = {"CustomMaster": "5729", "IEFlag": "I", "GoodsNature": "4"}
    assert _faults(body, "save") == [f"rule.export-only {MF}/GoodsNature"]


def test_the_nature_is_that_of_the_volume() -> None:
    """A general-trade volume serves no border trade."""
    assert f"rule.nature-differs {MF}/GoodsNature" in _faults(manifest(GoodsNature="3"), "save")


@pytest.mark.requirement("MF-06")
def test_the_declaration_date_is_the_day_of_declaring() -> None:
    """Saved in October and declared in November, a manifest belongs to November."""
    world = approved_world()
    world.do(MF, "save", "M-1", manifest())
    world.now = datetime(2026, 11, 2, 8, 0, tzinfo=CHINA)
    document = world.do(MF, "declare", "M-1").changes[0].document
    assert (document.content["DeclDate"], document.period) == ("20261102", "202611")
    world.do(MF, "save", "M-2", manifest())
    with pytest.raises(RejectedError) as fault:
        world.do(MF, "declare", "M-2", {"DeclDate": "20261020"})
    assert codes_of(fault.value) == [f"rule.fill-differs {MF}/DeclDate"]


amount = st.decimals("0.00001", "99999", places=5)
price = st.decimals("0.0001", "9999", places=4)


@pytest.mark.requirement("MF-14")
@given(amount, price, st.sampled_from([Decimal(0), Decimal("0.01"), Decimal("-0.01")]))
def test_the_total_is_quantity_times_price_rounded_half_up(
    quantity: Decimal, unit_price: Decimal, error: Decimal
) -> None:
    """Not a cent more or less."""
    right = (quantity * unit_price).quantize(Decimal("0.01"), ROUND_HALF_UP)
    given_total = right + error
    body = manifest(line(GQty=str(quantity), DeclPrice=str(unit_price), DeclTotal=str(given_total)))
    world = approved_world()
    if given_total == right and right > 0:
        assert world.do(MF, "save-declare", "M-1", body).changes
    else:
        found = _faults(body, world=world)
        assert set(found) <= {f"rule.{c} {MF}/Item[1]/DeclTotal" for c in ("total-differs", "not-positive")}


@pytest.mark.requirement("MF-14")
def test_a_large_total_is_exact() -> None:
    """Nineteen digits times nineteen digits lose nothing."""
    body = manifest(line(GQty="99999999999999.99999", DeclPrice="1.0001", DeclTotal="100010000000000.00"))
    assert approved_world().do(MF, "save-declare", "M-1", body).changes


@pytest.mark.requirement("MF-14")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"PackNo": "0"}, "rule.not-positive Manifest/PackNo"),
        ({"NetWt": "120.50001"}, "rule.net-above-gross Manifest/NetWt"),
        ({"NetWt": "0.99999"}, "rule.below-one-kilogram Manifest/NetWt"),
        ({"NetWt": "0.1", "GrossWet": "0.2"}, "rule.below-one-kilogram Manifest/GrossWet"),
        ({"GrossWet": "-1", "NetWt": ""}, "rule.not-positive Manifest/GrossWet"),
        ({"ContainerNo": "CSQU3054384"}, "rule.container-number Manifest/ContainerNo"),
        ({"IEDate": "20261131"}, "rule.not-a-date Manifest/IEDate"),
        ({"OwnerCode": "44031"}, "rule.enterprise-code Manifest/OwnerCode"),
    ],
)
def test_figures_and_forms_are_checked(fields: dict[str, str], expected: str) -> None:
    """Packages, weights, containers, dates and codes."""
    assert expected in _faults(manifest(**fields))


@pytest.mark.requirement("MF-14")
def test_net_may_equal_gross() -> None:
    """Goods without packing weigh the same."""
    assert approved_world().do(MF, "save-declare", "M-1", manifest(NetWt="120.5")).changes


def test_a_manifest_holds_99_items() -> None:
    """One more is refused."""
    body = manifest(*(line() for _ in range(100)))
    assert _faults(body) == [f"rule.too-many-items {MF}/Item"]


@pytest.mark.requirement("MF-03")
def test_general_trade_at_another_office_does_not_serve() -> None:
    """Qualifications of other offices do not count."""
    world = approved_world()
    world.do("QualificationFiling", "save-declare", "QF-2", qualification(CustomMaster="5304"))
    number = next(d.number for d in world.documents.values() if d.client_number == "QF-1")
    world.put(replace(world.documents[number], valid_until="20261019"))
    assert _faults(manifest(), world=world) == [f"rule.no-qualification-in-force {MF}/CustomMaster"]
