"""Calls from gateway to gateway on one PostgreSQL: "there is work for this stage", heard in milliseconds."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import closing, suppress
from selectors import EVENT_READ, DefaultSelector
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    # Importing it takes a while, for nothing on SQLite: the driver comes from who has it.
    import psycopg

Hear = Callable[[Collection[str]], None]

_CHANNEL: Final = "gateway_calls"
_CALL: Final = "SELECT pg_notify(%s, stage) FROM unnest(%s::text[]) AS stage"
# What is called within so long of the last call goes together: a busy gateway sends 40 a second, not 1,000.
_MERGED_SECONDS: Final = 0.025
# A connection that is lost costs only speed: without calls every stage looks for itself.
_AGAIN_SECONDS: Final = 2.0
_END_SECONDS: Final = 5.0


class Calls:
    """One thread with a connection of its own, which alone waits for the network.

    A call may get lost, and says nothing that is not in the database: whoever hears it looks there.

    Args:
        driver: psycopg.
        options: How the database is reached, as the driver takes it.
        hear: Is told the stages that other gateways call.
    """

    def __init__(self, driver: Any, options: Mapping[str, Any], hear: Hear) -> None:
        self._driver = driver
        self._options = options
        self._hear = hear
        self._due: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        # The thread waits for the network and for a word from the stages at once.
        self._bell, self._ear = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="calls", daemon=True)
        self._thread.start()

    def send(self, stages: Collection[str]) -> None:
        """Have the other gateways look what these stages find; it is on its way when the thread is free."""
        with self._lock:
            first = not self._due
            self._due.update(stages)
        if first and stages:
            self._ring()

    def stop(self) -> None:
        """Hear and send nothing more."""
        self._stop.set()
        self._ring()

    def join(self) -> None:
        """Wait for the end of the thread, but not for long: a server may have fallen silent."""
        self._thread.join(_END_SECONDS)

    def _ring(self) -> None:
        # A stage that hung may still call when everything is over.
        with suppress(OSError):
            self._bell.send(b"!")

    def _run(self) -> None:
        with self._bell, self._ear:
            while not self._stop.is_set():
                # Of whatever kind: the thread outlives a network, a name service and a lack of handles.
                with suppress(self._driver.Error, OSError), closing(self._connected()) as connection:
                    self._serve(connection)
                self._stop.wait(_AGAIN_SECONDS)

    def _connected(self) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] = self._driver.connect(**self._options, autocommit=True)
        return connection

    def _serve(self, connection: psycopg.Connection[Any]) -> None:
        """Send and hear until stopped.

        Raises:
            psycopg.Error: The connection is lost.
            OSError: The system gives no handle to wait with.
        """
        connection.execute(f"LISTEN {_CHANNEL}")
        own = connection.info.backend_pid
        next_at = monotonic()
        with DefaultSelector() as both:
            both.register(connection, EVENT_READ)
            both.register(self._ear, EVENT_READ)
            while not self._stop.is_set():
                # Before the wait: what came while something was sent is in the driver, not at the socket.
                self._hear({call.payload for call in connection.notifies(timeout=0) if call.pid != own})
                ready = both.select(max(0.0, next_at - monotonic()) if self._due else None)
                if any(key.fileobj is self._ear for key, _ in ready):
                    self._ear.recv(4096)
                if self._due and monotonic() >= next_at:
                    self._send(connection)
                    next_at = monotonic() + _MERGED_SECONDS

    def _send(self, connection: psycopg.Connection[Any]) -> None:
        with self._lock:
            due, self._due = self._due, set()
        try:
            connection.execute(_CALL, [_CHANNEL, sorted(due)])
        except self._driver.Error:
            # They go out with the next connection.
            with self._lock:
                self._due |= due
            raise
