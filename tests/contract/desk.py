"""An inbox folder on a test's desk: its clock stands until the test moves it."""

from __future__ import annotations

from pathlib import Path

from gateway.channels import FolderInbox, Intake, Watch, reason_of


class Ticks:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


class Desk:
    """An inbox with its folder and clock, and what a test asks of it."""

    def __init__(self, folder: Path, intake: Intake | None = None, watch: Watch | None = None) -> None:
        self.folder = folder
        self.ticks = Ticks()
        self.inbox = FolderInbox(folder, intake=intake or Intake(), watch=watch, clock=self.ticks)

    def look(self, limit: int = 10_000) -> dict[str, bytes]:
        """Receive now."""
        return {arrival.name: arrival.data for arrival in self.inbox.receive(limit)}

    def look_later(self, seconds: float = 0.5) -> dict[str, bytes]:
        """Receive after a while."""
        self.ticks.now += seconds
        return self.look()

    def finished(self) -> dict[str, bytes]:
        """Look twice, half a second apart."""
        self.look()
        return self.look_later()

    def put_away(self, outcome: str = "done", reason: dict | None = None) -> None:
        """Store and settle everything that can be received."""
        self.look()
        self.ticks.now += 0.5
        arrivals = self.inbox.receive(10_000)
        self.inbox.stored(arrivals)
        for arrival in arrivals:
            self.inbox.settle(arrival.delivery, outcome, reason)

    def refused(self) -> dict[str, str]:
        """Put away what could not be had, as the gateway does, and return the code of each."""
        refusals = self.inbox.refusals()
        self.inbox.stored(refusals)
        for refusal in refusals:
            reason = reason_of(refusal.name, refusal.violation)
            self.inbox.settle(refusal.delivery, "quarantined", reason)
        return {refusal.name: refusal.violation.code for refusal in refusals}

    def names_in(self, place: str) -> list[str]:
        """List a folder of the inbox."""
        return sorted(file.name for file in (self.folder / place).iterdir())
