"""Large interchanges: obeyed in portions, a transaction each, between which others have their turn (ER-04).

How far one is obeyed is told by its messages, which are committed with what they did. So a gateway that
was killed goes on with the next message, and nothing is done twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from gateway.errors import ParkedError, RejectedError, RetryError, Violation
from gateway.formats import Unreadable
from gateway.mapping import Mapped, Mapping, MappingSet
from gateway.steps.commands import PORTION, Task, if_answered, obey, repeat_answer
from gateway.steps.containment import contained
from gateway.steps.long_replies import write_reply
from gateway.steps.mapping_versions import mapping_of
from gateway.steps.opening import Opening, count_messages, messages_of
from gateway.steps.records import World
from gateway.steps.replies import deliver, quarantine, violations_of
from gateway.steps.trouble import values_of
from gateway.steps.turns import turn_of
from gateway.store import InterchangeRow, InterchangeState, Member, MessageRow, Store, Unit

# What only one gateway does at a time.
PORTIONS = "portions"


@dataclass(slots=True)
class _Work:
    """A large interchange that is being obeyed.

    Attributes:
        interchange: As it is kept.
        earlier: An earlier one of the same bytes, of which something may be obeyed already.
        messages: Those that are still to be obeyed.
        position: How many are obeyed.
        ended: Whether nothing is left but the reply.
    """

    interchange: InterchangeRow
    earlier: InterchangeRow | None
    messages: Iterator[Mapped | Unreadable]
    position: int
    ended: bool = False


class Portions:
    """Obeys large interchanges, the oldest first and one at a time; only that one is held in memory."""

    def __init__(self, world: World, store: Store, member: Member) -> None:
        self._world = world
        self._store = store
        self._member = member
        # Nothing but what saves reading it anew: it may be forgotten at any time.
        self._work: _Work | None = None

    def advance(self, mappings: MappingSet) -> int:
        """Do the next portion of the oldest large interchange, and return how much was done.

        Reading and mapping are done between the transactions that write, and those are short.
        """
        work, self._work = self._work, None
        if not self._member.begins(PORTIONS):
            return 0
        with self._store.read() as unit:
            interchange = unit.interchanges.begun()
        if interchange is None:
            return 0
        if work is None or work.interchange.id != interchange.id:
            self._work = self._open(mappings, interchange)
        elif work.ended:
            self._answer(work)
        else:
            self._obey(work)
            self._work = work
        return 1

    def _open(self, mappings: MappingSet, interchange: InterchangeRow) -> _Work | None:
        """Go through all of an interchange before anything is obeyed: a fault puts it into quarantine."""
        with self._store.read() as unit:
            earlier = unit.interchanges.same(interchange.partner, interchange.digest, interchange.id)
            answered = if_answered(unit, earlier)
            last = unit.messages.last_of(interchange.id)
            pinned = self._mapping(unit, last)
            data = unit.raw.get(interchange.digest)
        opening = Opening(self._world, mappings, interchange, data, pinned)
        position = last.position if last else 0
        if answered is not None:
            with self._turn(interchange, position) as unit:
                repeat_answer(self._world, unit, interchange, answered)
            return None
        if not position:
            try:
                with contained(interchange.name):
                    count_messages(opening)
            except (RejectedError, ParkedError) as fault:
                with self._turn(interchange, position) as unit:
                    quarantine(self._world, unit, interchange, fault)
                return None
        return _Work(interchange, earlier, messages_of(opening, position), position)

    def _mapping(self, unit: Unit, last: MessageRow | None) -> Mapping | None:
        """Return the mapping of the last message; it holds for the rest of its file though it was changed."""
        if last is None or last.mapping is None or last.mapping_version is None:
            return None
        return mapping_of(self._world, unit, last.mapping, last.mapping_version)

    def _obey(self, work: _Work) -> None:
        made = list(_portion(work))
        with self._turn(work.interchange, work.position) as unit:
            task = Task(self._world, unit, work.interchange, work.earlier)
            for position, each in enumerate(made, work.position + 1):
                _obey_one(task, position, each)
        work.position += len(made)

    def _answer(self, work: _Work) -> None:
        interchange = work.interchange
        with self._store.read() as unit:
            written = write_reply(unit, interchange)
            first = unit.messages.at(interchange.id, 1)
        assert first is not None, "an interchange without messages is refused"
        with self._turn(interchange, work.position) as unit:
            digest = deliver(self._world, unit, interchange, written.data, asked=written.asked)
            unit.interchanges.understood(
                interchange.id, mapping=first.mapping, version=first.mapping_version, reply=digest
            )

    @contextmanager
    def _turn(self, interchange: InterchangeRow, position: int) -> Iterator[Unit]:
        """Open a transaction in which it is the partner's turn, and nobody else has gone on with the file.

        Raises:
            RetryError: `store.changed-meanwhile`: this gateway was held for dead.
        """
        with self._store.begin() as unit:
            if unit.turns.shared:
                unit.turns.wait(turn_of(self._world.settings, interchange.partner))
                kept, last = unit.interchanges.get(interchange.id), unit.messages.last_of(interchange.id)
                if kept.state != InterchangeState.BEGUN or position != (last.position if last else 0):
                    told = {"number": interchange.name, "expected": kept.state, "version": position}
                    raise RetryError("store.changed-meanwhile", **told)
            yield unit


def _portion(work: _Work) -> Iterator[Mapped | Unreadable]:
    """Yield the next messages; where making them breaks off, a last one that says so."""
    for position in range(work.position + 1, work.position + PORTION + 1):
        try:
            with contained(work.interchange.name):
                made = next(work.messages, None)
        except (RejectedError, ParkedError) as fault:
            work.ended = True
            broken = Violation("command.broken-off", values={"position": position})
            faults = violations_of(fault, work.interchange.name)
            yield Unreadable(work.interchange.name, RejectedError([broken, *faults]))
            return
        if made is None:
            work.ended = True
            return
        yield made


def _obey_one(task: Task, position: int, made: Mapped | Unreadable) -> None:
    """Obey a message; what nobody foresaw is told in its place and to the operators, and harms no other."""
    name = task.interchange.name
    try:
        with task.unit.savepoint(), contained(name):
            obey(task, position, made)
    except ParkedError as fault:
        task.unit.alerts.open(fault.code, f"{name} {position}", values_of(fault))
        obey(task, position, Unreadable(name, RejectedError(violations_of(fault, name))))
