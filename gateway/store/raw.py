"""Bytes exactly as they came or went, kept once by digest (CU-03)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import TypeVar

from sqlalchemy import Insert, Integer, bindparam, func, select, update

from gateway.errors import ParkedError
from gateway.store.connection import Connection
from gateway.store.statements import pieces, upsert
from gateway.store.tables import raw

T = TypeVar("T")

_MANY = select(raw.c.digest, raw.c.bytes, raw.c.size).where(
    raw.c.digest.in_(bindparam("_digests", expanding=True))
)
_BEGINNING = select(
    func.substr(raw.c.bytes, 1, bindparam("_length", type_=Integer), type_=raw.c.bytes.type)
).where(raw.c.digest == bindparam("_digest"))
_SIZE = select(func.coalesce(func.sum(raw.c.size), 0)).where(
    raw.c.digest.in_(bindparam("_digests", expanding=True))
)
_KEPT_AT = select(raw.c.stored_at).where(raw.c.digest == bindparam("_digest"))
_GET = select(raw.c.bytes, raw.c.size).where(raw.c.digest == bindparam("_digest"))
# Whoever archives waits for those who have found the bytes still there, and will refer to them.
_FOUND = (
    select(raw.c.digest, func.length(raw.c.bytes) != raw.c.size)
    .where(raw.c.digest.in_(bindparam("_digests", expanding=True)))
    .order_by(raw.c.digest)
    .with_for_update(key_share=True)
)
_FILL = update(raw).where(raw.c.digest == bindparam("_digest")).values(bytes=bindparam("bytes"))


class Raw:
    """The bytes behind every digest of the other tables."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def put(self, data: bytes) -> str:
        """Keep the bytes, unless they are kept already, and return their digest."""
        return self.put_many([data])[0]

    def put_many(self, contents: Sequence[bytes]) -> list[str]:
        """Keep the bytes of a batch, unless they are kept already, and return the digest of each."""
        digests = [sha256(data).hexdigest() for data in contents]
        # The order is everybody's, so that two who keep the same do not wait for each other.
        whole = sorted(dict(zip(digests, contents, strict=True)).items())
        values = [
            {"digest": digest, "bytes": data, "size": len(data), "stored_at": self._now}
            for digest, data in whole
        ]
        if self._connection.execute_many(_keep(self._connection.dialect.name), values) < len(values):
            self._refill(dict(whole))
        return digests

    def get(self, digest: str) -> bytes:
        """Return the bytes.

        Raises:
            ParkedError: `store.raw-absent` or `store.raw-archived`.
        """
        found = self._connection.execute(_GET, {"_digest": digest}).first()
        if found is None:
            raise ParkedError("store.raw-absent", digest=digest)
        return _whole(digest, *found)

    def kept_at(self, digest: str) -> datetime | None:
        """Return when the bytes were kept for the first time."""
        kept_at: datetime | None = self._connection.scalar(_KEPT_AT, {"_digest": digest})
        return kept_at

    def beginning(self, digest: str, length: int) -> bytes:
        """Return the first bytes, without reading the others; nothing if there are none."""
        found = self._connection.scalar(_BEGINNING, {"_digest": digest, "_length": length})
        return bytes(found) if found is not None else b""

    def size(self, digests: Sequence[str]) -> int:
        """Return how many bytes these are together, wherever they are."""
        return sum(self._connection.scalar(_SIZE, {"_digests": piece}) for piece in pieces(digests))

    def many(self, wanted: Iterable[tuple[T, str]]) -> list[tuple[T, bytes]]:
        """Return the bytes of a batch, each beside what stood with its digest.

        Raises:
            ParkedError: `store.raw-absent` or `store.raw-archived`.
        """
        pairs = list(wanted)
        digests = sorted({digest for _, digest in pairs})
        found = self._connection.execute(_MANY, {"_digests": digests}) if digests else ()
        contents = {digest: _whole(digest, data, size) for digest, data, size in found}
        for digest in digests:
            if digest not in contents:
                raise ParkedError("store.raw-absent", digest=digest)
        return [(each, contents[digest]) for each, digest in pairs]

    def _refill(self, contents: Mapping[str, bytes]) -> None:
        """Keep bytes again that are in an archive only."""
        for piece in pieces(list(contents)):
            found = self._connection.execute(_FOUND, {"_digests": piece})
            archived = [digest for digest, is_archived in found if is_archived]
            values = [{"_digest": digest, "bytes": contents[digest]} for digest in archived]
            self._connection.execute_many(_FILL, values)


@cache
def _keep(dialect: str) -> Insert:
    return upsert(raw, dialect).on_conflict_do_nothing()


def _whole(digest: str, data: bytes, size: int) -> bytes:
    whole = bytes(data)
    if len(whole) != size:
        raise ParkedError("store.raw-archived", digest=digest)
    return whole
