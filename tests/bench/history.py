"""A store with a long history: `python -m tests.bench.history FOLDER --documents 1000000 [--database URL]`.

Manifests are taken through all stages on the empty store, which is the first measurement. What they left
is cloned until the store holds as many final documents as asked: every row of every table, with numbers,
ids and digests of its own. Then as many manifests again are the second measurement. Cut short are only
what no stage reads again: the raw bytes, earlier contents, and the entries of replies. The clones carry
the seal of the last one before them, so that the audit's chain does not hold in such a store.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import click
import psycopg

from tests.bench.site import Site
from tests.bench.stages import through

# In the order in which rows refer to each other, with what numbers them.
_TABLES = {
    "raw": "",
    "interchanges": "id",
    "documents": "",
    "messages": "id",
    "document_versions": "",
    "history": "id",
    "submissions": "seq",
    "attempts": "id",
    "receipts": "id",
    "notices": "id",
}
_MINE = {
    "raw": "digest IN (SELECT digest FROM t_interchanges UNION SELECT reply_digest FROM t_interchanges"
    " UNION SELECT unsigned_digest FROM t_submissions UNION SELECT signed_digest FROM t_submissions"
    " UNION SELECT digest FROM t_receipts UNION SELECT digest FROM t_notices)",
    "documents": "kind = 'manifest'",
    "document_versions": "number IN (SELECT number FROM documents WHERE kind = 'manifest')",
}
_DIGESTS = {
    *("digest", "reply_digest", "unsigned_digest", "signed_digest", "sent_digest", "content_digest"),
    *("own_id", "delivery"),
}
# Ids of messages begin with the time, so that those of history come before those of now.
_OLDER = "'0' || b.digits || substr(t.{name}, 9)"
_MONTHS = [f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)]
_BLOCKS = "CREATE TEMPORARY TABLE blocks (block INTEGER, month TEXT, mark TEXT, digits TEXT)"
# What stands in a row of the clone for a column of the template `t`, by the column's name.
_CLONED = {
    **dict.fromkeys(_DIGESTS, "b.mark || substr(t.{name}, 9)"),
    **dict.fromkeys(("message_id", "submission_id", "submissions.id"), _OLDER),
    **dict.fromkeys(
        ("number", "document_number"),
        "substr(t.{name}, 1, 1) || substr(b.month, 1, 4) || b.digits || substr(t.{name}, 13)",
    ),
    "interchange_id": "t.interchange_id + b.block * {interchanges}",
    "client_number": "b.digits || '-' || t.client_number",
    "customs_number": "b.digits || substr(t.customs_number, 8)",
    "period": "replace(b.month, '-', '')",
    "due_at": "NULL",
    "holder": "NULL",
    "bytes": "substr(t.bytes, 1, 64)",
    "size": "length(substr(t.bytes, 1, 64))",
    "seal": "1",
    "cause_id": "CASE t.cause_kind WHEN 'message' THEN"
    " CAST(CAST(replace(t.cause_id, '/1', '') AS bigint) + b.block * {interchanges} AS text) || '/1'"
    " ELSE CAST(CAST(t.cause_id AS bigint) + b.block * {receipts} AS text) END",
    "documents.state": "'aggregated'",
    "document_versions.content": "'{{}}'",
    "messages.reply": "'{{}}'",
}
Execute = Callable[[str], list[tuple[Any, ...]]]


class Cloning:
    """Statements that clone what the manifests of the first measurement have left, on either database."""

    def __init__(
        self, execute: Execute, columns: Mapping[str, Sequence[str]], before: Mapping[str, int]
    ) -> None:
        self._execute, self._columns = execute, columns
        for table, key in reversed(_TABLES.items()):
            asked = f"{key} > {before[table]}" if key else _MINE[table]
            self._execute(f"CREATE TEMPORARY TABLE t_{table} AS SELECT * FROM {table} WHERE {asked}")
        ((self.documents,),) = self._execute("SELECT count(*) FROM t_documents")
        self._spans = {
            table: self._execute(f"SELECT max({key}) FROM t_{table}")[0][0]
            for table, key in _TABLES.items()
            if key
        }

    def blocks(self, documents: int) -> None:
        """Lay down how often everything is cloned, and in which month each clone falls."""
        self._execute(_BLOCKS)
        blocks = max(1, documents // self.documents)
        for start in range(0, blocks, 500):
            rows = (
                f"({block + 1}, '{_MONTHS[block * len(_MONTHS) // blocks]}',"
                f" '{sha256(str(block).encode()).hexdigest()[:8]}', '{block + 1:07d}')"
                for block in range(start, min(start + 500, blocks))
            )
            self._execute(f"INSERT INTO blocks VALUES {', '.join(rows)}")

    def clone(self) -> None:
        """Clone every table."""
        for table in _TABLES:
            names = ", ".join(f'"{name}"' for name in self._columns[table])
            values = ", ".join(self._cloned(table, name) for name in self._columns[table])
            self._execute(
                f"INSERT INTO {table} ({names}) SELECT {values} FROM blocks b CROSS JOIN t_{table} t"
            )

    def _cloned(self, table: str, name: str) -> str:
        if name == _TABLES[table]:
            return f"t.{name} + b.block * {self._spans[table]}"
        form = _CLONED.get(f"{table}.{name}") or _CLONED.get(name)
        if form is None and (name == "at" or name.endswith("_at")):
            form = "b.month || substr(t.{name}, 8)"
        return (form or 't."{name}"').format(name=name, **self._spans)


def fill(folder: Path, database: str, before: Mapping[str, int], documents: int) -> None:
    """Clone what is there until so many documents are."""
    if database:
        with psycopg.connect(database, autocommit=True) as connection:
            _fill_postgresql(connection, before, documents)
        return
    with closing(sqlite3.connect(folder / "var" / "gateway.db", isolation_level=None)) as connection:
        _fill_sqlite(connection, before, documents)


def _fill_sqlite(connection: sqlite3.Connection, before: Mapping[str, int], documents: int) -> None:
    def execute(sql: str) -> list[tuple[Any, ...]]:
        return connection.execute(sql).fetchall()

    for pragma in ("synchronous=OFF", "cache_size=-4000000", "journal_mode=OFF", "foreign_keys=OFF"):
        execute(f"PRAGMA {pragma}")
    columns = {table: [row[1] for row in execute(f"PRAGMA table_info({table})")] for table in _TABLES}
    cloning = Cloning(execute, columns, before)
    cloning.blocks(documents)
    indices = execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql > ''")
    for name, _ in indices:
        execute(f"DROP INDEX {name}")
    cloning.clone()
    for _, sql in indices:
        execute(sql)
    execute("PRAGMA journal_mode=WAL")


def _fill_postgresql(connection: psycopg.Connection[Any], before: Mapping[str, int], documents: int) -> None:
    def execute(sql: str) -> list[tuple[Any, ...]]:
        found = connection.execute(sql.encode())
        return found.fetchall() if found.description else []

    asked = (
        "SELECT column_name FROM information_schema.columns WHERE table_name = '{}' ORDER BY ordinal_position"
    )
    columns = {table: [row[0] for row in execute(asked.format(table))] for table in _TABLES}
    # The rows of a clone refer to each other; that need not be looked at once more for each.
    execute("SET session_replication_role = replica")
    cloning = Cloning(execute, columns, before)
    cloning.blocks(documents)
    cloning.clone()
    for table, key in _TABLES.items():
        if key:
            execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), (SELECT max({key}) FROM {table}))"
            )
    execute("VACUUM ANALYZE")


def highest(folder: Path, database: str) -> dict[str, int]:
    """Return the last number that each table has given."""
    asked = {table: f"SELECT coalesce(max({key}), 0) FROM {table}" for table, key in _TABLES.items() if key}
    if database:
        with psycopg.connect(database) as postgres:
            return {table: _one(postgres.execute(each.encode()).fetchone()) for table, each in asked.items()}
    with closing(sqlite3.connect(folder / "var" / "gateway.db")) as sqlite:
        return {table: _one(sqlite.execute(each).fetchone()) for table, each in asked.items()}


def _one(row: Iterable[Any] | None) -> int:
    return int(next(iter(row or (0,))))


def main(folder: Path, asked: argparse.Namespace) -> None:
    """Measure, fill, and measure again."""
    site = Site.make(folder, asked.database)
    with site.gateway(), site.customs():
        site.file_goods(asked.items)
    before, size = highest(folder, asked.database), (asked.manifests, asked.items)
    through(site, "W", size)
    empty = through(site, "E", size)
    start = time.monotonic()
    site.session.close()
    fill(folder, asked.database, before, asked.documents)
    click.echo(f"filled in {time.monotonic() - start:.0f} s")
    through(site, "X", size)
    full = through(site, "F", size)
    told = {
        name: {
            "empty": round(seconds / asked.manifests * 1000, 2),
            "history": round(full.seconds[name] / asked.manifests * 1000, 2),
        }
        for name, seconds in [*empty.seconds.items()]
    }
    whole = sum(full.seconds.values()) / sum(empty.seconds.values())
    click.echo(json.dumps({"cpu_ms": told, "ratio": round(whole, 3)}, indent=1))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="an empty folder, which is left there to be looked at")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--manifests", type=int, default=50)
    parser.add_argument("--items", type=int, default=10)
    parser.add_argument("--database", default="", help="the URL of an empty database of PostgreSQL")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    main(asked.folder, asked)
