"""Listing documents by number: a page is made of entries of an index alone, however many documents there are.

A filter that leaves the first columns of every index open is asked once for each value that stands there. A
month is sorted, in its index, all enterprises at once, since they may be thousands.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, bindparam, func, select

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
    found: list[ListedDocument] = []
    for numbers in _pages(connection, asked, limit, after):
        page = _SELECT.where(documents.c.number.in_(numbers))
        found += rows(connection, ListedDocument, page)
    return sorted(found, key=attrgetter("number"))[:limit]


def _pages(connection: Connection, asked: DocumentFilter, limit: int, after: str) -> Iterator[Select[Any]]:
    """Yield what finds the numbers of a page, or of pages that are to be merged."""
    table = documents.c
    numbers = select(table.number).where(*_conditions(asked), table.number > after).limit(limit)
    in_order = numbers.order_by(table.number)
    if asked.parent is not None or asked.client_number is not None:
        yield in_order
    elif asked.period is not None:
        open_columns = ((table.enterprise, asked.enterprises), (table.kind, asked.kind))
        standing = [_any_value(column) for column, given in open_columns if given is None]
        # By the number alone PostgreSQL would go through all documents until it has a page of the month.
        yield numbers.where(*standing).order_by(table.number.concat(""))
    elif asked.kind is not None or asked.states:
        kinds = None if asked.kind is None else [asked.kind]
        columns = [(table.kind, kinds), (table.state, asked.states or None)]
        yield from (in_order.where(*each) for each in _standing(connection, columns))
    else:
        yield in_order


def _any_value(column: Column[str]) -> ColumnElement[bool]:
    """Say of the first column of an index that it has one of its values, so that the next ones count."""
    found = select(func.min(column).label("value")).cte(f"any_{column.name}", recursive=True)
    following = select(func.min(column)).where(column > found.c.value).scalar_subquery()
    found = found.union_all(select(following).where(found.c.value.is_not(None)))
    return column.in_(select(found.c.value))


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
