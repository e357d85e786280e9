"""The rules of a filing's change: four terms of a qualification, goods added or disabled (CH-01 to CH-03)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.documents import amounts
from gateway.documents.changes import (
    CHANGEABLE,
    check_in_force,
    check_open,
    items_of,
    keep,
    keep_filing,
    outline_of,
)
from gateway.documents.checks import check_mandatory, check_positive, check_values
from gateway.documents.core import Document, Nature
from gateway.documents.draft import Draft, Level, Outline
from gateway.documents.filing import FilingState
from gateway.documents.finding import find_qualification
from gateway.documents.naming import QUALIFICATION, VOLUME
from gateway.documents.qualification import check_guarantee_day, check_no_guarantee
from gateway.documents.volume import check_goods

_NUMBERS: Final = frozenset({"IEBatches", "GuaranteeAmount"})
_DISABLED: Final = "DisabledItem"


def complete_qualification_change(draft: Draft) -> Outline:
    """Fill in and check the change of a qualification (CH-02)."""
    filing = find_qualification(draft)
    if filing is None:
        return Outline()
    head, path = draft.head, draft.head.at(QUALIFICATION.number)
    check_open(draft, filing, path)
    check_in_force(draft, filing, path)
    keep_filing(draft, filing)
    keep(draft, "GoodsNature", filing.nature)
    changes = {name: head.text(name) for name in CHANGEABLE if _differs(draft, filing, name)}
    if filing.nature == Nature.BONDED:
        check_no_guarantee(draft)
    check_positive(draft, head, "GuaranteeAmount")
    if "GuaranteeValidDate" in changes:
        check_guarantee_day(draft)
    if draft.declaring and not changes:
        draft.fault("change.nothing", head.path)
    check_mandatory(draft)
    return outline_of(draft, filing, {"changes": [_row(draft, filing, name) for name in changes]})


def complete_goods_change(draft: Draft) -> Outline:
    """Fill in and check the change of a volume (CH-03)."""
    volume, unnamed = _find_volume(draft)
    check_values(draft)
    if volume is None:
        check_mandatory(draft, besides={VOLUME.number} if unnamed else ())
        return Outline()
    path = draft.head.at(VOLUME.number)
    check_open(draft, volume, path)
    keep(draft, "VolumeCustomsNo", volume.customs_number or "")
    keep(draft, "QualificationSeqNo", volume.parent or "")
    keep_filing(draft, volume)
    if draft.declaring:
        _check_qualification(draft, volume, path)
    _check_added(draft, volume)
    disabled = _check_disabled(draft, volume)
    if draft.declaring and not draft.items() and not disabled:
        draft.fault("change.nothing", draft.head.path)
    check_mandatory(draft)
    added = [item.text("GNo") for item in draft.items()]
    return outline_of(draft, volume, {"added": added, "disabled": disabled})


def _differs(draft: Draft, filing: Document, name: str) -> bool:
    given, kept = draft.head.text(name), filing.content.get(name, "")
    if not given or given == kept:
        return False
    value = amounts.parse(given) if name in _NUMBERS else None
    return value is None or value != amounts.parse(str(kept))


def _row(draft: Draft, filing: Document, name: str) -> Mapping[str, str]:
    """Return old and new value of a field, to be shown."""
    spec = draft.facts.dictionary.find(draft.head.at(name))
    return {
        "field": name,
        "en": spec.en if spec else name,
        "zh": spec.zh if spec else name,
        "old": str(filing.content.get(name, "")),
        "new": draft.head.text(name),
    }


def _find_volume(draft: Draft) -> tuple[Document | None, bool]:
    """Return the volume, and whether its absence was told already."""
    if draft.present is not None:
        draft.fill(draft.head, VOLUME.number, draft.present.parent or "")
    unnamed = VOLUME.take_own(draft)
    customs_number = draft.head.text("VolumeCustomsNo")
    if customs_number and not draft.head.text(VOLUME.number) and not unnamed:
        found = draft.facts.volume(customs_number)
        if found is None or found.enterprise not in draft.facts.enterprises_of(draft.partner):
            draft.fault(VOLUME.unknown, draft.head.at("VolumeCustomsNo"), given=customs_number)
            return None, True
        draft.fill(draft.head, VOLUME.number, found.number)
    return VOLUME.find(draft), unnamed


def _check_qualification(draft: Draft, volume: Document, path: str) -> None:
    """Require that the volume's goods may still be declared: its qualification is approved and in force."""
    qualification = draft.facts.document(volume.parent or "")
    assert qualification is not None, "a volume never exists without its qualification"
    if qualification.state != FilingState.APPROVED:
        state = FilingState(qualification.state)
        values = {"number": qualification.number, "state_en": state.en, "state_zh": state.zh}
        draft.fault("change.qualification-not-approved", path, **values)
    check_in_force(draft, qualification, path)


def _check_added(draft: Draft, volume: Document) -> None:
    """Number the items to be added on from those that are filed; those are never altered."""
    filed, limit = len(items_of(volume.content)), draft.facts.settings.rules.volume_items
    items = draft.items()
    if filed + len(items) > limit:
        draft.fault(
            "change.too-many-items", draft.head.at("Item"), given=len(items), filed=filed, limit=limit
        )
    # What was saved was numbered before; meanwhile another change may have added items.
    again = draft.present is not None and draft.level is Level.DECLARE
    filed_numbers = {str(count) for count in range(1, filed + 1)}
    for number, item in enumerate(items, filed + 1):
        if again:
            item.fields.pop("GNo", None)
        if item.text("GNo") in filed_numbers:
            draft.fault("change.item-is-filed", item.at("GNo"), given=item.text("GNo"), next=number)
        else:
            draft.fill(item, "GNo", str(number))
    check_goods(draft)


def _check_disabled(draft: Draft, volume: Document) -> list[str]:
    """Check each item to be disabled: it is filed, in use, and named once; return their numbers."""
    filed = {str(item.get("GNo")): item for item in items_of(volume.content)}
    numbers: list[str] = []
    for count, row in enumerate(items_of(draft.head.fields, _DISABLED), 1):
        number = str(row.get("GNo", ""))
        path = f"{draft.head.path}/{_DISABLED}[{count}]/GNo"
        if number not in filed:
            draft.fault("item.unknown-number", path, given=number or "-", limit=len(filed))
        elif filed[number].get("Disabled"):
            draft.fault("change.disabled-already", path, given=number)
        elif number in numbers:
            draft.fault("item.named-twice", path, given=number)
        numbers.append(number)
    return numbers
