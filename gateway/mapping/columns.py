"""The dialect of tables: an expression is the name of a column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from gateway.errors import Place, RejectedError, Violation
from gateway.mapping.dialect import Dialect, ExpressionError, Found, Part, Pick, Reading, Split, Unknown
from gateway.mapping.known import Known, Way
from gateway.mapping.lookup import RowLike, SourceLike, TableLike
from gateway.mapping.nearest import nearest

CLIENT_NUMBER = "MessageHead/ClientSeqNo"
# What one message may be made of: all of it is in memory at once, with the origin of each value.
MOST_ROWS = 20_000
# More rows that belong nowhere are counted by nobody.
MOST_FAULTS = 1000


@dataclass(frozen=True, slots=True)
class Rows:
    """A row that stands for itself, or the first row of a message with all the message's rows."""

    first: RowLike
    all: Iterable[RowLike]


class Columns(Dialect[Rows, str]):
    """Expressions over a table."""

    def compile(self, text: str) -> str:
        """Take a column's name."""
        if not text.strip():
            raise ExpressionError(text)
        return text.strip()

    def way(self, start: Way, expression: str) -> Way:
        """Return a column's name: a table has no other places."""
        del start
        return (expression,)

    def open(self, source: SourceLike) -> Reading[Rows, str]:
        """Open a table."""
        return _TableReading(source)


