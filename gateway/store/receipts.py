"""Receipts: what customs answered, stored before it is read, and what became of it (CU-03)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    and_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    type_coerce,
    update,
)

from gateway.store.columns import Words
from gateway.store.connection import Connection
from gateway.store.rows import ReceiptRow
from gateway.store.statements import LIMIT, added, columns_of, first, one_of, pieces, rows, values_of
from gateway.store.states import ReceiptState
from gateway.store.tables import documents, receipts, submissions

# A route and one of its lanes.
Place = tuple[str, int]

_SELECT = select(*columns_of(receipts, ReceiptRow))
_TAKE = (
    _SELECT.where(receipts.c.state == ReceiptState.STORED)
    .order_by(receipts.c.id)
    .limit(LIMIT)
    .with_for_update(skip_locked=True)
)
_PLACE = (receipts.c.channel, receipts.c.lane)
_NAMED = receipts.c.channel + literal(" ", Words) + cast(receipts.c.lane, Words)
_TAKE_OF = _TAKE.where(_NAMED.in_(bindparam("places", expanding=True)))
_WAITING = (
    select(*_PLACE, func.count())
    .where(receipts.c.state == ReceiptState.STORED)
    .group_by(*_PLACE)
    .order_by(func.min(receipts.c.id))
)
_SAME = _SELECT.where(receipts.c.digest.in_(bindparam("digests", expanding=True)))
_FAILED = select(receipts.c.name).where(
    or_(
        receipts.c.digest == bindparam("digest"),
        and_(
            receipts.c.message_id == bindparam("message_id"),
            receipts.c.receipt_type == bindparam("receipt_type"),
            receipts.c.code == bindparam("code"),
        ),
    ),
    one_of(receipts.c.state, (ReceiptState.REFUSED, ReceiptState.UNEXPECTED)),
)
_INSERT = insert(receipts)
_UPDATE = update(receipts).where(receipts.c.id == bindparam("_id"))
# An orphan that names a client's number keeps the type of document that it means, as this very text.
_TYPE_SAID = literal('{"document_type":"', Words) + submissions.c.message_type + literal('"}', Words)
# What correlation asks, in its order: nothing but the message id counts where one is named.
_FITS = or_(
    exists().where(submissions.c.id == receipts.c.message_id),
    and_(
        receipts.c.message_id.is_(None),
        or_(
            exists().where(submissions.c.number == receipts.c.number),
            exists().where(
                documents.c.customs_number == receipts.c.customs_number,
                submissions.c.number == documents.c.number,
            ),
            exists().where(
                submissions.c.client_number == receipts.c.client_number,
                type_coerce(receipts.c.reason, Words) == _TYPE_SAID,
            ),
        ),
    ),
)
_MATCH_AGAIN = (
    update(receipts).where(receipts.c.state == ReceiptState.ORPHAN, _FITS).values(state=ReceiptState.STORED)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptContent:
    """What a receipt was found to say, as far as it could be read.

    Attributes:
        message_id: The message that it answers.
        own_id: Its own message id.
        reason: Why it was not applied, as told to people.
    """

    message_id: str | None = None
    own_id: str | None = None
    receipt_type: str | None = None
    code: str | None = None
    text: str | None = None
    number: str | None = None
    client_number: str | None = None
    customs_number: str | None = None
    reason: Any = None


class Receipts:
    """Answers of customs between arriving and moving a document."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, arrived: Collection[ReceiptRow]) -> list[ReceiptRow]:
        """Keep receipts, and return those that are kept as duplicates from now on, with their ids.

        The same bytes from the same channel under the same name are the same receipt, delivered again
        because its settling was interrupted. The same bytes under another name are kept as a duplicate,
        which no stage takes. A copy of what was refused is read again: the reason may have been ours.
        """
        known = self._same(arrived)
        new, duplicates = [], []
        for row in arrived:
            earlier = known[row.digest]
            if any((each.channel, each.name) == (row.channel, row.name) for each in earlier):
                continue
            if any(each.state != ReceiptState.REFUSED for each in earlier):
                duplicates.append(replace(row, state=ReceiptState.DUPLICATE))
            else:
                new.append(row)
            earlier.append(row)
        self._connection.execute_many(_INSERT, [values_of(row, without="id") for row in new])
        return [added(self._connection, receipts, row) for row in duplicates]

    def take(self, limit: int, places: Collection[Place] | None = None) -> list[ReceiptRow]:
        """Take what is to be read, oldest first; nobody else gets it before this transaction ends.

        Args:
            limit: How much at most.
            places: Of these lanes only; None is all.
        """
        if places is None:
            return rows(self._connection, ReceiptRow, _TAKE, limit=limit)
        named = sorted(f"{route} {lane}" for route, lane in places)
        return rows(self._connection, ReceiptRow, _TAKE_OF, limit=limit, places=named)

    def waiting(self) -> dict[Place, int]:
        """Count what is to be read by lane, the one first in which the oldest waits."""
        return {(route, lane): count for route, lane, count in self._connection.execute(_WAITING)}

    def settle(self, receipt: int, state: ReceiptState, content: ReceiptContent) -> None:
        """Note what a receipt says and what became of it."""
        self._connection.execute(_UPDATE, {"_id": receipt, "state": state, **values_of(content)})

    def failed(self, digest: str, content: ReceiptContent) -> list[str]:
        """Return the names of receipts that were not applied, of these bytes or with this very answer."""
        answer = {name: getattr(content, name) for name in ("message_id", "receipt_type", "code")}
        return sorted(set(self._connection.scalars(_FAILED, {"digest": digest, **answer})))

    def match_again(self) -> int:
        """Let receipts that fitted nothing be read again once what they name is there; return how many.

        Whoever put it there may have committed while the receipt was being read, so that neither saw the
        other: this looks at both when they stand (CU-03).
        """
        return self._connection.execute(_MATCH_AGAIN).rowcount

    def newest(
        self, *, limit: int, number: str | None = None, states: Collection[ReceiptState] = ()
    ) -> list[ReceiptRow]:
        """Return the last receipts to arrive, of a document or in states where asked, in order of arrival."""
        found = _SELECT.where(receipts.c.id > 0)
        if number is not None:
            found = found.where(receipts.c.number == number)
        if states:
            found = found.where(receipts.c.state.in_(sorted(states)))
        return rows(self._connection, ReceiptRow, found.order_by(receipts.c.id.desc()).limit(limit))[::-1]

    def get(self, receipt: int) -> ReceiptRow | None:
        """Return one receipt."""
        return first(self._connection, ReceiptRow, _SELECT.where(receipts.c.id == receipt))

    def listing(
        self,
        *,
        after: int = 0,
        limit: int,
        number: str | None = None,
        message_id: str | None = None,
        states: Collection[ReceiptState] = (),
    ) -> list[ReceiptRow]:
        """Return receipts in order of arrival; `after` is the last id of the page before."""
        found = _SELECT.where(receipts.c.id > after)
        if number is not None:
            found = found.where(receipts.c.number == number)
        if message_id is not None:
            found = found.where(receipts.c.message_id == message_id)
        if states:
            found = found.where(receipts.c.state.in_(sorted(states)))
        return rows(self._connection, ReceiptRow, found.order_by(receipts.c.id).limit(limit))

    def _same(self, arrived: Collection[ReceiptRow]) -> dict[str, list[ReceiptRow]]:
        """Return, by digest, the receipts that are of the same bytes as one of these."""
        known = defaultdict[str, list[ReceiptRow]](list)
        for piece in pieces(sorted({row.digest for row in arrived})):
            for row in rows(self._connection, ReceiptRow, _SAME, digests=piece):
                known[row.digest].append(row)
        return known
