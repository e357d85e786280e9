"""Commands about messages without an answer: look at them, send them again, file them on paper."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from gateway.cli.lookups import find_document
from gateway.cli.session import Session, command
from gateway.cli.show import DONE, REFUSED, Show
from gateway.errors import refuse
from gateway.steps import operating
from gateway.steps.exchange import Unanswered, unanswered_of
from gateway.steps.exchange import unanswered as all_unanswered
from gateway.store import SubmissionRow, SubmissionState, Unit

_OPEN = ("number", "client_number", "message", "route", "standing", "since", "tries", "known")
_SENT = ("number", "client_number", "message", "route", "state", "since")
_TRIES = ("at", "ended", "outcome", "detail")
_PAPER = ("number", "client_number", "message", "since", "paper_number", "operator")
_MOST = 10_000


def _standing_of(name: str) -> str:
    return f"standing.{name}"


@click.command()
@click.argument("given", metavar="[ID]", required=False)
@click.option("--route", default=None, help="Only what goes over this route.")
@click.option("--all", "everything", is_flag=True, help="What is not late yet, too.")
@command
def unanswered(session: Session, /, *, given: str | None, route: str | None, everything: bool) -> int:
    """List what customs has not answered.

    ID, a message id or any number of a document, shows what is known of it, the choices, and their risk.
    """
    show = session.show
    with session.readable.read() as unit:
        if given is not None:
            found = unanswered_of(session.world, unit, _submission(unit, given).number)
        else:
            found = all_unanswered(session.world, unit, _MOST, late=not everything)
    found = [each for each in found if route in {None, each.route}]
    if given is not None:
        return _show_each(show, found)
    rows = [_listed(show, each) for each in found]
    if not show.json:
        rows = [{**row, "standing": show.word(_standing_of(row["standing"]))} for row in rows]
    show.rows("unanswered", _OPEN, rows)
    return DONE


def _show_each(show: Show, found: Sequence[Unanswered]) -> int:
    """Show what is known of each, what may be done, and the risk of that."""
    told = [
        {
            **_listed(show, each),
            "attempts": [
                {
                    "at": f"{attempt.started_at:%F %T}",
                    "ended": attempt.ended_at and f"{attempt.ended_at:%F %T}",
                    "outcome": attempt.outcome,
                    "detail": attempt.detail,
                }
                for attempt in each.attempts
            ],
            "choices": [
                {"choice": str(option.choice), "risk": option.risk.text(show.language)}
                for option in each.choices
            ],
        }
        for each in found
    ]
    if show.json:
        show.data(told)
        return DONE
    if not told:
        show.rows("unanswered", _OPEN, [])
    for each in told:
        attempts, choices = each.pop("attempts"), each.pop("choices")
        show.pairs("unanswered", {**each, "standing": show.word(_standing_of(each["standing"]))})
        show.rows("attempts", _TRIES, [{**row, "outcome": f"attempt.{row['outcome']}"} for row in attempts])
        rows = [{**row, "choice": show.word(f"choice.{row['choice']}")} for row in choices]
        show.rows("choices", ("choice", "risk"), rows)
    return DONE


def _listed(show: Show, each: Unanswered) -> dict[str, Any]:
    return {
        "number": each.number,
        "client_number": each.client_number,
        "message": each.message_id,
        "route": each.route,
        "standing": str(each.state),
        "since": f"{each.since:%F %T}",
        "tries": len(each.attempts),
        "known": " ".join(known.text(show.language) for known in each.known),
    }


@click.command()
@click.argument("given", metavar="[ID]", required=False)
@click.option("--all", "everything", is_flag=True, help="All of which nobody knows that customs has it.")
@click.option("--route", default=None, help="With --all: only what goes over this route.")
@click.option("--dry-run", is_flag=True, help="List what would be sent again, and change nothing.")
@click.option("--yes", is_flag=True, help="With --all: do not ask.")
@command
def resend(session: Session, /, *, given: str | None, route: str | None, **said: bool) -> int:
    """Send a message again, the same bytes under the same id.

    ID is a message id or any number of a document. The running gateway sends; customs takes it once.
    """
    if (given is None) != said["everything"]:
        raise click.UsageError("name one ID, or say --all")
    if route is not None and not said["everything"]:
        raise click.UsageError("--route goes with --all")
    show = session.show
    with session.readable.read() as unit:
        found = _to_resend(session, unit, given, route)
    rows = [_told(row) for row in found]
    if said["dry_run"]:
        show.rows("to-resend", _SENT, _worded(show, rows))
        return DONE
    if said["everything"] and found and not said["yes"] and not _agreed(show, rows):
        return REFUSED
    seen = {row.id for row in found}
    with session.store.begin() as unit:
        # What has been answered since it was shown is left alone, and so is what nobody has seen.
        going = [row for row in _to_resend(session, unit, given, route) if row.id in seen]
        for row in going:
            operating.resend(session.world, unit, row)
            session.note_act(unit, operating.RESEND, row.number, message=row.id)
    show.rows("resent", _SENT, _worded(show, [_told(row) for row in going]))
    return DONE


def _to_resend(session: Session, unit: Unit, given: str | None, route: str | None) -> list[SubmissionRow]:
    if given is None:
        return operating.unsent(session.world, unit, route)
    row = _submission(unit, given)
    operating.check_resend(session.world, unit, row)
    return [row]


def _agreed(show: Show, rows: Sequence[dict[str, Any]]) -> bool:
    """Show what would go, and ask; a program must say --yes.

    Raises:
        RejectedError: `operating.say-yes`.
    """
    if show.json or not on_terminal():
        raise refuse("operating.say-yes", count=len(rows))
    show.rows("to-resend", _SENT, _worded(show, rows))
    return click.confirm(show.word("resend-these", count=len(rows)), default=False)


def on_terminal() -> bool:
    """Tell whether somebody can be asked."""
    return sys.stdin.isatty()


@click.command()
@click.argument("number", required=False)
@click.option("--reference", default="", help="Under which number or stamp customs has it on paper.")
@click.option("--undo", is_flag=True, help="It was not: its message goes on from where it stood.")
@command
def paper(session: Session, /, *, number: str | None, reference: str, undo: bool) -> int:
    """Mark a document as filed on paper.

    Nothing of it is sent until that is undone. Without NUMBER, lists what was filed on paper.
    """
    if number is None and (reference or undo):
        raise click.UsageError("name the document")
    if number is None:
        with session.readable.read() as unit:
            rows = [_on_paper(unit, row) for row in unit.parking.submissions(SubmissionState.ON_PAPER)]
        session.show.rows("on-paper", _PAPER, rows)
        return DONE
    with session.store.begin() as unit:
        document = find_document(unit, number)
        if undo:
            row, state = operating.undo_paper(unit, document.number)
            session.note_act(unit, operating.UNDO, row.number, message=row.id)
        else:
            row, state = operating.file_on_paper(unit, document.number, reference), SubmissionState.ON_PAPER
            session.note_act(unit, operating.PAPER, row.number, message=row.id, reference=reference)
    told = _worded(session.show, [{**_told(row), "state": state.value}])
    session.show.rows("messages to customs", ("number", "client_number", "message", "state"), told)
    return DONE


def _on_paper(unit: Unit, row: SubmissionRow) -> dict[str, Any]:
    act = operating.filed(unit, row.number)
    return {
        "number": row.number,
        "client_number": row.client_number,
        "message": row.id,
        "since": act and f"{act.at:%F %T}",
        "paper_number": act and act.detail.get("reference"),
        "operator": act and act.operator,
    }


def _submission(unit: Unit, given: str) -> SubmissionRow:
    """Return the message of an id, or the newest about the document of a number.

    Raises:
        RejectedError: `cli.unknown-document`, `cli.several-documents` or `operating.nothing-sent`.
    """
    found = unit.submissions.by_message_id(given.upper())
    return found if found is not None else operating.newest(unit, find_document(unit, given).number)


def _worded(show: Show, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with their states as texts for a person."""
    return [row if show.json else {**row, "state": f"submission.{row['state']}"} for row in rows]


def _told(row: SubmissionRow) -> dict[str, Any]:
    return {
        "number": row.number,
        "client_number": row.client_number,
        "message": row.id,
        "route": row.route,
        "state": row.state,
        "since": f"{row.sent_at or row.created_at:%F %T}",
    }