class _TableReading(Reading[Rows, str]):
    def __init__(self, source: SourceLike) -> None:
        super().__init__(source)
        # The format says so; looking at each attribute of the protocol would take longer than the choice.
        self._table = cast("TableLike", source.content)
        self._index = {column: position for position, column in enumerate(self._table.columns) if column}

    @property
    def root(self) -> Rows:
        return Rows(next(iter(self._table.rows)), self._table.rows)

    def parts(self, split: Split[str]) -> Iterator[Part[Rows]]:
        if split.by_row:
            return (Part(Rows(row, (row,))) for row in self._table.rows)
        if split.key:
            return self._by_key(split)
        if split.record:
            return self._by_record(split)
        return self._whole()

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

    def first(self, node: Rows, expressions: Iterable[str]) -> Found | None:
        # As `find`, without a list for each cell: most of what is mapped are tables of many cells.
        row = node.first
        for expression in expressions:
            position = self._index.get(expression)
            if position is not None and (text := row.cells[position].strip()):
                return text, (row.line, expression)
        return None

    def place(self, where: tuple[int, str]) -> Place:
        return self._place(*where)

    def node_place(self, node: Rows) -> Place:
        return Place(self.name, node.first.line)

    def expected(self, node: Rows, expression: str) -> Place:
        line = node.first.line if expression in self._index else self._table.header_line
        return self._place(line, expression)

    def remarks(self, node: Rows, entries: Mapping[str, Any]) -> list[Violation]:
        """Tell each column of texts in which a spreadsheet holds numbers: zeros at their left are gone."""
        if not self._table.sheet:
            return []
        numbers = {row.line: row.numbers for row in node.all if row.numbers}
        found: dict[str, list[tuple[str, str, Place]]] = {}
        for path, entry in entries.items() if numbers else ():
            if entry.where is None or not entry.rule.is_text:
                continue
            line, column = entry.where
            if self._index[column] in numbers.get(line, ()):
                found.setdefault(column, []).append((path, entry.text, self._place(line, column)))
        return [
            Violation(
                "map.number-for-text",
                path,
                {"column": column, "cell": place.path, "text": text, "count": len(cells)},
                place,
                warning=True,
            )
            for column, cells in found.items()
            for path, text, place in cells[:1]
        ]

    def _place(self, line: int, column: str) -> Place:
        position = self._index.get(column)
        return Place(self.name, line, column, None if position is None else self._table.cell(line, position))

    def unread(self, node: Rows, known: Known) -> Iterator[Unknown]:
        if self._index.keys() <= known.below.keys():
            return
        for column, position in self._index.items():
            if column in known.below:
                continue
            row = next((row for row in node.all if row.cells[position].strip()), None)
            if row is not None:
                missing = tuple(str(name) for name in known.below if name not in self._index)
                yield Unknown(column, column, (row.line, column), missing)

    def identity(self, node: Rows) -> int:
        return node.first.line

    def held(self, node: Rows, columns: frozenset[str]) -> str:
        there = (column for column in self._index if column in columns)
        return next((column for column in there if self._cell(node.first, column)), "")

    def lacks(self, expression: str) -> bool:
        return expression not in self._index

    def near(self, expression: str) -> tuple[str, ...]:
        return nearest(expression, tuple(self._index))

    def _cell(self, row: RowLike, column: str) -> str:
        position = self._index.get(column)
        return "" if position is None else row.cells[position].strip()

    def _whole(self) -> Iterator[Part[Rows]]:
        """The file is one message."""
        rows = list(islice(self._table.rows, MOST_ROWS + 1))
        yield self._part(rows, [], ())

    def _by_key(self, split: Split[str]) -> Iterator[Part[Rows]]:
        """An empty key continues the message above; a key that comes back later is a fault."""
        rows: list[RowLike] = []
        faults: list[Violation] = []
        first_lines: dict[tuple[str, ...], int] = {}
        current = None
        for row in self._table.rows:
            key = tuple(self._cell(row, column) for column in split.key)
            if current is None or (any(key) and key != current):
                if rows:
                    yield self._part(rows, faults, split.header)
                rows, faults = [], []
                if key in first_lines:
                    told = {"key": " ".join(filter(None, key)), "column": ", ".join(split.key)}
                    values = {**told, "first": first_lines[key], "row": row.line}
                    place = self._place(row.line, split.key[0])
                    faults.append(Violation("map.key-comes-back", CLIENT_NUMBER, values, place))
                first_lines.setdefault(key, row.line)
                current = key
            if len(rows) <= MOST_ROWS:
                rows.append(row)
        if rows:
            yield self._part(rows, faults, split.header)

    def _part(self, rows: list[RowLike], faults: list[Violation], header: tuple[str, ...]) -> Part[Rows]:
        """Make a message of its rows; of one that has too many, nothing but the first is looked at."""
        if len(rows) > MOST_ROWS:
            last = rows[MOST_ROWS].line
            values = {"limit": MOST_ROWS, "row": last, "first": rows[0].line}
            faults = [*faults, Violation("map.too-many-rows", "", values, Place(self.name, last))]
            return Part(Rows(rows[0], tuple(rows[:1])), faults)
        return Part(Rows(rows[0], tuple(rows)), faults + self._unequal(rows, header))

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
                    place = self._place(row.line, column)
                    faults.append(Violation("map.header-differs", "", values, place))
        return faults

    def _by_record(self, split: Split[str]) -> Iterator[Part[Rows]]:
        rows: list[RowLike] = []
        faults: list[Violation] = []
        for row in self._table.rows:
            kind = self._cell(row, split.record)
            if kind == split.begins:
                if rows:
                    yield self._part(rows, faults, ())
                    # Rows above the first header belong to no message; the first one tells of them.
                    faults = []
                rows = [row]
                continue
            fault = self._misplaced(row, kind, split, any_header=bool(rows))
            if fault is not None:
                if len(faults) < MOST_FAULTS:
                    faults.append(fault)
            elif len(rows) <= MOST_ROWS:
                rows.append(row)
        if rows:
            yield self._part(rows, faults, ())
        elif faults:
            raise RejectedError(faults)

    def _misplaced(self, row: RowLike, kind: str, split: Split[str], *, any_header: bool) -> Violation | None:
        if kind in split.kinds and any_header:
            return None
        place = self._place(row.line, split.record)
        values = {"row": row.line, "column": split.record, "found": kind, "begins": split.begins}
        values |= {"known": ", ".join(sorted({split.begins, *split.kinds}))}
        code = "map.row-without-header" if kind in split.kinds else "map.unknown-record"
        return Violation(code, "", values, place)
