"""Queries of an ERP: taken with the reply, answered later by a transaction that only reads (QR-01)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from gateway.documents import Command, Decision, Kind
from gateway.errors import RejectedError, refuse
from gateway.steps.counting import count_manifests
from gateway.steps.kept import to_document
from gateway.steps.naming import Names
from gateway.steps.ordering import order_file, order_print
from gateway.steps.questions import EXPORT, MESSAGE, RELATION, STATISTICS, Question, read_question
from gateway.steps.records import World
from gateway.steps.results import tell_found, tell_relation
from gateway.store import DocumentRow, Order, Unit

QUERY, PRINT = "query", "print"
_DECLARATION: Final = "declaration"


def ask(world: World, unit: Unit, command: Command) -> Decision:
    """Take a query; it changes nothing, and its result comes with the reply.

    Raises:
        RejectedError: Every fault of its criteria.
    """
    own = world.partner(command.partner).enterprises
    question = read_question(world, command.body, own)
    if command.operation == PRINT:
        return Decision(shown={"print": _printed(world, unit, command, question)})
    if command.operation not in {QUERY, ""}:
        raise refuse("query.unknown-operation", "MessageHead/Operation", given=command.operation)
    if question.kind == RELATION:
        _own_document(unit, question, own)
    shown: dict[str, Any] = {"question": dict(command.body)}
    if question.kind == EXPORT:
        shown["file"] = order_file(unit, command, "export", "declarations.xlsx")
    return Decision(shown=shown)


def answer(world: World, unit: Unit, question: Question, own: Collection[str] | None) -> dict[str, Any]:
    """Return what a query finds, a page of it where that may be long.

    Raises:
        RejectedError: `query.unknown-number`.
    """
    names = Names.of(world)
    told: dict[str, Any] = {"kind": question.kind, "criteria": dict(question.criteria)}
    if question.kind == STATISTICS:
        return told | count_manifests(names, unit, question)
    if question.kind == EXPORT:
        return told | {"total": unit.searching.count(question.search)}
    offset = (question.page - 1) * question.size
    rows: list[dict[str, Any]]
    if question.kind == RELATION:
        number = _own_document(unit, question, own).number
        total = unit.relations.count(number)
        rows = [
            tell_relation(unit, row)
            for row in unit.relations.page(number, offset=offset, limit=question.size)
        ]
    else:
        total = unit.searching.count(question.search)
        found = unit.searching.page(question.search, question.order, offset=offset, limit=question.size)
        rows = [tell_found(names, unit, row) for row in found]
    pages = -(-total // question.size)
    return told | {
        "total": total,
        "page": question.page,
        "page_size": question.size,
        "pages": pages,
        "rows": rows,
    }


def _printed(world: World, unit: Unit, command: Command, question: Question) -> list[str]:
    """Order the print of statistics, or of the one declaration that is named (QR-06, DC-03)."""
    if question.kind == STATISTICS:
        return [order_file(unit, command, "statistics", "statistics.pdf")]
    number = question.search.number
    if question.kind != _DECLARATION or number is None:
        raise refuse("query.not-printed", f"{MESSAGE}/QueryKind", kind=question.kind)
    found = unit.searching.page(question.search, Order(), offset=0, limit=question.size)
    row = next((row for row in found if row.number == number), None)
    if row is None:
        raise _unknown(number)
    return order_print(world, unit, command.partner, to_document(row))


def _own_document(unit: Unit, question: Question, own: Collection[str] | None) -> DocumentRow:
    """Return the manifest or declaration that is asked about; a foreign one is as unknown as none (QR-08)."""
    number = question.criteria["SeqNo"]
    row = unit.documents.get(number)
    if row is None or row.kind not in {Kind.MANIFEST, Kind.DECLARATION}:
        raise _unknown(number)
    if own is not None and row.enterprise not in own:
        raise _unknown(number)
    return row


def _unknown(number: str) -> RejectedError:
    return refuse("query.unknown-number", f"{MESSAGE}/SeqNo", given=number)
