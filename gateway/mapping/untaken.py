"""Tells what groups pass over as their `when` does not hold, so that no record is lost without a word."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeAlias

from gateway.errors import Place
from gateway.mapping.rules import Condition, Frame, Passed
from gateway.mapping.step_model import StepError


@dataclass(frozen=True, slots=True)
class Shares:
    """How the groups of a mapping share the records out.

    Attributes:
        columns: Of a table, those that say something about a record and not about the message.
        ignored: A record for which one of them holds is passed over on purpose.
        once: For each group that stands once under conditions the expressions of what nothing else reads.
    """

    columns: frozenset[str] = frozenset()
    ignored: tuple[Condition, ...] = ()
    once: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


# A condition, and from where it is seen.
_Seen: TypeAlias = tuple[Any, Condition]


def untaken(frame: Frame, shares: Shares) -> None:
    """Note a fault for everything that groups have passed over and that would be missing in the message."""
    told: set[Place] = set()
    for failing, held in chain(_lost_once(frame, shares), _lost_records(frame, shares)):
        asked = [seen for seen in failing if not _on_purpose(frame, *seen)]
        if asked:
            _tell(frame, asked, held, told)


def _lost_once(frame: Frame, shares: Shares) -> Iterator[tuple[list[_Seen], str]]:
    """Yield the condition of each group that stands once and is not made, and a value that only it reads."""
    for passed in frame.passed:
        for expression in shares.once[passed.target] if passed.once is not None else ():
            texts, place = _seen(frame, passed.once, expression)
            if texts != []:
                yield [_failing(frame, passed, None)], place.column or place.path or "–"
                break


def _lost_records(frame: Frame, shares: Shares) -> Iterator[tuple[list[_Seen], str]]:
    """Yield why no group takes a record, by each that could, and something that the record carries."""
    reading = frame.reading
    taken = set(map(reading.identity, frame.taken))
    left: dict[Hashable, list[tuple[Passed, Any]]] = {}
    for passed in frame.passed:
        # Most often another group has them all.
        if not taken.issuperset(map(reading.identity, passed.records)):
            for record in passed.records:
                left.setdefault(reading.identity(record), []).append((passed, record))
    for identity, several in left.items():
        if identity in taken:
            continue
        record = several[0][1]
        held = reading.held(record, shares.columns)
        if held and not any(frame.holds((each,), record) for each in shares.ignored):
            yield [_failing(frame, passed, record) for passed, record in several], held


def _failing(frame: Frame, passed: Passed, record: Any) -> _Seen:
    """Return the first condition that does not hold, best one on purpose, and from where it is seen."""
    node = record if passed.once is None else passed.once
    failing = [
        (frame.message if each.of_message else node, each)
        for each in passed.conditions
        if not frame.holds((each,), node)
    ]
    return next((seen for seen in failing if _on_purpose(frame, *seen)), failing[0])


def _on_purpose(frame: Frame, node: Any, condition: Condition) -> bool:
    """Tell whether what stands there is left out on purpose, by `is-not`, which can name no object."""
    if condition.wanted is None or condition.holds:
        return False
    texts, _ = _seen(frame, node, condition.expression)
    return texts is not None


def _tell(frame: Frame, failing: list[_Seen], held: str, told: set[Place]) -> None:
    # A value that is wrong says more than one that is missing.
    node, first = next((each for each in failing if each[1].wanted or not each[1].holds), failing[0])
    texts, place = _seen(frame, node, first.expression)
    # What a condition of the whole message keeps out is one fault, however many records there are.
    if place in told:
        return
    told.add(place)
    if first.wanted is None and first.holds:
        fields = " / ".join(dict.fromkeys(each.text for _, each in failing))
        frame.fault("map.record-incomplete", "", {"fields": fields, "held": held}, place)
        return
    if texts is None and first.wanted is not None:
        frame.fault("map.not-a-value", "", {"expression": first.text}, place)
        return
    same = [each for _, each in failing if each.text == first.text]
    right = dict.fromkeys(text for each in same for text in _right(each))
    values = {"field": first.text, "found": ", ".join((texts or [])[:5]), "right": ", ".join(right)}
    frame.fault("map.record-left-out", "", values, place)


def _right(condition: Condition) -> list[str]:
    """Return the words for which a condition holds; none where it only asks for something."""
    if condition.wanted is None:
        return [] if condition.holds else ['""']
    return sorted(condition.wanted)


def _seen(frame: Frame, node: Any, expression: Any) -> tuple[list[str] | None, Place]:
    """Return the texts that an expression finds, None for an object, and where they stand or would."""
    try:
        found = frame.reading.find(node, expression)
    except StepError:
        return None, frame.reading.expected(node, expression)
    if not found:
        return [], frame.reading.expected(node, expression)
    return [text for text, _ in found], frame.reading.place(found[0][1])
