"""The audit trail: what operators did and how documents moved, sealed in a chain that shows every change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Select, Table, func, insert, select, update

from gateway.store.connection import Connection
from gateway.store.statements import rows
from gateway.store.tables import history
from gateway.store.work_tables import acts, seals

# What is sealed, in this order.
_TRAILS: Final = {"acts": acts, "history": history}
_UNSEALED: Final = [select(each.c.id).where(each.c.seal.is_(None)).limit(1) for each in _TRAILS.values()]
_START: Final = "0" * 64
_PAGE: Final = 1000
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Act:
    """What an operator did: who by the operating system, what, to which, and with which words."""

    id: int
    at: datetime
    operator: str
    act: str
    subject: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal: `chain` is the SHA-256 of the chain's value before it, the digest of its rows, and its time."""

    id: int
    at: datetime
    rows: int
    digest: str
    chain: str
    before: str

    @property
    def moment(self) -> str:
        """The time as it is chained."""
        return _moment(self.at)


@dataclass(frozen=True, slots=True)
class Broken:
    """A seal that does not hold.

    Attributes:
        seal: Its number.
        at: When it was set.
        expected: How many rows it sealed, and how many are there.
        found: How many rows carry it now.
        chained: Whether it stands, with its time, on the seal before it as that is now.
    """

    seal: int
    at: datetime
    expected: int
    found: int
    chained: bool


@dataclass(frozen=True, slots=True)
class Trail:
    """What an examination of the trail came to.

    Attributes:
        seals: How many there are.
        rows: How many rows they seal.
        unsealed: How many rows wait for their seal.
        head: The chain's last value: kept elsewhere, it proves later that nothing before was replaced.
        broken: Every seal that does not hold.
    """

    seals: int
    rows: int
    unsealed: int
    head: str
    broken: tuple[Broken, ...]


class Audit:
    """Rows are added in the transaction of what they tell of, and sealed soon after, many at once.

    A seal digests its rows, has its time in the chain, and stands on the seal before it, so that a row that
    is changed, removed or put in later shows, and so does another time. Chaining each row as it is written
    would make all writers wait for each other.
    """

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def act(self, operator: str, act: str, subject: str, detail: Mapping[str, Any]) -> None:
        """Note what an operator does."""
        row = {"at": self._now, "operator": operator, "act": act, "subject": subject, "detail": dict(detail)}
        self._connection.execute(insert(acts), row)

    def acts(self, limit: int) -> list[Act]:
        """Return the last acts, newest first."""
        found = select(*(acts.c[name] for name in Act.__dataclass_fields__)).order_by(acts.c.id.desc())
        return rows(self._connection, Act, found.limit(limit))

    def acts_about(self, subject: str) -> list[Act]:
        """Return what operators did to one thing, oldest first."""
        found = select(*(acts.c[name] for name in Act.__dataclass_fields__)).where(acts.c.subject == subject)
        return rows(self._connection, Act, found.order_by(acts.c.id))

    def seals_of(self, number: str) -> dict[int, Seal]:
        """Return the seal of each version of a document whose change is sealed."""
        earlier = seals.alias()
        before = (
            select(earlier.c.chain)
            .where(earlier.c.id < seals.c.id)
            .order_by(earlier.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        found = (
            select(history.c.version, seals, before.label("before"))
            .join(seals, seals.c.id == history.c.seal)
            .where(history.c.number == number)
            .order_by(history.c.version)
        )
        return {
            row.version: Seal(row.id, row.at, row.rows, row.digest, row.chain, row.before or _START)
            for row in self._connection.library.execute(found)
        }

    def seal(self, limit: int) -> str | None:
        """Seal at most so many rows of each kind that have none; return the chain's new value, if any.

        One process does it at a time: another waits for this transaction, and goes on from its seal.
        """
        if self._connection.dialect.name == "postgresql":
            self._connection.say("LOCK TABLE seals IN SHARE ROW EXCLUSIVE MODE")
        last = select(seals.c.chain).where(seals.c.id == select(func.max(seals.c.id)).scalar_subquery())
        before: str = self._connection.execute(last).scalar() or _START
        taken = {name: self._unsealed(table, limit) for name, table in _TRAILS.items()}
        count = sum(map(len, taken.values()))
        if not count:
            return None
        digest = _digest(taken)
        chain = _chain(before, digest, self._now)
        values = {"at": self._now, "rows": count, "digest": digest, "chain": chain}
        number = self._connection.scalar(insert(seals).returning(seals.c.id), values)
        for name, found in taken.items():
            table = _TRAILS[name]
            ids = [row["id"] for row in found]
            self._connection.execute(update(table).where(table.c.id.in_(ids)).values(seal=number))
        return chain

    def verify(self) -> Trail:
        """Compute every seal anew."""
        broken: list[Broken] = []
        count, total, before = 0, 0, _START
        # A gateway of years has more seals than memory is for.
        every = self._connection.library.execute(
            select(seals).order_by(seals.c.id), execution_options={"yield_per": _PAGE}
        )
        for seal in every:
            found = {name: self._sealed(table, seal.id) for name, table in _TRAILS.items()}
            there = sum(map(len, found.values()))
            chained = seal.chain == _chain(before, seal.digest, seal.at)
            if not (chained and there == seal.rows and _digest(found) == seal.digest):
                broken.append(Broken(seal.id, seal.at, seal.rows, there, chained))
            count, total, before = count + 1, total + seal.rows, seal.chain
        return Trail(count, total, self._count_unsealed(), before, tuple(broken))

    def waits(self) -> bool:
        """Tell whether anything has no seal yet."""
        return any(self._connection.execute(unsealed).first() for unsealed in _UNSEALED)

    def holds(self, head: str) -> bool:
        """Tell whether the chain ever had this value."""
        found = select(seals.c.id).where(seals.c.chain == head).limit(1)
        return self._connection.execute(found).first() is not None

    def _unsealed(self, table: Table, limit: int) -> Rows:
        return self._rows(select(table).where(table.c.seal.is_(None)).order_by(table.c.id).limit(limit))

    def _sealed(self, table: Table, seal: int) -> Rows:
        return self._rows(select(table).where(table.c.seal == seal).order_by(table.c.id))

    def _rows(self, found: Select[Any]) -> Rows:
        return [dict(row) for row in self._connection.library.execute(found).mappings()]

    def _count_unsealed(self) -> int:
        waiting = [select(func.count()).where(table.c.seal.is_(None)) for table in _TRAILS.values()]
        return sum(self._connection.execute(each).scalar() for each in waiting)


def _digest(found: Mapping[str, Rows]) -> str:
    made = sha256()
    for trail, rows_of_it in found.items():
        for row in rows_of_it:
            kept = [trail, {name: value for name, value in row.items() if name != "seal"}]
            text = json.dumps(kept, ensure_ascii=False, sort_keys=True, default=str)
            # What operators write may hold bytes that are no UTF-8; nothing may stop the sealing.
            made.update(text.encode("utf-8", "backslashreplace") + b"\n")
    return made.hexdigest()


def _chain(before: str, digest: str, at: datetime) -> str:
    return sha256(f"{before}{digest}{_moment(at)}".encode()).hexdigest()


def _moment(at: datetime) -> str:
    """Write a time in one form, whatever zone it is given in: `verify.sh` and the evidence have the same."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
