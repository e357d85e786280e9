"""A filing number leads to a volume, account book or handbook, and that says what the goods are."""

from __future__ import annotations

from datetime import datetime

import pytest

from gateway.clock import CHINA
from gateway.documents import Decision
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.references import (
    BOOK,
    HANDBOOK,
    bonded,
    bonded_line,
    bonded_world,
    book_item,
    tell_book,
)
from tests.unit.documents.world import (
    OTHER,
    World,
    approved_world,
    codes_of,
    goods,
    line,
    manifest,
    qualification,
    volume,
)

MF = "Manifest"


def _faults(world: World, body: Fields, operation: str = "save-declare") -> list[str]:
    with pytest.raises(RejectedError) as fault:
        world.do(MF, operation, "M-9", body)
    return codes_of(fault.value)


def _warnings(decision: Decision) -> list[str]:
    return [f"{violation.code} {violation.path}" for violation in decision.warnings]


@pytest.mark.requirement("MF-01", "MF-04", "MF-05", "MF-06", "GF-09")
@pytest.mark.parametrize("flag", ["I", "E"])
def test_a_bonded_manifest_is_filled_in_from_its_account_book(flag: str) -> None:
    """Import and export alike: goods and trade mode are the book's, the rest is the ERP's."""
    decision = bonded_world().do(MF, "save-declare", "M-1", bonded(IEFlag=flag))
    content = decision.document.content
    items = content["Item"]
    assert isinstance(items, list)
    assert (content["TradeMode"], decision.document.nature, decision.document.state) == (
        "0615",
        "2",
        "declared",
    )
    assert (items[0]["CodeTS"], items[0]["GName"], items[0]["GUnit"]) == ("8529904900", "料件1", "011")
    assert decision.filled[f"{MF}/Item[1]/GName"] == "料件1"
    assert items[0]["OriginCountry"] == "CHN"


@pytest.mark.requirement("MF-01", "GF-09")
def test_what_the_book_does_not_tell_the_erp_must_tell() -> None:
    """A field that the book is silent about is asked for by name; what it tells cannot be said otherwise."""
    found = _faults(bonded_world(), bonded(line(GName="别的")))
    assert found == [
        f"rule.fill-differs {MF}/Item[1]/GName",
        *(f"rule.mandatory {MF}/Item[1]/{name}" for name in ("GModel", "OriginCountry", "TradeCurr")),
    ]


@pytest.mark.requirement("MF-04", "GF-09")
def test_a_book_that_is_not_at_hand_hinders_declaring_only() -> None:
    """Customs may send it until the manifest is declared; then it is filled in."""
    world = bonded_world()
    told = world.references.pop(f"account_book {BOOK}")
    saved = world.do(MF, "save", "M-1", bonded())
    assert _warnings(saved) == [f"rule.unknown-book {MF}/ManualNo"]
    assert _faults(world, bonded()) == [f"rule.unknown-book {MF}/ManualNo"]
    world.references[f"account_book {BOOK}"] = told
    declared = world.do(MF, "declare", "M-1")
    assert declared.document.content["TradeMode"] == "0615"
    assert declared.filled[f"{MF}/Item[1]/CodeTS"] == "8529904900"


@pytest.mark.requirement("MF-04", "QR-08")
def test_the_book_of_another_enterprise_is_unknown() -> None:
    """Nothing is told about it."""
    world = bonded_world()
    tell_book(world, TradeCode=OTHER)
    assert _faults(world, bonded()) == [f"rule.unknown-book {MF}/ManualNo"]


@pytest.mark.requirement("MF-04")
def test_an_account_book_serves_until_its_last_day() -> None:
    """On that day still, on the next no more; one without a last day always."""
    world = bonded_world()
    tell_book(world, ValidDate="20261020")
    assert world.do(MF, "save-declare", "M-1", bonded()).outgoing
    world.now = datetime(2026, 10, 21, 0, 0, tzinfo=CHINA)
    assert _faults(world, bonded()) == [f"rule.book-expired {MF}/ManualNo"]
    assert world.do(MF, "save", "M-2", bonded()).changes
    tell_book(world, ValidDate="")
    assert world.do(MF, "declare", "M-2").outgoing


