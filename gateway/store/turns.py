"""Turns: what several gateways do one after another, each for the length of one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from sqlalchemy import TextClause, text

from gateway.store.connection import Connection

_TRY: Final = text("SELECT pg_try_advisory_xact_lock(:key)")
_TRY_TO_SHARE: Final = text("SELECT pg_try_advisory_xact_lock_shared(:key)")
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

    def take(self, waiting: Mapping[str, int], enough: int) -> set[str]:
        """Return the names of which it is one's turn: what is free; what is not, another one is at.

        No more is taken than makes a batch, so that others have something to do meanwhile.

        Args:
            waiting: How much waits under each name, the most urgent first.
            enough: How much one does in this transaction.
        """
        taken: set[str] = set()
        for name in waiting:
            if sum(waiting[each] for each in taken) >= enough:
                break
            if self.free(name):
                taken.add(name)
        return taken

    def free(self, name: str) -> bool:
        """Take a turn if nobody has it; what others committed before is seen by the next statement."""
        return self._tried(_TRY, name)

    def share(self, name: str) -> bool:
        """Take a turn beside others who share it, if nobody has it alone."""
        return self._tried(_TRY_TO_SHARE, name)

    def wait(self, name: str) -> None:
        """Wait until it is one's turn."""
        if self.shared:
            self._connection.execute(_WAIT, {"key": _key(name)})

    def _tried(self, way: TextClause, name: str) -> bool:
        return not self.shared or bool(self._connection.scalar(way, {"key": _key(name)}))


def _key(name: str) -> int:
    return int.from_bytes(sha256(f"turn {name}".encode()).digest()[:8], signed=True)
