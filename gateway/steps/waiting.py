"""What customs has still to answer: which documents wait, and what is overdue."""

from __future__ import annotations

from datetime import timedelta

from gateway.documents import APPROVED, Kind, waiting_states
from gateway.steps.records import World
from gateway.store import ListedDocument, Store, Unit

OVERDUE = "waiting.overdue"


def look(world: World, store: Store) -> int:
    """Let go what no longer has to wait, and tell what is late; return how much that was."""
    with store.begin() as unit:
        return release_held(unit) + unit.receipts.match_again() + tell_overdue(world, unit)


def tell_overdue(world: World, unit: Unit) -> int:
    """Open an alert for each submission whose technical or business receipt is late (CU-01)."""
    waiting = world.settings.exchanged("", "")
    overdue = unit.submissions.overdue(
        technical_before=unit.now - timedelta(minutes=waiting.technical.warn_minutes),
        business_before=unit.now - timedelta(minutes=waiting.business.warn_minutes),
    )
    return sum(
        unit.alerts.open(OVERDUE, row.id, {"number": row.number, "sent_at": f"{row.sent_at:%F %T}"})
        for row in overdue
    )


def release_held(unit: Unit) -> int:
    """Let go volumes whose qualification is approved (GF-07).

    Its approval lets them go by itself, except one that another gateway was just about to hold.
    """
    return unit.submissions.release_under([APPROVED])


def awaited_documents(unit: Unit, limit: int = 1000) -> list[ListedDocument]:
    """Return the documents that customs is expected to move, at most so many of a kind.

    A message that is held back, or waits for a person, gets no answer however long one waits.
    """
    found: list[ListedDocument] = []
    for kind in Kind:
        found += unit.documents.awaiting(kind, waiting_states(kind), limit=limit)
    return found
