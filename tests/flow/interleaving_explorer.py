"""Goes every way that a message to customs can take, and compares each step with the model."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from tests.flow.interleaving_model import Event, Model, Sending
from tests.flow.interleaving_site import Seen, Site, expected

# What the model does not know of, and a gateway may go by. The number of attempts only makes pauses longer.
_KEPT = (
    "SELECT state, outage FROM circuits",
    "SELECT DISTINCT code FROM receipts WHERE state <> 'duplicate' ORDER BY 1",
)


@dataclass(frozen=True)
class Course:
    """What has happened so far, and how it must stand."""

    events: tuple[Event, ...] = ()
    model: Model = field(default_factory=Model)

    def further(self) -> Iterator[Course]:
        """Return every course that is longer by one event."""
        for event in Event:
            if self.model.can(event):
                yield Course((*self.events, event), self.model.after(event))

    def difference(self, seen: Seen) -> str:
        """Tell where the gateway is somewhere else than it must be; nothing where it is not."""
        wanted = expected(self.model)
        names = " → ".join(event.name for event in self.events)
        return "" if seen == wanted else f"{names}: {seen} instead of {wanted}"


@dataclass(frozen=True)
class Standstill:
    """All that what happens next depends on: the database, what customs has, and the time."""

    memory: sqlite3.Connection
    arrived: tuple[bytes, ...]
    moment: datetime


@dataclass
class Explored:
    """What came of going every way.

    Attributes:
        courses: A shortest course to each state, in the order in which the states were found.
        steps: For each state the states that one event leads to.
        differences: Where the gateway came to something else than it must.
        complete: No longer sequence leads to any further state.
    """

    courses: dict[object, Course]
    steps: dict[object, list[object]] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)
    complete: bool = False

    def sequences(self, length: int) -> int:
        """Count the sequences of so many events that are covered."""
        ways = dict.fromkeys(self.courses, 1)
        for _ in range(length):
            ways = {state: sum(ways[each] for each in self.steps[state]) for state in self.steps}
        return next(iter(ways.values()))

    def tours(self) -> list[Course]:
        """Return the fewest of the shortest courses that pass every state."""
        inner = {course.events[:-1] for course in self.courses.values()}
        return [course for course in self.courses.values() if course.events not in inner]


class Explorer:
    """Goes every sequence of events over one message, and puts the database back before each step.

    States that are equal in everything but ids, moments and how many copies there are go on alike, so that
    each is gone on from once.
    """

    def __init__(self, site: Site, database: Path) -> None:
        self._site = site
        self._file = sqlite3.connect(database, isolation_level=None)
        # Nothing is to outlive a power cut here.
        self._file.execute("PRAGMA synchronous = OFF")

    def explore(self, length: int) -> Explored:
        """Go on from each new state until sequences are so long, or nothing new is found."""
        begin = self._state(Course())
        found = Explored({begin: Course()})
        frontier = {begin: self._kept()}
        for _ in range(length):
            following: dict[object, Standstill] = {}
            for state, still in frontier.items():
                found.steps[state] = list(self._steps(found, found.courses[state], still, following))
                still.memory.close()
            frontier = following
        found.complete = not frontier
        for state, still in frontier.items():
            found.steps[state] = []
            still.memory.close()
        return found

    def _steps(
        self, found: Explored, course: Course, still: Standstill, following: dict[object, Standstill]
    ) -> Iterator[object]:
        idle: tuple[Model, object] | None = None
        for longer in course.further():
            sending = isinstance(longer.events[-1].value, Sending)
            if sending and idle is not None and idle[0] == longer.model:
                # Nothing was sent, so that it does not matter what would have become of it.
                yield idle[1]
                continue
            self._put_back(still)
            self._site.play(longer.events[-1], course.model.heard)
            if difference := longer.difference(self._site.look()):
                found.differences.append(difference)
                continue
            state = self._state(longer)
            if state not in found.courses:
                found.courses[state] = longer
                following[state] = self._kept()
            if sending and not self._site.customs.asked:
                idle = longer.model, state
            yield state

    def _kept(self) -> Standstill:
        memory = sqlite3.connect(":memory:")
        self._file.backup(memory)
        return Standstill(memory, tuple(self._site.customs.arrived), self._site.clock.moment)

    def _put_back(self, still: Standstill) -> None:
        still.memory.backup(self._file)
        self._site.customs.arrived = list(still.arrived)
        self._site.clock.moment = still.moment

    def _state(self, course: Course) -> object:
        model = replace(course.model, copies=min(course.model.copies, 1))
        return (model, *(tuple(self._file.execute(query).fetchall()) for query in _KEPT))

    def close(self) -> None:
        """Let go of the database."""
        self._file.close()
