"""What customs told of account books, licences and cargo, in a world in memory; and manifests that fit."""

from __future__ import annotations

from decimal import Decimal

from gateway.documents import Reference, cargo_key
from gateway.documents.core import Kind
from gateway.fields import Fields
from tests.unit.documents.world import (
    ACME,
    OFFICE,
    World,
    approved_world,
    goods,
    line,
    manifest,
    qualification,
    volume,
)

BOOK, HANDBOOK, LICENCE = "H53016A00001", "C53016400001", "1:26-AB-100001"
DURIANS, KILOGRAM, PIECE = "0810600000", "035", "011"


def tell_book(world: World, *items: Fields, number: str = BOOK, **fields: str) -> None:
    """Let customs tell of an account book or handbook."""
    usual = {
        "ManualNo": number,
        "CustomMaster": OFFICE,
        "TradeCode": ACME,
        "TradeMode": "0615",
        "ValidDate": "20271231",
    }
    told = {**usual, **fields}
    rows = list(items) or [book_item("1"), book_item("2"), book_item("3", Disabled="1")]
    content: Fields = {**told, "Item": rows}
    reference = Reference(number, told["TradeCode"], None, told["ValidDate"] or None, content)
    world.references[f"account_book {number}"] = reference


def book_item(number: str, **fields: str) -> Fields:
    """Return one item of an account book; model, origin and currency are not in every book."""
    return {"GNo": number, "CodeTS": "8529904900", "GName": f"料件{number}", "GUnit": PIECE, **fields}


def tell_licence(world: World, quantity: str = "10000", *rows: Fields, **fields: str) -> None:
    """Let customs tell of a licence for durians in kilograms."""
    usual = {
        "LicenseNo": LICENCE,
        "IEFlag": "I",
        "TradeCode": ACME,
        "ValidFrom": "20260101",
        "ValidDate": "20261231",
    }
    told = {**usual, **fields}
    content: Fields = {**told, "Item": list(rows) or [licence_row(quantity)]}
    first, last = told["ValidFrom"] or None, told["ValidDate"]
    number = told["LicenseNo"]
    world.references[f"licence {number}"] = Reference(number, told["TradeCode"], first, last, content)


def licence_row(quantity: str, code: str = DURIANS, unit: str = KILOGRAM) -> Fields:
    """Return one item of a licence."""
    return {"CodeTS": code, "GUnit": unit, "GQty": quantity}


def tell_cargo(world: World, **fields: str) -> None:
    """Let customs tell of a cargo manifest."""
    usual: Fields = {
        "IEFlag": "I",
        "CustomMaster": "5304",
        "TrafMode": "2",
        "TrafName": "COSCO SHENZHEN",
        "VoyNo": "026E",
        "BillNo": "COSU6100000001",
        "PackNo": "100",
        "GrossWet": "1200",
        "NetWt": "1000",
    }
    content = {name: text for name, text in {**usual, **fields}.items() if text}
    key = cargo_key(content)
    world.references[f"cargo_manifest {key}"] = Reference(key, "", None, None, content)


def bonded_world() -> World:
    """Return a world with an approved bonded qualification and an account book."""
    world = World()
    body = qualification(GoodsNature="2", GuaranteeAmount="", GuaranteeValidDate="")
    number = world.do("QualificationFiling", "save-declare", "QF-B", body).document.number
    world.answer(number, "A", valid_until="20270630", customs_number="Q53016000002")
    tell_book(world)
    return world


def bonded(*items: Fields, **fields: str) -> Fields:
    """Return a bonded manifest that may be declared."""
    usual = {"GoodsNature": "2", "VolumeClientNo": "", "ManualNo": BOOK}
    return manifest(*(items or (bonded_line(),)), **{**usual, **fields})


def bonded_line(**fields: str) -> Fields:
    """Return one item of a bonded manifest: what the book does not tell the ERP tells."""
    return line(**{"GModel": "无型号", "OriginCountry": "CHN", "TradeCurr": "USD", **fields})


def licensed_world(quantity: str = "10000") -> World:
    """Return a world where durians are filed as item 1 and 2 in kilograms, books as item 3, and a licence."""
    world = approved_world()
    durians = {"CodeTS": DURIANS, "GName": "榴莲", "GUnit": KILOGRAM}
    items = (goods(**durians), goods(**durians, GModel="冷冻"), goods())
    number = world.do("GoodsFiling", "save-declare", "GF-L", volume(*items)).document.number
    world.answer(number, "A", customs_number="J53016000002")
    tell_licence(world, quantity)
    return world


def licensed(*items: Fields, **fields: str) -> Fields:
    """Return a manifest under the licence that may be declared."""
    usual = {"VolumeClientNo": "GF-L", "LicenseNo": LICENCE}
    return manifest(*(items or (kilograms("100"),)), **{**usual, **fields})


def kilograms(quantity: str, **fields: str) -> Fields:
    """Return an item of durians."""
    total = f"{Decimal(quantity) * 1000:.2f}"
    usual = {"GQty": quantity, "DeclPrice": "1000", "DeclTotal": total, "FirstQty": quantity}
    return line(**{**usual, **fields})


def by_water(**fields: str) -> Fields:
    """Return a manifest by water that agrees with the usual cargo manifest."""
    usual = {
        "TrafMode": "2",
        "TrafName": "COSCO SHENZHEN",
        "VoyNo": "026E",
        "BillNo": "COSU6100000001",
        "PackNo": "100",
        "GrossWet": "1200",
        "NetWt": "1000",
    }
    return manifest(**{**usual, **fields})


def state_of(world: World, client_number: str) -> str:
    """Return the state of a manifest."""
    found = world.by_client_number("acme", Kind.MANIFEST, client_number)
    assert found is not None
    return found.state
