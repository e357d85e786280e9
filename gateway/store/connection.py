"""A connection that compiles a statement once: what is executed again goes straight to the driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol
from weakref import WeakKeyDictionary

import sqlalchemy
from sqlalchemy import Dialect, Executable, SelectBase
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

from gateway.store.failures import failure_of

Values = Mapping[str, Any]
# For one alone psycopg's way of sending many takes longer.
_MANY = 2


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
        self._driven = _Driven(connection)

    def execute(self, statement: Executable, values: Values | None = None) -> Found:
        """Execute a statement.

        Raises:
            GatewayError: As `failure_of` says.
        """
        values = values or {}
        prepared = self._statements.prepared(statement, tuple(values))
        if prepared is None:
            return self.library.execute(statement, values)
        with self._driven as cursor:
            cursor.execute(prepared.text, prepared.written(values))
            # SQLite looks for a row when it is asked for, and may fail as late as then.
            found = cursor.fetchall() if prepared.finds else ()
        return _Result(found, cursor.rowcount, prepared.readers)

    def execute_many(self, statement: Executable, values: Sequence[Values]) -> int:
        """Execute a statement that returns nothing with each of these values; return how many rows changed.

        The values are of the same names all of them.

        Raises:
            GatewayError: As `failure_of` says.
        """
        if len(values) < _MANY:
            return sum(self.execute(statement, each).rowcount for each in values)
        prepared = self._statements.prepared(statement, tuple(values[0]))
        if prepared is None:
            counting = {"preserve_rowcount": True}
            return self.library.execute(statement, values, execution_options=counting).rowcount
        with self._driven as cursor:
            cursor.executemany(prepared.text, [prepared.written(each) for each in values])
        return cursor.rowcount

    def scalar(self, statement: Executable, values: Values | None = None) -> Any:
        """Return the first value of the first row, None where there is none."""
        return self.execute(statement, values).scalar()

    def scalars(self, statement: Executable, values: Values | None = None) -> list[Any]:
        """Return the first value of each row."""
        return [row[0] for row in self.execute(statement, values)]

    def say(self, sql: str) -> None:
        """Have the driver do what has neither values nor rows."""
        with self._driven as cursor:
            cursor.execute(sql)


class _Driven:
    """A driver's cursor whose failures become the gateway's; a connection that is lost is dropped.

    One serves the whole transaction, since nothing that it finds is left in it: psycopg learns for each
    cursor anew how values are written and read.
    """

    __slots__ = ("_cursor", "_library")

    def __init__(self, library: sqlalchemy.Connection) -> None:
        self._library = library
        self._cursor: DBAPICursor = library.connection.cursor()

    def __enter__(self) -> DBAPICursor:
        return self._cursor

    def __exit__(self, _kind: object, fault: BaseException | None, _trace: object) -> None:
        if fault is None:
            return
        dialect = self._library.dialect
        driver: Any = dialect.loaded_dbapi
        if isinstance(fault, driver.Error):
            library = self._library
            if not library.invalidated and dialect.is_disconnect(fault, library.connection, self._cursor):
                library.invalidate(fault)
            raise failure_of(fault, driver) from fault


class Statements:
    """What is prepared for one database; its connections share it."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._seen: WeakKeyDictionary[Executable, dict[tuple[str, ...], _Prepared | None]] = (
            WeakKeyDictionary()
        )

    def prepared(self, statement: Executable, names: tuple[str, ...]) -> _Prepared | None:
        """Return a statement that is executed with values of these names; None is the library's to do."""
        known = self._seen.get(statement)
        if known is None:
            # Whatever comes a second time is a constant of its module.
            self._seen[statement] = {}
            return None
        if names not in known:
            known[names] = _prepare(statement, names, self._dialect)
        return known[names]


def _prepare(statement: Executable, names: tuple[str, ...], dialect: Dialect) -> _Prepared | None:
    if not isinstance(statement, SelectBase | UpdateBase):
        return None
    compiled = statement.compile(dialect=dialect, column_keys=names or None)
    if compiled.post_compile_params:
        return None
    return _Prepared(compiled, [column.type for column in statement.exported_columns], dialect)


class _Prepared:
    """A statement as the driver takes it.

    Attributes:
        text: The statement in the database's own words.
        finds: Whether it returns rows.
        readers: What turns values of a row into ours, with their places.
    """

    def __init__(
        self, compiled: SQLCompiler, types: Sequence[sqlalchemy.types.TypeEngine[Any]], dialect: Dialect
    ) -> None:
        self.text = compiled.string
        self.finds = bool(types)
        self._positional = compiled.positional
        self._constants = {
            name: bound.effective_value for name, bound in compiled.binds.items() if not bound.required
        }
        self._writers = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or compiled.binds
        ]
        readers = [each.dialect_impl(dialect).result_processor(dialect, None) for each in types]
        self.readers = [(place, read) for place, read in enumerate(readers) if read is not None]

    def written(self, values: Values) -> Any:
        """Return values as the driver takes them."""
        given = {**self._constants, **values}
        if self._positional:
            return [given[name] if write is None else write(given[name]) for name, write in self._writers]
        return {name: given[name] if write is None else write(given[name]) for name, write in self._writers}


class _Result:
    """What the driver found, read by the types of its columns."""

    __slots__ = ("_found", "_readers", "rowcount")

    def __init__(
        self,
        found: Sequence[Sequence[Any]],
        rowcount: int,
        readers: Sequence[tuple[int, Callable[[Any], Any]]],
    ) -> None:
        self._found = found
        self.rowcount = rowcount
        self._readers = readers

    def __iter__(self) -> Iterator[Sequence[Any]]:
        return map(self._read, self._found)

    def first(self) -> Sequence[Any] | None:
        return self._read(self._found[0]) if self._found else None

    def scalar(self) -> Any:
        row = self.first()
        return None if row is None else row[0]

    def _read(self, row: Sequence[Any]) -> Sequence[Any]:
        if not self._readers:
            return row
        read = list(row)
        for place, convert in self._readers:
            read[place] = convert(read[place])
        return read
