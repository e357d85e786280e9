"""The store as a whole: opened once, shared by all threads, one transaction a `begin`."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from threading import Lock

from gateway.clock import Clock
from gateway.errors import ParkedError, RetryError
from gateway.store.alone import alone
from gateway.store.backup import back_up, database_file, put_in_place, take_out
from gateway.store.calls import Calls
from gateway.store.connection import Connection, Statements
from gateway.store.engine import WAIT_SECONDS, limit_idling, make_engine, reading_options, unproven_server
from gateway.store.member import Member
from gateway.store.migrate import check, migrate
from gateway.store.unit import Unit


class Store:
    """A database that holds everything that the gateway must not forget.

    Args:
        url: `sqlite:///path/to/file` or `postgresql://user@host:port/name`.
        clock: Gives the time of each transaction.
        reading: Only to look: nothing is written to it, not even beside the file.

    Raises:
        ParkedError: `store.unknown-database`.
    """

    def __init__(self, url: str, clock: Clock | None = None, *, reading: bool = False) -> None:
        self._url = url
        self._engine = make_engine(url, reading=reading)
        self._statements = Statements(self._engine.dialect)
        self._clock = clock or Clock()
        self._limited = False
        # SQLite has one writer. Threads of one process queue here without delay;
        # SQLite's own waiting only polls. Other processes are waited for by SQLite.
        self._writer = Lock() if self._engine.dialect.name == "sqlite" else None

    def migrate(self) -> None:
        """Bring the tables to the newest form; safe when several processes do it at once.

        Raises:
            RetryError: `store.not-now`: the database cannot be reached.
            ParkedError: `store.no-right`: this user may only read it.
        """
        file = Path(self._engine.url.database or "") if self._writer else Path()
        if file.is_file() and not os.access(file, os.W_OK):
            raise ParkedError("store.no-right", reason=f"{file}: {os.strerror(errno.EACCES)}")
        migrate(self._engine)

    def check(self) -> None:
        """See that the tables are there in the newest form, for who only looks.

        Raises:
            ParkedError: `store.no-tables` or `store.no-right`.
        """
        check(self._engine)

    def unproven_server(self) -> Mapping[str, str] | None:
        """Return host and mode of a server elsewhere that need not prove who it is; None where all is well.

        Raises:
            RetryError: `store.not-now` or `store.not-trusted`.
        """
        with self._engine.connect() as connection:
            return unproven_server(connection)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every gateway off this database.

        Raises:
            ParkedError: `store.runs-already`.
        """
        with alone(self._engine):
            yield

    @contextmanager
    def join(self, seconds: float, wanted: Collection[str]) -> Iterator[Member]:
        """Work on this database, beside other gateways on PostgreSQL and alone on SQLite.

        Args:
            seconds: After so long without a heartbeat the others take over what this gateway did.
            wanted: What only one gateway may do at a time.

        Raises:
            RetryError: `store.not-now`.
            ParkedError: `store.runs-already`.
        """
        with ExitStack() as parts:
            if self._writer is not None:
                parts.enter_context(self.alone())
                member = Member(self.begin, None, wanted)
            else:
                # The stages may use up all connections of theirs.
                heart = Store(self._url, self._clock)
                for each in (self, heart):
                    each.limit_idling(seconds)
                dialect = self._engine.dialect
                _, options = dialect.create_connect_args(self._engine.url)
                reach = partial(Calls, dialect.loaded_dbapi, options)
                member = Member(heart.begin, seconds, wanted, reach, heart.close)
            member.start()
            parts.callback(member.end)
            yield member

    def limit_idling(self, seconds: float) -> None:
        """Have PostgreSQL end every transaction that locks something and does nothing for so long."""
        limit_idling(self._engine, seconds)
        self._limited = True

    @contextmanager
    def begin(self) -> Iterator[Unit]:
        """Open a transaction that may write: committed at the end, undone when an exception leaves it.

        Raises:
            RetryError: `store.not-now`: locked for too long, unreachable, full, or a deadlock.
            ParkedError: `store.refused`: a statement broke a rule of the tables.
        """
        if self._writer is None:
            with self._engine.begin() as connection:
                yield Unit(Connection(connection, self._statements), self._clock.now())
            return
        if not self._writer.acquire(timeout=WAIT_SECONDS):
            raise RetryError("store.not-now", reason="another transaction of this process does not end")
        try:
            with self._engine.begin() as connection:
                yield Unit(Connection(connection, self._statements), self._clock.now())
        finally:
            self._writer.release()

    @contextmanager
    def read(self) -> Iterator[Unit]:
        """Open a transaction that sees one moment of the store and can write nothing.

        Raises:
            RetryError: `store.not-now`.
            ParkedError: `store.refused`: something was to be written.
        """
        with (
            self._engine.connect().execution_options(**reading_options(self._engine)) as connection,
            connection.begin(),
        ):
            if self._limited:
                # Who only reads locks nothing, and may think for longer.
                connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield Unit(Connection(connection, self._statements), self._clock.now())

    def back_up(self, file: Path) -> None:
        """Write all of it, as it is at one moment, into a new file, while others work (SQLite only).

        Raises:
            ParkedError: `store.backup-by-server`, `store.backup-exists`, or `store.backup-not-written`.
        """
        back_up(self._engine, file)

    def is_there(self) -> bool:
        """Tell whether the database has a file already (SQLite only).

        Raises:
            ParkedError: `store.backup-by-server`.
        """
        return database_file(self._engine).exists()

    @contextmanager
    def taken_out(self, backup: Path) -> Iterator[Store]:
        """Open a copy of a backup, brought to the newest tables, beside this database (SQLite only).

        Raises:
            ParkedError: `store.backup-by-server`, `store.no-backup`, or `store.backup-too-new`.
        """
        copy = take_out(backup, self._engine)
        store = Store(f"sqlite:///{copy}", self._clock)
        try:
            store.migrate()
            yield store
        finally:
            store.close()
            copy.unlink(missing_ok=True)

    def replace(self, copy: Store, suffix: str) -> Path | None:
        """Put a copy, which nobody uses any more, in the place of this database; return where this is kept.

        Raises:
            ParkedError: `store.backup-by-server`.
        """
        copy.close()
        self.close()
        return put_in_place(database_file(copy._engine), self._engine, suffix)

    def close(self) -> None:
        """Close every connection; the store opens new ones when it is used again."""
        self._engine.dispose()
