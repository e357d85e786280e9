"""Amendments for tests: bodies that are right, and manifests of several items to amend."""

from __future__ import annotations

import pytest

from gateway.documents import Document
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.world import World, approved_world, cleared, codes_of, line, manifest

MOD, OUT = "ManifestModification", "ManifestWithdrawal"

AMENDABLE = {"approved", "entrusted", "carried", "crossed", "awaiting_aggregation", "cleared"}

WHY = {"DecModNote": "称重有误", "EntOpName": "李四", "EntOpTele": "0755-87654321"}


def amended_world() -> tuple[World, Document]:
    """Return a world with a cleared manifest `M-1` of three items."""
    world = approved_world()
    return world, cleared(world, "M-1", three_items())


def three_items(**fields: str) -> Fields:
    """Return a manifest of three items, two of them of the same goods."""
    return manifest(
        line(),
        line(ContrItem="2", GQty="10", DeclTotal="125.00", FirstQty="8"),
        line(GQty="5", DeclTotal="62.50", FirstQty="4"),
        **fields,
    )


def row(field: str, new: str = "", item: int = 0, **more: str) -> Fields:
    """Return one changed field."""
    fields = {"FieldCode": field, "NewValue": new, "GNo": str(item or ""), **more}
    return {name: text for name, text in fields.items() if text}


def rows(*changes: Fields, **fields: str) -> Fields:
    """Return a modification of `M-1` by single fields."""
    return {"ManifestClientNo": "M-1", **WHY, **fields, "Change": list(changes)}


def corrected(body: Fields, **fields: str) -> Fields:
    """Return a modification of `M-1` by the whole corrected manifest."""
    return {"ManifestClientNo": "M-1", **WHY, **fields, "Corrected": body}


def withdrawal(**fields: str) -> Fields:
    """Return a withdrawal of `M-1`."""
    return {"ManifestClientNo": "M-1", **WHY, **fields}


def told(world: World, body: Fields, client_number: str = "A-1") -> list[tuple[int, str, str, str]]:
    """Save a modification and return what its reply shows: item, field, old and new."""
    shown = world.do(MOD, "save", client_number, body).shown["changes"]
    assert isinstance(shown, list)
    return [(c["item"] or 0, c["field"], c["old"] or "", c["new"] or "") for c in shown]


def faults(world: World, body: Fields, operation: str = "save-declare", message: str = MOD) -> list[str]:
    """Return code and path of what is refused."""
    with pytest.raises(RejectedError) as fault:
        world.do(message, operation, "A-9", body)
    return codes_of(fault.value)


def declared(world: World, body: Fields | None = None, client_number: str = "A-1") -> Document:
    """Declare a modification, of the gross weight unless told otherwise."""
    given = rows(row("GrossWet", "130")) if body is None else body
    return world.do(MOD, "save-declare", client_number, given).document


def now(world: World, document: Document) -> Document:
    """Return a document as it is by now."""
    return world.documents[document.number]
