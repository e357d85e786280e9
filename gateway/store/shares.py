"""Shares: what each gateway of a database does alone, as much as any other, and how it changes hands."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from gateway.store.leases import GATEWAY, Leases

_NONE: Final[frozenset[str]] = frozenset()


class Shares:
    """What one gateway does alone, settled at each heartbeat.

    A gateway that has more than its share stops doing the rest; once that has ended (a stage may be in the
    middle of it) it gives the lease away, and who has less than its share takes it.

    Args:
        wanted: What is done by one gateway at a time.
        patience: What nobody has taken for so many seconds anybody takes, and keeps: another gateway may
            have another configuration.

    Attributes:
        settled: Whether this gateway has its share and nothing else.
    """

    def __init__(self, wanted: Collection[str], patience: float) -> None:
        self._wanted = frozenset(wanted)
        self._patience = patience
        self._resting: set[str] = set()
        self._giving = _NONE
        self._kept = _NONE
        self._free: dict[str, float] = {}
        self.settled = True

    def begins(self, name: str) -> None:
        """Note that this gateway does it, from now on."""
        self._resting.discard(name)

    def rests(self, name: str) -> None:
        """Note that this gateway does not do it, and has ended what it did."""
        self._resting.add(name)

    def settle(self, leases: Leases, holder: str, doing: Collection[str], now: float) -> frozenset[str]:
        """Give away what is too much and take what is too little; return what is done from now on.

        Args:
            leases: In the transaction of the heartbeat.
            holder: The gateway's id, which lives.
            doing: What this gateway may be beginning in this moment.
            now: The time by a clock that never jumps.
        """
        leases.give((self._giving & self._resting).difference(doing), holder)
        rows = leases.living()
        gateways = [row.holder for row in rows if row.name == f"{GATEWAY} {row.holder}"]
        held = {row.name for row in rows if row.holder == holder} & self._wanted
        free = self._wanted.difference(row.name for row in rows)
        self._free = {name: self._free.get(name, now) for name in free}
        fair = _fair(len(self._wanted), gateways.index(holder), len(gateways))
        left = {name for name, since in self._free.items() if now - since >= self._patience}
        mine = {*sorted(free)[: max(0, fair - len(held))], *left}
        held |= leases.take(mine, holder) if mine else _NONE
        self._kept |= left & held
        over = sorted(held - self._kept)[: max(0, len(held) - fair)]
        self._giving = frozenset(over)
        self.settled = not over and len(held) >= fair
        return frozenset(held) - self._giving


def _fair(count: int, rank: int, gateways: int) -> int:
    """Return how many of so many things the gateway of this rank has, the oldest being 0."""
    whole, rest = divmod(count, gateways)
    return whole + (rank < rest)
