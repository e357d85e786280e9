"""Documents as sheets to be printed: forms, notices of receipts (QF-10, GF-06, MF-15, DC-03)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Final

from gateway.documents import Document, Kind, state_of
from gateway.errors import refuse
from gateway.fields import Fields
from gateway.reports import Form, Sheet
from gateway.steps.kept import volumes_of
from gateway.steps.naming import Names
from gateway.steps.records import World
from gateway.store import ReceiptRow, Unit

EXPORT: Final = "E"
# The states of a declaration in which customs' receipt is printed as a notice (DC-03).
NOTICED: Final = ("not_accepted", "inspection", "reviewed")
_MOST_RECEIPTS: Final = 200
_CHANGES: Final = {
    "QualificationChange": "集报备案企业资质变更申请表",
    "QualificationExtension": "集报备案企业资质延期申请表",
    "GoodsFilingChange": "集报备案企业商品信息变更申请表",
}


def sheet_of(world: World, unit: Unit, document: Document) -> Sheet:
    """Return a document as the sheet of its form (QF-10, GF-06, MF-15, DC-03).

    Raises:
        RejectedError: `print.no-form`: there is no print of its kind.
    """
    if document.kind not in _FORMS:
        raise refuse("print.no-form", number=document.number, kind=document.kind)
    form, fill = _FORMS[document.kind]
    names = Names.of(world)
    return Sheet(form, _common(document) | fill(names, unit, document))


def notice_of(world: World, unit: Unit, document: Document) -> Sheet:
    """Return what customs answered to a declaration as a notice (DC-03).

    Raises:
        RejectedError: `print.no-notice`: it is in another state than those of a notice.
    """
    state = state_of(document)
    if document.kind is not Kind.DECLARATION or state.value not in NOTICED:
        raise refuse("print.no-notice", number=document.number, state_en=state.en, state_zh=state.zh)
    received = unit.receipts.newest(limit=_MOST_RECEIPTS, number=document.number)
    told = {
        "title": f"集中申报报关单海关回执通知书（{state.zh}）",
        "head": Names.of(world).tree(_group(document.content, "DecHead"), "DecMessage/DecHead"),
        "receipts": [_receipt(row) for row in received if row.state == "applied"],
    }
    return Sheet("notice", _common(document) | told)


def _common(document: Document) -> dict[str, Any]:
    state = state_of(document)
    return {
        "number": document.number,
        "client_number": document.client_number,
        "customs_number": document.customs_number or "",
        "state": state.zh,
        "valid_until": document.valid_until or "",
    }


def _qualification(names: Names, unit: Unit, document: Document) -> dict[str, Any]:
    return {
        "title": "适用集中申报通关方式备案表",
        "head": names.tree(document.content, document.message_type),
        "volumes": [
            {
                "number": each.number,
                "customs_number": each.customs_number or "",
                "items": len(_groups(each.content, "Item")),
                "state": state_of(each).zh,
            }
            for each in volumes_of(unit, document.number)
        ],
    }


def _volume(names: Names, _unit: Unit, document: Document) -> dict[str, Any]:
    head = names.tree(document.content, document.message_type)
    return {"title": "集中申报备案商品分册", "items": head.pop("Item", []), "head": head}


def _change(names: Names, _unit: Unit, document: Document) -> dict[str, Any]:
    head = names.tree(document.content, document.message_type)
    return {
        "title": _CHANGES[document.message_type],
        "items": head.pop("Item", []),
        "disabled": head.pop("DisabledItem", []),
        "head": head,
    }


def _manifest(names: Names, _unit: Unit, document: Document) -> dict[str, Any]:
    head = names.tree(document.content, document.message_type)
    flow = "出口" if document.ie_flag == EXPORT else "进口"
    items = _groups(document.content, "Item")
    return {
        "title": f"中华人民共和国海关{flow}货物集中申报清单",
        "items": head.pop("Item", []),
        "head": head,
        **_sums(names, items),
    }


def _amendment(names: Names, _unit: Unit, document: Document) -> dict[str, Any]:
    content = {name: value for name, value in document.content.items() if name != "Corrected"}
    head = names.tree(content, document.message_type)
    withdrawal = document.message_type == "ManifestWithdrawal"
    return {
        "title": "集报清单撤销申请单" if withdrawal else "集报清单修改申请单",
        "kind": "撤销" if withdrawal else "修改",
        "withdrawal": withdrawal,
        "changes": [_changed(names, change) for change in head.pop("Change", [])],
        "head": head,
    }


def _changed(names: Names, change: Mapping[str, Any]) -> dict[str, Any]:
    """Return one changed field, its values with the names of what they are codes of."""
    code = change.get("FieldCode", "")
    path = f"Manifest/Item/{code}" if change.get("GNo") else f"Manifest/{code}"
    values = {
        name: names.text(code, change[name], path) for name in ("OldValue", "NewValue") if name in change
    }
    return {**change, **values}


def _declaration(names: Names, _unit: Unit, document: Document) -> dict[str, Any]:
    content = document.content
    items = _groups(_group(content, "DecLists"), "DecList")
    licences = _groups(_group(content, "DecLicenseDocus"), "LicenseDocu")
    containers = _groups(_group(content, "DecContainers"), "Container")
    flow = "出口" if document.ie_flag == EXPORT else "进口"
    return {
        "title": f"中华人民共和国海关{flow}货物报关单",
        "head": names.tree(_group(content, "DecHead"), "DecMessage/DecHead"),
        "items": [names.tree(item, "DecMessage/DecLists/DecList") for item in items],
        "documents": "、".join(f"{each.get('DocuCode')}:{each.get('CertCode')}" for each in licences),
        "containers": "、".join(str(each.get("ContainerId", "")) for each in containers),
        **_sums(names, items),
    }


_FORMS: Final[Mapping[Kind, tuple[Form, Callable[[Names, Unit, Document], dict[str, Any]]]]] = {
    Kind.QUALIFICATION: ("qualification", _qualification),
    Kind.VOLUME: ("volume", _volume),
    Kind.CHANGE: ("change", _change),
    Kind.MANIFEST: ("manifest", _manifest),
    Kind.AMENDMENT: ("amendment", _amendment),
    Kind.DECLARATION: ("declaration", _declaration),
}


def _receipt(row: ReceiptRow) -> dict[str, str]:
    return {
        "at": f"{row.received_at:%F %T}",
        "kind": "技术回执" if row.receipt_type == "T" else "业务回执",
        "code": row.code or "",
        "text": row.text or "",
    }


def _sums(names: Names, items: Iterable[Fields]) -> dict[str, Any]:
    """Add up quantities by unit and totals by currency, exactly."""
    quantities: dict[str, Decimal] = {}
    totals: dict[str, Decimal] = {}
    for item in items:
        for sums, key, value in ((quantities, "GUnit", "GQty"), (totals, "TradeCurr", "DeclTotal")):
            # What is only saved may lack them.
            if text := str(item.get(value, "")):
                code = str(item.get(key, ""))
                sums[code] = sums.get(code, Decimal(0)) + Decimal(text)
    return {
        "quantities": [
            {"unit": names.code("unit", unit), "quantity": f"{quantity:f}"}
            for unit, quantity in quantities.items()
        ],
        "totals": [
            {"currency": names.code("currency", currency), "total": f"{total:f}"}
            for currency, total in totals.items()
        ],
    }


def _group(fields: Fields, name: str) -> Fields:
    found = fields.get(name)
    return found if isinstance(found, dict) else {}


def _groups(fields: Fields, name: str) -> list[Fields]:
    found = fields.get(name)
    return found if isinstance(found, list) else []
