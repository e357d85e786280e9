"""Counts what reaches SQLite's driver, by whom it was asked and by shape."""

from __future__ import annotations

import re
import sqlite3
from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool

_VALUE = re.compile(r"'(?:[^']|'')*'|\bNULL\b|\b\d+(?:\.\d+)?\b")
_LIST = re.compile(r"\?(?:, \?)+")
_COLUMNS = re.compile(r"^SELECT .*? FROM |(?<=INTO )(\w+) \(.*?\)(?= VALUES)")
_SHOWN = 150


class Statements:
    """Every statement that a connection ran since this was made; a row of a bulk insert is one.

    Attributes:
        asker: Whom the statements that come now are counted for.
        shapes: How often each asker ran a statement, whatever its values.
    """

    def __init__(self) -> None:
        self.asker = ""
        self.shapes: dict[str, Counter[str]] = defaultdict(Counter)
        event.listen(Pool, "connect", self._watch)

    def told(self, asker: str, documents: int, top: int) -> list[str]:
        """Return lines: how many a document, then the most frequent ones."""
        shapes = self.shapes[asker]
        whole = f"{asker:11} {shapes.total() / documents:7.2f} statements per document"
        most = shapes.most_common(top)
        return [whole, *(f"{count / documents:19.2f} {_shortened(text)}" for text, count in most)]

    def _watch(self, connection: Any, _record: object) -> None:
        # Where a pool wraps it, the driver's own connection lies behind.
        driver = getattr(connection, "driver_connection", connection)
        if isinstance(driver, sqlite3.Connection):
            driver.set_trace_callback(self._count)

    def _count(self, statement: str) -> None:
        if self.asker:
            text = _LIST.sub("?…", _VALUE.sub("?", " ".join(statement.split())))
            self.shapes[self.asker][text] += 1


def _shortened(statement: str) -> str:
    return _COLUMNS.sub(lambda found: f"{found[1]} …" if found[1] else "SELECT … FROM ", statement)[:_SHOWN]
