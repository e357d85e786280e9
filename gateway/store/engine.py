"""The engine for one database: transactions as SQLite and PostgreSQL need them, and errors of our own."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from gateway.errors import GatewayError, ParkedError, RetryError

WAIT_SECONDS = 30
READING = {"gateway_reading": True}

# These pass by themselves or once an operator has made room; every other error of SQLite is a mistake.
_PASSING = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
}
# PostgreSQL ended a transaction of a process that stood still.
_STOOD_STILL = "25P03"


def make_engine(url: str) -> Engine:
    """Make the engine of a database; it connects when first used.

    Raises:
        ParkedError: `store.unknown-database`: the URL is neither SQLite's nor PostgreSQL's.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as fault:
        # What cannot be read may carry a password anywhere.
        raise ParkedError("store.unknown-database", url=url.partition(":")[0]) from fault
    kind = parsed.get_backend_name()
    if kind == "sqlite" and parsed.database not in (None, "", ":memory:"):
        engine = create_engine(parsed, connect_args={"timeout": WAIT_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif kind == "postgresql":
        engine = create_engine(parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    else:
        raise ParkedError("store.unknown-database", url=parsed.render_as_string())
    event.listen(engine, "handle_error", _translate, retval=True)
    return engine


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own opening of transactions is off: `_begin_sqlite` says BEGIN, so that savepoints,
    # locks and DDL are where they are written.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("foreign_keys=ON", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: a transaction that reads first and then wants to write cannot
    # wait for another writer, SQLite can only refuse it.
    reading = connection.get_execution_options().get("gateway_reading", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def reading_options(engine: Engine) -> Mapping[str, Any]:
    """Say how a connection for reading is opened: one snapshot, and nothing can be written."""
    if engine.dialect.name == "postgresql":
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return READING


def limit_idling(engine: Engine, seconds: float) -> None:
    """Let PostgreSQL end transactions that a process which stands still would hold open, with their locks."""

    def limit(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET idle_in_transaction_session_timeout = {round(seconds * 1000)}")
        cursor.close()
        connection.commit()

    event.listen(engine, "connect", limit)
    # The connections that are open already have no such limit.
    engine.dispose()


def _translate(context: ExceptionContext) -> GatewayError | None:
    if isinstance(context.sqlalchemy_exception, DBAPIError):
        return _ours(context.original_exception, context.sqlalchemy_exception)
    return None


def _ours(fault: BaseException | None, wrapped: DBAPIError) -> GatewayError:
    reason = str(fault).strip().partition("\n")[0]
    if isinstance(fault, sqlite3.Error):
        passing = getattr(fault, "sqlite_errorcode", 0) & 0xFF in _PASSING
    else:
        passing = isinstance(wrapped, OperationalError) or getattr(fault, "sqlstate", "") == _STOOD_STILL
    return (RetryError if passing else ParkedError)(
        "store.not-now" if passing else "store.refused", reason=reason
    )
