"""Retention: documents that are over, all that they have left, and what stays here once that is archived.

Of an archived document there stay its own row without its content, its history, its messages and
submissions without their words and bytes: what numbers, repetitions and late answers are known by.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)

from gateway.store.columns import Moment
from gateway.store.connection import Connection
from gateway.store.statements import LIMIT, pieces
from gateway.store.states import InterchangeState, NoticeState
from gateway.store.tables import (
    attempts,
    document_versions,
    documents,
    history,
    interchanges,
    licence_uses,
    messages,
    notices,
    raw,
    receipts,
    relations,
    submissions,
)

Rows = list[dict[str, Any]]
# The states of each kind from which nothing leads on.
Finals = Mapping[str, Collection[str]]

_MONTHS = (
    select(documents.c.enterprise, documents.c.period)
    .where(documents.c.period.is_not(None))
    .distinct()
    .order_by(documents.c.period, documents.c.enterprise)
)
_PAGE = (
    select(documents.c.number)
    .where(
        *(documents.c[name] == bindparam(name) for name in ("enterprise", "kind", "period", "state")),
        documents.c.archive.is_(None),
        documents.c.updated_at < bindparam("before", type_=Moment),
        documents.c.number > bindparam("after"),
    )
    .order_by(documents.c.number)
    .limit(LIMIT)
)
# What is found by the number of its document.
_OF_DOCUMENT: Final = (
    (document_versions, document_versions.c.number, document_versions.c.version),
    (history, history.c.number, history.c.id),
    (submissions, submissions.c.number, submissions.c.seq),
    (notices, notices.c.number, notices.c.id),
    (messages, messages.c.document_number, messages.c.id),
    (licence_uses, licence_uses.c.number, licence_uses.c.licence),
)
_BYTES: Final = {
    "submissions": ("unsigned_digest", "signed_digest", "sent_digest"),
    "receipts": ("digest",),
    "notices": ("digest",),
    "interchanges": ("digest", "reply_digest"),
}
_UNTOLD = (NoticeState.TO_MAKE, NoticeState.TO_DELIVER, NoticeState.PARKED)
_OVER = (InterchangeState.UNDERSTOOD, InterchangeState.DROPPED)


@dataclass(frozen=True, slots=True)
class Kept:
    """A document with all that it has left.

    Attributes:
        row: Its own row.
        left: The rows of each other table, by the table's name.
    """

    row: Mapping[str, Any]
    left: dict[str, Rows] = field(default_factory=dict)

    @property
    def number(self) -> str:
        """Its unified number."""
        return str(self.row["number"])

    def outline(self) -> Kept:
        """Return the same without its contents: all that is needed to take it out."""
        named = {name: self.row[name] for name in ("number", "kind", "version")}
        return Kept(
            named,
            {
                table: [
                    {name: row[name] for name in ("id", *_BYTES.get(table, ()))} for row in self.rows(table)
                ]
                for table in ("attempts", "messages", *_BYTES)
            },
        )

    def digests(self) -> set[str]:
        """Return under which digests its bytes are kept."""
        return {
            row[name]
            for table, names in _BYTES.items()
            for row in self.rows(table)
            for name in names
            if row[name]
        }

    def rows(self, table: str) -> Rows:
        """Return what it has left in a table."""
        return self.left.get(table, [])

    def ids(self, table: str, key: str = "id") -> list[Any]:
        """Return the keys of what it has left in a table."""
        return [row[key] for row in self.rows(table)]


class Retention:
    """What is to be archived, and taking it out; the bytes themselves are `raw`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def months(self) -> list[tuple[str, str]]:
        """Return every enterprise with each of its months, the oldest first."""
        return [(enterprise, period) for enterprise, period in self._connection.execute(_MONTHS)]

    def some(self, enterprise: str, period: str, states: Finals, limit: int) -> list[str]:
        """Return a few of the documents of a month that are in one of these states."""
        found = select(documents.c.number).where(
            documents.c.enterprise == enterprise, documents.c.period == period, _in(states)
        )
        return self._connection.scalars(found.limit(limit))

    def young(self, finals: Finals, before: datetime) -> int:
        """Count the documents that are over and have changed since a moment.

        Those of later months have; they are counted in an index alone, because most of a store is so young.
        Of them those count, too, that an earlier call has archived because its moment was later.
        """
        found = select(func.count()).select_from(documents).where(_in(finals))
        month, last = documents.c.period, f"{before:%Y%m}"
        changed = and_(documents.c.archive.is_(None), documents.c.updated_at >= before)
        which = (month > last,), (month <= last, changed), (month.is_(None), changed)
        return sum(int(self._connection.scalar(found.where(*each))) for each in which)

    def page(
        self, month: tuple[str, str], among: tuple[str, str], before: datetime, after: str, limit: int
    ) -> list[str]:
        """Return, by number, documents of an enterprise's month, a kind and a state that are not archived.

        Only those are meant that have not changed since a moment.
        """
        asked = dict(zip(("enterprise", "period", "kind", "state"), (*month, *among), strict=True))
        return self._connection.scalars(_PAGE, {**asked, "before": before, "after": after, "limit": limit})

    def gather(self, numbers: Sequence[str]) -> list[Kept]:
        """Return documents with all that they have left."""
        kept = {row["number"]: Kept(row) for row in self._rows(documents, documents.c.number, numbers)}
        for table, column, order in _OF_DOCUMENT:
            for row in self._rows(table, column, numbers, order):
                kept[row[column.name]].left.setdefault(table.name, []).append(row)
        self._add(kept, attempts, attempts.c.submission_id, "submissions", "id")
        self._add(kept, interchanges, interchanges.c.id, "messages", "interchange_id")
        self._add(kept, receipts, receipts.c.message_id, "submissions", "id")
        for column in (relations.c.manifest_number, relations.c.declaration_number):
            for row in self._rows(relations, column, numbers):
                kept[row[column.name]].left.setdefault(relations.name, []).append(row)
        for row in self._rows(receipts, receipts.c.number, numbers, receipts.c.id):
            there = kept[row["number"]].left.setdefault(receipts.name, [])
            if row not in there:
                there.append(row)
        # Copies of the same bytes under other names were never read, and name nothing.
        self._add(kept, receipts, receipts.c.digest, "receipts", "digest")
        return list(kept.values())

    def held(self, kept: Sequence[Kept], finals: Finals, before: datetime) -> set[str]:
        """Return those whose parent, child, or other side of a merge is not over, or has changed since.

        What proves one of them proves the others: they go when all of them may.
        """
        numbers = [each.number for each in kept]
        changed = and_(documents.c.archive.is_(None), documents.c.updated_at >= before)
        open_ = or_(~_in(finals), changed)
        children = select(documents.c.parent).where(documents.c.parent.in_(numbers), open_).distinct()
        found = set(self._connection.scalars(children))
        others = {
            each.number: {
                *filter(None, (each.row["parent"],)),
                *each.ids("relations", "manifest_number"),
                *each.ids("relations", "declaration_number"),
            }
            for each in kept
        }
        named = sorted({other for each in others.values() for other in each})
        waiting: set[str] = set()
        # A declaration may merge thousands of manifests.
        for piece in pieces(named):
            unfinished = select(documents.c.number).where(documents.c.number.in_(piece), open_)
            waiting |= set(self._connection.scalars(unfinished))
        return found | {number for number, each in others.items() if each & waiting}

    def archive(self, kept: Sequence[Kept], file: str) -> list[Kept]:
        """Take out what is in an archive now; return those that were still as they were archived.

        A receipt that came meanwhile, and the bytes of whatever else still refers to them, stay.
        """
        done = self._lock(kept)
        numbers = [each.number for each in done]
        for table, column, keys in (
            (document_versions, document_versions.c.number, numbers),
            *((table, table.c.id, _all(done, table.name)) for table in (attempts, notices, receipts)),
        ):
            self._connection.execute(delete(table).where(column.in_(keys)))
        mine = documents.c.number.in_(numbers)
        self._connection.execute(update(documents).where(mine).values(content={}, archive=file))
        for side in (relations.c.manifest_number, relations.c.declaration_number):
            self._connection.execute(delete(relations).where(side.in_(numbers), ~_needed_by_a_side()))
        about = messages.c.id.in_(_all(done, "messages"))
        self._connection.execute(update(messages).where(about).values(reply=None))
        self._empty({digest for each in done for digest in each.digests()} - self._needed(done))
        over = [row["id"] for each in done for row in each.left.get("interchanges", ())]
        done_with = and_(interchanges.c.id.in_(over), ~_obeyed_for_others(interchanges))
        self._connection.execute(update(interchanges).where(done_with).values(reply_digest=None))
        return done

    def _lock(self, kept: Sequence[Kept]) -> list[Kept]:
        numbers = [each.number for each in kept]
        there = select(documents.c.number, documents.c.version).where(
            documents.c.number.in_(numbers), documents.c.archive.is_(None)
        )
        found = self._connection.execute(there.order_by(documents.c.number).with_for_update())
        versions = {row[0]: row[1] for row in found}
        return [each for each in kept if versions.get(each.number) == each.row["version"]]

    def _needed(self, done: Sequence[Kept]) -> set[str]:
        """Return digests of what is archived that something else refers to, which may still be read."""
        digests = sorted({digest for each in done for digest in each.digests()})
        # Waits for whoever has just found these bytes; see `Raw.put`.
        locked = select(raw.c.digest).where(raw.c.digest.in_(digests)).order_by(raw.c.digest)
        self._connection.execute(locked.with_for_update())
        needed = set(
            self._connection.scalars(select(receipts.c.digest).where(receipts.c.digest.in_(digests)))
        )
        untold = select(notices.c.digest).where(notices.c.state.in_(_UNTOLD), notices.c.digest.in_(digests))
        needed |= set(self._connection.scalars(untold))
        unread = or_(interchanges.c.state.not_in(_OVER), _obeyed_for_others(interchanges))
        same = select(interchanges.c.digest).where(interchanges.c.digest.in_(digests), unread)
        needed |= set(self._connection.scalars(same))
        mine = _all(done, "interchanges")
        replied = select(interchanges.c.reply_digest).where(
            interchanges.c.id.in_(mine), _obeyed_for_others(interchanges)
        )
        return needed | set(self._connection.scalars(replied))

    def _empty(self, digests: Iterable[str]) -> None:
        emptied = update(raw).where(raw.c.digest.in_(sorted(digests)))
        self._connection.execute(emptied.values(bytes=b""))

    def _add(
        self, kept: Mapping[str, Kept], table: Table, column: Column[Any], source: str, name: str
    ) -> None:
        """Add the rows of a table to which, or from which, rows of another lead that are there already."""
        owners: dict[Any, list[Kept]] = {}
        for each in kept.values():
            for key in set(each.ids(source, name)):
                owners.setdefault(key, []).append(each)
        (order,) = table.primary_key.columns
        for row in self._rows(table, column, sorted(owners), order):
            for owner in owners[row[column.name]]:
                there = owner.left.setdefault(table.name, [])
                if row not in there:
                    there.append(row)

    def _rows(
        self, table: Table, column: Column[Any], values: Sequence[Any], order: Column[Any] | None = None
    ) -> Rows:
        made: Rows = []
        for piece in pieces(values):
            found = select(table).where(column.in_(piece))
            found = found if order is None else found.order_by(order)
            made += [dict(row) for row in self._connection.library.execute(found).mappings()]
        return made


def _in(states: Finals) -> ColumnElement[bool]:
    return or_(
        *(
            and_(documents.c.kind == kind, documents.c.state.in_(sorted(each)))
            for kind, each in states.items()
        )
    )


def _obeyed_for_others(table: Table) -> ColumnElement[bool]:
    """Say that a file has made or changed a document that is not archived."""
    return exists().where(
        messages.c.interchange_id == table.c.id,
        documents.c.number == messages.c.document_number,
        documents.c.archive.is_(None),
    )


def _needed_by_a_side() -> ColumnElement[bool]:
    """Say that a document on either side of a merge relation is not archived, and is to be proved by it."""
    sides = (relations.c.manifest_number, relations.c.declaration_number)
    return exists().where(documents.c.number.in_(sides), documents.c.archive.is_(None))


def _all(done: Sequence[Kept], table: str) -> list[Any]:
    return sorted({key for each in done for key in each.ids(table)})
