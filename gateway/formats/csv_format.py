"""Reads CSV: a header row and records, each cell with its line and column header."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from gateway.errors import Place, RejectedError, Violation, refuse
from gateway.formats.encoding import decode
from gateway.formats.source import Row, Source, Table

DELIMITERS = (",", ";", "\t", "|")
MAX_COLUMNS = 1000
MAX_ROWS = 500_000
MAX_FAULTS = 200
_SAMPLE = 20
# Of a longer text the rows are not kept: they take five times its room, and reading them again is quick.
KEPT_CHARACTERS = 1_000_000
# What a reader takes for lines; `str.splitlines` would also break at characters that a cell may hold.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True, slots=True)
class _Records:
    """The records below the header, read from the text anew each time they are gone through."""

    text: str
    delimiter: str
    name: str

    def __iter__(self) -> Iterator[Row]:
        return islice(_records(self.text, self.delimiter, self.name), 1, None)


def read_csv(name: str, data: bytes, encoding: str = "", delimiter: str = "") -> Source:
    """Read a CSV file with a header row.

    Raises:
        RejectedError: With every ragged row and every doubtful header at once, or the one fault
            that makes the rest unreadable.
    """
    place = Place(name)
    text = decode(data, encoding, place)
    delimiter = delimiter or _sniff(text.text, place)
    records = _records(text.text, delimiter, name)
    header = next(records, None)
    if header is None:
        raise refuse("format.empty-file", place=place)
    columns = tuple(cell.strip() for cell in header.cells)
    if len(columns) > MAX_COLUMNS:
        raise refuse("format.too-many-columns", place=Place(name, header.line), limit=MAX_COLUMNS)
    faults = header_faults(columns, Place(name, header.line))
    kept = len(text.text) <= KEPT_CHARACTERS
    rows: list[Row] = []
    count = 0
    for count, row in enumerate(records, 1):
        faults += row_faults(row, columns, name)
        if row.cells[0].startswith("\ufeff"):
            # Files were joined; the second one's mark would be a part of its first value that nobody sees.
            values = {"character": "U+FEFF", "row": row.line}
            place = Place(name, row.line, columns[0])
            faults.append(Violation("format.control-character", values=values, place=place))
        if len(faults) >= MAX_FAULTS:
            break
        if count > MAX_ROWS:
            raise refuse("format.too-many-rows", place=Place(name, row.line), limit=MAX_ROWS)
        if kept:
            rows.append(row)
    if not count and not faults:
        faults.append(Violation("format.no-rows", place=Place(name, header.line)))
    if faults:
        raise RejectedError(faults)
    content = tuple(rows) if kept else _Records(text.text, delimiter, name)
    return Source(name, "csv", text.encoding, Table(columns, header.line, content), text.warnings)


def _records(text: str, delimiter: str, name: str) -> Iterator[Row]:
    """Yield the records that are not blank, each with the line on which it begins."""
    # The buffer of a StringIO takes four bytes a character.
    short = len(text) <= KEPT_CHARACTERS
    lines = io.StringIO(text, newline="") if short else (found[0] for found in _LINE.finditer(text))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if any(map(str.strip, cells)):
                yield Row(line, cells)
            line = reader.line_num + 1
    except csv.Error as fault:
        raise _quote_fault(str(fault), Place(name, line), delimiter) from fault


def _quote_fault(reason: str, place: Place, delimiter: str) -> RejectedError:
    if "limit" in reason:
        return refuse("format.huge-field", place=place, row=place.row, limit=csv.field_size_limit())
    if "end of data" in reason:
        return refuse("format.unterminated-quote", place=place, row=place.row)
    return refuse("format.bad-quote", place=place, row=place.row, delimiter=delimiter)


def _sniff(text: str, place: Place) -> str:
    """Choose the delimiter under which the first records have the same number of columns, and the most."""
    widths: dict[str, int] = {}
    for delimiter in DELIMITERS:
        if delimiter not in text:
            continue
        try:
            sample = [len(row.cells) for row in islice(_records(text, delimiter, place.file), _SAMPLE)]
        except RejectedError:
            continue
        if sample and sample[0] > 1:
            # A wrong delimiter may stand in a header by chance, hardly as often in each record.
            agreeing = sum(width == sample[0] for width in sample)
            widths[delimiter] = sample[0] if agreeing * 2 > len(sample) else 1
    best = max(widths.values(), default=1)
    candidates = [delimiter for delimiter, width in widths.items() if width == best]
    if best > 1 and len(candidates) > 1:
        raise refuse("format.delimiter-unclear", place=place, candidates=" ".join(map(repr, candidates)))
    return candidates[0] if best > 1 else ","


def header_faults(columns: tuple[str, ...], place: Place) -> list[Violation]:
    """Tell each header that stands twice."""
    first: dict[str, int] = {}
    faults = []
    for position, column in enumerate(columns, 1):
        if column and column in first:
            values = {"column": column, "first": first[column], "second": position, "row": place.row}
            at = Place(place.file, place.row, column)
            faults.append(Violation("format.duplicate-header", values=values, place=at))
        first.setdefault(column, position)
    return faults


def row_faults(row: Row, columns: tuple[str, ...], name: str) -> list[Violation]:
    """Tell a record of another width than the header row, or each value below no header."""
    if len(row.cells) != len(columns):
        values = {"row": row.line, "found": len(row.cells), "expected": len(columns)}
        return [Violation("format.ragged-row", values=values, place=Place(name, row.line))]
    if "" not in columns:
        return []
    return [
        Violation(
            "format.unnamed-column",
            values={"row": row.line, "position": position, "value": cell.strip()},
            place=Place(name, row.line, f"#{position}"),
        )
        for position, (column, cell) in enumerate(zip(columns, row.cells, strict=True), 1)
        if not column and cell.strip()
    ]
