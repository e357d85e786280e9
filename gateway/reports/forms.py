"""Empty tables to be filled in, as XLSX and CSV, with an explanation of each column beside them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

from gateway.reports.tables import MADE, Table, harmless, to_csv

# The reader of workbooks leaves out sheets whose names begin so.
_DATA, _EXPLANATION, _CODES = "数据", "说明 Explanation", "说明-代码 Codes"
_ROWS: Final = 100_000
_WIDEST: Final = 40
_HEADS: Final = (
    *("栏目 Column", "名称", "Name", "必填", "Mandatory", "格式", "Format", "代码表 Table", "示例 Example"),
    *("说明", "Note"),
)
_NEEDED: Final = {"save": ("暂存必填", "for saving"), "declare": ("申报必填", "for declaring"), "": ("", "")}


@dataclass(frozen=True, slots=True)
class FormColumn:
    """A column of an empty table, and what is said of it.

    Attributes:
        name: Its header.
        names: What the field is called, in Chinese and English.
        needed: `save` or `declare`, for which it is mandatory; or empty.
        formats: What a right value looks like, in both languages.
        notes: Further words, in both languages.
        table: The name of its code table, or empty.
        choices: The values to choose from, each with what it means; none where there are too many.
        example: A right value.
        is_number: Numbers are kept as numbers, everything else as text.
    """

    name: str
    names: tuple[str, str]
    needed: str
    formats: tuple[str, str]
    notes: tuple[str, str]
    table: str
    choices: tuple[tuple[str, str], ...]
    example: str
    is_number: bool


def form_to_csv(columns: Sequence[FormColumn]) -> bytes:
    """Write an empty table as CSV: its header row, in UTF-8 with the mark by which spreadsheets know it."""
    return to_csv(Table("", [column.name for column in columns], ()))


def form_to_xlsx(title: str, columns: Sequence[FormColumn]) -> bytes:
    """Write an empty table as a workbook: the table, what its columns mean, and the codes to choose from.

    Cells that hold no numbers are formatted as text, so that no zero at the left is lost.
    """
    data = io.BytesIO()
    with import_module("xlsxwriter").Workbook(data, {"in_memory": True}) as book:
        book.set_properties({"title": harmless(title), "created": MADE})
        formats = {
            "text": book.add_format({"num_format": "@"}),
            "wrapped": book.add_format({"text_wrap": True, "valign": "top", "num_format": "@"}),
            "head": book.add_format({"bold": True, "bg_color": "#EEEEEE", "border": 1}),
            "needed": book.add_format({"bold": True, "bg_color": "#FFF2B3", "border": 1}),
        }
        sheet = book.add_worksheet(_DATA)
        _explain(book.add_worksheet(_EXPLANATION), columns, formats)
        lists = _write_codes(book, columns, formats)
        sheet.freeze_panes(1, 1)
        for place, column in enumerate(columns):
            width = min(_WIDEST, 2 * len(column.name) + 2)
            sheet.set_column(place, place, width, None if column.is_number else formats["text"])
            head = formats["needed" if column.needed else "head"]
            sheet.write_string(0, place, harmless(column.name), head)
            if place in lists:
                rule = {"validate": "list", "source": lists[place], "show_error": False}
                sheet.data_validation(1, place, _ROWS, place, rule)
    return data.getvalue()


def _explain(sheet: Any, columns: Sequence[FormColumn], formats: dict[str, Any]) -> None:
    for place, (head, width) in enumerate(
        zip(_HEADS, (36, 22, 28, 10, 14, 36, 40, 18, 26, 40, 40), strict=True)
    ):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, head, formats["head"])
    sheet.freeze_panes(1, 1)
    for row, column in enumerate(columns, 1):
        needed = _NEEDED[column.needed]
        texts = (column.name, *column.names, *needed, *column.formats, column.table, column.example)
        for place, text in enumerate((*texts, *column.notes)):
            sheet.write_string(row, place, text, formats["wrapped"])


def _write_codes(book: Any, columns: Sequence[FormColumn], formats: dict[str, Any]) -> dict[int, str]:
    """Write the values of each column that has a list, and return where the list of each stands."""
    lists: dict[int, str] = {}
    chosen = [(place, column) for place, column in enumerate(columns) if column.choices]
    if not chosen:
        return lists
    sheet = book.add_worksheet(_CODES)
    letters = import_module("xlsxwriter.utility").xl_col_to_name
    for number, (place, column) in enumerate(chosen):
        at = 2 * number
        sheet.set_column(at, at, 24, formats["text"])
        sheet.write_string(0, at, harmless(column.name), formats["head"])
        for row, (value, meaning) in enumerate(column.choices, 1):
            sheet.write_string(row, at, value, formats["text"])
            sheet.write_string(row, at + 1, meaning, formats["text"])
        lists[place] = f"='{_CODES}'!${letters(at)}$2:${letters(at)}${len(column.choices) + 1}"
    return lists
