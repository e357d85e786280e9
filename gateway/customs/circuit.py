"""Whether a route is used: closed all goes, open nothing, and a pilot finds out if it goes again (CU-07)."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

Pause = Callable[[int], timedelta]


class CircuitState(StrEnum):
    """How a route is used."""

    CLOSED = "closed"  # everything goes
    OPEN = "open"  # nothing goes until it is due
    PILOT = "pilot"  # one message finds out; nothing else goes before it is known, or due


class Outage(StrEnum):
    """What a route fails of."""

    CHANNEL = "channel"  # nothing can be put into it
    SILENCE = "silence"  # what is put into it is not answered


@dataclass(frozen=True, slots=True)
class Circuit:
    """How it stands with one route; each event makes another one, and nothing else does.

    Attributes:
        failures: While closed, how many messages in a row have missed their technical receipt; otherwise
            how often in a row the route has failed.
        due_at: From when on a pilot may go, or another one if nothing is heard of the last.
        outage: What it fails of, unless it is closed.
        pilot: The message that finds out.
    """

    state: CircuitState = CircuitState.CLOSED
    failures: int = 0
    due_at: datetime | None = None
    outage: Outage | None = None
    pilot: str = ""

    @property
    def closed(self) -> bool:
        """Whether everything goes."""
        return self.state is CircuitState.CLOSED

    def wants_pilot(self, now: datetime) -> bool:
        """Whether one message may go to find out; while it is not closed, nothing else may."""
        return not self.closed and (self.due_at is None or self.due_at <= now)

    def tried(self, pilot: str, until: datetime) -> Circuit:
        """A pilot goes; if nothing is known of it by then, whoever sent it is gone, and another one goes."""
        return replace(self, state=CircuitState.PILOT, pilot=pilot, due_at=until)

    def left(self, messages: Collection[str], now: datetime) -> Circuit:
        """Whoever was sending these is gone: if the pilot is among them, another one may go at once."""
        abandoned = self.state is CircuitState.PILOT and self.pilot in messages
        return replace(self, state=CircuitState.OPEN, pilot="", due_at=now) if abandoned else self

    def failed(self, now: datetime, pause: Pause) -> Circuit:
        """Nothing that was given to the channel went: it opens, for longer each time."""
        failures = 1 if self.closed else self.failures + 1
        return self._opened(self.outage or Outage.CHANNEL, failures, now, pause)

    def passed(self, sent: Collection[str], answered_by: datetime) -> Circuit:
        """The channel has taken these; where customs was silent, the pilot's answer is to be waited for."""
        if self.outage is Outage.SILENCE:
            waits = self.state is CircuitState.PILOT and self.pilot in sent
            return replace(self, due_at=answered_by) if waits else self
        return self if self.closed else Circuit()

    def missed(self, message: str, after: int, now: datetime, pause: Pause) -> Circuit:
        """A message has got no technical receipt in time; so many in a row are an outage (0: never)."""
        if self.closed:
            missing = self.failures + 1
            if not after or missing < after:
                return replace(self, failures=missing)
            return self._opened(Outage.SILENCE, 1, now, pause)
        if self.outage is Outage.SILENCE and self.state is CircuitState.PILOT and self.pilot == message:
            return self._opened(Outage.SILENCE, self.failures + 1, now, pause)
        return self

    def heard(self, message: str) -> Circuit:
        """Customs has answered a message of the route: it is there. Of the channel the pilot proves it."""
        unproven = self.outage is Outage.CHANNEL and message != self.pilot
        return self if unproven else Circuit()

    def _opened(self, outage: Outage, failures: int, now: datetime, pause: Pause) -> Circuit:
        return Circuit(CircuitState.OPEN, failures, now + pause(failures), outage)
