"""What customs has not answered: what is known of each message, what may be done, and the risk of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from typing import Final

from gateway.config import Exchange
from gateway.customs import Late, Outage, Wait
from gateway.errors import Violation
from gateway.steps.records import World
from gateway.steps.transport import REFUSED
from gateway.store import AttemptOutcome, AttemptRow, CircuitRow, SubmissionRow, SubmissionState, Unit

_OUTCOMES: Final = {
    AttemptOutcome.SENT: "known.handed-over",
    AttemptOutcome.RETRY: "known.not-arrived",
    AttemptOutcome.IN_DOUBT: "known.may-have-arrived",
    AttemptOutcome.FAILED: "known.given-up",
}
_NOT_ARRIVED: Final = (AttemptOutcome.RETRY, AttemptOutcome.FAILED)
# What it risks to send again, to file on paper and to drop.
_SAFE: Final = ("risk.resend-not-arrived", "risk.paper-not-arrived", "risk.drop-not-arrived")
_DOUBTFUL: Final = (
    *("risk.resend-may-have-arrived", "risk.paper-may-have-arrived"),
    "risk.drop-may-have-arrived",
)
_ARRIVED: Final = ("risk.resend-arrived", "risk.paper-may-have-arrived", "risk.drop-may-have-arrived")


class Standing(StrEnum):
    """How it stands with a message that is not answered."""

    WAITING = "waiting"  # certainly not arrived, and sent by itself when it may be
    IN_DOUBT = "in_doubt"  # may have arrived, and is sent by itself again as the same bytes
    FAILED = "failed"  # given up: it waits for a person
    SILENT = "silent"  # sent, and no technical receipt came in time
    EXPECTED = "expected"  # sent, and no answer is late yet
    UNDECIDED = "undecided"  # received by customs, and no decision came in time


_STANDINGS: Final = {
    SubmissionState.IN_DOUBT: Standing.IN_DOUBT,
    SubmissionState.FAILED: Standing.FAILED,
}


class Choice(StrEnum):
    """What an operator may do about it."""

    WAIT = "wait"
    RESEND = "resend"  # as the same bytes under the same id (CU-05)
    PAPER = "paper"  # it was filed on paper, and is never sent again by itself
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Option:
    """A choice and its risk, as a text of the catalogue."""

    choice: Choice
    risk: Violation


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A message without its answer.

    Attributes:
        number: The unified number of its document.
        message_id: Its id, under which it was and will be sent.
        partner: Whose document it is.
        state: How it stands.
        since: When it was made, or last sent.
        attempts: What was tried so far, oldest first.
        known: What is known of it, as texts of the catalogue.
        choices: What may be done.
    """

    number: str
    message_id: str
    message_type: str
    partner: str
    client_number: str
    route: str
    state: Standing
    since: datetime
    attempts: tuple[AttemptRow, ...]
    known: tuple[Violation, ...]
    choices: tuple[Option, ...]


def unanswered(world: World, unit: Unit, limit: int = 1000, *, late: bool = True) -> list[Unanswered]:
    """Return what customs has not answered and somebody may want to know of, in order (CU-05, CU-07).

    That is what is held or tried again, in doubt, given up, or overdue; what is not late yet only where
    that is asked for.
    """
    waits = [
        wait for each in (*world.settings.exchange, Exchange()) for wait in (each.technical, each.business)
    ]
    patience = min(wait.warn_minutes for wait in waits) if late else 0
    rows = unit.submissions.sent_before(unit.now - timedelta(minutes=patience))
    for state in (SubmissionState.TO_SEND, SubmissionState.IN_DOUBT, SubmissionState.FAILED):
        rows += unit.parking.submissions(state)
    told = _told(world, unit, sorted(rows, key=lambda row: row.seq))
    return list(islice((each for each in told if not late or each.state is not Standing.EXPECTED), limit))


def unanswered_of(world: World, unit: Unit, number: str) -> list[Unanswered]:
    """Return the same of one document."""
    return list(_told(world, unit, unit.submissions.by_number(number)))


