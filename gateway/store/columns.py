"""How values stand in columns, the same on both databases: text, moments, decimals, JSON."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Column, Dialect, ForeignKey, Integer, Text, text
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


class _Plain(TypeDecorator[T]):
    """Text of any length; PostgreSQL is told to sort it by code points, as SQLite does."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text(collation="C" if dialect.name == "postgresql" else None)


class Words(_Plain[str]):
    """Text."""

    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        """Give the text that is stored."""
        return None if value is None else storable(value)


class Moment(_Plain[datetime]):
    """A moment as ISO 8601 text of one length in China's zone, so that text order is time order."""

    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> str | None:
        """Write the moment; one without a zone is a mistake of the caller."""
        return None if value is None else _written(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> datetime | None:
        """Read the moment, again in China's zone."""
        return None if value is None else _read(value)


# A transaction writes one moment into all of its rows, and rows that are read together were written together.
@lru_cache
def _written(moment: datetime) -> str:
    assert moment.tzinfo is not None, "a moment without a zone"
    return moment.astimezone(CHINA).isoformat(timespec="microseconds")


@lru_cache(maxsize=1024)
def _read(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(CHINA)


class Exact(_Plain[Decimal]):
    """A decimal as the text that it was, so that no binary fraction and no column width alters it."""

    cache_ok = True

    def process_bind_param(self, value: Decimal | None, _dialect: Dialect) -> str | None:
        """Write the decimal without an exponent."""
        return None if value is None else format(value, "f")

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Decimal | None:
        """Read the decimal with the digits that it was given."""
        return None if value is None else Decimal(value)


class Json(_Plain[Any]):
    """JSON as text with its keys in the order given, so that writing it again gives the same bytes."""

    cache_ok = True

    def process_bind_param(self, value: object, _dialect: Dialect) -> str | None:
        """Write the value."""
        return None if value is None else encode(value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> Any:
        """Read the value."""
        return None if value is None else read_json(value)


def partial(condition: str) -> dict[str, Any]:
    """Return what limits an index to the rows of a condition."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


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
