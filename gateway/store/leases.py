"""Leases: which gateways live by the database's clock, and which of them does what only one may do."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Float,
    Text,
    bindparam,
    cast,
    delete,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
    type_coerce,
    update,
)

from gateway.errors import ParkedError
from gateway.store.columns import Moment
from gateway.store.connection import Connection
from gateway.store.statements import added_once, columns_of, rows
from gateway.store.work_tables import leases

# The lease of a gateway itself is called so; all others hold as long as their holder has that one.
GATEWAY: Final = "gateway"
# What all gateways of a database are together, for ever.
INSTALLATION: Final = "installation"
# The lock of whoever has the database alone; any number will do, other than that of the migrations.
ALONE: Final = {"key": 0x6761_7465}
_NOT_ALONE: Final = text("SELECT pg_try_advisory_xact_lock_shared(:key)")


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """What a gateway holds.

    Attributes:
        name: `gateway` and its id for its life, or what it does alone.
        holder: The gateway's id.
        process: The machine and the process, for its life only.
        until: When its life ends if no heartbeat is seen; None as long as its process or its holder lives.
    """

    name: str
    holder: str
    process: str | None
    since: datetime
    until: datetime | None


_SELECT = select(*columns_of(leases, LeaseRow)).order_by(leases.c.since, leases.c.name)
_LIVES = leases.c.name == literal(f"{GATEWAY} ") + leases.c.holder
_alive = leases.alias()
_HOLDER_LIVES = (
    select(_alive.c.name).where(_alive.c.name == literal(f"{GATEWAY} ") + leases.c.holder).exists()
)
_MORTAL = leases.c.name != INSTALLATION
_HELD = select(leases.c.name).where(leases.c.holder == bindparam("_holder"))


class Leases:
    """The rows by which gateways know of each other.

    A gateway lives as long as its row is there: whoever finds that its time has run out removes it, and
    with it everything that it held. A row that is gone never comes back; whoever lost it is another
    gateway from then on, with an id of its own.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._clock = _clock(connection.dialect.name)

    def join(self, holder: str, process: str, seconds: float | None) -> None:
        """Let a new gateway live for so long, or as long as its process.

        Raises:
            ParkedError: `store.runs-already`: somebody has the database alone.
        """
        on_a_server = self._connection.dialect.name == "postgresql"
        if on_a_server and not self._connection.scalar(_NOT_ALONE, ALONE):
            raise ParkedError("store.runs-already", database=self._connection.library.engine.url.database)
        values = {"name": f"{GATEWAY} {holder}", "holder": holder, "process": process, "since": self._clock}
        until = None if seconds is None else _clock(self._connection.dialect.name, later=True)
        asked = {} if seconds is None else {"_seconds": seconds}
        self._connection.execute(insert(leases).values(**values, until=until), asked)

    def installation(self, proposed: str) -> str:
        """Return the name under which all gateways of this database claim at servers: the first one's."""
        row = {"name": INSTALLATION, "holder": proposed}
        now = self._connection.scalar(select(self._clock))
        added_once(self._connection, leases, {**row, "since": now}, "name")
        found = select(leases.c.holder).where(leases.c.name == INSTALLATION)
        return str(self._connection.execute(found).scalar())

    def renew(self, holder: str, seconds: float) -> bool:
        """Let a gateway live on for so long; False where it is gone, and somebody may do its work."""
        until = _clock(self._connection.dialect.name, later=True)
        longer = update(leases).where(leases.c.holder == holder, _LIVES).values(until=until)
        return self._connection.execute(longer, {"_seconds": seconds}).rowcount > 0

    def take(self, names: Iterable[str], holder: str) -> set[str]:
        """Take what of these nobody holds; return all that this gateway holds now."""
        row = {"holder": holder, "since": self._connection.scalar(select(self._clock))}
        # The order is everybody's, so that two who take at once do not lock each other out.
        for name in sorted(names):
            added_once(self._connection, leases, {"name": name, **row}, "name")
        held = set(self._connection.scalars(_HELD, {"_holder": holder}))
        return {name for name in held if not name.startswith(f"{GATEWAY} ")}

    def give(self, names: Collection[str], holder: str) -> None:
        """Let others take what this gateway holds of these."""
        if names:
            theirs = leases.c.holder == holder, leases.c.name.in_(sorted(names))
            self._connection.execute(delete(leases).where(*theirs))

    def living(self) -> list[LeaseRow]:
        """Return every lease that nobody has ended, the oldest first."""
        return rows(self._connection, LeaseRow, _SELECT)

    def bury(self, holders: Collection[str] | None = None) -> None:
        """Remove the gateways whose time has run out, or those named, with all that they held.

        One that renews its lease in this very moment goes first or comes too late; nothing is in between.
        """
        over = leases.c.until < self._clock if holders is None else leases.c.holder.in_(sorted(holders))
        self._connection.execute(delete(leases).where(_LIVES, over))
        self._connection.execute(delete(leases).where(~_HOLDER_LIVES, _MORTAL))

    def bury_all(self) -> None:
        """Remove every gateway: whoever is alone on a database knows that the others are dead."""
        self._connection.execute(delete(leases).where(_MORTAL))

    def soonest(self, besides: str) -> float | None:
        """Return in how many seconds another gateway's time runs out, None where there is no other."""
        found = select(self._clock, leases.c.until).where(_LIVES, leases.c.holder != besides)
        ends = [(until - now).total_seconds() for now, until in self._connection.execute(found) if until]
        return max(0.0, min(ends)) if ends else None

    def all(self) -> list[LeaseRow]:
        """Return what every gateway holds that lives, the oldest first."""
        found = self.living()
        now = self._connection.execute(select(self._clock)).scalar()
        alive = {row.holder for row in found if row.process and _lives(row, now)}
        return [row for row in found if row.holder in alive]


def _lives(row: LeaseRow, now: datetime) -> bool:
    if row.until is not None:
        return row.until > now
    # On SQLite only: a gateway on this machine.
    with suppress(PermissionError):
        try:
            os.kill(int((row.process or "").rpartition(":")[2]), 0)
        except ProcessLookupError:
            return False
    return True


@cache
def _clock(dialect: str, *, later: bool = False) -> ColumnElement[Any]:
    """Return the time by the database's own clock: a machine's may jump, and differ from the next one's."""
    seconds = bindparam("_seconds", type_=Float)
    if dialect == "postgresql":
        more: ColumnElement[Any] = literal_column("interval '1 second'") * (
            seconds if later else literal(0.0, Float)
        )
        at = func.timezone("Asia/Shanghai", func.clock_timestamp() + more)
        told = func.to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.US"+08:00"')
    else:
        after = [cast(seconds, Text) + literal(" seconds", Text)] if later else []
        told = func.strftime("%Y-%m-%dT%H:%M:%f000+08:00", "now", "+8 hours", *after)
    return type_coerce(told, Moment)
