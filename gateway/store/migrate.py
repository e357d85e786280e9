"""Brings a database to the newest tables, once, however many processes start at the same moment."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from gateway.errors import ParkedError, RetryError
from gateway.store.engine import WAIT_SECONDS, reading_options

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).parent / "migrations"

# Any fixed number will do; it must be the same in every version of the gateway.
_LOCK = 0x6564_6967

# Alembic keeps what it is doing in module-level names.
_one_thread = Lock()


def migrate(engine: Engine) -> None:
    """Apply the migrations that are missing, all in one transaction; where none is, nobody waits for a lock.

    Raises:
        RetryError: `store.not-now`.
    """
    if _is_newest(engine):
        return
    from alembic import command  # noqa: PLC0415 -- a fifth of a second that only a new database is to wait

    if engine.dialect.name == "sqlite":
        _write_ahead(engine)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        else:
            # An index over millions of rows is sorted in a file. The next transaction says anew how it is.
            connection.exec_driver_sql("PRAGMA temp_store=FILE")
            connection.info.clear()
        with _one_thread:
            command.upgrade(settings(connection), "head")


def check(engine: Engine) -> None:
    """See that the tables are there in the newest form; nothing is made.

    Raises:
        ParkedError: `store.no-tables`.
    """
    if not _is_newest(engine):
        raise ParkedError("store.no-tables", database=engine.url.database or "SQLite")


def settings(connection: Connection) -> Config:
    """Return Alembic's settings for the packaged migrations, on a transaction that is already open."""
    from alembic.config import Config  # noqa: PLC0415 -- as in `migrate`

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def newest() -> str:
    """Return the last migration; each file is called after its own."""
    return max(file.name for file in (_MIGRATIONS / "versions").glob("r*.py"))[1:5]


def _is_newest(engine: Engine) -> bool:
    with engine.connect().execution_options(**reading_options(engine)) as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        present = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return bool(present == newest())


def _write_ahead(engine: Engine) -> None:
    # The file remembers this mode. Changing to it takes the whole file and does not wait for others.
    end = monotonic() + WAIT_SECONDS
    with engine.connect() as connection:
        driver = connection.connection.cursor()
        while True:
            try:
                driver.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as fault:
                if monotonic() > end:
                    raise RetryError("store.not-now", reason=str(fault)) from fault
                sleep(0.05)
            else:
                return
