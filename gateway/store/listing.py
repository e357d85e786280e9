"""Listing documents by number: a page is made of entries of an index alone, however many documents there are.

A filter that leaves the first columns of every index open is asked once for each value that stands there. A
month is sorted, enterprise by enterprise; what else is asked of it is looked at row by row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

from sqlalchemy import Column, ColumnElement, bindparam, func, select

from gateway.store.connection import Connection
from gateway.store.rows import ListedDocument
from gateway.store.statements import columns_of, rows
from gateway.store.tables import documents

_SELECT = select(*columns_of(documents, ListedDocument))
_Conditions = tuple[ColumnElement[bool], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFilter:
    """Which documents a listing shows; what is None is not asked, and neither are no states.

    Attributes:
        enterprises: Those whose documents may be seen (QR-08); None is all, an empty collection none.
        states: Any of these.
    """

    kind: str | None = None
    states: Collection[str] = ()
    enterprises: Collection[str] | None = None
    client_number: str | None = None
    parent: str | None = None
    period: str | None = None


def listed(connection: Connection, asked: DocumentFilter, limit: int, after: str) -> list[ListedDocument]:
    """Return a page of documents by number; `after` is the last number of the page before."""
    conditions = (*_conditions(asked), documents.c.number > after)
    found: list[ListedDocument] = []
    for branch in _branches(connection, asked):
        page = _SELECT.where(*conditions, *branch).order_by(documents.c.number).limit(limit)
        found += rows(connection, ListedDocument, page)
        # Enterprises may be thousands: no more is kept than is shown.
        found = sorted(found, key=attrgetter("number"))[:limit]
    return found


def _branches(connection: Connection, asked: DocumentFilter) -> Iterator[_Conditions]:
    table, kinds = documents.c, None if asked.kind is None else [asked.kind]
    if asked.parent is not None or asked.client_number is not None:
        yield ()
    elif asked.period is not None:
        yield from _standing(connection, [(table.enterprise, asked.enterprises), (table.kind, kinds)])
    elif asked.kind is not None or asked.states:
        yield from _standing(connection, [(table.kind, kinds), (table.state, asked.states or None)])
    else:
        yield ()


def _standing(
    connection: Connection,
    columns: Sequence[tuple[Column[str], Collection[str] | None]],
    within: _Conditions = (),
) -> Iterator[_Conditions]:
    """Yield a condition for each that may stand in the first columns of an index: those asked for, or all."""
    if not columns:
        yield within
        return
    (column, asked), *rest = columns
    for value in _values(connection, column, within) if asked is None else sorted(set(asked)):
        yield from _standing(connection, rest, (*within, column == value))


def _values(connection: Connection, column: Column[str], within: _Conditions) -> Iterator[str]:
    """Yield what stands in a column of an index, stepping over all entries that are alike."""
    lowest = select(func.min(column)).where(*within)
    following = lowest.where(column > bindparam("last", type_=column.type))
    value = connection.scalar(lowest)
    while value is not None:
        yield value
        value = connection.scalar(following, {"last": value})


def _conditions(asked: DocumentFilter) -> Iterator[ColumnElement[bool]]:
    for field in fields(asked):
        value = getattr(asked, field.name)
        if field.name == "enterprises":
            if value is not None:
                yield documents.c.enterprise.in_(sorted(value))
        elif field.name == "states":
            if value:
                yield documents.c.state.in_(sorted(value))
        elif value is not None:
            yield documents.c[field.name] == value
