"""An aggregated declaration has every field that the public structure asks for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.config import DeclarationForm
from gateway.documents.declaration import Frame, compose, issue
from gateway.fields import Fields
from tests.unit.documents.month import cut
from tests.unit.documents.world import World, approved_world, cleared, line, manifest

# minOccurs=1 in the public structure; Sign is left empty, as the message bears an XML signature.
HEAD = frozenset(
    [
        "IEFlag",
        "AgentCode",
        "AgentName",
        "CustomMaster",
        "DistinatePort",
        "GrossWet",
        "NetWt",
        "OwnerName",
        "PackNo",
        "TradeCode",
        "TradeCountry",
        "TradeMode",
        "TradeName",
        "TrafMode",
        "WrapType",
        "EdiId",
        "CopName",
        "EntryType",
        "DeclTrnRel",
        "PromiseItmes",
        "TradeAreaCode",
        "DespPortCode",
        "GoodsPlace",
        "DeclareName",
        "NoOtherPack",
    ]
)
ITEM = [
    "CodeTS",
    "DeclPrice",
    "GName",
    "GNo",
    "OriginCountry",
    "DeclTotal",
    "GQty",
    "DestinationCountry",
    "CiqCode",
]
SIGN = ["OperType", "ClientSeqNo", "SignDate", "HostId", "BillSeqNo"]


def _compose(world: World, *bodies: Fields, codes: dict[str, str] | None = None) -> Fields:
    documents = [cleared(world, f"M-{count}", body) for count, body in enumerate(bodies, 1)]
    (piece,) = cut(documents, world.settings.aggregation)
    body = compose(piece, {document.number: document for document in documents}, _frame(world, codes))
    return issue(body, "D00000000000000001", "AG-101", world.now)


def _frame(world: World, codes: dict[str, str] | None) -> Frame:
    profile = world.settings.enterprise[0]
    return Frame(profile, (profile.code, profile.name), codes or {}, world.settings.declaration)


def _group(body: Fields, name: str) -> Fields:
    value = body[name]
    assert isinstance(value, dict)
    return value


@pytest.mark.requirement("DC-02", "AG-08")
def test_every_required_field_is_there() -> None:
    """Head, items and signature block are complete; the required groups stand even when empty."""
    body = _compose(approved_world(), manifest())
    head, sign = _group(body, "DecHead"), _group(body, "DecSign")
    items = _group(body, "DecLists")["DecList"]
    assert isinstance(items, list)
    assert [name for name in HEAD if name not in head] == []
    assert [name for name in SIGN if name not in sign] == []
    assert [name for item in items for name in ITEM if name not in item] == []
    assert {"DecContainers", "DecLicenseDocus", "DecFreeTxt"} <= set(body)
    assert sign["ClientSeqNo"] == "AG-101"
    assert sign["SignDate"] == "2026102009300000"
    assert head["SeqNo"] == "D00000000000000001"
    assert head["CopCode"] == "MA5EX0001"


@pytest.mark.requirement("DC-02")
def test_what_no_manifest_tells_comes_from_the_configuration() -> None:
    """As shipped it declares on paper with a list; each value and the port of each office may be another."""
    shipped = _compose(approved_world(), manifest())
    head, sign = _group(shipped, "DecHead"), _group(shipped, "DecSign")
    assert (head["EntryType"], head["PromiseItmes"], sign["OperType"], sign["DomainId"]) == (
        "L",
        "000",
        "C",
        "2",
    )
    assert head.keys().isdisjoint({"Type", "DataSource", "EntyPortCode"})
    form = DeclarationForm(
        entry_type="M",
        operation="G",
        domain="1",
        data_source="SZJB",
        document_type="CL",
        promises="11199",
        goods_place="皇岗口岸",
        entry_ports={"5301": "470201", "53": "470101"},
    )
    other = approved_world()
    other.settings = other.settings.model_copy(update={"declaration": form})
    changed = _compose(other, manifest())
    head, sign = _group(changed, "DecHead"), _group(changed, "DecSign")
    assert (head["EntryType"], head["PromiseItmes"], sign["OperType"], sign["DomainId"]) == (
        "M",
        "11199",
        "G",
        "1",
    )
    assert (head["DataSource"], head["Type"], head["GoodsPlace"]) == ("SZJB", "CL", "皇岗口岸")
    assert head["EntyPortCode"] == "470201"
    assert (form.entry_port("5304"), form.entry_port("0708")) == ("470101", "")


@pytest.mark.requirement("AG-06")
def test_what_differs_is_left_out_or_said_in_general() -> None:
    """Different packing is "other", different contracts are not named, equal ones are."""
    mixed = _compose(approved_world(), manifest(ContrNo="A"), manifest(WrapType="93", ContrNo="B"))
    same = _compose(approved_world(), manifest(ContrNo="A"), manifest(ContrNo="A"))
    assert _group(mixed, "DecHead")["WrapType"] == "99"
    assert "ContrNo" not in _group(mixed, "DecHead")
    assert _group(same, "DecHead")["ContrNo"] == "A"
    assert _group(same, "DecHead")["WrapType"] == "22"


@pytest.mark.requirement("DC-02")
@pytest.mark.parametrize(
    ("licence", "head", "documents"),
    [
        ("1:26-AB-100200", "26-AB-100200", None),
        ("7:12345", None, [{"DocuCode": "7", "CertCode": "12345"}]),
        ("", None, None),
    ],
)
def test_a_licence_stands_where_its_form_belongs(
    licence: str, head: str | None, documents: list[Fields] | None
) -> None:
    """The header takes numbers of licences; other documents are listed."""
    body = _compose(approved_world(), manifest(LicenseNo=licence))
    assert _group(body, "DecHead").get("LicenseNo") == head
    assert _group(body, "DecLicenseDocus").get("LicenseDocu") == documents


@pytest.mark.requirement("DC-02")
@pytest.mark.parametrize(
    ("flag", "fields", "expected"),
    [
        ("I", {}, ("USA", "CHN")),
        ("I", {"DestinationCountry": "DEU"}, ("USA", "DEU")),
        ("E", {}, ("USA", "USA")),
        ("E", {"DestinationCountry": "DEU"}, ("DEU", "USA")),
    ],
)
def test_origin_and_destination(flag: str, fields: dict[str, str], expected: tuple[str, str]) -> None:
    """Imports end in China unless said otherwise; for exports the two are swapped."""
    body = _compose(approved_world(), manifest(line(**fields), IEFlag=flag))
    items = _group(body, "DecLists")["DecList"]
    assert isinstance(items, list)
    assert (items[0]["OriginCountry"], items[0]["DestinationCountry"]) == expected


def test_the_inspection_code_comes_from_the_volume() -> None:
    """Where none is filed it is "other"."""
    world = approved_world()
    known = _compose(world, manifest(), codes={"1": "101"})
    items = _group(known, "DecLists")["DecList"]
    assert isinstance(items, list)
    assert items[0]["CiqCode"] == "101"
    world.documents = {n: d for n, d in world.documents.items() if d.kind != "manifest"}
    other = _group(_compose(world, manifest()), "DecLists")["DecList"]
    assert isinstance(other, list)
    assert other[0]["CiqCode"] == "999"


def test_without_a_card_none_is_named() -> None:
    """The operator's card is optional."""
    world = approved_world()
    document = cleared(world, "M-1")
    (piece,) = cut([document], world.settings.aggregation)
    frame = _frame(world, None)
    frame = replace(frame, profile=frame.profile.model_copy(update={"typist_card": ""}))
    body = compose(piece, {document.number: document}, frame)
    assert "ICCode" not in _group(body, "DecSign")
    assert "TypistNo" not in _group(body, "DecHead")
