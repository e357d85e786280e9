"""Every case that the conditions of a rule can tell apart, so that what no case reaches is found for sure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from math import prod
from typing import Final

from gateway.mapping.spec import ConditionSpec

# What is looked at, and whether from the message or from the record.
Seen = tuple[str, str]
# For each thing that is looked at, the text that stands there.
World = Mapping[Seen, str]

# No text of a source is like these: texts are stripped.
EMPTY: Final = ""
OTHER: Final = " other"
# An element or object with something in it, which is no single value.
GROUP: Final = " group"

_MOST: Final = 20_000


def worlds(conditions: Iterable[ConditionSpec], known: World, *, trees: bool) -> list[World] | None:
    """Return every case that these conditions can tell apart; None where there are too many to look at.

    Args:
        conditions: What is to be told apart.
        known: What is certain already, for example the kind of the row.
        trees: Whether there can be an element or object instead of a value.
    """
    texts: dict[Seen, dict[str, None]] = {seen: {text: None} for seen, text in known.items()}
    for each in conditions:
        if seen_by(each) in known:
            continue
        possible = texts.setdefault(
            seen_by(each), dict.fromkeys((EMPTY, OTHER, GROUP) if trees else (EMPTY, OTHER))
        )
        named = each.equals or each.differs or ()
        possible.update(dict.fromkeys(text for text in named if text == text.strip()))
    if prod(len(possible) for possible in texts.values()) > _MOST:
        return None
    return list(_combined(texts))


def _combined(texts: Mapping[Seen, Iterable[str]]) -> Iterator[World]:
    for combination in product(*texts.values()):
        yield dict(zip(texts, combination, strict=True))


def seen_by(condition: ConditionSpec) -> Seen:
    """Return what a condition looks at."""
    return (condition.source, condition.of or "")


def holds(conditions: Sequence[ConditionSpec], world: World) -> bool:
    """Tell whether all conditions hold in a case; the same that `Frame.holds` finds out of a source."""
    return all(_holds(each, world[seen_by(each)]) for each in conditions)


def _holds(condition: ConditionSpec, text: str) -> bool:
    if condition.empty is not None:
        return (text == EMPTY) is condition.empty
    if text == GROUP:
        return False
    if condition.equals is not None:
        return text in condition.equals
    return text not in (condition.differs or ())
