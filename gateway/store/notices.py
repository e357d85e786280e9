"""Notices: what the ERP is told, from being written to being delivered (ER-06)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, select, update

from gateway.store.connection import Connection
from gateway.store.rows import NoticeRow
from gateway.store.statements import LIMIT, columns_of, one_of, pieces, rows, values_of
from gateway.store.states import NoticeState
from gateway.store.tables import notices, raw

_SELECT = select(*columns_of(notices, NoticeRow))
# The replies to large files are many megabytes each, and a batch is in memory as a whole.
_MOST_BYTES = 64 * 1024 * 1024
_TAKE = (
    select(raw.c.size, *columns_of(notices, NoticeRow))
    .join_from(notices, raw, raw.c.digest == notices.c.digest)
    .where(notices.c.state == NoticeState.TO_DELIVER, notices.c.partner == bindparam("partner"))
    .order_by(notices.c.id)
    .limit(LIMIT)
    .with_for_update(skip_locked=True, of=notices)
)
_NAMES = tuple(NoticeRow.__dataclass_fields__)
_INSERT = insert(notices)
_DELIVERED = update(notices).where(notices.c.id.in_(bindparam("_ids", expanding=True)))
_COUNT = select(func.count()).where(
    notices.c.number == bindparam("number"),
    notices.c.kind == bindparam("kind"),
    notices.c.partner == bindparam("partner"),
)


class Notices:
    """What waits for the channels of the partners."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, *told: NoticeRow) -> None:
        """Keep notices, to be delivered in this order."""
        self._connection.execute_many(_INSERT, [values_of(row, without="id") for row in told])

    def take(self, partner: str, limit: int) -> list[NoticeRow]:
        """Take what a partner is to be told, oldest first; nobody else gets it before this transaction ends.

        Each partner is taken alone, so that a channel that is down keeps nobody else waiting. Of large
        ones fewer are taken, so that they fit into memory together.
        """
        found, taken = self._connection.execute(_TAKE, {"partner": partner, "limit": limit}), 0
        result: list[NoticeRow] = []
        for size, *values in found:
            taken += size
            if result and taken > _MOST_BYTES:
                break
            result.append(NoticeRow(**dict(zip(_NAMES, values, strict=True))))
        return result

    def take_to_make(self, kinds: Iterable[str], limit: int) -> list[NoticeRow]:
        """Take what is to be made before it can be delivered, of some kinds, oldest first."""
        return rows(self._connection, NoticeRow, _take_to_make(*kinds), limit=limit)

    def made(self, notice: int, digest: str) -> None:
        """Let a notice be delivered as these bytes; one that another gateway has made already stays."""
        changed = update(notices).where(notices.c.id == notice, notices.c.state == NoticeState.TO_MAKE)
        self._connection.execute(changed.values(state=NoticeState.TO_DELIVER, digest=digest))

    def count(self, partner: str, kind: str, number: str) -> int:
        """Count the notices of a kind that a partner has had about a document."""
        asked = {"partner": partner, "kind": kind, "number": number}
        return int(self._connection.execute(_COUNT, asked).scalar())

    def about(self, number: str, kind: str) -> list[NoticeRow]:
        """Return the notices of a kind that partners have had about a document, oldest first."""
        found = _SELECT.where(notices.c.number == number, notices.c.kind == kind).order_by(notices.c.id)
        return rows(self._connection, NoticeRow, found)

    def of(self, number: str) -> list[NoticeRow]:
        """Return all notices that partners have had about a document, oldest first."""
        found = _SELECT.where(notices.c.number == number).order_by(notices.c.id)
        return rows(self._connection, NoticeRow, found)

    def named(self, partner: str, names: Iterable[str]) -> list[NoticeRow]:
        """Return a partner's notices about no one document by name; this looks through all of those."""
        asked = (notices.c.number.is_(None), notices.c.partner == partner, notices.c.name.in_(sorted(names)))
        return rows(self._connection, NoticeRow, _SELECT.where(*asked).order_by(notices.c.id))

    def delivered(self, ids: Iterable[int]) -> None:
        """Note that the channel has taken these."""
        told = {"state": NoticeState.DELIVERED, "delivered_at": self._now}
        for piece in pieces(sorted(ids)):
            self._connection.execute(_DELIVERED, {"_ids": piece, **told})

    def park(self, notice: int) -> None:
        """Leave a notice that its channel can never take to a person; one that another delivered stays."""
        changed = update(notices).where(notices.c.id == notice, notices.c.state != NoticeState.DELIVERED)
        self._connection.execute(changed.values(state=NoticeState.PARKED))


@cache
def _take_to_make(*kinds: str) -> Select[Any]:
    found = _SELECT.where(notices.c.state == NoticeState.TO_MAKE, one_of(notices.c.kind, kinds))
    return found.order_by(notices.c.id).limit(LIMIT).with_for_update(skip_locked=True)
