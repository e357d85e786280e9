"""Cargo manifests, 舱单: what names one, and what a manifest must have the same as it (MF-09)."""

from __future__ import annotations

import unicodedata
from typing import Final

from gateway.documents import amounts
from gateway.documents.core import Reference
from gateway.documents.draft import Draft
from gateway.fields import Fields

WATER: Final = "2"

_BREAK: Final = "/"
_TEXTS: Final = ("TrafName", "VoyNo", "BillNo")
_WEIGHTS: Final = ("GrossWet", "NetWt")
_ONE: Final = amounts.parse("1") or amounts.ZERO


def check_cargo(draft: Draft) -> Reference | None:
    """Compare a manifest by water with the cargo manifest of its bill, and return that.

    Each difference is a violation of its own. Without a cargo manifest at hand customs compares.
    """
    head = draft.head
    if not draft.declaring or head.text("TrafMode") != WATER:
        return None
    if not head.text("VoyNo"):
        draft.fault("rule.mandatory", head.at("VoyNo"), level_en=draft.level, level_zh=draft.level.zh)
    if not head.text("BillNo"):
        return None
    known = draft.facts.cargo_manifests(cargo_bill(head.fields))
    found = min(
        (cargo for cargo in known if cargo.content.get("TrafMode") == WATER),
        key=lambda cargo: (_distance(head.fields, cargo.content), cargo.key),
        default=None,
    )
    if found is None:
        draft.warn("rule.cargo-not-at-hand", head.at("BillNo"), given=head.text("BillNo"))
    else:
        _compare(draft, found)
    return found


def _distance(fields: Fields, cargo: Fields) -> int:
    return sum(_squeezed(fields, name) != _squeezed(cargo, name) for name in _TEXTS)


def _compare(draft: Draft, cargo: Reference) -> None:
    head = draft.head
    for name in _TEXTS:
        given, expected = head.text(name), str(cargo.content.get(name, ""))
        if given and _squeezed(head.fields, name) != _squeezed(cargo.content, name):
            draft.fault("rule.cargo-differs", head.at(name), given=given, expected=expected)
    for name in ("PackNo", *_WEIGHTS):
        number, told = amounts.parse(head.text(name)), cargo.content.get(name)
        if number is None or told is None:
            continue
        expected_number = amounts.value(told)
        # A weight below one kilogram is declared as one.
        if name in _WEIGHTS:
            expected_number = max(expected_number, _ONE)
        if number != expected_number:
            values = {"given": head.text(name), "expected": amounts.show(expected_number)}
            draft.fault("rule.cargo-differs", head.at(name), **values)


def cargo_key(fields: Fields) -> str:
    """Return what names a cargo manifest: `cargo_bill`, then means of transport and voyage."""
    return cargo_bill(fields) + _BREAK.join(
        _squeezed(fields, name).replace(_BREAK, "") for name in ("TrafName", "VoyNo")
    )


def cargo_bill(fields: Fields) -> str:
    """Return the direction and bill of lading of a manifest or cargo manifest; each key of it begins so.

    Only letters and digits count here, so that another way of writing the bill still finds it.
    """
    bill = "".join(filter(str.isalnum, _squeezed(fields, "BillNo")))
    return _BREAK.join((_squeezed(fields, "IEFlag"), bill, ""))


def _squeezed(fields: Fields, name: str) -> str:
    """Return a text in capital letters and half width, with single spaces."""
    value = fields.get(name, "")
    return " ".join(unicodedata.normalize("NFKC", str(value)).upper().split())
