"""Ends this process at a chosen durable operation, as a power cut or SIGKILL would, or holds it there."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from psycopg.pq import TransactionStatus
from sqlalchemy.engine.default import DefaultDialect

# What one process did that others can see, or that outlives it. Closing and reading are not among them.
OPERATIONS = ("rename", "replace", "link", "unlink", "remove", "mkdir", "rmdir", "fsync")
_CHANGING = os.O_CREAT | os.O_TRUNC
# Parts of names that differ from run to run.
CHANCE = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f-]{27}|~?[0-9a-f]{32}|~[0-9a-f]{8}|R?\d[\d-]{3,}")
_HELD_SECONDS = 60.0
# Which of an ERP's or customs' files it is does not make another point.
_DRAFT = re.compile(r"/\.[^/]+\.tmp$")
_FILE = re.compile(r"(?<= )((?:inbox|outbox|receipts)/.+)/(?!\.)[^/ ]+\.[^/ ]+$")


def named(step: str) -> str:
    """Return the name of a step: stage, operation and place, without what differs from file to file."""
    return _FILE.sub(r"\1/file", _DRAFT.sub("/draft", step))


@dataclass(frozen=True)
class Point:
    """One durable operation of a process, by its place in the order or by what it is.

    Attributes:
        number: The how-manieth of all operations; 0 when it is named by the rest.
        name: The name of the first step of its kind; empty when it is described by the rest.
        stage: The stage, which is the name of its thread.
        operation: `commit`, `create`, `write`, or one of `OPERATIONS`.
        place: What the path below the installation must contain.
        after: Whether it is done already; else it is about to be.
        nth: The how-manieth of those that fit.
        hold: Not to die, but to wait for the file `go`; `held` says that it waits.
    """

    number: int = 0
    name: str = ""
    stage: str = ""
    operation: str = ""
    place: str = ""
    after: bool = False
    nth: int = 1
    hold: bool = False


@dataclass
class Killer:
    """Counts what this process does inside one folder.

    Attributes:
        folder: The installation; what happens elsewhere does not count.
        trace: A file that gets a line for each operation.
        point: Where to end; None to count only.
    """

    folder: Path
    trace: Path
    point: Point | None
    count: int = 0
    fitting: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def install(self) -> None:
        """Put the count around every operation; a commit counts when it changes something."""
        self._log = os.open(self.trace, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        self._write = os.write
        for name in OPERATIONS:
            setattr(os, name, self._around(name, getattr(os, name)))
        setattr(os, "write", self._torn)  # noqa: B010 -- mypy would object to the plain assignment
        sys.addaudithook(self._audit)
        self._commits()

    def _around(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **options: Any) -> Any:
            place = self._place(arguments[1] if name in ("rename", "replace", "link") else arguments[0])
            if place is None:
                return real(*arguments, **options)
            self.at(name, place, after=False)
            result = real(*arguments, **options)
            self.at(name, place, after=True)
            return result

        return counted

    def _torn(self, handle: int, data: Any) -> int:
        place = self._place(handle)
        if place is not None:
            # Half of it has reached the file when the end comes.
            self.at("write", place, after=False, last=lambda: self._write(handle, data[: len(data) // 2]))
        written = self._write(handle, data)
        if place is not None:
            self.at("write", place, after=True)
        return written

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[2], int) and arguments[2] & _CHANGING:
            place = self._place(arguments[0])
            if place is not None:
                self.at("create", place, after=False)

    def _commits(self) -> None:
        real = DefaultDialect.do_commit
        seen: dict[int, int] = {}

        def commit(dialect: DefaultDialect, connection: Any) -> None:
            driver = connection.driver_connection
            changes = _changes(driver)
            if seen.get(id(driver), 0) == changes:
                real(dialect, connection)
                return
            self.at("commit", "", after=False)
            real(dialect, connection)
            seen[id(driver)] = changes
            self.at("commit", "", after=True)

        setattr(DefaultDialect, "do_commit", commit)  # noqa: B010 -- as above

    def _place(self, target: Any) -> str | None:
        opened = isinstance(target, int)
        path = str(Path(f"/proc/self/fd/{target}").readlink()) if opened else os.fsdecode(target)
        if path.startswith("pipe:"):
            return None
        whole = os.path.join(os.getcwd(), path)  # noqa: PTH109, PTH118 -- paths may be any bytes
        folder = f"{self.folder}/"
        return whole.removeprefix(folder) if whole.startswith(folder) else None

    def at(self, operation: str, place: str, *, after: bool, last: Callable[[], Any] | None = None) -> None:
        """Note an operation; end or wait here if this is the point."""
        stage = threading.current_thread().name
        label = CHANCE.sub("*", f"{stage} {operation} {place}".rstrip())
        with self.lock:
            if not after:
                self.count += 1
            with suppress(OSError):  # the disk may be full, as the test wished
                self._write(self._log, f"{'+' if after else self.count} {label}\n".encode())
            if self.point is None:
                return
            if self.point.name:
                if (named(label), after) != (self.point.name, self.point.after):
                    return
            elif not self._fits(self.point, stage, operation, place, after=after):
                return
            if not self.point.hold:
                if last is not None:
                    last()
                os.kill(os.getpid(), signal.SIGKILL)
        self._hold()

    def _fits(self, point: Point, stage: str, operation: str, place: str, *, after: bool) -> bool:
        if point.number:
            return not after and self.count == point.number
        if (stage, operation, after) != (point.stage, point.operation, point.after):
            return False
        self.fitting += point.place in place
        return point.place in place and self.fitting == point.nth

    def _hold(self) -> None:
        held, go = self.trace.with_suffix(".held"), self.trace.with_suffix(".go")
        held.touch()
        end = time.monotonic() + _HELD_SECONDS
        while not go.exists() and time.monotonic() < end:
            time.sleep(0.01)


def _changes(driver: Any) -> int:
    """Return a number that is another one, and not 0, once a connection's transaction changes anything."""
    if isinstance(driver, sqlite3.Connection):
        return driver.total_changes
    if driver.info.transaction_status is not TransactionStatus.INTRANS:
        return 0
    # PostgreSQL gives a transaction its number with its first change.
    (number,) = driver.execute("SELECT pg_current_xact_id_if_assigned()::text").fetchone()
    return int(number or 0)
