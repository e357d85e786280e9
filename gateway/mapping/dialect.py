"""What each format's expressions can do: the contract between the rules and the three dialects."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from gateway.errors import Place, Violation
from gateway.mapping.known import Known, Way
from gateway.mapping.lookup import SourceLike
from gateway.mapping.step_model import StepError

Node = TypeVar("Node")
Expression = TypeVar("Expression")


class ExpressionError(ValueError):
    """An expression of a mapping file that cannot be understood; its text says why."""


# A text of the source, and what the dialect needs to say where it stood. A plain tuple, because one
# is made for each value of each message.
Found: TypeAlias = tuple[str, Any]


class Unknown(NamedTuple):
    """Something with a value in it that no rule reads.

    Attributes:
        key: What it has in common with all that stand at such a place.
        name: Its own name.
        where: What the dialect needs to say where it stands.
        missing: The names that are known beside it, and are not there.
    """

    key: Hashable
    name: str
    where: Any
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Split(Generic[Expression]):
    """How a file falls into messages.

    Attributes:
        each: The elements that are a message each; None for the whole file.
        by_row: CSV: each row is a message.
        key: CSV: a message begins where one of these columns changes.
        record: CSV: the column that tells the kind of a row.
        begins: CSV: the kind of the row that begins a message.
        kinds: CSV: every other kind of row that a group takes.
        header: CSV: the columns that must be equal in all rows of a message.
    """

    each: Expression | None = None
    by_row: bool = False
    key: tuple[str, ...] = ()
    record: str = ""
    begins: str = ""
    kinds: frozenset[str] = frozenset()
    header: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pick(Generic[Expression]):
    """Which records make a group.

    Attributes:
        each: The elements that are a record each, where the format is a tree.
        record: CSV: the column that tells the kind of a row; empty where every row is a record.
        kind: CSV: the kind of row that is a record.
    """

    each: Expression | None = None
    record: str = ""
    kind: str = ""


@dataclass(slots=True)
class Part(Generic[Node]):
    """One message of the file, and what was wrong in cutting it out."""

    node: Node
    faults: list[Violation] = field(default_factory=list)


class Reading(ABC, Generic[Node, Expression]):
    """One source, opened for the expressions of a dialect."""

    def __init__(self, source: SourceLike) -> None:
        self.name = source.name

    @property
    @abstractmethod
    def root(self) -> Node:
        """The node from which the expressions of `[match]` look."""

    @abstractmethod
    def parts(self, split: Split[Expression]) -> Iterable[Part[Node]]:
        """Cut the file into messages, each when it is asked for where the format allows that.

        Raises:
            StepError: What it finds are no messages; before the first part.
            RejectedError: There are rows and no message.
        """

    @abstractmethod
    def group(self, node: Node, pick: Pick[Expression]) -> list[Node]:
        """Return the records of a group.

        Raises:
            StepError: What it finds are no records.
        """

    @abstractmethod
    def find(self, node: Node, expression: Expression) -> list[Found]:
        """Return the texts that an expression finds, in order.

        Raises:
            StepError: What it finds is no single value.
        """

    def first(self, node: Node, expressions: Iterable[Expression]) -> Found | None:
        """Return the text that the first of several expressions finds that finds any.

        Raises:
            StepError: As `find`, and `map.several-values`.
        """
        for expression in expressions:
            found = self.find(node, expression)
            if len(found) > 1:
                texts = ", ".join(text for text, _ in found[:5])
                raise StepError("map.several-values", count=len(found), texts=texts)
            if found:
                return found[0]
        return None

    @abstractmethod
    def place(self, where: Any) -> Place:
        """Say where a text stood."""

    @abstractmethod
    def node_place(self, node: Node) -> Place:
        """Say where a node stands."""

    @abstractmethod
    def expected(self, node: Node, expression: Expression) -> Place:
        """Say where a text would have stood."""

    def remarks(self, node: Node, entries: Mapping[str, Any]) -> list[Violation]:
        """Tell what is strange about the texts that made the values of a message, and stops nothing."""
        del node, entries
        return []

    @abstractmethod
    def unread(self, node: Node, known: Known) -> Iterator[Unknown]:
        """Yield what a node carries beside what is known there."""

    @abstractmethod
    def identity(self, node: Node) -> Hashable:
        """Return what tells a record from all others of the file."""

    def held(self, node: Node, columns: frozenset[str]) -> str:
        """Return the name of something that a record carries, empty where it carries nothing.

        Of the row of a table only these columns count: the others say something about its message.
        """
        del columns
        found = next(self.unread(node, Known()), None)
        return "" if found is None else found.name

    def lacks(self, expression: Expression) -> bool:
        """Tell whether it is a column that the file does not have."""
        del expression
        return False

    def near(self, expression: Expression) -> Sequence[str]:
        """Return the headers that are most like a column that the file does not have."""
        del expression
        return ()


class Dialect(ABC, Generic[Node, Expression]):
    """The expressions of one format."""

    @abstractmethod
    def compile(self, text: str) -> Expression:
        """Understand an expression, once, when the mapping is loaded.

        Raises:
            ExpressionError: It is none.
        """

    @abstractmethod
    def way(self, start: Way, expression: Expression) -> Way:
        """Return the way to what an expression finds, seen from the end of another way.

        Where it is more than names and positions, everything that it may look at is a part of it.
        """

    @abstractmethod
    def open(self, source: SourceLike) -> Reading[Node, Expression]:
        """Open a source of this format."""
