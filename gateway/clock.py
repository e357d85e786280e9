"""The one source of time: China standard time, moved by `--now` for rehearsals and tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from time import monotonic

# China has kept one zone without daylight saving since 1991, so a fixed offset is exact
# for every date that this gateway can meet, and needs no time zone database.
CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
# So far from the ends of the calendar every deadline can be computed.
_FIRST_YEAR, _LAST_YEAR = 1900, 9000


@dataclass(frozen=True, slots=True)
class Clock:
    """Tells the time in China; runs on from `start` when one is given, else follows the system.

    Attributes:
        start: The moment at which this clock was set, with a zone, or None for the system's time.
    """

    start: datetime | None = None
    _origin: float = field(default_factory=monotonic)

    def now(self) -> datetime:
        """Return the present moment with China's zone."""
        if self.start is None:
            return datetime.now(CHINA)
        return self.start.astimezone(CHINA) + timedelta(seconds=monotonic() - self._origin)


def parse_moment(text: str) -> datetime:
    """Read an ISO 8601 moment; without a zone it is taken as China's.

    Raises:
        ValueError: The text is no ISO 8601 date and time, or none of this calendar's years.
    """
    moment = datetime.fromisoformat(text)
    if not _FIRST_YEAR < moment.year < _LAST_YEAR:
        raise ValueError(f"{moment.year} is out of range")
    return moment.replace(tzinfo=CHINA) if moment.tzinfo is None else moment
