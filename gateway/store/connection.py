"""A connection that compiles a statement once: what is executed again goes straight to the driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import sqlalchemy
from sqlalchemy import Dialect, Executable, Select
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

from gateway.store.failures import failure_of

Values = Mapping[str, Any]
_Convert = Callable[[Any], Any] | None


class Found(Protocol):
    """What a statement found or changed."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def __iter__(self) -> Iterator[Sequence[Any]]:
        """Yield the rows."""

    def first(self) -> Sequence[Any] | None:
        """Return the first row, None where there is none."""

    def scalar(self) -> Any:
        """Return the first value of the first row, None where there is none."""


class Connection:
    """One connection in its transaction.

    Attributes:
        library: The same connection for what is made by and for the library: streams, rows by name.

    The library compiles a statement once, too, but takes three times as long as the driver at each execution.
    What only the library can do it does: statements that are made for one use, those whose text
    depends on the values (a list of them), and many rows that return something.
    """

    def __init__(self, connection: sqlalchemy.Connection, statements: Statements) -> None:
        self.library = connection
        self.dialect = connection.dialect
        self._statements = statements

    def execute(self, statement: Executable, values: Values | None = None) -> Found:
        """Execute a statement.

        Raises:
            GatewayError: As `failure_of` says.
        """
        prepared = self._statements.prepared(statement, frozenset(values or ()))
        if prepared is None:
            return self.library.execute(statement, values)
        with self._cursor() as cursor:
            cursor.execute(prepared.text, prepared.written(values or {}))
        return _Result(cursor, prepared.readers)

    def execute_many(self, statement: Executable, values: Sequence[Values]) -> None:
        """Execute a statement that returns nothing with each of these values, of the same names all of them.

        Raises:
            GatewayError: As `failure_of` says.
        """
        if not values:
            return
        prepared = self._statements.prepared(statement, frozenset(values[0]))
        if prepared is None:
            self.library.execute(statement, values)
            return
        with self._cursor() as cursor:
            cursor.executemany(prepared.text, [prepared.written(each) for each in values])

    def scalar(self, statement: Executable, values: Values | None = None) -> Any:
        """Return the first value of the first row, None where there is none."""
        return self.execute(statement, values).scalar()

    def scalars(self, statement: Executable, values: Values | None = None) -> list[Any]:
        """Return the first value of each row."""
        return [row[0] for row in self.execute(statement, values)]

    def say(self, sql: str) -> None:
        """Have the driver do what has neither values nor rows."""
        with self._cursor() as cursor:
            cursor.execute(sql)

    @contextmanager
    def _cursor(self) -> Iterator[Any]:
        driver, proxied = self.dialect.loaded_dbapi, self.library.connection
        cursor = proxied.cursor()
        try:
            yield cursor
        except driver.Error as fault:
            if self.dialect.is_disconnect(fault, proxied, cursor):
                self.library.invalidate(fault)
            raise failure_of(fault, driver) from fault


class Statements:
    """What is prepared for one database; its connections share it."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._seen: WeakKeyDictionary[Executable, dict[frozenset[str], _Prepared | None]] = (
            WeakKeyDictionary()
        )

    def prepared(self, statement: Executable, names: frozenset[str]) -> _Prepared | None:
        """Return a statement that is executed with values of these names; None is the library's to do."""
        known = self._seen.get(statement)
        if known is None:
            # Whatever comes a second time is a constant of its module.
            self._seen[statement] = {}
            return None
        if names not in known:
            known[names] = _prepare(statement, names, self._dialect)
        return known[names]


def _prepare(statement: Executable, names: frozenset[str], dialect: Dialect) -> _Prepared | None:
    if not isinstance(statement, Select | UpdateBase):
        return None
    compiled = statement.compile(dialect=dialect, column_keys=sorted(names) if names else None)
    if compiled.post_compile_params:
        return None
    return _Prepared(compiled, [column.type for column in statement.exported_columns], dialect)


class _Prepared:
    """A statement as the driver takes it.

    Attributes:
        text: The statement in the database's own words.
        readers: What turns the values of a row into ours.
    """

    def __init__(
        self, compiled: SQLCompiler, types: Sequence[sqlalchemy.types.TypeEngine[Any]], dialect: Dialect
    ) -> None:
        self.text = compiled.string
        self._positional = compiled.positional
        self._constants = {
            name: bound.effective_value for name, bound in compiled.binds.items() if not bound.required
        }
        self._writers = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or compiled.binds
        ]
        readers = [each.dialect_impl(dialect).result_processor(dialect, None) for each in types]
        self.readers: Sequence[_Convert] = readers

    def written(self, values: Values) -> Sequence[Any] | Mapping[str, Any]:
        """Return values as the driver takes them."""
        given = {**self._constants, **values}
        if self._positional:
            return [given[name] if write is None else write(given[name]) for name, write in self._writers]
        return {name: given[name] if write is None else write(given[name]) for name, write in self._writers}


class _Result:
    """What the driver found, read by the types of its columns."""

    __slots__ = ("_cursor", "_readers")

    def __init__(self, cursor: DBAPICursor, readers: Sequence[_Convert]) -> None:
        self._cursor = cursor
        self._readers = readers

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def __iter__(self) -> Iterator[Sequence[Any]]:
        for row in self._cursor.fetchall():
            yield self._read(row)

    def first(self) -> Sequence[Any] | None:
        row = self._cursor.fetchone()
        return None if row is None else self._read(row)

    def scalar(self) -> Any:
        row = self.first()
        return None if row is None else row[0]

    def _read(self, row: Sequence[Any]) -> Sequence[Any]:
        return [
            value if read is None else read(value) for value, read in zip(row, self._readers, strict=True)
        ]
