"""A store with a long history beside a new one: `python -m tests.bench.history FOLDER [--postgres]`.

Each takes manifests through all stages. What they left in one is cloned until it holds as many final
documents as asked: every row of every table, with numbers, ids and digests of its own. Then both are
measured by turns. Cut short are only what no stage reads again: the raw bytes, earlier contents, and the
entries of replies. The clones carry the seal of the last one before them, so that the audit's chain does
not hold in such a store.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing, nullcontext
from hashlib import sha256
from pathlib import Path
from statistics import median
from typing import Any

import click
import psycopg

from tests.bench.site import Site
from tests.bench.stages import Meter, through
from tests.services.postgres import server

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


class Turns:
    """Rounds on a new store and on the one with a history, by turns, and what each came to."""

    def __init__(self, new: Site, old: Site, size: tuple[int, int]) -> None:
        self._sites = {"new": new, "history": old}
        self._size = size
        self._meters: dict[str, list[Meter]] = {name: [] for name in self._sites}
        self._calls: dict[str, list[tuple[int, int]]] = {name: [] for name in self._sites}

    def round(self, number: int) -> None:
        """Take manifests through all stages on each; the first to begin is the other one each time."""
        names = list(self._sites) if number % 2 else [*reversed(self._sites)]
        for name in names:
            reads, writes = _calls()
            self._meters[name].append(through(self._sites[name], f"R{number}", self._size))
            now = _calls()
            self._calls[name].append((now[0] - reads, now[1] - writes))

    def told(self) -> str:
        """Return the last round in a line."""
        elapsed, processor = self._ratios("elapsed")[-1], self._ratios("seconds")[-1]
        return f"history : new = {processor:.3f} of processor time, {elapsed:.3f} elapsed"

    def medians(self) -> dict[str, Any]:
        """Return the medians of all rounds: of a document, ms by stage and calls of the system; ratios."""
        stages = {
            name: {
                stage: self._median([each.seconds[stage] for each in meters]) for stage in meters[0].seconds
            }
            for name, meters in self._meters.items()
        }
        whole = {
            name: self._median([sum(each.seconds.values()) for each in meters])
            for name, meters in self._meters.items()
        }
        ratios = {kind: round(median(self._ratios(kind)), 3) for kind in ("seconds", "elapsed")}
        return {
            "stages_cpu_ms": stages,
            "cpu_ms": whole,
            "reads_and_writes": {
                name: [round(median(each) / self._size[0], 1) for each in zip(*calls, strict=True)]
                for name, calls in self._calls.items()
            },
            "cpu": ratios["seconds"],
            "elapsed": ratios["elapsed"],
        }

    def _median(self, seconds: Sequence[float]) -> float:
        return round(median(seconds) / self._size[0] * 1000, 2)

    def _ratios(self, kind: str) -> list[float]:
        sums = [[sum(getattr(each, kind).values()) for each in self._meters[name]] for name in self._sites]
        return [old / new for new, old in zip(*sums, strict=True)]


def main(folder: Path, asked: argparse.Namespace) -> None:
    """Fill one of two stores, and measure both by turns."""
    size = (asked.manifests, asked.items)
    with server(flushes=True) if asked.postgres else nullcontext() as postgres:
        urls = [postgres.url(postgres.create()) if postgres else "" for _ in range(2)]
        new, old = (
            _site(folder / name, url, asked.items) for name, url in zip(("new", "history"), urls, strict=True)
        )
        before = highest(old.folder, urls[1])
        for site in (new, old):
            through(site, "W", size)
            site.session.close()
        start = time.monotonic()
        fill(old.folder, urls[1], before, asked.documents)
        click.echo(f"filled in {time.monotonic() - start:.0f} s")
        turns = Turns(new, old, size)
        for number in range(asked.rounds):
            if not asked.cold:
                _read(old.folder / "var" / "gateway.db")
            turns.round(number)
            click.echo(turns.told())
        click.echo(json.dumps(turns.medians(), indent=1))


def _site(folder: Path, database: str, items: int) -> Site:
    """Make an installation whose goods are filed."""
    folder.mkdir(parents=True)
    site = Site.make(folder, database)
    with site.gateway(), site.customs():
        site.file_goods(items)
    return site


def _calls() -> tuple[int, int]:
    """Return how often this process has read and written so far, which other processes do not alter."""
    lines = [
        line.split()
        for thread in Path("/proc/self/task").iterdir()
        for line in (thread / "io").read_text("ascii").splitlines()
    ]
    reads, writes = (sum(int(value) for name, value in lines if name == f"sysc{kind}:") for kind in "rw")
    return reads, writes


def _read(file: Path) -> None:
    """Have a file in memory, as far as it finds room there; PostgreSQL's are where its server has them."""
    if file.exists():
        with file.open("rb", buffering=0) as source:
            while source.read(1 << 24):
                pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="an empty folder, which is left there to be looked at")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--manifests", type=int, default=50, help="of each round")
    parser.add_argument("--items", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--cold", action="store_true", help="do not read SQLite's file into memory each time")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    asked = parser.parse_args()
    main(asked.folder, asked)
