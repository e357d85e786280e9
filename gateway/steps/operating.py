"""Operators' word about messages to customs: sent again as the same bytes, or filed on paper, kept back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from gateway.errors import RejectedError, Violation, refuse
from gateway.steps import circuits
from gateway.steps.kept import document_of
from gateway.steps.records import World
from gateway.steps.replies import tell, tell_state
from gateway.store import Act, AttemptOutcome, SubmissionRow, SubmissionState, Unit

PAPER: Final = "paper"
# Customs has answered by wire what was also filed on paper.
PAPER_ANSWERED: Final = "paper.answered"
# What an operator's word is noted as, at the document that it is about.
RESEND, UNDO, RETRY, DROP = "resend", "paper-undo", "retry", "drop"
ABOUT_MESSAGES: Final = (PAPER, UNDO, RESEND, RETRY, DROP)

_NEVER: Final = {
    SubmissionState.HELD: "operating.held",
    SubmissionState.RECALLED: "operating.never-sent",
    SubmissionState.ON_PAPER: "operating.on-paper",
    SubmissionState.SENDING: "operating.being-sent",
    SubmissionState.TO_SIGN: "operating.not-signed",
}


def unsent(world: World, unit: Unit, route: str | None = None) -> list[SubmissionRow]:
    """Return, in order, all of which nobody knows that customs has it, and that may be sent again (CU-07)."""
    found = [row for row in unit.submissions.awaited() if row.technical_at is None]
    for state in (SubmissionState.TO_SEND, SubmissionState.IN_DOUBT, SubmissionState.FAILED):
        found += unit.parking.submissions(state)
    return [
        row
        for row in sorted(found, key=lambda row: row.seq)
        if route in {None, row.route} and not any(_faults(world, unit, row))
    ]


def resend(world: World, unit: Unit, row: SubmissionRow) -> None:
    """Let the same bytes go once more under the same id, at the next look of the gateway (CU-05).

    What was told of it is over, and told again if it fails again.

    Raises:
        RejectedError: Why it may not be sent again, such as `operating.answered` or `operating.on-paper`.
    """
    check_resend(world, unit, row)
    circuits.try_route(unit, row.route)
    _move(unit, row, SubmissionState.IN_DOUBT if _may_be_there(unit, row) else SubmissionState.TO_SEND)


def check_resend(world: World, unit: Unit, row: SubmissionRow) -> None:
    """Look whether a message may be sent again.

    Raises:
        RejectedError: As `resend`.
    """
    if faults := list(_faults(world, unit, row)):
        raise RejectedError(faults)


def file_on_paper(unit: Unit, number: str, reference: str) -> SubmissionRow:
    """Note that a document was filed on paper, and tell its ERP: nothing of it is sent by itself (CU-07).

    Raises:
        RejectedError: Nothing of it is open, such as `operating.answered` or `operating.held`.
    """
    row = newest(unit, number)
    if row.business_at is not None:
        raise _refused("operating.answered", row)
    never = {SubmissionState.HELD, SubmissionState.ON_PAPER}
    if not unit.submissions.attempts(row.id):
        # A message that was put away by hand has attempts: paper is then the way that is left.
        never.add(SubmissionState.RECALLED)
    if row.state in never:
        raise _refused(_NEVER[SubmissionState(row.state)], row)
    _move(unit, row, SubmissionState.ON_PAPER)
    _tell(unit, row, filed=True, reference=reference)
    return row


def undo_paper(unit: Unit, number: str) -> tuple[SubmissionRow, SubmissionState]:
    """Take back that a document was filed on paper: its messages go on from where they stood.

    Returns:
        The newest of them, and where it goes on.

    Raises:
        RejectedError: `operating.not-on-paper`.
    """
    kept = [row for row in unit.submissions.by_number(number) if row.state == SubmissionState.ON_PAPER]
    if not kept:
        raise refuse("operating.not-on-paper", number=number)
    for row in kept:
        state = _stood(unit, row)
        _move(unit, row, state)
    _tell(unit, row, filed=False, reference="")
    return row, state


def tell_if_on_paper(unit: Unit, row: SubmissionRow) -> None:
    """Tell that customs has answered what was filed on paper: a person must see that it is there once."""
    if row.state == SubmissionState.ON_PAPER:
        unit.alerts.open(PAPER_ANSWERED, row.id, {"number": row.number, "message_id": row.id})


def newest(unit: Unit, number: str) -> SubmissionRow:
    """Return the newest message about a document.

    Raises:
        RejectedError: `operating.nothing-sent`.
    """
    row = unit.submissions.latest_of_number(number)
    if row is None:
        raise refuse("operating.nothing-sent", number=number)
    return row


def filed(unit: Unit, number: str) -> Act | None:
    """Return who noted last that a document was filed on paper, and when."""
    acts = [act for act in unit.audit.acts_about(number) if act.act == PAPER]
    return acts[-1] if acts else None


def close_alerts(unit: Unit, subject: str) -> None:
    """Close all that was told of one thing."""
    for alert in unit.alerts.opened():
        if alert.subject == subject:
            unit.alerts.close(alert.code, subject)


def _faults(world: World, unit: Unit, row: SubmissionRow) -> Iterator[Violation]:
    """Yield why a message may not be sent again."""
    if row.business_at is not None:
        yield _violation("operating.answered", row)
    elif row.state in _NEVER:
        yield _violation(_NEVER[SubmissionState(row.state)], row)
    elif row.signed_digest is None:
        yield _violation("operating.not-signed", row)
    if newest(unit, row.number).id != row.id:
        yield _violation("operating.superseded", row)
    if world.route(row.route) is None:
        yield _violation("operating.no-route", row)


def _move(unit: Unit, row: SubmissionRow, state: SubmissionState) -> None:
    if not unit.parking.move_submission(row, state):
        raise _refused("operating.changed-meanwhile", row)
    close_alerts(unit, row.id)


def _may_be_there(unit: Unit, row: SubmissionRow) -> bool:
    """Tell whether customs has it or any attempt may have arrived, which a further one does not undo."""
    away = (AttemptOutcome.RETRY, AttemptOutcome.FAILED)
    tries = unit.submissions.attempts(row.id)
    return row.technical_at is not None or any(attempt.outcome not in away for attempt in tries)


def _stood(unit: Unit, row: SubmissionRow) -> SubmissionState:
    """Return where a message would be if its document had not been filed on paper."""
    if row.technical_at is not None or row.business_at is not None:
        return SubmissionState.SENT
    tries = unit.submissions.attempts(row.id)
    if tries and tries[-1].outcome == AttemptOutcome.FAILED:
        return SubmissionState.FAILED
    if row.signed_digest is None:
        return SubmissionState.TO_SIGN
    if not _may_be_there(unit, row):
        return SubmissionState.TO_SEND
    last = tries[-1]
    if last.ended_at is None:
        # Whoever sends it notes the end, or finds at its next look that nobody has.
        return SubmissionState.SENDING
    return SubmissionState.SENT if last.outcome == AttemptOutcome.SENT else SubmissionState.IN_DOUBT


def _tell(unit: Unit, row: SubmissionRow, *, filed: bool, reference: str) -> None:
    """Tell the ERP, which may have to enter somewhere what customs says of it on paper (ER-06)."""
    document = document_of(unit, row.number)
    count = unit.notices.count(document.partner, PAPER, row.number) + 1
    told = {
        "notice": PAPER,
        **tell_state(document),
        "on_paper": filed,
        "reference": reference or None,
        "message_id": row.id,
        "at": unit.now.isoformat(timespec="seconds"),
    }
    name = f"{row.number}.{count:06d}.paper.json"
    tell(unit, document, PAPER, name, {key: value for key, value in told.items() if value is not None})


def _violation(code: str, row: SubmissionRow) -> Violation:
    values = {"message_id": row.id, "number": row.number, "route": row.route}
    return Violation(code, values=values)


def _refused(code: str, row: SubmissionRow) -> RejectedError:
    return RejectedError([_violation(code, row)])
