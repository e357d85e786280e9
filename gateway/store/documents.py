"""Documents: found in every way that stages ask for; changing them is `changes`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from sqlalchemy import bindparam, exists, func, select

from gateway.store.changes import apply_changes
from gateway.store.connection import Connection
from gateway.store.listing import DocumentFilter, listed
from gateway.store.numbers import next_number
from gateway.store.rows import ChangeRow, DocumentRow, HistoryRow, ListedDocument, VersionRow
from gateway.store.statements import CHUNK, columns_of, first, rows
from gateway.store.states import SubmissionState
from gateway.store.tables import document_versions, documents, history, submissions

_SELECT = select(*columns_of(documents, DocumentRow))
_SELECT_LISTED = select(*columns_of(documents, ListedDocument))
_BY_NUMBER = _SELECT.where(documents.c.number == bindparam("number")).limit(1)
_BY_NUMBER_LOCKED = _BY_NUMBER.with_for_update(read=True)
_BY_CLIENT_NUMBER = (
    _SELECT.where(
        documents.c.partner == bindparam("partner"),
        documents.c.kind == bindparam("kind"),
        documents.c.client_number == bindparam("client_number"),
    )
    .order_by(documents.c.number.desc())
    .limit(1)
)
_BY_CUSTOMS_NUMBER = (
    _SELECT.where(documents.c.customs_number == bindparam("customs_number"))
    .order_by(documents.c.kind.desc(), documents.c.number.desc())
    .limit(1)
)
_OF_KIND_BY_CUSTOMS_NUMBER = _BY_CUSTOMS_NUMBER.where(documents.c.kind == bindparam("kind"))
_QUALIFICATIONS_ANYWHERE = _SELECT.where(
    documents.c.enterprise == bindparam("enterprise"),
    documents.c.kind == "qualification",
    documents.c.nature == bindparam("nature"),
).order_by(documents.c.number)
_QUALIFICATIONS = _QUALIFICATIONS_ANYWHERE.where(documents.c.office == bindparam("office"))
_NOT_UNDER_WAY = (
    SubmissionState.HELD,
    SubmissionState.RECALLED,
    SubmissionState.ON_PAPER,
    SubmissionState.FAILED,
)
_CHILDREN = _SELECT.where(documents.c.parent == bindparam("parent")).order_by(documents.c.number)


class Documents:
    """Every document in its present form, with its history and the contents that it has had."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def next_number(self, letter: str, at: datetime) -> str:
        """Return a unified number that no document has: a letter, the year, thirteen digits.

        Numbers of one letter rise; one drawn in a transaction that is undone is nobody's.
        """
        return next_number(self._connection, letter, at)

    def put(self, changes: Iterable[ChangeRow]) -> list[DocumentRow]:
        """Write documents as they are to be, if each is found as expected; return them with their version.

        Raises:
            RetryError: `store.changed-meanwhile`: another was faster with one of them; what was written
                before is undone by the savepoint or transaction that this error leaves.
        """
        return apply_changes(self._connection, changes, self._now)

    def get(self, number: str) -> DocumentRow | None:
        """Return one document."""
        return first(self._connection, DocumentRow, _BY_NUMBER, number=number)

    def lock(self, number: str) -> DocumentRow | None:
        """Return one document, which nobody else changes until this transaction ends."""
        return first(self._connection, DocumentRow, _BY_NUMBER_LOCKED, number=number)

    def by_client_number(self, partner: str, kind: str, client_number: str) -> DocumentRow | None:
        """Return the newest document of a partner's own number."""
        asked = {"partner": partner, "kind": kind, "client_number": client_number}
        return first(self._connection, DocumentRow, _BY_CLIENT_NUMBER, **asked)

    def by_customs_number(self, customs_number: str, kind: str | None = None) -> DocumentRow | None:
        """Return the newest document that customs gave this number, of a kind when one is named."""
        if kind is None:
            return first(self._connection, DocumentRow, _BY_CUSTOMS_NUMBER, customs_number=customs_number)
        asked = {"customs_number": customs_number, "kind": kind}
        return first(self._connection, DocumentRow, _OF_KIND_BY_CUSTOMS_NUMBER, **asked)

    def qualifications(self, enterprise: str, office: str | None, nature: str) -> list[DocumentRow]:
        """Return the qualifications of an enterprise at an office in every state, oldest first (QF-11).

        Args:
            enterprise: Its code.
            office: None is every office.
            nature: Of the goods.
        """
        asked = {"enterprise": enterprise, "nature": nature}
        if office is None:
            return rows(self._connection, DocumentRow, _QUALIFICATIONS_ANYWHERE, **asked)
        return rows(self._connection, DocumentRow, _QUALIFICATIONS, office=office, **asked)

    def volume(self, customs_number: str) -> DocumentRow | None:
        """Return the volume that customs gave this number (MF-04)."""
        return self.by_customs_number(customs_number, "volume")

    def children(self, number: str) -> list[DocumentRow]:
        """Return what belongs to a document: volumes of a qualification, declarations of a run."""
        return rows(self._connection, DocumentRow, _CHILDREN, parent=number)

    def manifests(self, enterprise: str, period: str, states: Collection[str]) -> Iterator[DocumentRow]:
        """Yield the manifests of a month by number, a piece at a time, so that a month may be any size.

        Documents may be changed while this goes on: each manifest comes once, as it was when its
        piece was read.
        """
        asked = _SELECT.where(
            documents.c.enterprise == enterprise,
            documents.c.kind == "manifest",
            documents.c.period == period,
            documents.c.state.in_(sorted(states)),
        )
        last = ""
        while True:
            found = asked.where(documents.c.number > last).order_by(documents.c.number).limit(CHUNK)
            piece = rows(self._connection, DocumentRow, found)
            yield from piece
            if len(piece) < CHUNK:
                return
            last = piece[-1].number

    def amended(self, enterprise: str, period: str, states: Collection[str]) -> set[str]:
        """Return the manifests of a month that have an amendment in one of the states (AM-07)."""
        found = select(documents.c.parent).where(
            documents.c.enterprise == enterprise,
            documents.c.kind == "amendment",
            documents.c.period == period,
            documents.c.state.in_(sorted(states)),
        )
        return {number for number in self._connection.scalars(found) if number}

    def listing(self, asked: DocumentFilter, *, limit: int, after: str = "") -> list[ListedDocument]:
        """Return a page of documents by number; `after` is the last number of the page before."""
        return listed(self._connection, asked, limit, after)

    def awaiting(self, kind: str, states: Collection[str], *, limit: int) -> list[ListedDocument]:
        """Return the documents in these states whose messages are on their way: none held, none parked."""
        later = submissions.alias()
        newest = select(func.max(later.c.seq)).where(later.c.number == submissions.c.number)
        on_the_way = exists().where(
            submissions.c.number == documents.c.number,
            submissions.c.seq == newest.correlate(submissions).scalar_subquery(),
            submissions.c.state.not_in(_NOT_UNDER_WAY),
        )
        found = _SELECT_LISTED.where(
            documents.c.kind == kind, documents.c.state.in_(sorted(states)), on_the_way
        )
        return rows(self._connection, ListedDocument, found.order_by(documents.c.number).limit(limit))

    def history(self, number: str) -> list[HistoryRow]:
        """Return every change of a document, oldest first."""
        found = select(*columns_of(history, HistoryRow)).where(history.c.number == number)
        return rows(self._connection, HistoryRow, found.order_by(history.c.version))

    def versions(self, number: str) -> list[VersionRow]:
        """Return every content that a document has had, with the version that brought it, oldest first."""
        found = select(*columns_of(document_versions, VersionRow)).where(document_versions.c.number == number)
        return rows(self._connection, VersionRow, found.order_by(document_versions.c.version))
