"""Interchanges: what arrived, in order of arrival, and what became of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select, text, update

from gateway.store.connection import Connection
from gateway.store.rows import InterchangeRow, SettleRow
from gateway.store.statements import LIMIT, added_once, columns_of, first, pieces, rows, values_of
from gateway.store.states import InterchangeState
from gateway.store.tables import TO_SETTLE, interchanges

_SELECT = select(*columns_of(interchanges, InterchangeRow))
_TAKE = (
    _SELECT.where(interchanges.c.state == InterchangeState.STORED)
    .order_by(interchanges.c.id)
    .limit(LIMIT)
    .with_for_update(skip_locked=True)
)
_TAKE_OF = _TAKE.where(interchanges.c.partner.in_(bindparam("partners", expanding=True)))
_WAITING = (
    select(interchanges.c.partner, func.count())
    .where(interchanges.c.state == InterchangeState.STORED)
    .group_by(interchanges.c.partner)
    .order_by(func.min(interchanges.c.id))
)
_BEGUN = _SELECT.where(interchanges.c.state == InterchangeState.BEGUN).order_by(interchanges.c.id).limit(1)
_TAKE_TO_SETTLE = (
    select(interchanges.c.id, interchanges.c.delivery, interchanges.c.state, interchanges.c.reason)
    .where(text(TO_SETTLE), interchanges.c.partner == bindparam("partner"))
    .where(interchanges.c.state != InterchangeState.BEGUN)
    .order_by(interchanges.c.id)
    .limit(LIMIT)
    .with_for_update(skip_locked=True)
)
_BY_DELIVERY = _SELECT.where(
    interchanges.c.channel == bindparam("channel"), interchanges.c.delivery == bindparam("delivery")
).limit(1)
_SAME = (
    _SELECT.where(
        interchanges.c.partner == bindparam("partner"),
        interchanges.c.digest == bindparam("digest"),
        interchanges.c.id < bindparam("before"),
        interchanges.c.same_as.is_(None),
    )
    .order_by(interchanges.c.id.desc())
    .limit(1)
)
_UPDATE = update(interchanges).where(interchanges.c.id == bindparam("_id"))
_SETTLED = update(interchanges).where(interchanges.c.id.in_(bindparam("_ids", expanding=True)))
_UNSETTLE = _UPDATE.where(interchanges.c.settled_at.is_not(None)).values(settled_at=None)


class Interchanges:
    """Bytes of ERP systems between arriving and being understood."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, row: InterchangeRow) -> InterchangeRow:
        """Keep an interchange and return it with its id; a delivery kept already comes as it is (ER-04)."""
        given = added_once(self._connection, interchanges, values_of(row, without="id"), "id")
        if given is not None:
            return replace(row, id=given)
        delivery = {"channel": row.channel, "delivery": row.delivery}
        known = first(self._connection, InterchangeRow, _BY_DELIVERY, **delivery)
        assert known is not None, "nothing but its delivery can have been there already"
        return known

    def take(self, limit: int, partners: Collection[str] | None = None) -> list[InterchangeRow]:
        """Take what is to be understood, oldest first; nobody else gets it before this transaction ends.

        Args:
            limit: How much at most.
            partners: Of these only; None is all.
        """
        if partners is None:
            return rows(self._connection, InterchangeRow, _TAKE, limit=limit)
        return rows(self._connection, InterchangeRow, _TAKE_OF, limit=limit, partners=sorted(partners))

    def waiting(self) -> dict[str, int]:
        """Count what is to be understood by partner, the one first of whom the oldest waits."""
        return {row[0]: int(row[1]) for row in self._connection.execute(_WAITING)}

    def begin(self, interchange: int) -> None:
        """Note that it is to be obeyed portion by portion."""
        self._settle(interchange, InterchangeState.BEGUN, {})

    def begun(self) -> InterchangeRow | None:
        """Return the oldest interchange that is obeyed portion by portion."""
        return first(self._connection, InterchangeRow, _BEGUN)

    def get(self, interchange: int) -> InterchangeRow:
        """Return one interchange that is there."""
        found = first(self._connection, InterchangeRow, _SELECT.where(interchanges.c.id == interchange))
        assert found is not None, f"interchange {interchange} is not there"
        return found

    def newest(self, before: int | None, limit: int) -> list[InterchangeRow]:
        """Return the newest interchanges, the last one first; or those before one of them."""
        found = _SELECT.order_by(interchanges.c.id.desc()).limit(limit)
        if before is not None:
            found = found.where(interchanges.c.id < before)
        return rows(self._connection, InterchangeRow, found)

    def same(self, partner: str, digest: str, before: int) -> InterchangeRow | None:
        """Return the newest earlier interchange of the same bytes that is no repetition itself (ER-04)."""
        asked = {"partner": partner, "digest": digest, "before": before}
        return first(self._connection, InterchangeRow, _SAME, **asked)

    def take_to_settle(self, partner: str, limit: int) -> list[SettleRow]:
        """Take what its channel is to put away, oldest first: what became of it is committed (ER-05)."""
        found = self._connection.execute(_TAKE_TO_SETTLE, {"partner": partner, "limit": limit})
        return [
            SettleRow(
                id=given,
                delivery=delivery,
                outcome="done" if state == InterchangeState.UNDERSTOOD else "quarantined",
                reason=reason,
            )
            for given, delivery, state, reason in found
        ]

    def settled(self, ids: Iterable[int]) -> None:
        """Note that the channel has put these deliveries away."""
        for piece in pieces(sorted(ids)):
            self._connection.execute(_SETTLED, {"_ids": piece, "settled_at": self._now})

    def came_again(self, interchange: int) -> None:
        """Note that the channel brought the delivery once more, so that it is to be put away (again)."""
        self._connection.execute(_UNSETTLE, {"_id": interchange})

    def understood(
        self, interchange: int, *, mapping: str | None, version: str | None, reply: str | None
    ) -> None:
        """Note by which mapping it was understood, and the digest of its one reply."""
        values = {"mapping": mapping, "mapping_version": version, "reply_digest": reply}
        self._settle(interchange, InterchangeState.UNDERSTOOD, values)

    def repeated(self, interchange: int, *, same_as: int, reply: str | None) -> None:
        """Note that it is the repetition of an earlier one, and gets the same reply."""
        self._settle(interchange, InterchangeState.UNDERSTOOD, {"same_as": same_as, "reply_digest": reply})

    def quarantined(self, interchange: int, *, reason: Any, reply: str | None) -> None:
        """Note that it cannot be read, and why (ER-05)."""
        self._settle(interchange, InterchangeState.QUARANTINED, {"reason": reason, "reply_digest": reply})

    def _settle(self, interchange: int, state: InterchangeState, values: dict[str, Any]) -> None:
        self._connection.execute(_UPDATE, {"_id": interchange, "state": state, **values})
