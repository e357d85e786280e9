"""What changed mappings would make of what really came: nothing is stored, sent or told (ER-03)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import islice
from typing import Final

from gateway.errors import ParkedError, RejectedError
from gateway.formats import ReadOptions, Source, Unreadable, read_all
from gateway.mapping import Difference, Mapping, MappingSet
from gateway.steps.mapping_effects import Result, Sides, effects
from gateway.steps.mapping_versions import mapping_of
from gateway.steps.records import World
from gateway.store import InterchangeRow, InterchangeState, Store

_PAGE: Final = 50
# Of one file; whoever has seen so many has seen enough of it.
_MOST_DIFFERENCES: Final = 100
_DECIDED: Final = (InterchangeState.UNDERSTOOD, InterchangeState.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which interchanges are to be rehearsed.

    Attributes:
        since: The moment from which on they came.
        partner: Only those of this partner; None for all.
        mapping: Only files that a mapping of this name or pattern understood, or would understand now.
        limit: At most so many files, the newest ones.
    """

    since: datetime
    partner: str | None = None
    mapping: str = "*"
    limit: int = 1000


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How one file would fare.

    Attributes:
        interchange: The interchange with which it came.
        file: Its name.
        before: Mapping and version that understood it then; empty where it was refused.
        after: Mapping and version that would now; empty where it would be refused.
        result: What is different.
        differences: Value by value, with rule and place, at most a hundred.
    """

    interchange: InterchangeRow
    file: str
    before: str
    after: str
    result: Result
    differences: tuple[Difference, ...] = ()


def rehearse(world: World, store: Store, mappings: MappingSet, wanted: Wanted) -> Iterator[Rehearsed]:
    """Yield how each file of the recent interchanges would fare, the newest first, one at a time.

    The mapping of then is applied to the bytes of then, so that both sides are exact; code tables and
    structure are those of today on both. An interchange that only repeats an earlier one is left out.
    """
    every = (
        rehearsed
        for interchange in _recent(store, wanted)
        for rehearsed in _rehearse_one(world, store, mappings, interchange)
        if _is_about(wanted.mapping, (rehearsed.before, rehearsed.after))
    )
    yield from islice(every, wanted.limit)


def _is_about(pattern: str, names: Iterable[str]) -> bool:
    return any(fnmatchcase(name.partition("@")[0], pattern) for name in names)


def _recent(store: Store, wanted: Wanted) -> Iterator[InterchangeRow]:
    before: int | None = None
    while True:
        with store.read() as unit:
            page = unit.interchanges.newest(before, _PAGE)
        for row in page:
            if row.received_at < wanted.since:
                return
            if wanted.partner in {None, row.partner} and row.state in _DECIDED and row.same_as is None:
                yield row
        if not page:
            return
        before = page[-1].id


def _rehearse_one(
    world: World, store: Store, mappings: MappingSet, row: InterchangeRow
) -> Iterator[Rehearsed]:
    """Yield each file of an interchange; one that no reader understands is refused by any mapping."""
    partner = next((each for each in world.settings.partner if each.name == row.partner), None)
    if partner is None:
        return
    try:
        with store.read() as unit:
            data = unit.raw.get(row.digest)
    except ParkedError:
        # It is archived: what it made is over, and is made by no mapping again.
        return
    position = 1
    try:
        for source in read_all(row.name, data, ReadOptions(encoding=partner.encoding or "")):
            if isinstance(source, Unreadable):
                position += 1
                continue
            name, then = _then(world, store, row, position)
            now, refusal = _now(mappings, source, partner.mappings)
            sides = Sides(source, then, now, refusal, row.received_at)
            yield _rehearsed(world, row, sides, name)
            position += then.count(source) if then else 1
    except RejectedError:
        return


def _then(world: World, store: Store, row: InterchangeRow, position: int) -> tuple[str, Mapping | None]:
    """Return the name and version by which a file was understood, and the mapping if it is still known."""
    with store.read() as unit:
        kept = unit.messages.at(row.id, position)
        if kept is None or kept.mapping is None or kept.mapping_version is None:
            return "", None
        name = f"{kept.mapping}@{kept.mapping_version}"
        return name, mapping_of(world, unit, kept.mapping, kept.mapping_version)


def _now(
    mappings: MappingSet, source: Source, names: tuple[str, ...]
) -> tuple[Mapping | None, RejectedError | None]:
    try:
        return mappings.choose(source, names), None
    except RejectedError as fault:
        return None, fault


def _rehearsed(world: World, row: InterchangeRow, sides: Sides, before: str) -> Rehearsed:
    after = f"{sides.now.name}@{sides.now.version}" if sides.now else ""
    file = sides.source.name
    if before and sides.then is None:
        return Rehearsed(row, file, before, after, Result.NOT_COMPARABLE)
    found: list[Difference] = []
    results: set[Result] = set()
    for result, difference in effects(world, sides):
        results.add(result)
        if len(found) < _MOST_DIFFERENCES:
            found.append(difference)
    if sides.then and sides.now and sides.then.name != sides.now.name:
        results.add(Result.OTHER_MAPPING)
    # The gravest of all stands first.
    worst = next((each for each in Result if each in results), Result.SAME)
    return Rehearsed(row, file, before, after, worst, tuple(found))
