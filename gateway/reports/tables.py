"""Tables for spreadsheets, as CSV and XLSX: no text runs as a formula, numbers stay numbers (QR-06)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from typing import Final, TypeAlias

Cell: TypeAlias = "str | int | Decimal"

# What makes a spreadsheet take a text for a formula, also in the full width of Chinese typing.
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
# A spreadsheet keeps numbers as binary fractions, of so many decimal digits faithfully.
_FAITHFUL: Final = 15
_WIDEST: Final = 60
# A cell of a workbook holds so many characters, counted as UTF-16 does; CSV knows no such limit.
_LONGEST: Final = 32_767
# The bytes of a workbook are to depend on what is in it only.
MADE: Final = datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows below heads; the rows may be a stream."""

    title: str
    columns: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def harmless(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula: one that looks so is led by an apostrophe."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def to_csv(table: Table) -> bytes:
    """Write a table as CSV in UTF-8 with the mark by which spreadsheets know it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([harmless(column) for column in table.columns])
    for row in table.rows:
        writer.writerow(
            [harmless(cell) if isinstance(cell, str) else f"{cell:f}" for cell in map(_exact, row)]
        )
    return text.getvalue().encode("utf-8-sig")


def to_xlsx(table: Table) -> bytes:
    """Write a table as a workbook of one sheet, its heads staying in sight."""
    data = io.BytesIO()
    options = {
        "constant_memory": True,
        "in_memory": False,
        "strings_to_formulas": False,
        "strings_to_urls": False,
    }
    with import_module("xlsxwriter").Workbook(data, options) as book:
        book.set_properties({"title": harmless(table.title), "created": MADE})
        sheet = book.add_worksheet(_sheet_name(table.title))
        bold = book.add_format({"bold": True, "bg_color": "#EEEEEE", "border": 1})
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(table.columns):
            sheet.set_column(place, place, min(_WIDEST, max(12, 2 * len(column) + 2)))
        for place, column in enumerate(table.columns):
            sheet.write_string(0, place, harmless(column), bold)
        for number, row in enumerate(table.rows, 1):
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(number, place, _fitting(harmless(cell)))
                elif len(Decimal(cell).normalize().as_tuple().digits) > _FAITHFUL:
                    sheet.write_string(number, place, f"{cell:f}")
                else:
                    sheet.write_number(number, place, cell)
    return data.getvalue()


def _fitting(text: str) -> str:
    """Return a text that a cell can hold; one that was cut says so."""
    if len(text) * 2 <= _LONGEST:
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    if len(units) <= _LONGEST * 2:
        return text
    return units[: (_LONGEST - 1) * 2].decode("utf-16-le", "ignore") + "…"


def _exact(cell: Cell) -> str | Decimal:
    return cell if isinstance(cell, str) else Decimal(cell)


def _sheet_name(title: str) -> str:
    """Return a name of a sheet: at most 31 characters, none of those that spreadsheets keep for paths."""
    return "".join(" " if character in "[]:*?/\\'" else character for character in title)[:31] or "1"
