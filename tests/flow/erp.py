"""What the ERP of these tests sends: JSON files of the shipped mappings, right unless a test changes them."""

from __future__ import annotations

import json
from typing import Any

QUALIFICATION, VOLUME, MANIFEST = "QF-1", "GF-1", "JB-1"


def qualification(number: str = QUALIFICATION, **changes: Any) -> str:
    """Return a qualification filing for general trade at 5301."""
    usual: dict[str, Any] = {
        "document": "qualification",
        "number": number,
        "action": "save-declare",
        "company": {"customsCode": "4403180001", "name": "深圳示例进出口有限公司"},
        "customs": {"office": "5301"},
        "nature": "general",
        "batchesPerYear": 36,
        "guarantee": {"kind": "deposit", "amountCny": 500000.00, "validUntil": "2027-06-30"},
        "contact": {"name": "李敏", "phone": "0755-82000003"},
    }
    return text(usual | changes)


def goods(code: str = "0302141000", **changes: Any) -> dict[str, Any]:
    """Return an item of a volume."""
    usual: dict[str, Any] = {
        "hsCode": code,
        "name": "冰鲜大西洋鲑鱼",
        "specification": ["整条去内脏"],
        "unit": "千克",
        "legalUnits": ["千克"],
        "origin": "NOR",
        "price": {"amount": 11.5, "currency": "USD"},
        "declarationElements": ["0", "0", "鲜冷"],
    }
    return usual | changes


def volume(number: str = VOLUME, qualification: str = QUALIFICATION, *items: dict[str, Any]) -> str:
    """Return a goods filing with two items under a qualification."""
    filed = list(items) or [goods(), goods("0809290000", name="鲜樱桃", origin="CHL")]
    one = {"number": number, "qualification": {"ourNumber": qualification}, "goods": filed}
    return text({"volumes": [one]})


def line(**changes: Any) -> dict[str, Any]:
    """Return an item of a manifest."""
    usual: dict[str, Any] = {
        "volumeItem": 1,
        "qty": 800,
        "price": 11.5,
        "total": 9200.00,
        "legalQty": [800],
        "dutyMode": "照章征税",
    }
    return usual | changes


def manifest(number: str = MANIFEST, **changes: Any) -> dict[str, Any]:
    """Return a manifest of an import by road."""
    usual: dict[str, Any] = {
        "number": number,
        "direction": "import",
        "customs": {"declaredAt": "5301"},
        "volume": {"ourNumber": VOLUME},
        "transport": {
            "mode": "road",
            "name": "粤Z5678港",
            "voyage": "5301261020003",
            "bill": "HKG26102001",
            "crossing": "2026-10-20T04:40:00+08:00",
            "country": "HKG",
            "port": "HKG003",
        },
        "tradingCountry": "HKG",
        "contract": "ACME-NO-2026-07",
        "terms": "CIF",
        "packing": {"kind": "再生木托", "count": 100},
        "weight": {"gross": 1080, "net": 1000},
        "items": [line()],
    }
    return usual | changes


def manifests(*several: dict[str, Any], action: str = "save-declare") -> str:
    """Return an interchange of manifests."""
    whole = {
        "document": "manifests",
        "action": action,
        "company": {"customsCode": "4403180001", "name": "深圳示例进出口有限公司"},
        "manifests": list(several) or [manifest()],
    }
    return text(whole)


def text(tree: Any) -> str:
    """Write any tree as the JSON file of an ERP."""
    return json.dumps(tree, ensure_ascii=False, indent=1)
