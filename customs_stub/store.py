"""The office's memory in one SQLite file: what was seen, what is filed, what is still to be answered."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from customs_stub.config import ConfigError
from customs_stub.courses import Delivery
from customs_stub.facts import State

_NEXT = "SELECT min(due) FROM receipt WHERE stage <> 'done' AND stage <> 'held'"


@dataclass(frozen=True, slots=True)
class Seen:
    """What tells one file in the outbox from another under the same name."""

    name: str
    inode: int
    mtime: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that was taken.

    Attributes:
        message_id: Its id.
        digest: What its bytes are told by.
        type: The name of its body.
        file: The file that it came in.
        received: The office's time of that.
        believed: It passed schema and signature, so that the id is its own.
    """

    message_id: str
    digest: str
    type: str
    file: str
    received: str
    believed: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """A receipt that is to leave, complete to its bytes, so that a restart sends the same.

    Attributes:
        seq: Its place among all receipts.
        message_id: The message that it answers.
        file: The name of its file.
        data: The bytes of its file.
        summary: One line for the log.
        due: The system's second from which on it may leave.
        delivery: How its file comes into being.
        document: The document that it moves on, if any.
        effect: What that document becomes.
        stage: `held`, `planned`, `written`, `half` or `done`.
        door: The name of the door through which it leaves.
    """

    seq: int
    message_id: str
    file: str
    data: bytes
    summary: str
    due: float
    delivery: Delivery
    document: int | None = None
    effect: State | None = None
    stage: str = "planned"
    door: str = ""


