"""Rounds over the months, seldom enough for a month of any size: requests and deadlines (AG-05, AG-12)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from gateway.steps.automatic import due_months, request_due
from gateway.steps.deadlines import risks, tell_deadlines, unchanged
from gateway.steps.records import World
from gateway.store import Store

_EVERY: Final = timedelta(minutes=1)


class Rounds:
    """Looks at the months once a minute, and as soon as the aggregations have come to rest."""

    def __init__(self, world: World, store: Store) -> None:
        self._world = world
        self._store = store
        self._last: datetime | None = None
        self._moved = False

    def look(self, *, busy: bool) -> int:
        """Request months that go by themselves and tell deadlines, if it is time; return how much was done.

        Counting reads only; a transaction that writes begins where something is to be told.

        Args:
            busy: Whether an aggregation has moved just now, and may go on.
        """
        came_to_rest, self._moved = self._moved and not busy, busy
        with self._store.read() as unit:
            if not came_to_rest and self._last is not None and self._last <= unit.now < self._last + _EVERY:
                return 0
            self._last = unit.now
            if not due_months(self._world, unit) and unchanged(unit, risks(self._world, unit)):
                return 0
        with self._store.begin() as unit:
            done = request_due(self._world, unit, due_months(self._world, unit))
            return done + tell_deadlines(self._world, unit, risks(self._world, unit))
