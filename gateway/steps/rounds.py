"""Rounds over the months: seldom enough for a month of any size, often enough for deadlines (AG-12)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from gateway.steps.deadlines import risks, tell_deadlines, unchanged
from gateway.steps.records import World
from gateway.store import Store

_EVERY: Final = timedelta(minutes=1)


class Rounds:
    """Looks at the months now and then, and at once when an aggregation has moved something."""

    def __init__(self, world: World, store: Store) -> None:
        self._world = world
        self._store = store
        self._last: datetime | None = None

    def look(self, *, now: bool) -> int:
        """Tell deadlines, if it is time or asked for; return how much was done.

        Counting reads only; a transaction that writes begins where something is to be told.
        """
        with self._store.read() as unit:
            if not now and self._last is not None and unit.now < self._last + _EVERY:
                return 0
            moment = unit.now
            found = risks(self._world, unit)
            told = unchanged(unit, found)
        self._last = moment
        if told:
            return 0
        with self._store.begin() as unit:
            return tell_deadlines(self._world, unit, risks(self._world, unit))
