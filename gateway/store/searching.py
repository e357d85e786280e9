"""Searching documents by criteria: counted, a page at a time, or streamed for statistics (QR-01 to QR-07)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, union

from gateway.store.connection import Connection
from gateway.store.rows import DocumentRow
from gateway.store.statements import CHUNK, at_path, columns_of, rows
from gateway.store.tables import documents

_SELECT = select(*columns_of(documents, DocumentRow))
# What a page may be sorted by, besides any path into the content.
_SORTED = (
    "number",
    "customs_number",
    "client_number",
    "state",
    "office",
    "period",
    "created_at",
    "updated_at",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which documents are asked for; what is None or empty is not asked.

    A path leads into the content: `DecHead/AgentCode`.

    Attributes:
        enterprises: Those of which one must stand at one of `parties`; None is all, an empty collection
            none (QR-08).
        parties: Where: the path of an enterprise's code in the content, or empty for the document's own.
        without: States that are not asked for.
        number: The unified number of the document, of its parent or of one of its children.
        customs_number: The customs number of the same.
        days: The first and last day, `yyyyMMdd`, each may be empty.
        day_at: The path of the day, or empty for the day of the first saving.
        periods: The months, `yyyyMM`, in which such a day can lie; what an index is kept of.
        content: What must stand in the content, by path.
    """

    kind: str
    message_type: str | None = None
    enterprises: Collection[str] | None = None
    parties: tuple[str, ...] = ("",)
    states: Collection[str] = ()
    without: Collection[str] = ()
    number: str | None = None
    customs_number: str | None = None
    client_number: str | None = None
    office: str | None = None
    nature: str | None = None
    ie_flag: str | None = None
    days: tuple[str, str] = ("", "")
    day_at: str = ""
    periods: tuple[str, str] = ("", "")
    content: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """How a page is sorted: by a column or a path into the content; then always by number."""

    by: str = "number"
    descending: bool = False


class Searching:
    """Documents by criteria; only reads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(self, search: Search) -> int:
        """Count what a search finds."""
        found = select(func.count()).select_from(documents).where(*self._conditions(search))
        return int(self._connection.scalar(found))

    def page(self, search: Search, order: Order, *, offset: int, limit: int) -> list[DocumentRow]:
        """Return a page of what a search finds, after as many as the pages before hold."""
        by = documents.c[order.by] if order.by in _SORTED else self._at(order.by)
        sorted_by = by.desc().nulls_last() if order.descending else by.asc().nulls_first()
        found = _SELECT.where(*self._conditions(search)).order_by(sorted_by, documents.c.number)
        return rows(self._connection, DocumentRow, found.offset(offset).limit(limit))

    def stream(self, search: Search) -> Iterator[DocumentRow]:
        """Yield all that a search finds, in no order.

        Only a piece is ever in memory, however many there are.
        """
        names = DocumentRow.__dataclass_fields__
        found: Select[Any] = _SELECT.where(*self._conditions(search))
        result = self._connection.library.execute(found, execution_options={"yield_per": CHUNK})
        for row in result:
            yield DocumentRow(**dict(zip(names, row, strict=True)))

    def _conditions(self, search: Search) -> Iterator[ColumnElement[bool]]:
        columns = documents.c
        yield columns.kind == search.kind
        # Of what is archived the content is not here.
        yield columns.archive.is_(None)
        if search.enterprises is not None:
            codes = sorted(search.enterprises)
            places = (self._at(party) if party else columns.enterprise for party in search.parties)
            yield or_(*(place.in_(codes) for place in places))
        if search.states:
            yield columns.state.in_(sorted(search.states))
        if search.without:
            yield columns.state.not_in(sorted(search.without))
        for name in ("message_type", "client_number", "office", "nature", "ie_flag"):
            if (value := getattr(search, name)) is not None:
                yield columns[name] == value
        for name in ("number", "customs_number"):
            if (value := getattr(search, name)) is not None:
                yield _in_family(name, value)
        yield from self._days(search)
        for path, value in search.content.items():
            yield self._at(path) == value

    def _days(self, search: Search) -> Iterator[ColumnElement[bool]]:
        first, last = search.periods
        if first:
            yield documents.c.period >= first
        if last:
            yield documents.c.period <= last
        # Moments are kept as ISO text of China's zone; dates of messages are without hyphens.
        day = (
            self._at(search.day_at)
            if search.day_at
            else func.replace(func.substr(documents.c.created_at, 1, 10), "-", "")
        )
        first, last = search.days
        if first:
            yield day >= first
        if last:
            yield day <= last

    def _at(self, path: str) -> ColumnElement[Any]:
        """Return the text at a path of the content."""
        return at_path(self._connection.dialect.name, documents.c.content, path)


def _in_family(name: str, value: str) -> ColumnElement[bool]:
    """Say that a document, its parent or one of its children has this number.

    As one list of numbers, so that it is found by number and not among all documents of an enterprise.
    """
    named, child = documents.alias(), documents.alias()
    own = select(named.c.number).where(named.c[name] == value)
    parent = select(named.c.parent).where(named.c[name] == value, named.c.parent.is_not(None))
    children = (
        select(child.c.number).join(named, child.c.parent == named.c.number).where(named.c[name] == value)
    )
    return documents.c.number.in_(union(own, parent, children))
