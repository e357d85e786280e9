"""What customs has still to answer: which documents wait, and what is overdue."""

from __future__ import annotations

from datetime import datetime, timedelta
from operator import attrgetter
from typing import Final

from gateway.config import Exchange
from gateway.customs import Late, Wait
from gateway.documents import APPROVED, Kind, waiting_states
from gateway.steps import circuits
from gateway.steps.records import World
from gateway.steps.submitting import GIVEN_UP
from gateway.steps.transport import REFUSED
from gateway.store import AttemptOutcome, ListedDocument, Store, SubmissionRow, Unit

_AT_ONCE: Final = 500
_TECHNICAL: Final = (Late.TECHNICAL, Late.NO_TECHNICAL)
_DECISION: Final = (Late.DECISION, Late.NO_DECISION)
# Once it is missing, it is no longer told as late.
_GRAVER: Final = dict([_TECHNICAL, _DECISION])


class Waits:
    """What waits for a moment or for others, looked at again and again."""

    def __init__(self, world: World, store: Store) -> None:
        self._world = world
        self._store = store
        self._last: datetime | None = None

    def look(self) -> int:
        """Let go what no longer has to wait, and tell what is late; return how much that was."""
        with self._store.begin() as unit:
            # A clock that went back would put off what is due by as much as it went.
            if self._last is None or unit.now < self._last:
                circuits.try_again(unit, [route.name for route in self._world.settings.route])
                unit.submissions.await_from_now()
            self._last = unit.now
            return release_held(unit) + unit.receipts.match_again() + tell_late(self._world, unit)


def tell_late(world: World, unit: Unit) -> int:
    """Tell whose technical receipt or decision is late, and apart from that, whose is missing (CU-01).

    What has missed its technical receipt is sent again as the same bytes, where that is agreed (CU-05).
    """
    rows = unit.submissions.to_look_at(_AT_ONCE)
    missed = [row for row in rows if _look_at(world, unit, row)]
    # As where answers are heard: messages are locked before circuits, and these by their names.
    for row in sorted(missed, key=attrgetter("route")):
        circuits.missed(world, unit, row)
    return len(rows)


def _look_at(world: World, unit: Unit, row: SubmissionRow) -> bool:
    """Tell what is late of a message; return whether since its last look it missed its technical receipt."""
    assert row.sent_at is not None, "what is awaited was sent"
    assert row.awaited_since is not None, "and is awaited since then"
    exchange = world.settings.exchanged(row.route, row.message_type)
    wait = Wait(row.awaited_since, row.technical_at is not None, row.business_at is not None)
    late = wait.late(exchange, unit.now)
    values = {"number": row.number, "sent_at": f"{row.sent_at:%F %T}"}
    for each in late:
        if _GRAVER.get(each) not in late:
            unit.alerts.open(f"waiting.{each}", row.id, values)
    unit.alerts.close_all([f"waiting.{each}" for each in late if _GRAVER.get(each) in late], row.id)
    unit.submissions.looked_at(row.id, wait.next_end(exchange, unit.now))
    # As of its last look it was not missing: each sending misses its receipt once.
    missed = Late.NO_TECHNICAL in late and Late.NO_TECHNICAL not in wait.late(exchange, _before(row))
    if missed and _may_go_again(unit, row, exchange):
        unit.submissions.doubt(row.id)
    return missed


def _before(row: SubmissionRow) -> datetime:
    """Return the moment before a message was due to be looked at."""
    assert row.due_at is not None, "only what is due is looked at"
    return row.due_at - timedelta(microseconds=1)


def _may_go_again(unit: Unit, row: SubmissionRow, exchange: Exchange) -> bool:
    """Whether a message goes again by itself: as often as agreed, and unless its document went on."""
    if exchange.resend == "never":
        return False
    newest = unit.submissions.latest_of_number(row.number)
    if newest is None or newest.id != row.id:
        return False
    sent = [each for each in unit.submissions.attempts(row.id) if each.outcome == AttemptOutcome.SENT]
    return exchange.resend == "always" or len(sent) == 1


def answered(unit: Unit, sent: SubmissionRow, *, finally_so: bool) -> None:
    """Close what was told of a message that is answered; what waits for its decision goes on waiting."""
    late = [*_TECHNICAL, *(_DECISION if finally_so else ())]
    unit.alerts.close_all([REFUSED, GIVEN_UP, *(f"waiting.{each}" for each in late)], sent.id)


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