def _told(world: World, unit: Unit, rows: Iterable[SubmissionRow]) -> Iterator[Unanswered]:
    circuits = {each.route: each for each in unit.circuits.held()}
    for row in rows:
        attempts = tuple(unit.submissions.attempts(row.id))
        standing = _standing(world, unit, row, tried=bool(attempts) or row.route in circuits)
        if standing is None:
            continue
        document = unit.documents.get(row.number)
        assert document is not None, "a submission never exists without its document"
        circuit = circuits.get(row.route)
        yield Unanswered(
            number=row.number,
            message_id=row.id,
            message_type=row.message_type,
            partner=document.partner,
            client_number=row.client_number,
            route=row.route,
            state=standing,
            since=row.sent_at or row.created_at,
            attempts=attempts,
            known=(*_tries(attempts), *_answers(unit, row, attempts), *_route(circuit)),
            choices=tuple(_choices(standing, row, attempts)),
        )


def _standing(world: World, unit: Unit, row: SubmissionRow, *, tried: bool) -> Standing | None:
    """Return how it stands with a message; None where it is not sent yet, or customs has decided."""
    if row.business_at is not None or row.signed_digest is None:
        return None
    if row.state == SubmissionState.TO_SEND:
        return Standing.WAITING if tried else None
    if row.state != SubmissionState.SENT or row.awaited_since is None:
        return _STANDINGS.get(SubmissionState(row.state))
    exchange = world.settings.exchanged(row.route, row.message_type)
    late = Wait(row.awaited_since, row.technical_at is not None, business=False).late(exchange, unit.now)
    if Late.TECHNICAL in late:
        return Standing.SILENT
    return Standing.UNDECIDED if Late.DECISION in late else Standing.EXPECTED


def _tries(attempts: Sequence[AttemptRow]) -> Iterator[Violation]:
    if not attempts:
        yield Violation("known.not-tried")
    for count, each in enumerate(attempts, 1):
        at = each.ended_at or each.started_at
        code = _OUTCOMES[AttemptOutcome(each.outcome)] if each.outcome else "known.under-way"
        yield Violation(code, values={"at": f"{at:%F %T}", "count": count, "detail": each.detail})


def _answers(unit: Unit, row: SubmissionRow, attempts: Sequence[AttemptRow]) -> Iterator[Violation]:
    if row.technical_at is not None:
        yield Violation("known.technical", values={"at": f"{row.technical_at:%F %T}"})
        yield Violation("known.no-decision")
    elif attempts:
        yield Violation("known.no-technical")
    for alert in unit.alerts.opened(REFUSED):
        if alert.subject == row.id:
            yield Violation("known.carrier-refused", values=alert.values)


def _route(circuit: CircuitRow | None) -> Iterator[Violation]:
    if circuit is not None:
        code = "known.route-silent" if circuit.outage == Outage.SILENCE else "known.route-away"
        due_at = "-" if circuit.due_at is None else f"{circuit.due_at:%F %T}"
        values = {"route": circuit.route, "since": f"{circuit.since:%F %T}", "due_at": due_at}
        yield Violation(code, values=values)


def _choices(standing: Standing, row: SubmissionRow, attempts: Sequence[AttemptRow]) -> Iterator[Option]:
    """Yield what may be done; what is risked hangs on whether customs may have the message."""
    safe = all(each.outcome in _NOT_ARRIVED for each in attempts)
    arrived = row.technical_at is not None
    resending, filing, dropping = _ARRIVED if arrived else _SAFE if safe else _DOUBTFUL
    waiting = "risk.wait-for-customs" if arrived else "risk.wait-for-nothing"
    if standing in {Standing.WAITING, Standing.IN_DOUBT}:
        waiting = "risk.wait-by-itself"
    yield Option(Choice.WAIT, Violation(waiting))
    yield Option(Choice.RESEND, Violation(resending))
    yield Option(Choice.PAPER, Violation(filing))
    if standing is Standing.FAILED:
        yield Option(Choice.DROP, Violation(dropping))
