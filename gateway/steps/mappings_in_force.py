"""The mappings in force: a changed folder takes their place while the gateway runs, all or nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from pathlib import Path

from gateway.codes import PartialTables
from gateway.errors import RejectedError, Violation
from gateway.logs import log
from gateway.mapping import MappingSet, check_all
from gateway.steps.mapping_versions import keep_versions
from gateway.steps.records import World
from gateway.store import Store

REFUSED = "mapping.reload-refused"
_SUBJECT = "mappings"
# An alert is to be read; `gateway mappings check` tells the rest.
_TOLD = 5

# Of each file its name, its inode, its size and its time of change: cheap to look at again and again.
Sight = tuple[tuple[str, int, int, int], ...]


def check_mappings(world: World, mappings: MappingSet) -> Iterator[Violation]:
    """Hold a set against the structure, the code tables, and the agreements with the partners."""
    for partner in world.settings.partner:
        for pattern in partner.mappings:
            if not any(fnmatchcase(each.name, pattern) for each in mappings):
                values = {"partner": partner.name, "pattern": pattern}
                yield Violation("config.mapping-unknown", values=values)
    agreements = [partner.mappings for partner in world.settings.partner]
    yield from check_all(mappings, world.catalogue.dictionary, PartialTables(world.codes), agreements)


class Mappings:
    """The set by which interchanges are understood, and what its folder looked like when it was loaded.

    Args:
        world: Code tables and structure, against which a new set is checked.
        store: Keeps the bytes of each version that comes into force.
        load: Loads the set of the folder.

    Raises:
        RejectedError: Every fault of every mapping.
    """

    def __init__(self, world: World, store: Store, load: Callable[[], MappingSet]) -> None:
        self._world = world
        self._store = store
        self._load = load
        self._folder = world.settings.path(world.settings.folders.mappings)
        self._known = self._last = _sight(self._folder)
        self._told: tuple[Violation, ...] = ()
        self._current = load()
        self._keep(self._current)

    def current(self) -> MappingSet:
        """Return the set in force; whoever understands an interchange asks once and keeps to it."""
        return self._current

    def look(self) -> int:
        """Take what stands in the folder, if it changed and has come to rest; return how much that was.

        Files that are still being copied look different from one look to the next. A set with any fault
        is told and not taken: what is in force stays in force as a whole.
        """
        sight = _sight(self._folder)
        still, self._last = sight == self._last, sight
        if sight == self._known or not still:
            return 0
        try:
            changed = self._load()
        except RejectedError as fault:
            done = self._refuse(fault.violations)
        else:
            faults = self._faults(changed)
            done = self._refuse(faults) if faults else self._take(changed)
        self._known = sight
        return done

    def _faults(self, mappings: MappingSet) -> tuple[Violation, ...]:
        return tuple(fault for fault in check_mappings(self._world, mappings) if not fault.warning)

    def _take(self, mappings: MappingSet) -> int:
        before = {each.name: each.version for each in self._current}
        after = {each.name: each.version for each in mappings}
        self._keep(mappings)
        self._current = mappings
        changed = {
            name: after.get(name) for name in {**before, **after} if before.get(name) != after.get(name)
        }
        if changed:
            log.info(
                "mappings-reloaded",
                versions={name: version or "removed" for name, version in changed.items()},
            )
        return len(changed)

    def _keep(self, mappings: MappingSet) -> None:
        """Before a set makes anything, its bytes are kept."""
        with self._store.begin() as unit:
            keep_versions(unit, mappings)
            unit.alerts.close(REFUSED, _SUBJECT)
        self._told = ()

    def _refuse(self, faults: Sequence[Violation]) -> int:
        if (told := tuple(faults)) == self._told:
            return 0
        with self._store.begin() as unit:
            unit.alerts.close(REFUSED, _SUBJECT)
            unit.alerts.open(REFUSED, _SUBJECT, _values(told))
        self._told = told
        log.warning("mappings-not-reloaded", faults=len(told))
        return 1


def _values(faults: Sequence[Violation]) -> dict[str, str | int]:
    """Return the values of the alert: the first faults in both languages, and how many there are."""
    first = faults[:_TOLD]
    return {
        "count": len(faults),
        "reason": " ".join(f"{each.place or 'gateway.toml'}: {each.text('en')}" for each in first),
        "reason_zh": " ".join(f"{each.place or 'gateway.toml'}：{each.text('zh')}" for each in first),
    }


def _sight(folder: Path) -> Sight:
    """Look by the system's own listing: finding the files as paths would take six times as long."""
    found = []
    for inner in _entries(folder):
        for file in _entries(inner.path) if inner.is_dir() else ():
            with suppress(OSError):
                if file.name.endswith(".toml"):
                    state = file.stat()
                    found.append((file.path, state.st_ino, state.st_size, state.st_mtime_ns))
    return tuple(sorted(found))


def _entries(folder: Path | str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
