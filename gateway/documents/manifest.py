"""The rules of the manifest, 集报清单 (MF-01 to MF-06, MF-14)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from gateway.documents import amounts
from gateway.documents.checks import check_items, check_mandatory, check_positive, check_values
from gateway.documents.core import Document, Kind, Nature
from gateway.documents.draft import Draft, Group, Outline, fill_profile
from gateway.documents.filing import FilingState
from gateway.documents.qualification import in_force

MESSAGE: Final = "Manifest"
EXPORT: Final = "E"
MAX_ITEMS: Final = 99

# Trade mode 贸易方式 by nature (MF-06); the codes are those of the table of supervision modes.
TRADE_MODES: Final = {Nature.GENERAL: "0110", Nature.BORDER: "4019", Nature.CONTRACT: "3422"}

# What only the filing may say of an item (MF-05); where the filing is silent, the ERP speaks.
FROM_VOLUME: Final = (
    "CodeTS",
    "GName",
    "GModel",
    "GUnit",
    "FirstUnit",
    "SecondUnit",
    "OriginCountry",
    "TradeCurr",
)


def complete(draft: Draft) -> Outline:
    """Fill in and check a manifest."""
    head = draft.head
    _name_volume(draft)
    check_values(draft)
    profile = fill_profile(draft)
    code = profile.code if profile else ""
    draft.fill(head, "DeclDate", draft.day)
    nature = head.text("GoodsNature")
    _fill_trade_mode(draft, nature)
    volume = _find_volume(draft, code)
    check_items(draft, MAX_ITEMS)
    for item in draft.items():
        if volume is not None:
            _fill_item(draft, item, volume)
        check_positive(draft, item, "GQty", "DeclPrice", "DeclTotal", "FirstQty", "SecondQty")
        _check_total(draft, item)
    check_positive(draft, head, "PackNo", "GrossWet", "NetWt")
    net, gross = amounts.parse(head.text("NetWt")), amounts.parse(head.text("GrossWet"))
    if net is not None and gross is not None and net > gross:
        draft.fault("rule.net-above-gross", head.at("NetWt"), net=net, gross=gross)
    check_mandatory(draft)
    office = head.text("CustomMaster")
    if draft.declaring and code and office and nature and nature != Nature.BONDED:
        _check_qualified(draft, code, office, nature)
    return Outline(
        enterprise=code,
        office=office,
        nature=nature,
        ie_flag=head.text("IEFlag"),
        period=head.text("DeclDate")[:6] or None,
    )


def _name_volume(draft: Draft) -> None:
    own = draft.take("VolumeClientNo")
    if not own:
        return
    path = draft.head.at("VolumeClientNo")
    found = draft.facts.by_client_number(draft.partner, Kind.VOLUME, own)
    if found is None:
        draft.fault("rule.unknown-volume", path, given=own)
    elif found.customs_number is None:
        state = FilingState(found.state)
        draft.fault("rule.volume-not-approved", path, given=own, state_en=state.en, state_zh=state.zh)
    elif not draft.head.text("ManualNo"):
        draft.head.fields["ManualNo"] = found.customs_number
    elif draft.head.text("ManualNo") != found.customs_number:
        draft.fault("rule.fill-differs", draft.head.at("ManualNo"), given=own, expected=found.customs_number)


def _fill_trade_mode(draft: Draft, nature: str) -> None:
    path = draft.head.at("GoodsNature")
    if nature == Nature.BONDED:
        draft.fault("rule.bonded-needs-account-book", path)
    elif nature in set(Nature):
        draft.fill(draft.head, "TradeMode", TRADE_MODES[Nature(nature)])
        flag = draft.head.text("IEFlag")
        if nature == Nature.CONTRACT and flag and flag != EXPORT:
            draft.fault("rule.export-only", path, given=flag)


def _find_volume(draft: Draft, enterprise: str) -> Document | None:
    number = draft.head.text("ManualNo")
    path = draft.head.at("ManualNo")
    if not number or draft.head.text("GoodsNature") == Nature.BONDED:
        return None
    volume = draft.facts.volume(number)
    if volume is None or volume.enterprise != enterprise:
        draft.fault("rule.unknown-volume", path, given=number)
        return None
    state = FilingState(volume.state)
    if state is not FilingState.APPROVED:
        draft.fault("rule.volume-not-approved", path, given=number, state_en=state.en, state_zh=state.zh)
    office, nature = draft.head.text("CustomMaster"), draft.head.text("GoodsNature")
    if office and office != volume.office:
        draft.fault("rule.volume-of-other-office", path, given=number, office=office, expected=volume.office)
    if nature and nature != volume.nature:
        draft.fault("rule.nature-differs", draft.head.at("GoodsNature"), given=nature, expected=volume.nature)
    return volume


def filed_item(volume: Document, number: str) -> Group | None:
    """Return a volume's item by its number, 备案序号."""
    items = volume.content.get("Item", [])
    if isinstance(items, list):
        for item in items:
            if item.get("GNo") == number:
                return Group(item, f"GoodsFiling/Item[{number}]")
    return None


def _fill_item(draft: Draft, item: Group, volume: Document) -> None:
    number = item.text("ContrItem")
    if not number:
        return
    filed = filed_item(volume, number)
    if filed is None:
        items = volume.content.get("Item", [])
        draft.fault("rule.unknown-item", item.at("ContrItem"), given=number, limit=len(items))
        return
    for name in FROM_VOLUME:
        if filed.text(name):
            draft.fill(item, name, filed.text(name))


def _check_total(draft: Draft, item: Group) -> None:
    quantity, price = amounts.parse(item.text("GQty")), amounts.parse(item.text("DeclPrice"))
    given: Decimal | None = amounts.parse(item.text("DeclTotal"))
    if quantity is None or price is None or given is None:
        return
    expected = amounts.line_total(quantity, price)
    if given != expected:
        draft.fault(
            "rule.total-differs",
            item.at("DeclTotal"),
            given=given,
            expected=expected,
            quantity=quantity,
            price=price,
        )


def _check_qualified(draft: Draft, enterprise: str, office: str, nature: str) -> None:
    held = list(draft.facts.qualifications(enterprise, office, nature))
    if not any(in_force(document, draft.day) for document in held):
        known = "; ".join(
            f"{document.number} {FilingState(document.state).en} {document.valid_until or ''}".strip()
            for document in held
        )
        draft.fault(
            "rule.no-qualification-in-force", draft.head.at("CustomMaster"), given=office, known=known or "-"
        )
