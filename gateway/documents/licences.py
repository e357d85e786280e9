"""Licences, 许可证: each item belongs to the manifest's, and all manifests stay within it (MF-07, MF-08)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import islice
from typing import Final

from gateway.documents import amounts, identifiers
from gateway.documents.core import Change, Decision, Facts, Reference, Use
from gateway.documents.draft import Draft, Group
from gateway.documents.filed import Filed
from gateway.documents.manifest_states import ManifestState
from gateway.fields import Fields

_S = ManifestState
# In these a manifest takes nothing of a licence.
FREE: Final = frozenset({_S.ENTERED, _S.SAVED, _S.RECEIVE_FAILED, _S.REJECTED, _S.WITHDRAWN, _S.DELETED})

# The quantities of an item with their units; of several that the licence knows the first counts.
_QUANTITIES: Final = (("GUnit", "GQty"), ("FirstUnit", "FirstQty"), ("SecondUnit", "SecondQty"))

# Goods code and unit, by which a licence counts.
_Place = tuple[str, str]


def check_licence(draft: Draft, enterprise: str, filed: Filed | None) -> tuple[Use, ...]:
    """Check a manifest against its licence, and return what it takes of it.

    Quantities are held against the licence's when declaring only: the licence is then kept from others
    until the end of the transaction.
    """
    head = draft.head
    number = head.text("LicenseNo")
    if not draft.declaring:
        return ()
    for item in draft.items():
        _check_named(draft, item, filed)
    if not identifiers.is_licence(number):
        return ()
    licence = draft.facts.licence(number)
    if licence is None:
        draft.warn("rule.licence-not-at-hand", head.at("LicenseNo"), given=number)
    elif licence.enterprise != enterprise:
        # What is another's stays another's: not a word of its goods and quantities (QR-08).
        draft.fault(
            "rule.licence-of-other-enterprise", head.at("LicenseNo"), given=number, enterprise=enterprise
        )
    else:
        _check_validity(draft, licence)
        _check_items(draft, licence)
    return _uses(head.fields, licence)


def uses_of(content: Fields, facts: Facts) -> tuple[Use, ...]:
    """Return what a manifest's content takes of its licence."""
    number = content.get("LicenseNo")
    return _uses(content, facts.licence(number)) if isinstance(number, str) and number else ()


def release(change: Change, _facts: Facts) -> Decision | None:
    """Give back what a manifest took that was refused, withdrawn or deleted (MF-08)."""
    document = change.document
    freed = document.state in FREE and change.expected_state not in FREE
    return Decision(uses={document.number: ()}) if freed and document.content.get("LicenseNo") else None


def _check_named(draft: Draft, item: Group, filed: Filed | None) -> None:
    """Refuse an item that names, or is filed under, another licence than the manifest's (MF-07).

    A filing names one licence of an item; one of another kind may be needed beside it.
    """
    number, path = draft.head.text("LicenseNo"), item.at("LicenseNo")
    own = item.text("LicenseNo")
    of_filing = filed.entry(item).text("LicenseNo") if filed else ""
    if own and own != number:
        draft.fault("rule.licence-of-item", path, given=own, expected=number or "-")
    elif of_filing and not number:
        draft.fault("rule.licence-not-named", path, expected=of_filing, item=item.text("ContrItem"))
    elif of_filing and of_filing != number and _kind(of_filing) == _kind(number):
        draft.fault("rule.licence-of-filing", path, given=number, expected=of_filing)


def _kind(number: str) -> str:
    return number.partition(":")[0]


def _check_validity(draft: Draft, licence: Reference) -> None:
    path = draft.head.at("LicenseNo")
    flag, expected = draft.head.text("IEFlag"), str(licence.content.get("IEFlag", ""))
    if flag and expected and flag != expected:
        draft.fault("rule.licence-direction", path, given=licence.key, flag=flag, expected=expected)
    first, last = licence.valid_from or draft.day, licence.valid_until or draft.day
    if not first <= draft.day <= last:
        days = {"first": licence.valid_from or "-", "last": licence.valid_until or "-"}
        draft.fault("rule.licence-not-valid", path, given=licence.key, day=draft.day, **days)


