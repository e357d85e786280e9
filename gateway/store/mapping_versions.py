"""Versions of mappings: the bytes of each one that was ever in force, and since when (ER-03)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, select

from gateway.store.connection import Connection
from gateway.store.statements import added_once
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

    def keep(self, mapping: str, version: str, digest: str) -> bool:
        """Keep a version whose bytes are kept under a digest; return whether it is new."""
        values = {"mapping": mapping, "version": version, "digest": digest, "since": self._now}
        return added_once(self._connection, mapping_versions, values, "mapping") is not None

    def get(self, mapping: str, version: str) -> bytes | None:
        """Return the bytes of a version, or None where it was never in force."""
        found = self._connection.scalar(_BYTES, {"mapping": mapping, "version": version})
        return None if found is None else bytes(found)
