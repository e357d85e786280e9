"""The places of a file that a mapping reads: a tree of names, made once when the mapping is loaded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias


class Step(Enum):
    """What leads on from a place, other than one name or position."""

    ANY = "any name or position"
    NODE = "that something stands here, whatever its own text"
    ALL = "everything from here on"


# From the top of a file to a place that is read; `NODE` and `ALL` can only be the last step.
Way: TypeAlias = "tuple[str | int | Step, ...]"


@dataclass(slots=True)
class Known:
    """A place on the way to what is read.

    Attributes:
        below: What is known below it, by name or position.
        others: What is known below every other name or position.
        text: A text that stands at this place itself is read.
        node: A record stands at this place, or it is asked only whether something does.
        leaf: It is a value and known for that alone.
        whole: Everything from here on counts as read.
        deeper: Those below it that are not read as a whole.
    """

    below: dict[str | int, Known] = field(default_factory=dict)
    others: Known | None = None
    text: bool = False
    node: bool = False
    leaf: bool = False
    whole: bool = False
    deeper: tuple[tuple[str | int, Known], ...] = ()

    def at(self, way: Way) -> Known:
        """Return the place at the end of a way that was known when the tree was made."""
        here = self
        for step in way:
            if here.whole or step is Step.ALL:
                return here
            here = (None if isinstance(step, Step) else here.below.get(step)) or here.others or here
        return here

    def reads(self, way: Way) -> bool:
        """Tell whether what stands at the end of a way is read, or some of it might be."""
        here: Known | None = self
        for step in way:
            if here is None or here.whole or step is Step.ALL:
                return here is not None
            here = (None if isinstance(step, Step) else here.below.get(step)) or here.others
        return here is not None

    def add(self, way: Way) -> None:
        """Make one more way known."""
        here = self
        for step in way:
            if step is Step.ALL:
                here.whole = True
                return
            if step is Step.NODE:
                here.node = True
                return
            if isinstance(step, Step):
                here.others = here.others or Known()
                here = here.others
            else:
                here = here.below.setdefault(step, Known())
        here.text = True

    def settle(self) -> None:
        """Make ready for being asked: where any name may stand, all names share what is known below them."""
        if self.others is not None:
            for each in self.below.values():
                self.others.merge(each)
            self.below = {}
            self.others.settle()
        for each in self.below.values():
            each.settle()
        # What is a value to a rule has nothing else below it: a rule that found more would object.
        self.leaf = not (self.whole or self.below or self.others)
        self.whole = self.whole or self.leaf
        self.deeper = tuple((name, each) for name, each in self.below.items() if not each.whole)

    def merge(self, other: Known) -> None:
        """Take over what another place knows."""
        self.text |= other.text
        self.node |= other.node
        self.whole |= other.whole
        for name, each in other.below.items():
            self.below.setdefault(name, Known()).merge(each)
        if other.others is not None:
            self.others = self.others or Known()
            self.others.merge(other.others)


def known_by(ways: Iterable[Way]) -> Known:
    """Return the tree of these ways."""
    top = Known()
    for way in ways:
        top.add(way)
    top.settle()
    return top
