"""Two ways to keep documents without the gateway: through SQLAlchemy Core, and at SQLite's driver."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import (
    Column,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    create_engine,
    event,
    insert,
    update,
)

Kept = Sequence[tuple[str, bytes]]

metadata = MetaData()
raw = Table("raw", metadata, Column("id", String, primary_key=True), Column("bytes", LargeBinary))
documents = Table(
    "documents",
    metadata,
    Column("id", String, primary_key=True),
    Column("client_number", String),
    Column("state", String),
    Column("content", String),
)
_MOVE = update(documents).where(documents.c.id == bindparam("_id")).values(state=bindparam("state"))


class Ledger(Protocol):
    """Keeps documents; each call is one transaction that has reached the disk when it returns."""

    def sent(self, kept: Kept, made: Sequence[tuple[str, str, str]]) -> None:
        """Keep bytes by id, and documents: id, client's number, content."""

    def answered(self, kept: Kept, moved: Sequence[tuple[str, str]]) -> None:
        """Keep bytes by id, and the new state of documents by id."""


class CoreLedger:
    """Keeps documents in any database.

    Args:
        url: Where it is.
    """

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _durable)
        metadata.create_all(self._engine)

    def sent(self, kept: Kept, made: Sequence[tuple[str, str, str]]) -> None:
        """Keep bytes by id, and documents: id, client's number, content."""
        rows = [
            {"id": own, "client_number": number, "state": "sent", "content": text}
            for own, number, text in made
        ]
        with self._engine.begin() as connection:
            connection.execute(insert(raw), [{"id": own, "bytes": data} for own, data in kept])
            connection.execute(insert(documents), rows)

    def answered(self, kept: Kept, moved: Sequence[tuple[str, str]]) -> None:
        """Keep bytes by id, and the new state of documents by id."""
        with self._engine.begin() as connection:
            connection.execute(insert(raw), [{"id": own, "bytes": data} for own, data in kept])
            connection.execute(_MOVE, [{"_id": own, "state": state} for own, state in moved])


class BareLedger:
    """Keeps documents in SQLite, with nothing between.

    Args:
        file: Where it is.
    """

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(file, isolation_level=None)
        _durable(self._connection, None)
        self._connection.execute("CREATE TABLE raw (id PRIMARY KEY, bytes BLOB)")
        self._connection.execute("CREATE TABLE documents (id PRIMARY KEY, client_number, state, content)")

    def sent(self, kept: Kept, made: Sequence[tuple[str, str, str]]) -> None:
        """Keep bytes by id, and documents: id, client's number, content."""
        self._commit(kept, "INSERT INTO documents VALUES (?, ?, 'sent', ?)", made)

    def answered(self, kept: Kept, moved: Sequence[tuple[str, str]]) -> None:
        """Keep bytes by id, and the new state of documents by id."""
        rows = [(state, own) for own, state in moved]
        self._commit(kept, "UPDATE documents SET state = ? WHERE id = ?", rows)

    def _commit(self, kept: Kept, statement: str, rows: Sequence[tuple[str, ...]]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany("INSERT INTO raw VALUES (?, ?)", kept)
        self._connection.executemany(statement, rows)
        self._connection.execute("COMMIT")


def _durable(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
