"""Which answers are late: technical receipt and decision are awaited apart, warned of, missed (CU-01)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from gateway.config import Exchange


class Late(StrEnum):
    """What a message waits for longer than was agreed."""

    TECHNICAL = "technical-late"
    NO_TECHNICAL = "technical-missing"
    DECISION = "decision-late"
    NO_DECISION = "decision-missing"


@dataclass(frozen=True, slots=True)
class Wait:
    """Since when a message is awaited, and which of its answers have come."""

    since: datetime
    technical: bool
    business: bool

    def ends(self, exchange: Exchange) -> Iterator[tuple[datetime, Late]]:
        """Yield when which answer is late, in order of time; a decision makes up for the technical one."""
        if self.business:
            return
        found = [
            (exchange.business.warn_minutes, Late.DECISION),
            (exchange.business.fail_minutes, Late.NO_DECISION),
        ]
        if not self.technical:
            found += [
                (exchange.technical.warn_minutes, Late.TECHNICAL),
                (exchange.technical.fail_minutes, Late.NO_TECHNICAL),
            ]
        for minutes, late in sorted(found, key=lambda end: end[0]):
            yield self.since + timedelta(minutes=minutes), late

    def late(self, exchange: Exchange, now: datetime) -> tuple[Late, ...]:
        """Return all that is late by now."""
        return tuple(late for at, late in self.ends(exchange) if at <= now)

    def next_end(self, exchange: Exchange, now: datetime) -> datetime | None:
        """Return when the next answer will be late; None where nothing more can be."""
        return next((at for at, _ in self.ends(exchange) if at > now), None)
