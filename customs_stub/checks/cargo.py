"""What customs compares of a manifest by water with the carrier's list of the cargo, 舱单."""

from __future__ import annotations

from customs_stub.checks.figures import number
from customs_stub.facts import Facts, Referred
from customs_stub.faults import Fault
from customs_stub.xmltree import Record

WATER = "2"
NAMES = ("TrafName", "VoyNo")
FIGURES = ("PackNo", "GrossWet", "NetWt")


def check(body: Record, path: str, facts: Facts) -> list[Fault]:
    """Return every difference from the cargo manifest."""
    if body.get("TrafMode") != WATER or not facts.keeps(Referred.CARGO_MANIFEST):
        return []
    cargo = find(body, facts)
    if cargo is None:
        return [Fault("S01", f"{path}/BillNo", body.get("BillNo"))]
    differing = [name for name in NAMES if squeezed(body.get(name)) != squeezed(cargo.get(name))]
    differing += [
        name for name in FIGURES if cargo.get(name) and number(body.get(name)) != number(cargo.get(name))
    ]
    return [
        Fault("S02", f"{path}/{name}", f"{body.get(name)}，舱单为{cargo.get(name)}") for name in differing
    ]


def find(body: Record, facts: Facts) -> Record | None:
    """Return the cargo manifest of a bill of lading, that of the same voyage if several have it."""
    if body.get("TrafMode") != WATER:
        return None
    found = [
        each
        for each in facts.referred(Referred.CARGO_MANIFEST, bill(body.get("BillNo")))
        if each.get("IEFlag") == body.get("IEFlag")
    ]
    found.sort(key=lambda each: -sum(squeezed(each.get(name)) == squeezed(body.get(name)) for name in NAMES))
    return found[0] if found else None


def squeezed(text: str) -> str:
    """Return a name as it is compared: capital letters, single spaces."""
    return " ".join(text.upper().split())


def bill(text: str) -> str:
    """Return a bill of lading number as it is compared: letters and digits."""
    return "".join(filter(str.isalnum, text.upper()))
