"""The office's time: China standard time, moved by `--now` for rehearsals."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

# One fixed offset is exact: China has had neither zones nor daylight saving since 1991.
BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")


class OfficeClock:
    """Tells the office's time; runs on from the moment given, or follows the system."""

    def __init__(self, start: datetime | None = None) -> None:
        self._ahead = timedelta(0) if start is None else start - datetime.now(BEIJING)

    def now(self) -> datetime:
        """Return the office's present moment, to the second."""
        return (datetime.now(BEIJING) + self._ahead).replace(microsecond=0)


def read_moment(text: str) -> datetime:
    """Read an ISO 8601 moment; without a zone it is China's.

    Raises:
        ValueError: The text is no ISO 8601 date and time.
    """
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=BEIJING) if moment.tzinfo is None else moment.astimezone(BEIJING)


def real_seconds() -> float:
    """Return the system's seconds, by which delays run: a moved clock must not stretch them."""
    return time.time()
