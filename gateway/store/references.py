"""References: what customs last told of account books, cargo manifests and licences, and what was taken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, tuple_
from sqlalchemy.sql.dml import ReturningInsert

from gateway.fields import Fields
from gateway.store.connection import Connection
from gateway.store.statements import columns_of, first, rows, upsert, values_of
from gateway.store.tables import licence_uses, reference_data


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceRow:
    """What customs last told of one account book, cargo manifest or licence (GF-09).

    Attributes:
        kind: The body's element name, for example `AccountBook`.
        key: What names it among its kind.
        enterprise: Whose it is; empty where it is nobody's.
        told_at: Customs' own time of the update; a later one replaces an earlier one.
        receipt_id: The receipt that brought it, which leads to its raw bytes.
        message_id: The id of customs' message.
    """

    kind: str
    key: str
    enterprise: str
    valid_from: str | None
    valid_until: str | None
    told_at: datetime
    content: Fields
    receipt_id: int
    message_id: str
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UseRow:
    """What one manifest takes of a licence (MF-08)."""

    number: str
    licence: str
    goods_code: str
    unit: str
    quantity: Decimal


# Kind and key.
_Place = tuple[str, str]
# The manifests of an enterprise come one after another, and large books are not to fill the memory.
_REMEMBERED = 4

_SELECT = select(*columns_of(reference_data, ReferenceRow))
_GET = _SELECT.where(
    reference_data.c.kind == bindparam("kind"), reference_data.c.key == bindparam("key")
).limit(1)
_BEGINNING = _SELECT.where(
    reference_data.c.kind == bindparam("kind"),
    reference_data.c.key >= bindparam("start"),
    reference_data.c.key < bindparam("end"),
).order_by(reference_data.c.key)
_LOCK = _GET.with_for_update()
_SELECT_USES = select(*columns_of(licence_uses, UseRow))
_USED = _SELECT_USES.where(
    licence_uses.c.licence == bindparam("licence"), licence_uses.c.number != bindparam("besides")
).order_by(licence_uses.c.number, licence_uses.c.goods_code, licence_uses.c.unit)
_FORGET = delete(licence_uses).where(licence_uses.c.number == bindparam("_number"))
_USE = insert(licence_uses)


class References:
    """Reference data by kind and key, and how much of each licence is taken by which manifest."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._read: dict[_Place, ReferenceRow | None] = {}
        self._kept: set[_Place] = set()

    def keep(self, row: ReferenceRow) -> ReferenceRow | None:
        """Keep what customs told, unless it told as much or more before: then return what stands."""
        # A savepoint may undo it, so that what is read from now on is not remembered.
        self._kept.add((row.kind, row.key))
        kept = self._connection.execute(_keep(self._connection.dialect.name), values_of(row))
        return None if kept.first() is not None else self.get(row.kind, row.key)

    def get(self, kind: str, key: str) -> ReferenceRow | None:
        """Return one as customs last told it; read once in a transaction, for a book has up to 9,999 items.

        Its content belongs to all who asked: nobody may change it.
        """
        place = (kind, key)
        if place in self._kept:
            return first(self._connection, ReferenceRow, _GET, kind=kind, key=key)
        if place not in self._read:
            if len(self._read) >= _REMEMBERED:
                self._read.clear()
            self._read[place] = first(self._connection, ReferenceRow, _GET, kind=kind, key=key)
        return self._read[place]

    def beginning(self, kind: str, start: str) -> list[ReferenceRow]:
        """Return those whose key begins so, in the order of their keys."""
        end = start[:-1] + chr(ord(start[-1]) + 1)
        return rows(self._connection, ReferenceRow, _BEGINNING, kind=kind, start=start, end=end)

    def lock(self, kind: str, key: str) -> ReferenceRow | None:
        """Return one; until this transaction ends nobody else locks or changes it (MF-08).

        Who adds up what is used of a licence and then uses more of it locks it first. Releasing needs
        no lock: it can only leave more than was counted.
        """
        return first(self._connection, ReferenceRow, _LOCK, kind=kind, key=key)

    def listing(
        self, *, kind: str | None, limit: int, after: tuple[str, str] = ("", "")
    ) -> list[ReferenceRow]:
        """Return a page by kind and key; `after` is the last kind and key of the page before."""
        place = (reference_data.c.kind, reference_data.c.key)
        found = _SELECT.where(tuple_(*place) > after).order_by(*place).limit(limit)
        if kind is not None:
            found = found.where(reference_data.c.kind == kind)
        return rows(self._connection, ReferenceRow, found)

    def use(self, number: str, uses: Iterable[UseRow]) -> None:
        """Put what a manifest takes of licences in the place of what it took before; nothing releases it."""
        self._connection.execute(_FORGET, {"_number": number})
        totals: dict[tuple[str, str, str], Decimal] = {}
        for use in uses:
            place = (use.licence, use.goods_code, use.unit)
            totals[place] = totals.get(place, Decimal()) + use.quantity
        if totals:
            self._connection.execute_many(
                _USE, [_use(number, *place, total) for place, total in totals.items()]
            )

    def used(self, licence: str, besides: str = "") -> list[UseRow]:
        """Return what all manifests but one take of a licence (MF-08)."""
        return rows(self._connection, UseRow, _USED, licence=licence, besides=besides)


def _use(number: str, licence: str, goods_code: str, unit: str, quantity: Decimal) -> dict[str, Any]:
    row = UseRow(number=number, licence=licence, goods_code=goods_code, unit=unit, quantity=quantity)
    return values_of(row)


@cache
def _keep(dialect: str) -> ReturningInsert[Any]:
    made = upsert(reference_data, dialect)
    replaced = {c.name: made.excluded[c.name] for c in reference_data.c if not c.primary_key}
    newer = made.on_conflict_do_update(
        index_elements=["kind", "key"],
        set_=replaced,
        where=reference_data.c.told_at < made.excluded.told_at,
    )
    return newer.returning(reference_data.c.kind)
