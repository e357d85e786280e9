"""What the office checks of a manifest's goods: volumes, account books, licences."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pytest

from customs_stub.checks import check
from customs_stub.facts import Filed, Referred
from customs_stub.references import Reference
from customs_stub.submission import Kind
from tests.unit.customs_stub.messages import Body, goods, line, manifest, qualification, volume
from tests.unit.customs_stub.records_for_tests import PlainRecords, filed, plain, submitted

BOOK, VOLUME, LICENCE = "H53016A00001", "J53016000001", "1:26-AB-100001"
BONDED = filed(Kind.QUALIFICATION, nature="2")
GENERAL = filed(Kind.QUALIFICATION, qualification())


def book(**values: str) -> Reference:
    """Return an account book with the goods of the sample volume; its second item is silent on some."""
    silent = goods(2)
    del silent["GModel"], silent["TradeCurr"]
    body: Body = {
        "ManualNo": BOOK,
        "CustomMaster": "5301",
        "TradeCode": "4403180001",
        "TradeMode": "0615",
        "ValidDate": "20261020",
        **values,
        "Item": [goods(1), silent, goods(3, Disabled="1")],
    }
    return Reference(Referred.ACCOUNT_BOOK, plain(body))


def licence(**values: str) -> Reference:
    """Return a licence for 10 pieces of the sample goods."""
    body: Body = {
        "LicenseNo": LICENCE,
        "IEFlag": "E",
        "TradeCode": "4403180001",
        "ValidFrom": "20260101",
        "ValidDate": "20261231",
        **values,
        "Item": [{"GNo": "1", "CodeTS": "8517130000", "GUnit": "006", "GQty": "10"}],
    }
    return Reference(Referred.LICENCE, plain(body))


def codes(
    body: Body, on_file: Sequence[Filed], references: Sequence[Reference], used: str = "0"
) -> list[tuple[str, str]]:
    """Return what is objected to, with the place below the manifest."""
    facts = PlainRecords(list(on_file), references=references, used=Decimal(used))
    found = check(Kind.MANIFEST, submitted("Manifest", body), facts)
    return [(fault.code, fault.path.removeprefix("Manifest/")) for fault in found]


def bonded(*items: Body, **values: str) -> Body:
    """Return a bonded manifest."""
    body = manifest(BOOK, GoodsNature="2", TradeMode="0615", **values)
    return body | {"Item": list(items)} if items else body


def licensed(*items: Body, **values: str) -> Body:
    """Return a manifest under the licence."""
    body = manifest(VOLUME, LicenseNo=LICENCE) | dict(values)
    return body | {"Item": list(items)} if items else body


def under_licence(
    body: Body, *references: Reference, used: str = "0", filed_under: str = ""
) -> list[tuple[str, str]]:
    """Return what is objected to in a manifest of goods that are filed with or without a licence."""
    items = [goods(1, LicenseNo=filed_under), goods(2, LicenseNo=filed_under)]
    on_file = [GENERAL, filed(Kind.VOLUME, volume() | {"Item": items}, number=VOLUME)]
    return codes(body, on_file, references or [licence()], used)


def test_bonded_goods_come_from_an_account_book() -> None:
    """As it tells them; where it is silent the manifest speaks."""
    assert codes(bonded(), [BONDED], [book()]) == []
    free = line(2, GModel="型号B", TradeCurr="EUR")
    assert codes(bonded(line(1), free), [BONDED], [book()]) == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"ManualNo": "H53016A00009"}, "M03"),
        ({"TradeCode": "4403180002"}, "M05"),
        ({"CustomMaster": "5304"}, "M06"),
        ({"ValidDate": "20261019"}, "M13"),
    ],
)
def test_the_account_book_is_known_own_of_this_office_and_in_force(values: dict[str, str], code: str) -> None:
    """Each fault of the number has a code of its own."""
    assert codes(bonded(), [BONDED], [book(**values)]) == [(code, "ManualNo")]


def test_general_trade_has_no_account_book_and_bonded_goods_no_volume() -> None:
    """The number of the other kind is unknown."""
    on_file = [GENERAL, BONDED, filed(Kind.VOLUME, volume(), number=VOLUME)]
    assert codes(manifest(BOOK), on_file, [book()]) == [("M03", "ManualNo")]
    body = bonded() | {"ManualNo": VOLUME}
    assert codes(body, on_file, [book()]) == [("M03", "ManualNo")]


def test_bonded_items_are_as_in_the_account_book() -> None:
    """Differences, unknown and disabled items are told at their fields."""
    items = [line(1, GName="平板"), line(2, ContrItem="9"), line(3)]
    assert codes(bonded(*items), [BONDED], [book()]) == [
        ("M08", "Item[1]/GName"),
        ("M07", "Item[2]/ContrItem"),
        ("M14", "Item[3]/ContrItem"),
    ]


def test_the_trade_mode_is_that_of_the_account_book() -> None:
    """Or that of the nature, of goods that are not bonded."""
    assert codes(bonded() | {"TradeMode": "0214"}, [BONDED], [book()]) == [("M18", "TradeMode")]
    on_file = [GENERAL, filed(Kind.VOLUME, volume(), number=VOLUME)]
    assert codes(manifest(VOLUME, TradeMode="0615"), on_file, []) == [("M18", "TradeMode")]


@pytest.mark.parametrize(
    ("nature", "office", "mode", "flag"), [("3", "0708", "4019", "I"), ("4", "5729", "3422", "E")]
)
def test_two_natures_go_as_general_trade_under_a_mode_of_their_own(
    nature: str, office: str, mode: str, flag: str
) -> None:
    """Border small trade either way, contracted exports out only."""
    on_file = [
        filed(Kind.QUALIFICATION, office=office, nature=nature),
        filed(Kind.VOLUME, volume(), number=VOLUME, office=office),
    ]
    date = {"IEDate": "20261020" if flag == "I" else "20261022"}
    values = {"GoodsNature": nature, "CustomMaster": office, "TradeMode": mode, "IEFlag": flag} | date
    assert codes(manifest(VOLUME, **values), on_file, []) == []
    inward = values | {"IEFlag": "I"}
    assert codes(manifest(VOLUME, **inward), on_file, []) == ([("M17", "IEFlag")] if nature == "4" else [])


def test_a_volume_serves_the_nature_of_its_qualification_only() -> None:
    """An enterprise may hold two natures at one office."""
    border = filed(Kind.QUALIFICATION, office="0708", nature="3")
    other = filed(Kind.QUALIFICATION, office="0708", unified_number="QF0000000000000002")
    under = filed(Kind.VOLUME, volume(), number=VOLUME, office="0708")
    assert codes(manifest(VOLUME, CustomMaster="0708"), [border, other, under], []) == [
        ("M15", "GoodsNature")
    ]


def test_a_disabled_item_does_not_stand_in_a_new_manifest() -> None:
    """It was good for earlier ones."""
    content = volume() | {"Item": [goods(1), goods(2, Disabled="1")]}
    on_file = [GENERAL, filed(Kind.VOLUME, content, number=VOLUME)]
    assert codes(manifest(VOLUME), on_file, []) == [("M14", "Item[2]/ContrItem")]


def test_a_statutory_unit_is_that_of_the_filing_where_it_is_told() -> None:
    """It may be left out."""
    content = volume() | {"Item": [goods(1, FirstUnit="035"), goods(2)]}
    on_file = [GENERAL, filed(Kind.VOLUME, content, number=VOLUME)]
    assert codes(manifest(VOLUME), on_file, []) == []
    body = manifest(VOLUME) | {"Item": [line(1, FirstUnit="007", FirstQty="3")]}
    assert codes(body, on_file, []) == [("M08", "Item[1]/FirstUnit")]


def test_goods_within_their_licence_pass() -> None:
    """Six of ten pieces, and four more on other manifests."""
    assert under_licence(licensed(), used="4") == []


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"LicenseNo": "1:26-AB-100009"}, "L01"),
        ({"TradeCode": "4403180002"}, "L02"),
        ({"IEFlag": "I"}, "L03"),
        ({"ValidFrom": "20261021"}, "L04"),
        ({"ValidDate": "20261019"}, "L04"),
    ],
)
def test_a_licence_is_known_own_of_this_direction_and_in_force(values: dict[str, str], code: str) -> None:
    """Each fault has a code of its own."""
    assert under_licence(licensed(), licence(**values)) == [(code, "LicenseNo")]


def test_every_item_must_belong_to_the_licence_of_the_manifest() -> None:
    """By its goods, and by the licence that it names itself."""
    foreign = line(2, CodeTS="0810600000")
    found = under_licence(licensed(line(1), foreign))
    assert ("L05", "Item[2]/CodeTS") in found
    other = line(1, LicenseNo="1:26-AB-100002")
    assert under_licence(licensed(other, line(2))) == [("L06", "Item[1]/LicenseNo")]


def test_goods_filed_with_a_licence_need_it_named() -> None:
    """The same one, or one of another kind beside it."""
    assert under_licence(manifest(VOLUME), filed_under=LICENCE) == [
        ("L09", "Item[1]/LicenseNo"),
        ("L09", "Item[2]/LicenseNo"),
    ]
    assert under_licence(licensed(), filed_under=LICENCE) == []
    assert under_licence(licensed(), filed_under="7:26-XY-1") == []
    assert [code for code, _ in under_licence(licensed(), filed_under="1:26-XY-1")] == ["L06", "L06"]


def test_one_manifest_has_one_licence() -> None:
    """Wherever it is told."""
    items = [line(1, LicenseNo=LICENCE), line(2, LicenseNo="1:26-AB-100002")]
    found = under_licence(manifest(VOLUME) | {"Item": items})
    assert ("L06", "Item[2]/LicenseNo") in found


def test_the_quantity_over_all_manifests_stays_within_the_licence() -> None:
    """One piece more than the ten is too much."""
    assert under_licence(licensed(), used="5") == [("L08", "Item[1]/GQty")]


def test_the_quantity_counts_in_the_unit_of_the_licence() -> None:
    """Told as a statutory quantity it counts; told in no such unit it is refused."""
    content = volume() | {"Item": [goods(1, GUnit="035"), goods(2)]}
    on_file = [GENERAL, filed(Kind.VOLUME, content, number=VOLUME)]
    told = line(1, GUnit="035", FirstUnit="006", FirstQty="11")
    assert codes(licensed(told), on_file, [licence()]) == [("L08", "Item[1]/GQty")]
    untold = line(1, GUnit="035")
    assert codes(licensed(untold), on_file, [licence()]) == [("L07", "Item[1]/GUnit")]


def test_without_any_licences_an_office_does_not_ask_for_them() -> None:
    """A trial without references goes on without them."""
    on_file = [GENERAL, filed(Kind.VOLUME, volume(), number=VOLUME)]
    assert codes(licensed(), on_file, [book()]) == []
