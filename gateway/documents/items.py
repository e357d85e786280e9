"""Work on the items of a document: append, insert, delete, reclassify, split; numbers are always 1 to n."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from gateway.documents.draft import copy
from gateway.errors import RejectedError, Violation
from gateway.fields import Fields

_NUMBER: Final = "GNo"


@dataclass(frozen=True, slots=True)
class Line:
    """One item on its way into a document.

    Attributes:
        fields: Its fields; a copy, free to be changed.
        step: Its step in the path of a violation: `Item[2]` is the second that the command brought,
            `Item[GNo=7]` the one that has the number 7 in the document as it is.
        kept: It is an item of the document as it is, which is simply renumbered; the number that a command
            gives is judged.
    """

    fields: Fields
    step: str
    kept: bool = False

    @property
    def number(self) -> str:
        """Return the number that it has or was given, or nothing."""
        value = self.fields.get(_NUMBER, "")
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Work:
    """What a command wants done to the items of a document.

    Attributes:
        message: The body's element name, where every path begins.
        kept: The items of the document as it is.
        given: The items of the command.
        reclassified: The fields of an item that `reclassify` may change.
    """

    message: str
    kept: list[Line]
    given: list[Line]
    reclassified: tuple[str, ...] = ()

    def fault(self, code: str, line: Line, name: str = _NUMBER, **values: object) -> Violation:
        """Return a violation at a field of one of the command's items."""
        return Violation(code, f"{self.message}/{line.step}/{name}", values)


def lines_of(body: Mapping[str, object], *, kept: bool = False) -> list[Line]:
    """Return copies of the items of a body; `kept` are those of the document as it is."""
    items = body.get("Item", [])
    groups = [copy(item) for item in items] if isinstance(items, list) else []
    return [
        Line(group, f"Item[GNo={count}]" if kept else f"Item[{count}]", kept)
        for count, group in enumerate(groups, 1)
    ]


def append(work: Work) -> list[Line]:
    """Put the given items after all others (GF-03, MF-10)."""
    return [*work.kept, *work.given]


def insert(work: Work) -> list[Line]:
    """Put the given items, in their order, before the item whose number the first of them names.

    Raises:
        RejectedError: `item.unknown-number`.
    """
    before = _index(work, work.given[0])
    if isinstance(before, Violation):
        raise RejectedError([before])
    return [*work.kept[:before], *work.given, *work.kept[before:]]


def delete(work: Work) -> list[Line]:
    """Take away the items whose numbers are given.

    Raises:
        RejectedError: `item.unknown-number`, `item.named-twice` or `item.not-wanted`, all at once.
    """
    found = _named(work, ())
    return [line for index, line in enumerate(work.kept) if index not in found]


def reclassify(work: Work) -> list[Line]:
    """Change what classifies the items whose numbers are given (GF-05, MF-10).

    Raises:
        RejectedError: `item.unknown-number`, `item.named-twice` or `item.not-wanted`, all at once.
    """
    found = _named(work, work.reclassified)
    return [
        replace(line, fields={**line.fields, **found[index].fields}, step=found[index].step)
        if index in found
        else line
        for index, line in enumerate(work.kept)
    ]


OPERATIONS: Final[Mapping[str, Callable[[Work], list[Line]]]] = {
    "append-item": append,
    "insert-item": insert,
    "delete-item": delete,
    "reclassify": reclassify,
}


def renumbered(lines: Sequence[Line]) -> list[Line]:
    """Give the items that were there already their new numbers."""
    return [
        replace(line, fields={**line.fields, _NUMBER: str(count)}) if line.kept else line
        for count, line in enumerate(lines, 1)
    ]


def split(lines: Sequence[Line], limit: int) -> list[list[Line]]:
    """Split items in order into volumes of so many (GF-02).

    In a further volume an item may still bear the number that it has in the whole.
    """
    parts = [list(lines[start : start + limit]) for start in range(0, len(lines), limit)] or [[]]
    for part, further in enumerate(parts[1:], 1):
        for index, line in enumerate(further):
            if line.number == str(part * limit + index + 1):
                del line.fields[_NUMBER]
    return parts


def _named(work: Work, changeable: tuple[str, ...]) -> dict[int, Line]:
    """Return the items of the command by the index of the item that each of them means."""
    found: dict[int, Line] = {}
    faults: list[Violation] = []
    for line in work.given:
        index = _index(work, line)
        faults += _unwanted(work, line, changeable)
        if isinstance(index, Violation):
            faults.append(index)
        elif index in found:
            faults.append(work.fault("item.named-twice", line, given=line.number))
        else:
            found[index] = line
    if faults:
        raise RejectedError(faults)
    return found


def _index(work: Work, line: Line) -> int | Violation:
    numbers = {str(count): count - 1 for count in range(1, len(work.kept) + 1)}
    if line.number in numbers:
        return numbers[line.number]
    if not work.kept:
        return work.fault("item.none-there", line, given=line.number or "-")
    return work.fault("item.unknown-number", line, given=line.number or "-", limit=len(work.kept))


def _unwanted(work: Work, line: Line, changeable: tuple[str, ...]) -> Iterator[Violation]:
    wanted = (_NUMBER, *changeable)
    for name in line.fields:
        if name not in wanted:
            yield work.fault("item.not-wanted", line, name, field=name, expected=", ".join(wanted))
