"""Tells what a file carries and no rule of its mapping reads, so that nothing is lost without a word."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from gateway.errors import Violation
from gateway.mapping.dialect import Reading
from gateway.mapping.known import Known
from gateway.mapping.nearest import nearest

Policy: TypeAlias = Literal["refused", "told", "left"]
# More names that nobody reads are counted by nobody; faults are to have room beside them.
MOST_UNREAD = 50


@dataclass(frozen=True, slots=True)
class Reads:
    """What a mapping reads, and what is to become of everything else.

    Attributes:
        policy: Whether a message that carries more is refused, only told, or neither.
        within: What is read of each message.
        around: What is read of the file around its messages; None where the file is one message.
    """

    policy: Policy = "left"
    within: Known = field(default_factory=Known)
    around: Known | None = None


class Unread:
    """Goes through the messages of one file; what is only told is told once, with the first that has it.

    Columns that other faults have named already (`meant`) are not named again.
    """

    def __init__(self, reads: Reads, reading: Reading[Any, Any], meant: Collection[str] = ()) -> None:
        self._meant = meant
        self._reads = reads
        self._reading = reading
        self._told: set[Hashable] = set()
        self._around: list[Violation] | None = None

    def of(self, node: Any) -> list[Violation]:
        """Return what a message carries that no rule reads, and what stands around all of them."""
        refused = self._reads.policy == "refused"
        if self._around is None:
            around = self._reads.around
            self._around = [] if around is None else list(self._found(self._reading.root, around))
            first = self._around
        else:
            first = self._around if refused else []
        if refused:
            self._told = set()
        return [*first, *self._found(node, self._reads.within)]

    def _found(self, node: Any, known: Known) -> Iterator[Violation]:
        for each in self._reading.unread(node, known):
            # An element of a name may stand around the messages and in them.
            key = known is self._reads.within, each.key
            if key in self._told or each.name in self._meant:
                continue
            if len(self._told) == MOST_UNREAD:
                return
            self._told.add(key)
            near = ", ".join(nearest(each.name, each.missing)) or "–"
            yield Violation(
                "map.unread",
                values={"name": each.name, "near": near},
                place=self._reading.place(each.where),
                warning=self._reads.policy == "told",
            )
