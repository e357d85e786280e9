"""What customs has still to answer: which documents wait, and what is overdue."""

from __future__ import annotations

from datetime import timedelta

from gateway.documents import Kind, awaited, states_of
from gateway.records import World, to_document
from gateway.store import DocumentFilter, ListedDocument, SubmissionState, Unit

OVERDUE = "waiting.overdue"
_AT_MOST = 10_000
# A message that is held back, or waits for a person, gets no answer however long one waits.
_NOT_ON_THE_WAY = frozenset({SubmissionState.HELD, SubmissionState.FAILED})


def tell_overdue(world: World, unit: Unit) -> int:
    """Open an alert for each submission whose technical or business receipt is late (CU-01)."""
    waiting = world.settings.waiting
    overdue = unit.submissions.overdue(
        technical_before=unit.now - timedelta(minutes=waiting.technical_minutes),
        business_before=unit.now - timedelta(minutes=waiting.business_minutes),
    )
    return sum(
        unit.alerts.open(OVERDUE, row.id, {"number": row.number, "sent_at": row.sent_at}) for row in overdue
    )


def awaited_documents(unit: Unit) -> list[ListedDocument]:
    """Return the documents that customs is expected to move, by number."""
    found: list[ListedDocument] = []
    for kind in Kind:
        states = [state.value for state in states_of(kind)]
        asked = DocumentFilter(kind=kind, states=tuple(states))
        found += [row for row in unit.documents.listing(asked, limit=_AT_MOST) if _is_awaited(unit, row)]
    return found


def _is_awaited(unit: Unit, row: ListedDocument) -> bool:
    kept = unit.documents.get(row.number)
    if kept is None or not awaited(to_document(kept)):
        return False
    latest = unit.submissions.latest_of_number(row.number)
    return latest is not None and latest.state not in _NOT_ON_THE_WAY
