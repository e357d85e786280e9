"""The engine for one database: transactions as SQLite and PostgreSQL need them, and errors of our own."""

from __future__ import annotations

import ipaddress
import os
import sqlite3
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, NullPool

from gateway.errors import GatewayError, ParkedError
from gateway.store.failures import failure_of

WAIT_SECONDS = 30
_MOST_PREPARED = 1000
# A network that is cut without a word is noticed within a minute; what the URL says about it goes before.
_PATIENCE = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "tcp_user_timeout": "30000",
}
READING = {"gateway_reading": True}


def make_engine(url: str, *, reading: bool = False) -> Engine:
    """Make the engine of a database; it connects when first used.

    Args:
        url: Where the database is.
        reading: For looking only, which the right to read is enough for.

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
        if reading:
            # Each connection anew: whether the database is at rest changes from one to the next.
            opened = partial(_open_reading, Path(str(parsed.database)))
            engine = create_engine("sqlite://", creator=opened, poolclass=NullPool)
        else:
            engine = create_engine(parsed, connect_args={"timeout": WAIT_SECONDS})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif kind == "postgresql":
        patient = parsed.set(drivername="postgresql+psycopg", query={**_PATIENCE, **parsed.query})
        # The connection that was used last knows most statements already.
        engine = create_engine(patient, pool_pre_ping=True, pool_use_lifo=True)
        event.listen(engine, "connect", _prepare_postgresql)
    else:
        raise ParkedError("store.unknown-database", url=parsed.render_as_string())
    event.listen(engine, "handle_error", _translate, retval=True)
    return engine


def _open_reading(file: Path) -> sqlite3.Connection:
    """Open a database file without ever writing, not even the journal's index beside it.

    While nobody has it open there is no journal, and who may not write into the folder could make none;
    nothing changes then, so that none is needed.
    """
    try:
        file.open("rb").close()
    except FileNotFoundError as fault:
        raise ParkedError("store.no-tables", database=file) from fault
    except OSError as fault:
        raise ParkedError("store.no-right", reason=f"{file}: {fault.strerror}") from fault
    at_rest = not file.with_name(f"{file.name}-wal").exists() and not os.access(file.parent, os.W_OK)
    uri = f"file:{quote(str(file))}?mode=ro{'&immutable=1' if at_rest else ''}"
    return sqlite3.connect(uri, uri=True, timeout=WAIT_SECONDS, check_same_thread=False)


def _prepare_sqlite(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # The driver's own opening of transactions is off: `_begin_sqlite` says BEGIN, so that savepoints,
    # locks and DDL are where they are written.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("foreign_keys=ON", "synchronous=FULL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _prepare_postgresql(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    # More than the store has, so that none is parsed and planned anew because another one came.
    connection.prepared_max = _MOST_PREPARED


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once: a transaction that reads first and then wants to write cannot
    # wait for another writer, SQLite can only refuse it.
    reading = connection.get_execution_options().get("gateway_reading", False)
    # Past the library, which takes as long for each of these as all else in the round of an idle stage.
    driver, known = connection.connection, connection.info
    try:
        cursor = driver.cursor()
        if known.get("reading") is not reading:
            cursor.execute(f"PRAGMA query_only={'ON' if reading else 'OFF'}")
            # What a savepoint would bring back is small, and in a file it was more than half of all that
            # was written. What is sorted for one who reads may be large.
            cursor.execute(f"PRAGMA temp_store={'FILE' if reading else 'MEMORY'}")
            known["reading"] = reading
        cursor.execute("BEGIN" if reading else "BEGIN IMMEDIATE")
    except sqlite3.Error as fault:
        raise failure_of(fault, sqlite3) from fault


def reading_options(engine: Engine) -> Mapping[str, Any]:
    """Say how a connection for reading is opened: one snapshot, and nothing can be written."""
    if engine.dialect.name == "postgresql":
        return {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return READING


def unproven_server(connection: Connection) -> Mapping[str, str] | None:
    """Return host and mode of a server elsewhere that need not prove who it is; None where all is well."""
    if connection.dialect.name != "postgresql":
        return None
    driver: Any = connection.connection.driver_connection
    # What the driver goes by, whether the URL, the environment or a service file says it.
    mode = next(each.val.decode() for each in driver.pgconn.info if each.keyword == b"sslmode")
    # A unix socket has no address.
    address = driver.info.hostaddr
    if mode == "verify-full" or not address or ipaddress.ip_address(address).is_loopback:
        return None
    return {"host": driver.info.host, "mode": mode}


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
        return failure_of(context.original_exception, context.dialect.loaded_dbapi)
    return None
