"""Mappings as they were: what is in force is kept, and what once was can be applied again (ER-03)."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.codes import PartialTables
from gateway.errors import RejectedError
from gateway.mapping import Mapping, load_mapping
from gateway.steps.records import World
from gateway.store import Unit


def keep_versions(unit: Unit, mappings: Iterable[Mapping]) -> None:
    """Keep the bytes of each mapping that comes into force."""
    in_force = list(mappings)
    digests = unit.raw.put_many([each.data for each in in_force])
    unit.mapping_versions.keep(
        (each.name, each.version, digest) for each, digest in zip(in_force, digests, strict=True)
    )


def mapping_of(world: World, unit: Unit, name: str, version: str) -> Mapping | None:
    """Return the mapping of a name and version as each message carries them, compiled anew.

    Applied to the bytes of the interchange it gives the same messages as it did then, with their lineage:
    which row and column made which field. Code tables are those of today. An interchange that repeats an
    earlier one has no messages of its own: look at the one that its `same_as` names.

    Returns:
        None where this version was in force before versions were kept, or where the gateway of today no
        longer understands it.
    """
    data = unit.mapping_versions.get(name, version)
    if data is None:
        return None
    try:
        return load_mapping(name, data, PartialTables(world.codes))
    except RejectedError:
        return None
