"""Brings a database to the newest tables, once, however many processes start at the same moment."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from threading import Lock
from time import monotonic, sleep

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from gateway.errors import RetryError
from gateway.store.engine import WAIT_SECONDS

# Any fixed number will do; it must be the same in every version of the gateway.
_LOCK = 0x6564_6967

# Alembic keeps what it is doing in module-level names.
_one_thread = Lock()


def migrate(engine: Engine) -> None:
    """Apply the migrations that are missing, all in one transaction.

    Raises:
        RetryError: `store.not-now`.
    """
    if engine.dialect.name == "sqlite":
        _write_ahead(engine)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        with _one_thread:
            command.upgrade(settings(connection), "head")


def settings(connection: Connection) -> Config:
    """Return Alembic's settings for the packaged migrations, on a transaction that is already open."""
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


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
