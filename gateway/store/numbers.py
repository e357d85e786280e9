"""Unified numbers: 18 characters, rising for each letter, never given twice."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import Select, Sequence, bindparam, func, select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.dml import ReturningInsert

from gateway.clock import CHINA
from gateway.store.connection import Connection
from gateway.store.tables import sequences

# One sequence of PostgreSQL for each letter is called so, and after the letter.
_CALLED: Final = "numbers_"
_HIGHEST: Final = text("SELECT max(last_value) FROM pg_sequences WHERE starts_with(sequencename, :called)")
_MOVE: Final = text("SELECT setval(CAST(:sequence AS regclass), :value)")


def next_number(connection: Connection, letter: str, at: datetime) -> str:
    """Return the letter, the year in China and thirteen digits.

    On SQLite a number of a transaction that is undone was never given, and comes again. On PostgreSQL it is
    left out: nobody waits until another gateway's transaction has kept or dropped its numbers. On both, what
    is drawn later is higher, in whichever transaction.
    """
    if connection.dialect.name == "postgresql":
        value: int = connection.scalar(_drawn(letter))
    else:
        value = connection.scalar(_count(), {"_letter": letter})
    return f"{letter}{at.astimezone(CHINA).year:04d}{value:013d}"


def highest(connection: Connection) -> int:
    """Return the highest count that any letter has reached."""
    if connection.dialect.name == "postgresql":
        return connection.scalar(_HIGHEST, {"called": _CALLED}) or 0
    return connection.scalar(select(func.max(sequences.c.value))) or 0


def go_on_from(connection: Connection, letters: Iterable[str], value: int) -> None:
    """Let each letter's next number be the one after this."""
    if connection.dialect.name == "postgresql":
        for letter in letters:
            connection.execute(_MOVE, {"sequence": _sequence(letter), "value": value})
        return
    connection.execute(sequences.delete())
    rows = [{"name": letter, "value": value} for letter in sorted(letters)]
    connection.execute_many(sequences.insert(), rows)


def _sequence(letter: str) -> str:
    return _CALLED + letter.lower()


@cache
def _drawn(letter: str) -> Select[Any]:
    return select(Sequence(_sequence(letter)).next_value())


@cache
def _count() -> ReturningInsert[Any]:
    first = sqlite.insert(sequences).values(name=bindparam("_letter"), value=1)
    counted = first.on_conflict_do_update(index_elements=["name"], set_={"value": sequences.c.value + 1})
    return counted.returning(sequences.c.value)
