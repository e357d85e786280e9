"""Turns: what several gateways do one after another, each for the length of one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from sqlalchemy import text

from gateway.store.connection import Connection

_TRY: Final = text("SELECT pg_try_advisory_xact_lock(:key)")
_WAIT: Final = text("SELECT pg_advisory_xact_lock(:key)")
_SHARE: Final = text("SELECT pg_advisory_xact_lock_shared(:key)")


class Turns:
    """Locks by name that end with the transaction.

    On SQLite whoever may write is alone until its transaction ends, so that it is always one's turn.

    Attributes:
        shared: Whether others may write at the same time at all.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.shared = connection.dialect.name == "postgresql"

    def take(self, waiting: Mapping[str, int], enough: int) -> set[str]:
        """Return the names of which it is one's turn: what is free, or else the first once it becomes so.

        No more is taken than makes a batch, so that others have something to do meanwhile. Waiting lets
        several gateways with the same work alternate, where trying would let one starve.

        Args:
            waiting: How much waits under each name, the most urgent first.
            enough: How much one does in this transaction.
        """
        taken: set[str] = set()
        for name in waiting:
            if sum(waiting[each] for each in taken) >= enough:
                break
            if not self.shared or self._connection.scalar(_TRY, {"key": _key(name)}):
                taken.add(name)
        if waiting and not taken:
            first = next(iter(waiting))
            self.wait(first)
            taken.add(first)
        return taken

    def wait(self, name: str) -> None:
        """Wait until it is one's turn; what others committed before is seen by the next statement."""
        if self.shared:
            self._connection.execute(_WAIT, {"key": _key(name)})

    def share(self, name: str) -> None:
        """Wait until nobody has this turn for itself; others may share it."""
        if self.shared:
            self._connection.execute(_SHARE, {"key": _key(name)})


def _key(name: str) -> int:
    return int.from_bytes(sha256(f"turn {name}".encode()).digest()[:8], signed=True)
