"""Bytes exactly as they came or went, kept once by digest (CU-03)."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection, bindparam, select

from gateway.errors import ParkedError
from gateway.store.statements import added_once
from gateway.store.tables import raw

_GET = select(raw.c.bytes).where(raw.c.digest == bindparam("_digest"))


class Raw:
    """The bytes behind every digest of the other tables."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def put(self, data: bytes) -> str:
        """Keep the bytes, unless they are kept already, and return their digest."""
        digest = sha256(data).hexdigest()
        values = {"digest": digest, "bytes": data, "size": len(data), "stored_at": self._now}
        added_once(self._connection, raw, values, "digest")
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes.

        Raises:
            ParkedError: `store.raw-absent`.
        """
        found = self._connection.scalar(_GET, {"_digest": digest})
        if found is None:
            raise ParkedError("store.raw-absent", digest=digest)
        return bytes(found)
