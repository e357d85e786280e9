"""Turns: what several gateways do one after another, each for the length of one transaction."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from typing import Final

from sqlalchemy import text

from gateway.store.connection import Connection

_TRY: Final = text("SELECT pg_try_advisory_xact_lock(:key)")
_WAIT: Final = text("SELECT pg_advisory_xact_lock(:key)")


class Turns:
    """Locks by name that end with the transaction.

    On SQLite whoever may write is alone until its transaction ends, so that it is always one's turn.

    Attributes:
        shared: Whether others may write at the same time at all.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.shared = connection.dialect.name == "postgresql"

    def take(self, names: Collection[str]) -> set[str]:
        """Return the names of which it is one's turn: what is free, or else the first once it becomes so.

        Waiting lets several gateways with the same work alternate, where trying would let one starve.
        """
        wanted = sorted(names)
        if not self.shared:
            return set(wanted)
        free = {name for name in wanted if self._connection.scalar(_TRY, {"key": _key(name)})}
        if wanted and not free:
            self.wait(wanted[0])
            free.add(wanted[0])
        return free

    def wait(self, name: str) -> None:
        """Wait until it is one's turn; what others committed before is seen by the next statement."""
        if self.shared:
            self._connection.execute(_WAIT, {"key": _key(name)})


def _key(name: str) -> int:
    return int.from_bytes(sha256(f"turn {name}".encode()).digest()[:8], signed=True)
