"""What every reader gives: the content of one interchange, with what is needed to say where a value stood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from lxml import etree

from gateway.errors import RejectedError, Violation

Format = Literal["csv", "xlsx", "xml", "json", "edifact"]

# Numbers keep their literal text, so that 1.10 stays 1.10 and nothing passes through a float.
Json: TypeAlias = "str | bool | list[Json] | dict[str, Json] | None"


@dataclass(frozen=True, slots=True)
class Row:
    """One record of a table.

    Attributes:
        line: The line of the file on which the record begins, counted from 1.
        cells: As many texts as the table has columns.
        numbers: The positions of cells that a spreadsheet holds as bare numbers, without leading zeros.
    """

    line: int
    cells: list[str]
    numbers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Table:
    """The records of a CSV file or of a sheet below its header row.

    Attributes:
        columns: The headers without surrounding white space, each of them once; empty for an unnamed column.
        header_line: The line of the header row.
        rows: The records in the order of the file, which may be gone through any number of times; blank
            lines are left out. Those of a large file are not kept, but read from it each time.
        sheet: The name of the sheet; empty where the file has none.
    """

    columns: tuple[str, ...]
    header_line: int
    rows: Iterable[Row]
    sheet: str = ""

    def cell(self, line: int, position: int) -> str | None:
        """Return the name by which a spreadsheet knows a cell, for example `Sheet1!B7`, or None."""
        return cell_name(self.sheet, line, position) if self.sheet else None


def cell_name(sheet: str, line: int, position: int) -> str:
    """Return the name of a cell, its position counted from 0; a sheet's name is quoted where it has to be."""
    shown = sheet if sheet.isalnum() else "'" + sheet.replace("'", "''") + "'"
    return f"{shown}!{column_letters(position)}{line}"


def column_letters(position: int) -> str:
    """Return the letters by which a spreadsheet knows a column, its position counted from 0."""
    letters = ""
    position += 1
    while position:
        position, rest = divmod(position - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@dataclass(frozen=True, slots=True)
class Source:
    """The content of one interchange (ER-02).

    Attributes:
        name: The name under which it arrived.
        format: Which of the formats it is in.
        encoding: The encoding that it was read in.
        content: A table, the root element, or the JSON value.
        warnings: What was strange and stopped nothing.
    """

    name: str
    format: Format
    encoding: str
    content: Table | etree._Element | Json
    warnings: tuple[Violation, ...] = ()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A file within a ZIP that cannot be read; the others are sources all the same.

    Attributes:
        name: The name of the ZIP and, after a slash, of the file.
        fault: Every fault found, with its place.
    """

    name: str
    fault: RejectedError
