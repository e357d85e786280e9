"""How values stand in columns, the same on both databases: text, moments, decimals, JSON."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Column, Dialect, ForeignKey, Integer, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

from gateway.clock import CHINA
from gateway.jsontext import read_json, write_json

T = TypeVar("T")

# SQLite counts by itself only in a column declared INTEGER.
Count = BigInteger().with_variant(Integer(), "sqlite")


def storable(text: str) -> str:
    r"""Write visibly what no database stores as text: NUL as `\x00`, half a surrogate pair as `\udcff`.

    File names that are not UTF-8 and JSON escapes bring such characters; they must never stop a stage.
    """
    plain = text.replace("\0", "\\x00") if "\0" in text else text
    return plain if plain.isascii() else plain.encode("utf-8", "backslashreplace").decode("utf-8")


def encode(value: object) -> str:
    """Write a value as JSON text, the one form in which the store keeps and compares it."""
    return write_json(value).decode()


_Write = Callable[[Any], str | None]
_Read = Callable[[Any], Any]


class _Plain(TypeDecorator[T]):
    """Text of any length; PostgreSQL is told to sort it by code points, as SQLite does.

    The processors are plain functions: the library's own call three functions for each value of each row.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text(collation="C" if dialect.name == "postgresql" else None)

    def result_processor(self, _dialect: Dialect, _coltype: object) -> _Read | None:
        """Return what reads a value, nothing where the text is the value."""
        return None


def _write_words(value: str | None) -> str | None:
    return None if value is None else storable(value)


class Words(_Plain[str]):
    """Text."""

    cache_ok = True

    def bind_processor(self, _dialect: Dialect) -> _Write:
        """Return what writes a value."""
        return _write_words


# A transaction writes one moment into all of its rows, and rows that are read together were written together.
@lru_cache
def _write_moment(value: datetime | None) -> str | None:
    if value is None:
        return None
    assert value.tzinfo is not None, "a moment without a zone"
    return value.astimezone(CHINA).isoformat(timespec="microseconds")


@lru_cache(maxsize=1024)
def _read_moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).astimezone(CHINA)


class Moment(_Plain[datetime]):
    """A moment as ISO 8601 text of one length in China's zone, so that text order is time order."""

    cache_ok = True

    def bind_processor(self, _dialect: Dialect) -> _Write:
        """Return what writes a value."""
        return _write_moment

    def result_processor(self, _dialect: Dialect, _coltype: object) -> _Read:
        """Return what reads a value."""
        return _read_moment


def _write_exact(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _read_exact(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


class Exact(_Plain[Decimal]):
    """A decimal as the text that it was, so that no binary fraction and no column width alters it."""

    cache_ok = True

    def bind_processor(self, _dialect: Dialect) -> _Write:
        """Return what writes a value."""
        return _write_exact

    def result_processor(self, _dialect: Dialect, _coltype: object) -> _Read:
        """Return what reads a value."""
        return _read_exact


def _write_json(value: object) -> str | None:
    return None if value is None else encode(value)


def _read_json(value: str | None) -> Any:
    return None if value is None else read_json(value)


class Json(_Plain[Any]):
    """JSON as text with its keys in the order given, so that writing it again gives the same bytes."""

    cache_ok = True

    def bind_processor(self, _dialect: Dialect) -> _Write:
        """Return what writes a value."""
        return _write_json

    def result_processor(self, _dialect: Dialect, _coltype: object) -> _Read:
        """Return what reads a value."""
        return _read_json


def partial(condition: str) -> dict[str, Any]:
    """Return what says that an index holds the rows of a condition only.

    It is there to be read, as the migrations make the indices: said in the library's words, it would load the
    dialect of PostgreSQL at each start on SQLite.
    """
    return {"info": {"where": condition}}


def own_id(name: str = "id") -> Column[int]:
    """Make the column of a row's own number."""
    return Column(name, Count, primary_key=True, autoincrement=True)


def words(name: str, *, optional: bool = False) -> Column[str]:
    """Make a column of text."""
    return Column(name, Words, nullable=optional)


def count(name: str, *, optional: bool = False) -> Column[int]:
    """Make a column of a whole number."""
    return Column(name, Count, nullable=optional)


def moment(name: str, *, optional: bool = False) -> Column[object]:
    """Make a column of a time."""
    return Column(name, Moment, nullable=optional)


def refers(name: str, target: str, *, optional: bool = False) -> Column[object]:
    """Make a column that names a row of another table."""
    return Column(name, ForeignKey(target), nullable=optional)
