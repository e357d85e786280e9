"""How two contents of a document differ, each item followed to where it now stands (AM-02)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.fields import Fields

# What says which item it is weighs more than everything else that may be alike by chance.
_NAMING: Final = {"ContrItem": 100, "CodeTS": 20, "SeqNo": 100, "FieldCode": 20}
# What every item has whatever it is.
_SILENT: Final = {"GNo", "No"}


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that differs; an absent value is empty.

    Attributes:
        path: The field with positions, for example `Item[3]/GQty`. An item has the position that it had in
            the old content; new items count on behind its last.
        old: The text before.
        new: The text after.
    """

    path: str
    old: str
    new: str


def differences(old: Fields, new: Fields) -> list[Difference]:
    """List every field that differs, in the order of the new content, then those that are gone."""
    before, after = dict(_leaves(old, old, "")), dict(_leaves(new, old, ""))
    found = [
        Difference(path, before.get(path, ""), text)
        for path, text in after.items()
        if before.get(path) != text
    ]
    return found + [Difference(path, text, "") for path, text in before.items() if path not in after]


def align(old: Sequence[Fields], new: Sequence[Fields]) -> list[int]:
    """Return for each new item its position in the old list, counted from 1; those that are new count on.

    Items keep their order; among all ways to lay the lists side by side, the one with most in common is
    taken.
    """
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle = _lay(old[head : len(old) - tail], new[head : len(new) - tail])
    found: list[int | None] = [
        *range(1, head + 1),
        *(None if place is None else head + place + 1 for place in middle),
        *range(len(old) - tail + 1, len(old) + 1),
    ]
    return number_on(found, len(old))


def number_on(places: Sequence[int | None], last: int) -> list[int]:
    """Give those without a place the numbers behind the last, in their order."""
    following = iter(range(last + 1, last + len(places) + 1))
    return [next(following) if place is None else place for place in places]


def _leaves(tree: Fields, against: Fields, path: str) -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, str):
            yield path + name, value
        elif isinstance(value, dict):
            other = against.get(name)
            yield from _leaves(value, other if isinstance(other, dict) else {}, f"{path}{name}/")
        else:
            yield from _numbered(value, against.get(name), path + name)


def _numbered(groups: list[Fields], against: object, path: str) -> Iterator[tuple[str, str]]:
    others = against if isinstance(against, list) else []
    places = range(1, len(groups) + 1) if groups is against else align(others, groups)
    for place, group in zip(places, groups, strict=True):
        other = others[place - 1] if place <= len(others) else {}
        yield from _leaves(group, other, f"{path}[{place}]/")


def _common(old: Sequence[Fields], new: Sequence[Fields]) -> int:
    count = 0
    for one, other in zip(old, new, strict=False):
        if _said(one) != _said(other):
            break
        count += 1
    return count


def _lay(old: Sequence[Fields], new: Sequence[Fields]) -> list[int | None]:
    """Lay two lists side by side; `best[i][j]` is what the items from i and j on have in common at most."""
    before, after = [_said(group) for group in old], [_said(group) for group in new]
    likeness = [[_likeness(one, other) for other in after] for one in before]
    best = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + likeness[i][j])
    found: list[int | None] = [None] * len(new)
    i = j = 0
    while i < len(old) and j < len(new):
        if best[i][j] == best[i + 1][j + 1] + likeness[i][j]:
            found[j] = i
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return found


def _said(group: Fields) -> Mapping[str, object]:
    return {name: value for name, value in group.items() if name not in _SILENT}


def _likeness(one: Mapping[str, object], other: Mapping[str, object]) -> int:
    # Two items in the same place are rather one that was changed than one that went and one that came.
    same = (name for name, value in one.items() if other.get(name) == value)
    return 1 + sum(_NAMING.get(name, 2) for name in same)
