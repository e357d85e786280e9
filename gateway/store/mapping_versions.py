"""Versions of mappings: the bytes of each one that was ever in force, and since when (ER-03)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache

from sqlalchemy import Insert, bindparam, select

from gateway.store.connection import Connection
from gateway.store.statements import upsert
from gateway.store.tables import mapping_versions, raw

_BYTES = select(raw.c.bytes).where(
    raw.c.digest == mapping_versions.c.digest,
    mapping_versions.c.mapping == bindparam("mapping"),
    mapping_versions.c.version == bindparam("version"),
)


class MappingVersions:
    """What stands behind the name and version that each interchange carries."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def keep(self, versions: Iterable[tuple[str, str, str]]) -> None:
        """Keep each version that is not kept already: mapping, version, and digest of its bytes."""
        values = [
            {"mapping": mapping, "version": version, "digest": digest, "since": self._now}
            for mapping, version, digest in sorted(versions)
        ]
        self._connection.execute_many(_keep(self._connection.dialect.name), values)

    def get(self, mapping: str, version: str) -> bytes | None:
        """Return the bytes of a version, or None where it was never in force."""
        found = self._connection.scalar(_BYTES, {"mapping": mapping, "version": version})
        return None if found is None else bytes(found)


@cache
def _keep(dialect: str) -> Insert:
    return upsert(mapping_versions, dialect).on_conflict_do_nothing()
