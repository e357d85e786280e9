"""Listing documents by number: however many there are, a page is made of entries of an index alone.

A filter that leaves the first columns of every index open is asked once for each value that stands there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields

from sqlalchemy import Column, ColumnElement, bindparam, func, select

from gateway.store.connection import Connection
from gateway.store.rows import ListedDocument
from gateway.store.statements import columns_of, rows
from gateway.store.tables import documents

_SELECT = select(*columns_of(documents, ListedDocument))


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentFilter:
    """Which documents a listing shows; what is None or empty is not asked.

    Attributes:
        enterprises: Those whose documents may be seen (QR-08); None is all, an empty collection none.
        states: Any of these.
    """

    number: str | None = None
    kind: str | None = None
    states: Collection[str] = ()
    enterprises: Collection[str] | None = None
    partner: str | None = None
    office: str | None = None
    nature: str | None = None
    ie_flag: str | None = None
    client_number: str | None = None
    customs_number: str | None = None
    parent: str | None = None
    period: str | None = None


def listed(connection: Connection, asked: DocumentFilter, limit: int, after: str) -> list[ListedDocument]:
    """Return a page of documents by number; `after` is the last number of the page before."""
    conditions = (*_conditions(asked), documents.c.number > after)
    found: list[ListedDocument] = []
    for branch in _branches(connection, asked):
        page = _SELECT.where(*conditions, *branch).order_by(documents.c.number).limit(limit)
        found += rows(connection, ListedDocument, page)
    return sorted(found, key=lambda row: row.number)[:limit]


def _branches(connection: Connection, asked: DocumentFilter) -> Iterator[tuple[ColumnElement[bool], ...]]:
    if any((asked.number, asked.parent, asked.client_number, asked.customs_number)):
        yield ()
    elif asked.period:
        named = asked.enterprises
        places = _standing(connection, documents.c.enterprise, documents.c.kind)
        for enterprise, kind in places:
            if (named is None or enterprise in named) and asked.kind in {None, kind}:
                yield documents.c.enterprise == enterprise, documents.c.kind == kind
    elif asked.kind or asked.states:
        for kind, state in _standing(connection, documents.c.kind, documents.c.state):
            if asked.kind in {None, kind} and (not asked.states or state in asked.states):
                yield documents.c.kind == kind, documents.c.state == state
    else:
        yield ()


def _standing(connection: Connection, first: Column[str], second: Column[str]) -> Iterator[tuple[str, str]]:
    """Yield what stands in the first two columns of an index, stepping over all entries that are alike."""
    one, other = bindparam("one", type_=first.type), bindparam("other", type_=second.type)
    outer = select(func.min(first)).where(first > one)
    inner = select(func.min(second)).where(first == one, second > other)
    value = ""
    while (value := connection.scalar(outer, {"one": value})) is not None:
        below = ""
        while (below := connection.scalar(inner, {"one": value, "other": below})) is not None:
            yield value, below


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
