"""Copies of a whole SQLite database: one made while the gateway runs, and one put in its place."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from sqlalchemy import Engine

from gateway.durable import flush
from gateway.errors import ParkedError
from gateway.store.migrate import newest


def back_up(engine: Engine, file: Path) -> None:
    """Write the database as it is at one moment into a new file; nobody waits for it meanwhile.

    Raises:
        ParkedError: `store.backup-by-server`, `store.backup-exists`, or `store.backup-not-written`.
    """
    source = database_file(engine)
    if file.exists():
        raise ParkedError("store.backup-exists", file=file)
    draft = file.with_name(f".{file.name}.tmp")
    try:
        _copy(source, draft)
        # A link never replaces what somebody else has put there meanwhile.
        os.link(draft, file)
        flush(file.parent)
    except FileExistsError as fault:
        raise ParkedError("store.backup-exists", file=file) from fault
    except (OSError, sqlite3.Error) as fault:
        raise ParkedError("store.backup-not-written", file=file, reason=fault) from fault
    finally:
        draft.unlink(missing_ok=True)


def take_out(backup: Path, engine: Engine) -> Path:
    """Copy a backup, found sound, beside the database that it is to replace; return the copy.

    Raises:
        ParkedError: `store.backup-by-server`, `store.no-backup`, or `store.backup-too-new`.
    """
    database = database_file(engine)
    copy = database.with_name(f"{database.name}.restoring")
    try:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _copy(backup, copy)
        with closing(_reading(copy)) as opened:
            (version,) = opened.execute("SELECT version_num FROM alembic_version").fetchone()
    except (OSError, TypeError, sqlite3.Error) as fault:
        copy.unlink(missing_ok=True)
        raise ParkedError("store.no-backup", file=backup, reason=fault) from fault
    if version > newest():
        copy.unlink()
        raise ParkedError("store.backup-too-new", file=backup, version=version, newest=newest())
    return copy


def put_in_place(copy: Path, engine: Engine, suffix: str) -> Path | None:
    """Let the copy be the database from one moment to the next; return where the one before it is kept.

    The name of the database is never without a file: a gateway that began then would give its numbers
    from 1 again.
    """
    database = database_file(engine)
    kept = None
    if database.exists():
        # Writes what still stands in its log into the file; a broken one keeps its log beside it.
        with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as opened:
            opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        kept = database.with_name(f"{database.name}.{suffix}")
        for ending in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{database}{ending}").rename(f"{kept}{ending}")
        kept.hardlink_to(database)
    copy.replace(database)
    flush(database.parent)
    return kept


def database_file(engine: Engine) -> Path:
    """Return the file of the database.

    Raises:
        ParkedError: `store.backup-by-server`: it has none, because it is PostgreSQL's.
    """
    if engine.dialect.name != "sqlite" or engine.url.database is None:
        raise ParkedError("store.backup-by-server", database=engine.url.database)
    return Path(engine.url.database)


def _copy(source: Path, target: Path) -> None:
    """Copy with SQLite's own means, which see one moment of a database that others write to."""
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(_reading(source)) as opened, closing(sqlite3.connect(target)) as copy:
        opened.backup(copy)
        # One file, without a log beside it.
        copy.execute("PRAGMA journal_mode=DELETE")
        (sound,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if sound != "ok":
        raise sqlite3.DatabaseError(sound)
    flush(target)


def _reading(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=30)