@pytest.mark.requirement("MF-03", "MF-04")
def test_a_bonded_manifest_is_declared_where_book_and_qualification_are() -> None:
    """At the office of both, under a bonded qualification that is in force."""
    assert sorted(_faults(bonded_world(), bonded(CustomMaster="5304"))) == [
        f"rule.book-of-other-office {MF}/ManualNo",
        f"rule.no-qualification-in-force {MF}/CustomMaster",
    ]
    general = approved_world()
    tell_book(general)
    assert _faults(general, bonded()) == [f"rule.no-qualification-in-force {MF}/CustomMaster"]


@pytest.mark.requirement("MF-04")
@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("J5301600001", "filing-number"),
        ("j53016000001", "filing-number"),
        ("530160000012", "filing-number"),
        ("H53016A000011", "filing-number"),
        ("Z53016000001", "book-letter"),
        ("Y53016000001", "book-letter"),
        ("C53016400009", "unknown-book"),
    ],
)
def test_the_filing_number_has_its_form(number: str, expected: str) -> None:
    """Twelve characters, and the letter of an account book or handbook for bonded goods."""
    assert _faults(bonded_world(), bonded(ManualNo=number)) == [f"rule.{expected} {MF}/ManualNo"]


@pytest.mark.requirement("MF-04")
def test_the_filing_number_of_another_nature_is_told_as_that() -> None:
    """A volume under bonded goods, an account book under general trade."""
    body = bonded(line(), ManualNo="J53016000001")
    assert _faults(approved_world(), body, "save") == [f"rule.nature-differs {MF}/GoodsNature"]
    world = bonded_world()
    body = manifest(bonded_line(), VolumeClientNo="", ManualNo=BOOK)
    assert _faults(world, body, "save") == [f"rule.nature-differs {MF}/GoodsNature"]


@pytest.mark.requirement("MF-06")
def test_a_silent_handbook_gives_its_trade_mode_by_its_letter() -> None:
    """进料加工 by its type letter; what the book itself tells goes before."""
    world = bonded_world()
    tell_book(world, number=HANDBOOK, TradeMode="")
    content = world.do(MF, "save-declare", "M-1", bonded(ManualNo=HANDBOOK)).document.content
    assert content["TradeMode"] == "0615"
    assert _faults(world, bonded(ManualNo=HANDBOOK, TradeMode="0110")) == [
        f"rule.fill-differs {MF}/TradeMode"
    ]


@pytest.mark.requirement("MF-06")
def test_where_book_and_letter_are_silent_the_erp_tells_the_trade_mode() -> None:
    """An account book of an area serves several modes."""
    world = bonded_world()
    tell_book(world, TradeMode="")
    assert _faults(world, bonded()) == [f"rule.trade-mode-unknown {MF}/TradeMode"]
    body = bonded(TradeMode="进料对口")
    assert world.do(MF, "save-declare", "M-1", body).document.content["TradeMode"] == "0615"


@pytest.mark.requirement("CH-03", "MF-05")
def test_a_disabled_item_is_not_used_in_new_manifests() -> None:
    """Of a volume or an account book, saved or declared."""
    world = bonded_world()
    for operation in ("save", "save-declare"):
        found = _faults(world, bonded(bonded_line(ContrItem="3")), operation)
        assert found == [f"rule.item-disabled {MF}/Item[1]/ContrItem"]
    tell_book(world, book_item("3", Disabled="0"))
    assert world.do(MF, "save-declare", "M-1", bonded(bonded_line(ContrItem="3"))).outgoing


def test_items_of_a_book_may_have_gaps() -> None:
    """The reply tells from where to where the numbers go."""
    world = bonded_world()
    tell_book(world, book_item("7"), book_item("1204"))
    assert world.do(MF, "save-declare", "M-1", bonded(bonded_line(ContrItem="1204"))).outgoing
    with pytest.raises(RejectedError) as fault:
        world.do(MF, "save", "M-2", bonded(bonded_line(ContrItem="8")))
    assert codes_of(fault.value) == [f"rule.unknown-item {MF}/Item[1]/ContrItem"]
    assert "from 7 to 1204" in fault.value.violations[0].text("en")


