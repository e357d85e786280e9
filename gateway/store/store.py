"""The store as a whole: opened once, shared by all threads, one transaction a `begin`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from gateway.clock import Clock
from gateway.errors import RetryError
from gateway.store.alone import alone
from gateway.store.engine import WAIT_SECONDS, make_engine, reading_options
from gateway.store.migrate import migrate
from gateway.store.unit import Unit


class Store:
    """A database that holds everything that the gateway must not forget.

    Args:
        url: `sqlite:///path/to/file` or `postgresql://user@host:port/name`.
        clock: Gives the time of each transaction.

    Raises:
        ParkedError: `store.unknown-database`.
    """

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self._engine = make_engine(url)
        self._clock = clock or Clock()
        # SQLite has one writer. Threads of one process queue here, in turn and without delay;
        # SQLite's own waiting only polls. Other processes are waited for by SQLite.
        self._writer = Lock() if self._engine.dialect.name == "sqlite" else None

    def migrate(self) -> None:
        """Bring the tables to the newest form; safe when several processes do it at once.

        Raises:
            RetryError: `store.not-now`: the database cannot be reached or written.
        """
        migrate(self._engine)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other gateway off this database while the stages run.

        Raises:
            ParkedError: `store.runs-already`.
        """
        with alone(self._engine):
            yield

    @contextmanager
    def begin(self) -> Iterator[Unit]:
        """Open a transaction that may write: committed at the end, undone when an exception leaves it.

        Raises:
            RetryError: `store.not-now`: locked for too long, unreachable, full, or a deadlock.
            ParkedError: `store.refused`: a statement broke a rule of the tables.
        """
        if self._writer is None:
            with self._engine.begin() as connection:
                yield Unit(connection, self._clock.now())
            return
        if not self._writer.acquire(timeout=WAIT_SECONDS):
            raise RetryError("store.not-now", reason="another transaction of this process does not end")
        try:
            with self._engine.begin() as connection:
                yield Unit(connection, self._clock.now())
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
            yield Unit(connection, self._clock.now())

    def close(self) -> None:
        """Close every connection; the store opens new ones when it is used again."""
        self._engine.dispose()
