"""Pieces of statements that every area shares: rows to and from dataclasses, inserts that repeat safely.

Making a statement takes three times as long as executing it. So the ones that every message needs are
made once, as constants of their area's module, with `bindparam` where a value goes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeVar

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Integer,
    Select,
    Table,
    bindparam,
    cast,
    func,
    insert,
    or_,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql.dml import ReturningInsert

from gateway.store.connection import Connection

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql


def at_path(dialect: str, column: Column[Any], path: str) -> ColumnElement[Any]:
    """Return the text at a path of a JSON column: `DecHead/AgentCode`."""
    steps = path.split("/")
    if dialect == "postgresql":
        return func.json_extract_path_text(cast(column, JSON), *steps)
    return func.json_extract(column, "$" + "".join(f'."{step}"' for step in steps))


class Row(Protocol):
    """A dataclass of `rows`."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


R = TypeVar("R", bound=Row)
T = TypeVar("T")

# So many values fit into one statement on both databases.
CHUNK = 500
LIMIT = bindparam("limit", type_=Integer)


def columns_of(table: Table, kind: type[Row]) -> list[Column[Any]]:
    """Return the columns that a row class names, in its order."""
    return [table.c[field.name] for field in fields(kind)]


def values_of(row: Row, *, without: str = "") -> dict[str, Any]:
    """Return a row's values by column, without the one that the database gives."""
    return {name: getattr(row, name) for name in row.__dataclass_fields__ if name != without}


def one_of(column: Column[str], values: Iterable[str]) -> ColumnElement[bool]:
    """Say that a column has one of a few values; `in_` would write them out anew at each execution."""
    return or_(*(column == value for value in values))


def rows(connection: Connection, kind: type[R], statement: Select[Any], /, **values: object) -> list[R]:
    """Return what a statement over `columns_of` the class finds."""
    names = kind.__dataclass_fields__
    return [kind(**dict(zip(names, row, strict=True))) for row in connection.execute(statement, values)]


def first(connection: Connection, kind: type[R], statement: Select[Any], /, **values: object) -> R | None:
    """Return the row that a statement over `columns_of` the class finds, which is limited to one."""
    return next(iter(rows(connection, kind, statement, **values)), None)


def added(connection: Connection, table: Table, row: R, key: str = "id") -> R:
    """Insert a row and return it with the key that the database gave."""
    given = connection.execute(_insert(table, key), values_of(row, without=key)).scalar()
    return replace(row, **{key: given})


def added_once(connection: Connection, table: Table, values: Mapping[str, Any], key: str) -> Any:
    """Insert a row and return its key, or None where a row of the same unique values is there already."""
    return connection.execute(_insert_once(table, key, connection.dialect.name), dict(values)).scalar()


@cache
def _insert(table: Table, key: str) -> ReturningInsert[Any]:
    return insert(table).returning(table.c[key])


@cache
def _insert_once(table: Table, key: str, dialect: str) -> ReturningInsert[Any]:
    return upsert(table, dialect).on_conflict_do_nothing().returning(table.c[key])


def pieces(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield as many values at a time as one statement takes."""
    return (values[start : start + CHUNK] for start in range(0, len(values), CHUNK))


def upsert(table: Table, dialect: str) -> postgresql.Insert | sqlite.Insert:
    """Return an insert that can say what is to be done where its row is there already."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 -- who works on SQLite would wait for it

        return postgresql.insert(table)
    return sqlite.insert(table)