def _check_items(draft: Draft, licence: Reference) -> None:
    """Check that the licence covers each item, and all manifests together (MF-07, MF-08)."""
    licensed = _licensed(licence)
    used = _totals(draft.facts.licence_used(licence.key, draft.present.number if draft.present else ""))
    own: dict[_Place, Decimal] = {}
    for item in draft.items():
        found = _find_place(draft, item, licensed)
        if found is None:
            continue
        place, quantity = found
        before = own.get(place, amounts.ZERO)
        own[place] = before + quantity
        limit, others = licensed[place], used.get(place, amounts.ZERO)
        left = limit - others
        # Told once for each goods code and unit, at the item that goes beyond.
        if own[place] > left and (not before or before <= left):
            values = {"number": licence.key, "goods": place[0], "unit": place[1]}
            figures = {"given": own[place], "used": others, "limit": limit, "left": max(left, amounts.ZERO)}
            shown = {name: amounts.show(figure) for name, figure in figures.items()}
            draft.fault("rule.licence-exceeded", item.at("GQty"), **values, **shown)


def _find_place(
    draft: Draft, item: Group, licensed: Mapping[_Place, Decimal]
) -> tuple[_Place, Decimal] | None:
    """Return under which goods code and unit an item counts, and how much; why it cannot is told here."""
    code = item.text("CodeTS")
    units = [unit for goods, unit in licensed if goods == code]
    if not code:
        return None
    if not units:
        goods = ", ".join(sorted({goods for goods, _ in licensed}))
        draft.fault("rule.licence-goods", item.at("CodeTS"), given=code, expected=goods)
        return None
    measures = _measures(item.fields)
    for unit_name, quantity_name in _QUANTITIES:
        unit = item.text(unit_name)
        if unit in units and unit in measures:
            return (code, unit), measures[unit]
        if unit in units and not item.text(quantity_name):
            draft.fault("rule.licence-quantity", item.at(quantity_name), unit=unit)
            return None
    if not any(item.text(unit_name) in units for unit_name, _ in _QUANTITIES):
        given = item.text("GUnit") or "-"
        draft.fault("rule.licence-unit", item.at("GUnit"), given=given, expected=", ".join(units))
    return None


def _measures(item: Fields) -> Mapping[str, Decimal]:
    """Return the quantities of an item by unit; of two in one unit the first."""
    found: dict[str, Decimal] = {}
    for unit_name, quantity_name in _QUANTITIES:
        unit, quantity = str(item.get(unit_name, "")), amounts.value(item.get(quantity_name))
        if unit and quantity > 0:
            found.setdefault(unit, quantity)
    return found


def _licensed(licence: Reference) -> Mapping[_Place, Decimal]:
    """Return the quantity that a licence allows, by goods code and unit."""
    rows = (Group(row, "") for row in _rows(licence.content))
    return _totals(
        Use(licence.key, row.text("CodeTS"), row.text("GUnit"), amounts.value(row.text("GQty")))
        for row in rows
    )


def _totals(uses: Iterable[Use]) -> Mapping[_Place, Decimal]:
    totals: dict[_Place, Decimal] = {}
    for use in uses:
        place = (use.goods_code, use.unit)
        totals[place] = totals.get(place, amounts.ZERO) + use.quantity
    return totals


def _uses(content: Fields, licence: Reference | None) -> tuple[Use, ...]:
    """Return what a manifest takes, by goods code and unit.

    As long as nobody knows in which unit the licence counts, each unit of an item is noted: what was
    taken meanwhile still counts once customs tells the licence.
    """
    number = str(content.get("LicenseNo", ""))
    licensed = None if licence is None else _licensed(licence)
    totals = _totals(
        Use(number, str(row.get("CodeTS", "")), unit, quantity)
        for row in _rows(content)
        for unit, quantity in _counted(row, licensed)
    )
    return tuple(Use(number, code, unit, quantity) for (code, unit), quantity in totals.items())


def _counted(item: Fields, licensed: Mapping[_Place, Decimal] | None) -> Iterable[tuple[str, Decimal]]:
    measures = _measures(item).items()
    if licensed is None:
        return measures
    code = str(item.get("CodeTS", ""))
    return islice(((unit, quantity) for unit, quantity in measures if (code, unit) in licensed), 1)


def _rows(content: Fields) -> list[Fields]:
    rows = content.get("Item", [])
    return rows if isinstance(rows, list) else []
