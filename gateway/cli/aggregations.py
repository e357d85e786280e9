"""Which aggregations are under way, and how far they are."""

from __future__ import annotations

from typing import Final

from gateway.steps.phases import Phase
from gateway.store import RunRow, Unit

# What a phase counts up to; the others take a moment only.
_TOTALS: Final = {
    Phase.SPREADING: "manifests",
    Phase.PROVING: "manifests",
    Phase.DECLARING: "declarations",
    Phase.CLOSING: "manifests",
}


def under_way(unit: Unit) -> list[dict[str, object]]:
    """Return the runs that are under way, as rows of a listing."""
    return [
        {
            "number": row.run,
            "phase": row.phase,
            "done": row.done,
            "of": count_of(row),
            "manifests": row.manifests,
            "declarations": row.declarations,
        }
        for row in unit.runs.under_way()
        if row.phase != Phase.CLEARING
    ]


def count_of(row: RunRow) -> int | None:
    """Return up to what a phase counts, None where that is not known or takes a moment only."""
    name = _TOTALS.get(Phase(row.phase))
    return None if name is None else int(getattr(row, name))
