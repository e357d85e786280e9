"""Unified numbers: 18 characters, rising for each letter, never given twice."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from gateway.clock import CHINA
from gateway.store.connection import Connection
from gateway.store.tables import sequences


def next_number(connection: Connection, letter: str, at: datetime) -> str:
    """Return the letter, the year in China and thirteen digits.

    The counter's row stays locked until the transaction ends, so that another transaction waits for
    it: a number is either committed with what carries it, or was never given.
    """
    value: int = connection.execute(_count(connection.dialect.name), {"_letter": letter}).scalar()
    return f"{letter}{at.astimezone(CHINA).year:04d}{value:013d}"


@cache
def _count(dialect: str) -> ReturningInsert[Any]:
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    first = insert(sequences).values(name=bindparam("_letter"), value=1)
    counted = first.on_conflict_do_update(index_elements=["name"], set_={"value": sequences.c.value + 1})
    return counted.returning(sequences.c.value)