class Store:
    """The SQLite file, held by one process at a time; others may look, and plan what that one sends."""

    def __init__(self, file: Path, *, held: bool = True) -> None:
        """Open the file.

        Raises:
            ConfigError: Another process holds it, it is no database, or an older office made it.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _hold(file.with_name(file.name + ".lock")) if held else None
        try:
            # NORMAL in WAL outlives the death of the process; only a power cut can take the last commits.
            self.db = sqlite3.connect(file, isolation_level=None)
            self.db.execute("PRAGMA journal_mode = WAL")
            self.db.execute("PRAGMA synchronous = NORMAL")
            self.db.execute("PRAGMA busy_timeout = 30000")
            _refuse_older(self.db, file)
            self.db.executescript(resources.files("customs_stub").joinpath("store.sql").read_text("utf-8"))
        except (sqlite3.Error, ConfigError) as fault:
            self._release()
            raise ConfigError([f"{file}: {fault}"]) from fault

    def close(self) -> None:
        """Let go of the file."""
        self.db.close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything that is done inside, or nothing."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def seen(self) -> set[Seen]:
        """Return every file that was taken."""
        return {Seen(*row) for row in self.db.execute("SELECT name, inode, mtime FROM seen")}

    def remember(self, file: Seen) -> None:
        """Note that a file was taken."""
        self.db.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?)", (file.name, file.inode, file.mtime))

    def knows(self, message_id: str, digest: str) -> bool:
        """Tell whether these bytes were taken before under this id."""
        query = "SELECT 1 FROM message WHERE message_id = ? AND digest = ?"
        return self.db.execute(query, (message_id, digest)).fetchone() is not None

    def claimed(self, message_id: str) -> bool:
        """Tell whether a believed message has this id."""
        query = "SELECT 1 FROM message WHERE message_id = ? AND believed"
        return self.db.execute(query, (message_id,)).fetchone() is not None

    def add_message(self, message: Taken) -> None:
        """Note a message that was taken."""
        row = (
            message.message_id,
            message.digest,
            message.type,
            message.believed,
            message.file,
            message.received,
        )
        self.db.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?)", row)

    def count(self, message_id: str, digest: str, door: str, numbers: tuple[str, str]) -> None:
        """Count a message that came, with its unified number and the client's own, new or known."""
        query = (
            "INSERT INTO arrival VALUES (?, ?, ?, ?, ?, 1)"
            " ON CONFLICT (message_id, digest, door) DO UPDATE SET times = times + 1"
        )
        self.db.execute(query, (message_id, digest, door, *numbers))

    def number(self, counter: str) -> int:
        """Return the next number of a counter, from 1."""
        query = (
            "INSERT INTO counter VALUES (?, 1)"
            " ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"
        )
        return int(self.db.execute(query, (counter,)).fetchone()[0])

    def plan(self, receipt: Planned) -> None:
        """Note a receipt that is to leave."""
        self.db.execute(
            "INSERT INTO receipt VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                receipt.seq,
                receipt.message_id,
                receipt.file,
                receipt.data,
                receipt.summary,
                receipt.due,
                receipt.delivery,
                receipt.stage,
                receipt.document,
                receipt.effect,
                receipt.door,
            ),
        )

    def due(self, moment: float, limit: int) -> list[Planned]:
        """Return receipts that may leave, in the order in which they were to leave."""
        return self._receipts(
            "stage IN ('planned', 'half') AND due <= ? ORDER BY due, seq LIMIT ?", (moment, limit)
        )

    def written(self) -> list[Planned]:
        """Return receipts whose temporary file was on disk when the last word was committed."""
        return self._receipts("stage = 'written' ORDER BY due, seq", ())

    def next_due(self) -> float | None:
        """Return the second at which the next receipt may leave, or None when none is waiting."""
        found = self.db.execute(_NEXT).fetchone()[0]
        return None if found is None else float(found)

    def open_doors(self) -> set[str]:
        """Return the doors through which something is still to leave."""
        return {row[0] for row in self.db.execute("SELECT DISTINCT door FROM receipt WHERE stage <> 'done'")}

    def release(self, moment: float, name: str = "") -> int:
        """Let go what is held, of one message id, unified or client number where it is named; count it."""
        query = (
            "UPDATE receipt SET stage = 'planned', due = ? WHERE stage = 'held' AND message_id IN"
            " (SELECT message_id FROM arrival WHERE ? IN ('', message_id, number, client_number))"
        )
        return self.db.execute(query, (moment, name)).rowcount

    def advance(self, receipt: Planned, stage: str, due: float | None = None) -> bool:
        """Move a receipt on; return False when it is not to leave any more."""
        query = "UPDATE receipt SET stage = ?, due = coalesce(?, due) WHERE seq = ?"
        return self.db.execute(query, (stage, due, receipt.seq)).rowcount == 1

    def drop_planned(self, document: int) -> None:
        """Take back the decisions about a document that have not left."""
        query = (
            "DELETE FROM receipt WHERE document = ? AND stage IN ('held', 'planned') AND effect IS NOT NULL"
        )
        self.db.execute(query, (document,))

    def _receipts(self, condition: str, values: tuple[float | int, ...]) -> list[Planned]:
        columns = "seq, message_id, file, data, summary, due, delivery, document, effect, stage, door"
        query = f"SELECT {columns} FROM receipt WHERE {condition}"  # noqa: S608 - the conditions stand in this file
        return [_planned(*row) for row in self.db.execute(query, values)]


def _planned(*row: Any) -> Planned:
    seq, message_id, file, data, summary, due, delivery, document, effect, stage, door = row
    return Planned(
        seq=seq,
        message_id=message_id,
        file=file,
        data=data,
        summary=summary,
        due=due,
        delivery=Delivery(delivery),
        document=document,
        effect=None if effect is None else State(effect),
        stage=stage,
        door=door,
    )


def _refuse_older(db: sqlite3.Connection, file: Path) -> None:
    for table, column in (("document", "content"), ("receipt", "door")):
        columns = {row[1] for row in db.execute(f"PRAGMA table_info({table})")}
        if not columns or column in columns:
            continue
        raise ConfigError([f"an older customs-stub made it; remove {file.name} to open a new office"])


def _hold(file: Path) -> int:
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        os.close(handle)
        raise ConfigError([f"{file}: another customs-stub is at work on this state"]) from fault
    return handle