@pytest.mark.requirement("MF-05", "MF-10")
def test_declaration_elements_come_from_the_volume_unless_the_erp_gives_its_own() -> None:
    """They are no grey field."""
    world = approved_world()
    number = world.do("GoodsFiling", "save-declare", "GF-2", volume(goods(DeclElements="品牌:无"))).document
    world.answer(number.number, "A", customs_number="J53016000002")
    filled = world.do(MF, "save-declare", "M-1", manifest(VolumeClientNo="GF-2"))
    assert filled.filled[f"{MF}/Item[1]/DeclElements"] == "品牌:无"
    own = manifest(line(DeclElements="品牌:甲"), VolumeClientNo="GF-2")
    items = world.do(MF, "save-declare", "M-2", own).document.content["Item"]
    assert isinstance(items, list)
    assert items[0]["DeclElements"] == "品牌:甲"


@pytest.mark.requirement("MF-01", "MF-03", "QF-06")
@pytest.mark.parametrize(
    ("nature", "office", "flag"), [("3", "0708", "I"), ("3", "0708", "E"), ("4", "5729", "E")]
)
def test_border_and_contracted_goods_go_the_way_of_general_trade(nature: str, office: str, flag: str) -> None:
    """Their own qualification and volume, at an office that knows the nature."""
    world = World()
    filed = world.do(
        "QualificationFiling", "save-declare", "QF-1", qualification(CustomMaster=office, GoodsNature=nature)
    )
    world.answer(filed.document.number, "A", valid_until="20270630", customs_number="Q53016000001")
    number = world.do("GoodsFiling", "save-declare", "GF-1", volume()).document.number
    world.answer(number, "A", customs_number="J53016000001")
    body = manifest(CustomMaster=office, GoodsNature=nature, IEFlag=flag)
    assert world.do(MF, "save-declare", "M-1", body).document.state == "declared"


@pytest.mark.requirement("QF-06")
@pytest.mark.parametrize("nature", ["3", "4"])
def test_a_special_nature_is_refused_at_other_offices(nature: str) -> None:
    """Saved already, with the offices that know it."""
    body: Fields = {"CustomMaster": "5301", "IEFlag": "E", "GoodsNature": nature}
    assert _faults(World(), body, "save") == [f"rule.nature-not-at-office {MF}/GoodsNature"]


@pytest.mark.requirement("MF-12")
@pytest.mark.parametrize(
    ("traffic", "codes", "states"),
    [
        ("4", "7 9 10 11 15", "approved entrusted carried crossed cleared"),
        ("5", "7 15", "approved cleared"),
    ],
)
def test_bonded_goods_by_road_are_entrusted_carried_and_crossed(
    traffic: str, codes: str, states: str
) -> None:
    """Each official number moves the manifest one state on; by air it goes from 7 to 15."""
    world = bonded_world()
    number = world.do(MF, "save-declare", "M-1", bonded(TrafMode=traffic)).document.number
    world.answer(number, "0", "T")
    for code, state in zip(codes.split(), states.split(), strict=True):
        world.answer(number, code, customs_number="53012026I000000001")
        assert world.documents[number].state == state


@pytest.mark.requirement("CH-03", "AM-02")
def test_a_manifest_that_had_an_item_before_it_was_disabled_can_be_corrected() -> None:
    """Its items stay; a further item of what is disabled is a new use."""
    world = bonded_world()
    number = world.do(MF, "save-declare", "M-1", bonded(bonded_line(), bonded_line())).document.number
    world.answer(number, "7", customs_number="53012026I000000001")
    tell_book(world, book_item("1", Disabled="1"), book_item("2", Disabled="1"))

    def correct(client_number: str, **fields: str) -> list[str]:
        change: Fields = {"NewValue": "2", **fields}
        why = {"DecModNote": "实际到货不符", "EntOpName": "王小明", "EntOpTele": "0755-82000001"}
        body: Fields = {"ManifestClientNo": "M-1", **why, "Change": [change]}
        try:
            world.do("ManifestModification", "save-declare", client_number, body)
        except RejectedError as fault:
            return codes_of(fault)
        return []

    found = correct("A-1", FieldCode="ContrItem", GNo="2")
    assert "rule.item-disabled" in {code.partition(" ")[0] for code in found}
    assert correct("A-2", FieldCode="PackNo") == []
