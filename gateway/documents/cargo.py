"""Cargo manifests, 舱单: what names one, and what a manifest must have the same as it (MF-09)."""

from __future__ import annotations

import unicodedata
from typing import Final

from gateway.fields import Fields

_BREAK: Final = "/"


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
