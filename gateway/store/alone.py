"""Having a database alone: on SQLite whoever runs has it, on PostgreSQL only who finds nobody running."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from gateway.errors import ParkedError
from gateway.store.connection import Connection, Statements
from gateway.store.leases import ALONE, Leases


@contextmanager
def alone(engine: Engine) -> Iterator[None]:
    """Keep every gateway off the database; the system ends the lock with the process, however that ends.

    Raises:
        ParkedError: `store.runs-already`.
    """
    if engine.dialect.name == "postgresql":
        with _alone_on_postgresql(engine):
            yield
    else:
        with _alone_on_sqlite(engine):
            yield


@contextmanager
def _alone_on_postgresql(engine: Engine) -> Iterator[None]:
    # The lock belongs to this connection, which stays open without a transaction.
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), ALONE):
            raise ParkedError("store.runs-already", database=engine.url.database)
        try:
            if Leases(Connection(connection, Statements(engine.dialect))).all():
                raise ParkedError("store.runs-already", database=engine.url.database)
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), ALONE)


@contextmanager
def _alone_on_sqlite(engine: Engine) -> Iterator[None]:
    handle = os.open(f"{engine.url.database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise ParkedError("store.runs-already", database=engine.url.database) from fault
        yield
    finally:
        os.close(handle)
