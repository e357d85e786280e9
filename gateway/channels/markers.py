"""Companions that call a file finished: `orders.csv.done` beside `orders.csv` (ER-05)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

# So long a marker may stand without its file before it is taken for a mistake.
ALONE_SECONDS = 60.0

Sight = TypeVar("Sight")


@dataclass(slots=True)
class _Alone:
    """A marker that was seen without its file: how it looked, since when, and at how many looks."""

    sight: object
    since: float
    looks: int = 1


class Markers:
    """Tells which names their senders have called finished, from what was seen at one look.

    A marker holds for the file that lies there when it comes. One that was there before its file is
    left over from another: it calls nothing finished, and after a minute it is to be put away.

    Args:
        marker: What the companion's name ends with, beyond the file's.
        clock: Our own monotonic clock.
    """

    def __init__(self, marker: str, clock: Callable[[], float]) -> None:
        self._marker = marker
        self._clock = clock
        self._alone: dict[str, _Alone] = {}

    def is_marker(self, name: str) -> bool:
        """Tell whether a name is a companion's, which never is an interchange."""
        return bool(self._marker) and name.endswith(self._marker)

    def of(self, name: str) -> str:
        """Return the name of a file's companion."""
        return name + self._marker

    def finished(self, present: Mapping[str, Sight]) -> dict[str, Sight]:
        """Return the files whose markers hold, and the markers that stood alone for too long.

        Args:
            present: Each name in the folder with what shows its change: size, time, inode.
        """
        now = self._clock()
        found: dict[str, Sight] = {}
        alone: dict[str, _Alone] = {}
        for marker, sight in present.items():
            if not self.is_marker(marker):
                continue
            name = marker.removesuffix(self._marker)
            known = self._alone.get(marker)
            same = known if known is not None and known.sight == sight else None
            # A listing may show the marker and not yet the file, if both come while it is made.
            there = name in present and not self.is_marker(name)
            if there and (same is None or same.looks == 1):
                found[name] = present[name]
                continue
            alone[marker] = same or _Alone(sight, now)
            alone[marker].looks += same is not None
            if now - alone[marker].since >= ALONE_SECONDS:
                found[marker] = sight
        self._alone = alone
        return found
