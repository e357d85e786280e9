"""The machinery of states: a table of transitions, what may overtake what, and what is stale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Self, TypeAlias

from gateway.documents.core import ReceiptType

BOTH: frozenset[ReceiptType] = frozenset({"T", "B"})
BUSINESS: frozenset[ReceiptType] = frozenset({"B"})


class Event(StrEnum):
    """What can happen to a document."""

    SAVE = "save"
    SAVE_DECLARE = "save-declare"
    EDIT = "edit"
    DECLARE = "declare"
    DELETE = "delete"
    APPEND_ITEM = "append-item"
    INSERT_ITEM = "insert-item"
    DELETE_ITEM = "delete-item"
    RECLASSIFY = "reclassify"
    COPY = "copy"
    SHOW = "show"
    PRINT = "print"
    RECEIVE = "receive"
    FAIL = "fail"
    ACCEPT = "accept"
    APPROVE = "approve"
    REFUSE = "refuse"
    REVOKE = "revoke"
    ENTRUST = "entrust"
    CARRY = "carry"
    CROSS = "cross"
    CLEAR = "clear"
    WITHDRAW = "withdraw"
    INSPECT = "inspect"
    REVIEW = "review"
    AWAIT = "await"
    AGGREGATE = "aggregate"
    MAKE = "make"
    STOP = "stop"
    REPEAT = "repeat"
    FINISH = "finish"
    CHANGE = "change"
    EXTEND = "extend"
    AMEND = "amend"
    MODIFY = "modify"
    LEAVE = "leave"
    RECALL = "recall"


# Work on single items is possible wherever a document can be edited (GF-03, MF-10).
ITEM_COMMANDS = frozenset({Event.APPEND_ITEM, Event.INSERT_ITEM, Event.DELETE_ITEM, Event.RECLASSIFY})
# What leaves a document as it is.
READINGS = frozenset({Event.COPY, Event.SHOW, Event.PRINT})
COMMANDS = frozenset(
    {
        *(Event.SAVE, Event.SAVE_DECLARE, Event.EDIT, Event.DECLARE, Event.DELETE),
        *ITEM_COMMANDS,
        *READINGS,
    }
)
# What is done to a document by the decision about another one: a run, a change, an amendment, a deletion.
EFFECTS = frozenset(
    {
        *(Event.AWAIT, Event.AGGREGATE, Event.MAKE, Event.STOP, Event.REPEAT, Event.FINISH),
        *(Event.CHANGE, Event.EXTEND),
        *(Event.AMEND, Event.MODIFY, Event.LEAVE, Event.RECALL),
    }
)
RECEIPTS = frozenset(Event) - COMMANDS - EFFECTS


class State(StrEnum):
    """A state with its names and, where the manual gives one, its official number."""

    en: str
    zh: str
    official: str

    def __new__(cls, value: str, en: str = "", zh: str = "", official: str = "") -> Self:
        """Make a member with its names; a look-up by value never comes here."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.en = en
        member.zh = zh
        member.official = official
        return member


Table: TypeAlias = "Mapping[tuple[State, Event], State]"


def beginning(life: type[State], refused: State, approved: State) -> dict[tuple[State, Event], State]:
    """Return how everything begins that customs approves or refuses (QF-08, GF-06, CH-01, MF-11, AM-03)."""
    entered, saved, declared = life("entered"), life("saved"), life("declared")
    sent, failed, deleted = life("sent"), life("receive_failed"), life("deleted")
    table = {
        (entered, Event.SAVE): saved,
        (entered, Event.SAVE_DECLARE): declared,
        (saved, Event.DECLARE): declared,
        (declared, Event.RECEIVE): sent,
        (declared, Event.FAIL): failed,
        (sent, Event.APPROVE): approved,
        (sent, Event.REFUSE): refused,
    }
    for state in (saved, failed, refused):
        table[state, Event.EDIT] = saved
        table[state, Event.DELETE] = deleted
    return table


@dataclass(frozen=True, eq=False)
class Machine:
    """The life of one kind of document.

    Attributes:
        states: Its states; the first is the one before the first saving, or the first of all.
        order: The transitions in the order in which customs means them.
        awaited: The states in which receipts are still expected, and which.
        readings: What may be asked in every state after the first, and changes nothing.
        items: The work on items that is possible wherever a document can be edited, with its outcome.
    """

    states: type[State]
    order: Table
    awaited: Mapping[State, frozenset[ReceiptType]]
    readings: frozenset[Event] = frozenset()
    items: frozenset[Event] = frozenset()

    @cached_property
    def table(self) -> Table:
        """Return every transition: those in order, of items, of readings, of receipts that overtook others.

        A receipt may come before those that customs wrote earlier. It is taken where its own step can
        be reached from the present state by receipts alone (CU-03).
        """
        full = dict(self.order)
        for (source, event), target in self.order.items():
            if event is Event.EDIT:
                full.update(((source, each), target) for each in self.items)
        for state in list(self.states)[1:]:
            full.update(((state, each), state) for each in self.readings)
        for state in self.states:
            passed = self._reached(state, RECEIPTS)
            for (source, event), target in self.order.items():
                if event in RECEIPTS and source in passed:
                    full.setdefault((state, event), target)
        return full

    def follow(self, state: State, event: Event) -> State | None:
        """Return the state after the event, None when it is not allowed."""
        return self.table.get((state, event))

    def commands(self, state: State) -> list[Event]:
        """Return what may be commanded in a state."""
        return [event for event in Event if event in COMMANDS and (state, event) in self.table]

    def is_stale(self, state: State, event: Event) -> bool:
        """Tell whether a receipt was overtaken or repeated.

        It is, when the present state is the one it leads to or may have been reached through it;
        commands begin anew, so a way over them does not count.
        """
        if event not in RECEIPTS or (state, event) in self.table:
            return False
        targets = {target for (_, given), target in self.order.items() if given is event}
        steps = frozenset(Event) - COMMANDS
        return any(state is target or state in self._reached(target, steps) for target in targets)

    def _reached(self, start: State, events: frozenset[Event]) -> set[State]:
        found: set[State] = set()
        heads = [start]
        while heads:
            heads = [state for head in heads for state in self._next(head, events) if state not in found]
            found.update(heads)
        return found

    def _next(self, state: State, events: frozenset[Event]) -> Iterator[State]:
        for (source, event), target in self.order.items():
            if source is state and event in events:
                yield target
