"""The rules of the manifest, 集报清单 (MF-01 to MF-09, MF-13, MF-14)."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from gateway.documents import amounts
from gateway.documents.cargo import check_cargo
from gateway.documents.checks import check_items, check_mandatory, check_positive, check_values
from gateway.documents.core import Document, Kind, Nature
from gateway.documents.deadlines import EXPORT, check_deadline
from gateway.documents.draft import Draft, Group, Outline, fill_profile
from gateway.documents.filed import Filed, fill_item, find_filed
from gateway.documents.filing import FilingState
from gateway.documents.licences import check_licence
from gateway.documents.qualification import check_nature, in_force

MESSAGE: Final = "Manifest"
MAX_ITEMS: Final = 99

# Trade mode 贸易方式 by nature (MF-06); the codes are those of the table of supervision modes.
TRADE_MODES: Final = {Nature.GENERAL: "0110", Nature.BORDER: "4019", Nature.CONTRACT: "3422"}


def complete(draft: Draft) -> Outline:
    """Fill in and check a manifest."""
    head = draft.head
    named = _name_volume(draft)
    check_values(draft)
    profile = fill_profile(draft)
    code = profile.code if profile else ""
    draft.fill(head, "DeclDate", draft.day)
    office, nature = head.text("CustomMaster"), head.text("GoodsNature")
    check_nature(draft, office, nature)
    filed = find_filed(draft, code, named)
    _fill_trade_mode(draft, nature, filed)
    check_items(draft, MAX_ITEMS)
    for item in draft.items():
        if filed is not None:
            fill_item(draft, item, filed)
        check_positive(draft, item, "GQty", "DeclPrice", "DeclTotal", "FirstQty", "SecondQty")
        _check_total(draft, item)
    _check_weights(draft)
    check_mandatory(draft)
    if draft.declaring and code and office and nature:
        _check_qualified(draft, code, office, nature)
    uses = check_licence(draft, code, filed)
    check_deadline(draft, check_cargo(draft))
    return Outline(
        enterprise=code,
        office=office,
        nature=nature,
        ie_flag=head.text("IEFlag"),
        period=head.text("DeclDate")[:6] or None,
        uses=uses,
    )


def _name_volume(draft: Draft) -> Document | None:
    """Turn the ERP's own number of a volume into that of customs, and return the volume."""
    own = draft.take("VolumeClientNo")
    if not own:
        return None
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
    return found


def _fill_trade_mode(draft: Draft, nature: str, filed: Filed | None) -> None:
    """Fill in the trade mode: from the nature, of bonded goods from their book (MF-06)."""
    head = draft.head
    if nature == Nature.BONDED:
        if filed is None:
            return
        if filed.trade_mode:
            draft.fill(head, "TradeMode", filed.trade_mode)
        elif draft.declaring and not head.text("TradeMode"):
            draft.fault("rule.trade-mode-unknown", head.at("TradeMode"), number=filed.number)
    elif nature in set(Nature):
        draft.fill(head, "TradeMode", TRADE_MODES[Nature(nature)])
        flag = head.text("IEFlag")
        if nature == Nature.CONTRACT and flag and flag != EXPORT:
            draft.fault("rule.export-only", head.at("GoodsNature"), given=flag)


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


def _check_weights(draft: Draft) -> None:
    """Check packages and weights; what weighs less than one kilogram is declared as one (MF-14)."""
    head = draft.head
    check_positive(draft, head, "PackNo", "GrossWet", "NetWt")
    net, gross = amounts.parse(head.text("NetWt")), amounts.parse(head.text("GrossWet"))
    for name, weight in (("GrossWet", gross), ("NetWt", net)):
        if weight is not None and 0 < weight < 1:
            draft.fault("rule.below-one-kilogram", head.at(name), given=weight)
    if net is not None and gross is not None and net > gross:
        draft.fault("rule.net-above-gross", head.at("NetWt"), net=net, gross=gross)


def _check_qualified(draft: Draft, enterprise: str, office: str, nature: str) -> None:
    if any(
        in_force(document, draft.day) for document in draft.facts.qualifications(enterprise, office, nature)
    ):
        return
    known = [
        (each.number, each.office, FilingState(each.state), each.valid_until or "")
        for each in draft.facts.qualifications(enterprise, None, nature)
    ]
    draft.fault(
        "rule.no-qualification-in-force",
        draft.head.at("CustomMaster"),
        given=office,
        known_en="; ".join(f"{n} at {place}, {state.en} {day}".strip() for n, place, state, day in known)
        or "none",
        known_zh="；".join(f"{n}（关区 {place}）{state.zh} {day}".strip() for n, place, state, day in known)
        or "无",
    )
