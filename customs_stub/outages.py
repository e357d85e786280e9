"""When the office is out of order: for a time since a message asked for it, or as long as a file does."""

from __future__ import annotations

from dataclasses import dataclass

from customs_stub.choosing import Choice, Scripts
from customs_stub.clock import real_seconds
from customs_stub.scenarios import Outage
from customs_stub.store import Store


@dataclass(frozen=True, slots=True)
class Condition:
    """What the office can do now.

    Attributes:
        outage: What is out of order, if anything is.
        passing: It is over by itself after a while.
    """

    outage: Outage | None = None
    passing: bool = False

    @property
    def takes(self) -> bool:
        """What comes is taken."""
        return self.outage is not Outage.CLOSED

    @property
    def answers(self) -> bool:
        """What is due leaves."""
        return self.outage is None


class Outages:
    """Every outage of an office; those that messages asked for outlive its process."""

    def __init__(self, store: Store, scripts: Scripts) -> None:
        self._store = store
        self._scripts = scripts

    def now(self) -> Condition:
        """Tell what the office can do now; of two outages that of a file counts."""
        if asked := self._scripts.outage():
            return Condition(asked)
        query = "SELECT kind FROM outage WHERE until > ? ORDER BY kind LIMIT 1"
        found = self._store.db.execute(query, (real_seconds(),)).fetchone()
        return Condition(Outage(found[0]), passing=True) if found else Condition()

    def begin(self, choice: Choice) -> None:
        """Begin the outage that a message asks for, if it asks for one."""
        if choice.scenario.outage is not None:
            row = (choice.scenario.outage, real_seconds() + choice.pause)
            self._store.db.execute("INSERT OR REPLACE INTO outage VALUES (?, ?)", row)
