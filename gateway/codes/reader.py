"""Reading one code table from a CSV file, telling every fault of it with its row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from importlib.resources.abc import Traversable
from typing import NamedTuple

from gateway.errors import Place, Violation

COLUMNS = frozenset({"code", "name_zh", "name_en", "old_code", "valid_from", "valid_to"})
REQUIRED = ("code", "name_zh")


class Row(NamedTuple):
    """One entry of a table, and the days on which it holds.

    Attributes:
        code: The code as messages carry it; upper and lower case differ.
        name: The Chinese name.
        old_code: The former code, which is accepted on input too; empty where there is none.
        valid_from: The first day, included.
        valid_to: The last day, included.
        line: The line of the file, counted from 1.
        name_en: The English name, empty where there is none.
    """

    code: str
    name: str
    old_code: str
    valid_from: date
    valid_to: date
    line: int
    name_en: str = ""

    def holds(self, day: date) -> bool:
        """Return whether the entry is in force on the day."""
        return self.valid_from <= day <= self.valid_to


def read_table(file: Traversable, shown: str) -> tuple[list[Row], list[Violation]]:
    """Read a table; a file with faults gives them all, under the name that is shown to people."""
    faults: list[Violation] = []
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        return [], [Violation("codes.unreadable", values={"reason": fault}, place=Place(shown))]
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [column.strip() for column in next(lines, [])]
        faults.extend(_header_faults(header, shown))
        if faults:
            return [], faults
        rows = [
            row
            for values in lines
            if (row := _row(dict(zip(header, values, strict=False)), lines.line_num, shown, faults))
        ]
    except csv.Error as fault:
        place = Place(shown, row=lines.line_num)
        return [], [*faults, Violation("codes.not-csv", values={"reason": fault}, place=place)]
    faults.extend(_overlaps(rows, shown))
    return rows, faults


def _header_faults(header: list[str], shown: str) -> Iterator[Violation]:
    place = Place(shown, row=1)
    for column in REQUIRED:
        if column not in header:
            yield Violation("codes.column-missing", values={"column": column}, place=place)
    for column in header:
        if column not in COLUMNS or header.count(column) > 1:
            allowed = ", ".join(sorted(COLUMNS))
            yield Violation("codes.column-wrong", values={"column": column, "allowed": allowed}, place=place)


def _row(values: dict[str, str], line: int, shown: str, faults: list[Violation]) -> Row | None:
    given = {column: value.strip() for column, value in values.items()}
    if not any(given.values()):
        return None
    before = len(faults)
    for column in REQUIRED:
        if not given.get(column):
            place = Place(shown, row=line, column=column)
            faults.append(Violation("codes.value-missing", values={"column": column}, place=place))
    days = {"valid_from": date.min, "valid_to": date.max}
    for column in days:
        if text := given.get(column, ""):
            try:
                days[column] = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day has no zone
            except ValueError:
                place = Place(shown, row=line, column=column)
                faults.append(Violation("codes.date-wrong", values={"given": text}, place=place))
    if len(faults) > before:
        return None
    if days["valid_from"] > days["valid_to"]:
        span: dict[str, object] = {"first": days["valid_from"], "last": days["valid_to"]}
        faults.append(Violation("codes.never-valid", values=span, place=Place(shown, row=line)))
        return None
    old_code = given.get("old_code", "")
    name_en = given.get("name_en", "")
    return Row(given["code"], given["name_zh"], old_code, days["valid_from"], days["valid_to"], line, name_en)


def _overlaps(rows: list[Row], shown: str) -> Iterator[Violation]:
    """Yield a fault for each entry that holds on a day on which the same code stands already."""
    last: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: (row.code, row.valid_from, row.line)):
        earlier = last.get(row.code)
        if earlier is not None and row.valid_from <= earlier.valid_to:
            values = {"given": row.code, "other": earlier.line}
            yield Violation("codes.code-twice", values=values, place=Place(shown, row=row.line))
        last[row.code] = row
