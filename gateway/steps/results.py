"""What queries find, row by row, as replies tell it and tables show it (QR-01 to QR-05)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.documents import Document, Kind, state_of
from gateway.fields import Fields
from gateway.steps.kept import to_document, volumes_of
from gateway.steps.naming import Names
from gateway.steps.replies import tell_state
from gateway.store import DocumentRow, RelationRow, Unit


def tell_found(names: Names, unit: Unit, row: DocumentRow) -> dict[str, Any]:
    """Tell one document that a query found."""
    document = to_document(row)
    told = {
        **tell_state(document),
        "enterprise": document.enterprise,
        "office": names.code("customs_district", document.office),
        **_MORE[document.kind](names, unit, document),
    }
    return {name: value for name, value in told.items() if value not in ("", None)}


def tell_relation(unit: Unit, row: RelationRow) -> dict[str, Any]:
    """Tell where one item of a manifest went (QR-04)."""
    told: dict[str, Any] = {}
    for side, number, item in (
        ("manifest", row.manifest_number, row.manifest_item),
        ("declaration", row.declaration_number, row.declaration_item),
    ):
        kept = unit.documents.get(number)
        assert kept is not None, "a relation is between documents"
        state = state_of(to_document(kept))
        told |= {
            side: number,
            f"{side}_item": item,
            f"{side}_customs_number": kept.customs_number,
            f"{side}_state": state.value,
            f"{side}_state_en": state.en,
            f"{side}_state_zh": state.zh,
        }
    return {**told, "quantity": f"{row.quantity:f}", "total": f"{row.total:f}"}


def _filing(names: Names, unit: Unit, document: Document) -> dict[str, Any]:
    content = document.content
    return {
        "enterprise_name": content.get("TradeName"),
        "nature": names.code("goods_nature", document.nature),
        "guarantee_mode": names.code("guarantee_mode", text)
        if (text := _text(content, "GuaranteeMode"))
        else "",
        "guarantee_amount": content.get("GuaranteeAmount"),
        "guarantee_until": content.get("GuaranteeValidDate"),
        "volumes": [
            {**tell_state(volume), "items": _count(volume.content, "Item")}
            for volume in volumes_of(unit, document.number)
        ],
    }


def _manifest(names: Names, _unit: Unit, document: Document) -> dict[str, Any]:
    return {
        **_goods(names, document, document.content),
        "declared_on": document.content.get("DeclDate"),
        "items": _count(document.content, "Item"),
        "run": document.parent,
    }


def _declaration(names: Names, _unit: Unit, document: Document) -> dict[str, Any]:
    head = _group(document.content, "DecHead")
    return {
        **_goods(names, document, head),
        "consignee": head.get("TradeCode"),
        "consignee_name": head.get("TradeName"),
        "agent": head.get("AgentCode"),
        "agent_name": head.get("AgentName"),
        "declared_on": head.get("PDate"),
        "items": _count(_group(document.content, "DecLists"), "DecList"),
        "month": document.period,
        "run": document.parent,
    }


def _goods(names: Names, document: Document, head: Fields) -> dict[str, Any]:
    """Tell what manifests and declarations have in common."""
    return {
        "nature": names.code("goods_nature", document.nature),
        "ie_flag": names.flag("IEFlag", document.ie_flag),
        "moved_on": head.get("IEDate"),
        "filing_number": head.get("ManualNo"),
        "trade_mode": names.code("supervision_mode", _text(head, "TradeMode")),
        "transport": head.get("TrafName"),
        "bill": head.get("BillNo"),
        "packages": head.get("PackNo"),
        "gross_weight": head.get("GrossWet"),
        "net_weight": head.get("NetWt"),
    }


def _amendment(names: Names, _unit: Unit, document: Document) -> dict[str, Any]:
    content = document.content
    changes = content.get("Change")
    return {
        "type": document.message_type,
        "ie_flag": names.flag("IEFlag", document.ie_flag),
        "manifest": document.parent,
        "manifest_customs_number": content.get("ManifestCustomsNo"),
        "reason": content.get("DecModNote"),
        "contact": content.get("EntOpName"),
        "telephone": content.get("EntOpTele"),
        "changes": [_change(names, change) for change in changes] if isinstance(changes, list) else [],
    }


def _change(names: Names, change: Fields) -> dict[str, Any]:
    group = "Manifest/Item" if change.get("GNo") else "Manifest"
    spec = names.dictionary.find(f"{group}/{change.get('FieldCode')}")
    return {
        "field": change.get("FieldCode"),
        "en": spec.en if spec is not None else change.get("FieldCode"),
        "zh": change.get("FieldName"),
        "item": change.get("GNo"),
        "old": change.get("OldValue"),
        "new": change.get("NewValue"),
    }


_MORE: Final[Mapping[Kind, Callable[[Names, Unit, Document], dict[str, Any]]]] = {
    Kind.QUALIFICATION: _filing,
    Kind.MANIFEST: _manifest,
    Kind.DECLARATION: _declaration,
    Kind.AMENDMENT: _amendment,
}


def _group(fields: Fields, name: str) -> Fields:
    found = fields.get(name)
    return found if isinstance(found, dict) else {}


def _count(fields: Fields, name: str) -> int:
    found = fields.get(name)
    return len(found) if isinstance(found, list) else 0


def _text(fields: Fields, name: str) -> str:
    found = fields.get(name)
    return found if isinstance(found, str) else ""
