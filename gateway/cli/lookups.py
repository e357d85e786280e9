"""Commands that look: documents and the receipt log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import click

from gateway.cli.changes import amendments_of, changes_told, made_by, sentences
from gateway.cli.dates import Month
from gateway.cli.loading import loaded
from gateway.cli.session import Session, command
from gateway.cli.show import DONE
from gateway.documents import Kind, state_of, states_of
from gateway.errors import refuse
from gateway.steps.kept import check_here, to_document
from gateway.store import DocumentFilter, DocumentRow, ReceiptRow, ReceiptState, SubmissionState, Unit

_FOLLOW_SECONDS = 0.5
_PAGE = 200
# How many documents of one client number are named: one of each enterprise.
_NAMED = 10


@click.command()
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]), default=None)
@click.option(
    "--state",
    "states",
    type=click.Choice(sorted({state.value for kind in Kind for state in states_of(kind)})),
    multiple=True,
    help="Any of these; may be given several times.",
)
@click.option("--month", type=Month(), default=None, help="Month of the declaration date, 2026-10.")
@click.option("--client-number", default=None, help="The ERP's own number.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--after", default="", help="The last number of the page before.")
@command
def documents(session: Session, /, **asked: Any) -> int:
    """List documents by number."""
    wanted = DocumentFilter(
        kind=asked["kind"],
        states=asked["states"],
        period=asked["month"],
        client_number=asked["client_number"],
    )
    with session.readable.read() as unit:
        found = unit.documents.listing(wanted, limit=asked["limit"], after=asked["after"])
        on_paper = {row.number for row in unit.parking.submissions(SubmissionState.ON_PAPER)}
    rows = [
        {
            "number": row.number,
            "kind": row.kind,
            "state": row.state,
            "client_number": row.client_number,
            "customs_number": row.customs_number,
            "office": row.office,
            "ie_flag": row.ie_flag,
            "month": row.period,
            "changed": f"{row.updated_at:%F %T}",
            **({"on_paper": session.show.json or session.show.word("yes")} if row.number in on_paper else {}),
            **({"archive": row.archive} if row.archive else {}),
        }
        for row in found
    ]
    columns = ("number", "kind", "state", "client_number", "customs_number", "office", "month", "changed")
    marked = [name for name in ("on_paper", "archive") if any(name in row for row in rows)]
    session.show.rows("documents", (*columns, *marked), rows)
    return DONE


@click.command()
@click.argument("number")
@click.option("--xml", is_flag=True, help="Print its newest message to customs.")
@click.option(
    "--history", is_flag=True, help="Show every change, and how each content differs from the last."
)
@command
def document(session: Session, /, *, number: str, xml: bool, history: bool) -> int:
    """Show one document.

    NUMBER is its unified number, customs number or client number.
    """
    with session.readable.read() as unit:
        row = find_document(unit, number)
        if xml:
            sys.stdout.buffer.write(_newest_message(unit, row))
            return DONE
        if history:
            dictionary = session.world.catalogue.dictionary
            loaded("gateway.cli.history").show_history(session.show, unit, row, dictionary)
            return DONE
        told = {**_properties(row), "made_by": made_by(unit.messages.last_accepted(row.number))}
        submissions = [
            {
                "message": each.id,
                "state": each.state,
                "sent": each.sent_at and f"{each.sent_at:%F %T}",
                "technical": each.technical_at and f"{each.technical_at:%F %T}",
                "business": each.business_at and f"{each.business_at:%F %T}",
                "route": each.route,
                "carrier": _last_word(unit, each.id),
            }
            for each in unit.submissions.by_number(row.number)
        ]
        relations = unit.relations.of_manifest(row.number) or unit.relations.of_declaration(row.number)
        amendments = amendments_of(unit, row)
    merged = [
        {
            "manifest": each.manifest_number,
            "manifest_item": each.manifest_item,
            "declaration": each.declaration_number,
            "declaration_item": each.declaration_item,
            "quantity": each.quantity,
            "total": each.total,
        }
        for each in relations
    ]
    changes = changes_told(row, session.world.catalogue.dictionary) if row.content.get("Change") else []
    if session.show.json:
        more = {"amendments": amendments, "changes": changes}
        lists = {name: found for name, found in more.items() if found}
        content = {"content": row.content, "submissions": submissions, "relations": merged, **lists}
        session.show.data({**told, **content})
        return DONE
    show = session.show
    code = told.pop("state_code")
    official = f" ({code})" if code else ""
    show.pairs("document", {**told, "state": show.word(told["state"]) + official})
    for submission in submissions:
        submission["state"] = f"submission.{submission['state']}"
    columns = ["message", "state", "sent", "technical", "business"]
    # Folders say nothing of their own.
    columns += ["carrier"] if any(each["carrier"] for each in submissions) else []
    show.rows("messages to customs", columns, submissions)
    if merged:
        show.rows("merge relation", tuple(merged[0]), merged)
    if amendments:
        show.rows("amendments", tuple(amendments[0]), amendments)
    if changes:
        show.rows("changes", ("differences",), sentences(show, changes))
    return DONE


def _last_word(unit: Unit, message_id: str) -> str | None:
    """Return what import client or platform last said of a message, which is unsigned and moves nothing."""
    words = unit.receipts.listing(limit=_PAGE, message_id=message_id, states=[ReceiptState.NOTED])
    return f"{words[-1].receipt_type} {words[-1].code}".strip() if words else None


def find_document(unit: Unit, number: str) -> DocumentRow:
    """Return the document of a unified number, customs number or client number.

    Raises:
        RejectedError: `cli.unknown-document`, `document.archived`, or `cli.several-documents` of a client
            number.
    """
    found = unit.documents.get(number) or unit.documents.by_customs_number(number)
    if found is None:
        found = _by_client_number(unit, number)
    check_here(found)
    return found


def _by_client_number(unit: Unit, number: str) -> DocumentRow:
    listed = unit.documents.listing(DocumentFilter(client_number=number), limit=_NAMED)
    if len(listed) > 1:
        raise refuse("cli.several-documents", number=number, found=", ".join(row.number for row in listed))
    found = unit.documents.get(listed[0].number) if listed else None
    if found is None:
        raise refuse("cli.unknown-document", number=number)
    return found


def _properties(row: DocumentRow) -> dict[str, Any]:
    state = state_of(to_document(row))
    return {
        "number": row.number,
        "kind": row.kind,
        "state": row.state,
        "state_code": state.official,
        "client_number": row.client_number,
        "customs_number": row.customs_number,
        "enterprise": row.enterprise,
        "partner": row.partner,
        "office": row.office,
        "month": row.period,
        "parent": row.parent,
        "valid_until": row.valid_until,
        "version": row.version,
    }


def _newest_message(unit: Unit, row: DocumentRow) -> bytes:
    """Return the bytes as they are, since any change of layout would break their signature."""
    latest = unit.submissions.latest_of_number(row.number)
    if latest is None:
        raise refuse("cli.no-message", number=row.number)
    return unit.raw.get(latest.signed_digest or latest.unsigned_digest)


@click.command()
@click.option("--follow", is_flag=True, help="Go on showing receipts as they come.")
@click.option("--document", "number", default=None, help="Only those of this document; any of its numbers.")
@click.option("--orphans", is_flag=True, help="Only those that fit nothing yet.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=_PAGE, show_default=True)
@command
def receipts(session: Session, /, *, follow: bool, number: str | None, orphans: bool, limit: int) -> int:
    """Show the receipt log."""
    if follow and orphans:
        raise click.UsageError("--follow shows all that comes")
    columns = ("id", "at", "outcome", "type", "code", "text", "number", "client_number", "because")
    with session.readable.read() as unit:
        number = find_document(unit, number).number if number else None
        states = [ReceiptState.ORPHAN] if orphans else []
        found = unit.receipts.newest(limit=limit, number=number, states=states)
    told = [_receipt(row) for row in found]
    if not session.show.json:
        told = [{**each, "outcome": f"receipt.{each['outcome']}"} for each in told]
    session.show.rows("receipts", columns, told)
    last = found[-1].id if found else 0
    while follow:
        time.sleep(_FOLLOW_SECONDS)
        for row in _settled_after(session, last, number):
            session.show.data(_receipt(row))
            last = row.id
    return DONE


def _settled_after(session: Session, last: int, number: str | None) -> Iterator[ReceiptRow]:
    """Yield what came after a receipt, up to the first that is not read yet."""
    with session.readable.read() as unit:
        for row in unit.receipts.listing(after=last, limit=_PAGE, number=number):
            if row.state == "stored":
                return
            yield row


def _receipt(row: ReceiptRow) -> dict[str, Any]:
    reason = row.reason or {}
    violations = reason.get("violations") or [{}]
    return {
        "id": row.id,
        "at": f"{row.received_at:%F %T}",
        "outcome": row.state,
        "type": row.receipt_type,
        "code": row.code,
        "text": row.text,
        "number": row.number,
        "client_number": row.client_number,
        "because": reason.get("because") or violations[0].get("code"),
        "name": row.name,
    }
