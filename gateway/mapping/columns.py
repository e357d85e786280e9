"""The dialect of tables: an expression is the name of a column."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from gateway.errors import Place, RejectedError, Violation
from gateway.mapping.dialect import Dialect, ExpressionError, Found, Part, Pick, Reading, Split
from gateway.mapping.lookup import RowLike, SourceLike, TableLike

CLIENT_NUMBER = "MessageHead/ClientSeqNo"


@dataclass(frozen=True, slots=True)
class Rows:
    """A row that stands for itself, or the first row of a message with all the message's rows."""

    first: RowLike
    all: tuple[RowLike, ...]


class Columns(Dialect[Rows, str]):
    """Expressions over a table."""

    def compile(self, text: str) -> str:
        """Take a column's name."""
        if not text.strip():
            raise ExpressionError(text)
        return text.strip()

    def open(self, source: SourceLike) -> Reading[Rows, str]:
        """Open a table."""
        return _TableReading(source)


# Files of one layout come again and again, each is held against every mapping, and comparing names is slow.
@lru_cache(maxsize=1000)
def _nearest(name: str, columns: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(get_close_matches(name, columns, n=3, cutoff=0.4))


class _TableReading(Reading[Rows, str]):
    def __init__(self, source: SourceLike) -> None:
        super().__init__(source)
        assert isinstance(source.content, TableLike), "the format says that it is a table"
        self._table = source.content
        self._index = {column: position for position, column in enumerate(self._table.columns) if column}

    @property
    def root(self) -> Rows:
        return Rows(self._table.rows[0], tuple(self._table.rows))

    def parts(self, split: Split[str]) -> list[Part[Rows]]:
        if split.by_row:
            return [Part(Rows(row, (row,))) for row in self._table.rows]
        if split.key:
            return list(self._by_key(split))
        if split.record:
            return list(self._by_record(split))
        return [Part(self.root)]

    def group(self, node: Rows, pick: Pick[str]) -> list[Rows]:
        return [
            Rows(row, (row,))
            for row in node.all
            if not pick.kind or self._cell(row, pick.record) == pick.kind
        ]

    def find(self, node: Rows, expression: str) -> list[Found]:
        position = self._index.get(expression)
        if position is None:
            return []
        text = node.first.cells[position].strip()
        return [(text, (node.first.line, expression))] if text else []

    def place(self, where: tuple[int, str]) -> Place:
        return Place(self.name, where[0], where[1])

    def node_place(self, node: Rows) -> Place:
        return Place(self.name, node.first.line)

    def expected(self, node: Rows, expression: str) -> Place:
        line = node.first.line if expression in self._index else self._table.header_line
        return Place(self.name, line, expression)

    def lacks(self, expression: str) -> list[str] | None:
        if expression in self._index:
            return None
        return list(_nearest(expression, tuple(self._index)))

    def _cell(self, row: RowLike, column: str) -> str:
        position = self._index.get(column)
        return "" if position is None else row.cells[position].strip()

    def _by_key(self, split: Split[str]) -> Iterator[Part[Rows]]:
        """An empty key continues the message above; a key that comes back later is a fault."""
        groups: list[list[RowLike]] = []
        first_lines: dict[tuple[str, ...], int] = {}
        faults: dict[int, Violation] = {}
        current = None
        for row in self._table.rows:
            key = tuple(self._cell(row, column) for column in split.key)
            if current is None or (any(key) and key != current):
                if key in first_lines:
                    told = {"key": " ".join(filter(None, key)), "column": ", ".join(split.key)}
                    values = {**told, "first": first_lines[key], "row": row.line}
                    place = Place(self.name, row.line, split.key[0])
                    faults[len(groups)] = Violation("map.key-comes-back", CLIENT_NUMBER, values, place)
                first_lines.setdefault(key, row.line)
                groups.append([])
                current = key
            groups[-1].append(row)
        for position, rows in enumerate(groups):
            found = [faults[position]] if position in faults else []
            yield Part(Rows(rows[0], tuple(rows)), found + self._unequal(rows, split.header))

    def _unequal(self, rows: list[RowLike], columns: tuple[str, ...]) -> list[Violation]:
        """What the header of a message says in its later rows must not contradict the first one."""
        faults = []
        for column in columns:
            first = self._cell(rows[0], column)
            for row in rows[1:]:
                cell = self._cell(row, column)
                if cell and cell != first:
                    values = {"column": column, "row": row.line, "found": cell, "first": first}
                    values |= {"first_row": rows[0].line}
                    place = Place(self.name, row.line, column)
                    faults.append(Violation("map.header-differs", "", values, place))
        return faults

    def _by_record(self, split: Split[str]) -> Iterator[Part[Rows]]:
        groups: list[list[RowLike]] = []
        faults: dict[int, list[Violation]] = {}
        for row in self._table.rows:
            kind = self._cell(row, split.record)
            if kind == split.begins:
                groups.append([row])
                continue
            place = Place(self.name, row.line, split.record)
            values = {"row": row.line, "column": split.record, "found": kind, "begins": split.begins}
            values |= {"known": ", ".join(sorted({split.begins, *split.kinds}))}
            # Rows above the first header belong to no message; the first one tells of them.
            at = max(len(groups) - 1, 0)
            if kind not in split.kinds:
                faults.setdefault(at, []).append(Violation("map.unknown-record", "", values, place))
            elif groups:
                groups[-1].append(row)
            else:
                faults.setdefault(at, []).append(Violation("map.row-without-header", "", values, place))
        if not groups and faults:
            raise RejectedError(faults[0])
        for position, rows in enumerate(groups):
            yield Part(Rows(rows[0], tuple(rows)), faults.get(position, []))
