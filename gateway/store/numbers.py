"""Unified numbers: 18 characters, rising for each letter, never given twice."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from gateway.clock import CHINA
from gateway.store.tables import sequences


def next_number(connection: Connection, letter: str, at: datetime) -> str:
    """Return the letter, the year in China and thirteen digits.

    The counter's row stays locked until the transaction ends, so that another transaction waits for
    it: a number is either committed with what carries it, or was never given.
    """
    dialect = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    first = dialect(sequences).values(name=letter, value=1)
    counted = first.on_conflict_do_update(index_elements=["name"], set_={"value": sequences.c.value + 1})
    value: int = connection.execute(counted.returning(sequences.c.value)).scalar_one()
    return f"{letter}{at.astimezone(CHINA).year:04d}{value:013d}"
