"""How what two mappings make of one file differs: messages that come or go, values, and faults (ER-03)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import zip_longest
from typing import Final

from gateway.errors import RejectedError, Violation
from gateway.formats import Source
from gateway.mapping import NOTHING, Difference, Mapped, Mapping, compare_messages, matched
from gateway.steps.records import World
from gateway.steps.structure import faults_of_structure

# Messages are matched by their numbers only where both sides can be held in memory.
_MOST_MATCHED: Final = 1000


class Result(StrEnum):
    """What is different for one file, the gravest first."""

    NOW_REFUSED = "now-refused"
    NOW_ACCEPTED = "now-accepted"
    DIFFERS = "values-differ"
    OTHER_MAPPING = "other-mapping"
    NOT_COMPARABLE = "not-comparable"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Sides:
    """One file, and what understood it then and would understand it now.

    Attributes:
        source: The file.
        then: The mapping of then; None where the file was refused.
        now: The mapping of now; None where it would be refused.
        refusal: Why it would be.
        at: When the file came.
    """

    source: Source
    then: Mapping | None
    now: Mapping | None
    refusal: RejectedError | None
    at: datetime


def effects(world: World, sides: Sides) -> Iterator[tuple[Result, Difference]]:
    """Yield each difference with what it means; messages are made and compared one by one."""
    was, refused_then = _count(sides.then, sides.source)
    now, refused_now = _count(sides.now, sides.source)
    refused_now = refused_now or sides.refusal
    if refused_now is not None:
        if sides.then is not None and refused_then is None:
            for fault in refused_now.violations:
                yield Result.NOW_REFUSED, _of_fault("", None, fault)
        return
    for number, (one, other) in enumerate(_pairs(sides, was, now), 1):
        yield from _of_message(world, sides.at, number, one, other)


def _count(mapping: Mapping | None, source: Source) -> tuple[int, RejectedError | None]:
    """Count the messages that a mapping makes of a file, or say why it makes none at all."""
    if mapping is None:
        return 0, None
    try:
        return mapping.count(source), None
    except RejectedError as fault:
        return 0, fault


def _pairs(sides: Sides, was: int, now: int) -> Iterator[tuple[Mapped | None, Mapped | None]]:
    then = sides.then.messages_of(sides.source) if sides.then and was else iter(())
    made = sides.now.messages_of(sides.source) if sides.now and now else iter(())
    if was == now or max(was, now) > _MOST_MATCHED:
        return zip_longest(then, made)
    return matched(list(then), list(made))


def _of_message(
    world: World, at: datetime, number: int, one: Mapped | None, other: Mapped | None
) -> Iterator[tuple[Result, Difference]]:
    differences = list(compare_messages(number, one, other))
    if not differences and one and other and one.violations == other.violations:
        return
    wrong, wrong_now = (_faults(world, each, at) for each in (one, other))
    faulty, faulty_now = one is None or bool(wrong), other is None or bool(wrong_now)
    result = Result.DIFFERS
    if faulty is not faulty_now:
        result = Result.NOW_REFUSED if faulty_now else Result.NOW_ACCEPTED
    yield from ((result, each) for each in differences)
    for mark in {**wrong, **wrong_now}:
        if mark not in wrong or mark not in wrong_now:
            yield result, _of_fault(f"[{number}] ", wrong.get(mark), wrong_now.get(mark))


def _faults(world: World, mapped: Mapped | None, at: datetime) -> dict[tuple[str, str, str], Violation]:
    """Return what is wrong with a message, by what makes two faults the same."""
    if mapped is None:
        return {}
    found = (mapped.locate(each) for each in faults_of_structure(world, mapped, at) if not each.warning)
    return {(each.code, each.path, each.text()): each for each in found}


def _of_fault(where: str, before: Violation | None, after: Violation | None) -> Difference:
    fault = after or before
    assert fault is not None, "one of them is there"
    path = (where + fault.path).strip()
    return Difference(
        path,
        f"{before.code}: {before.text()}" if before else NOTHING,
        f"{after.code}: {after.text()}" if after else NOTHING,
        "",
        "",
        fault.place,
    )
