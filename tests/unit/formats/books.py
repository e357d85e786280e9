"""Workbooks and ZIPs for the tests: by foreign programs, and by hand where no program writes such things."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import openpyxl
import xlsxwriter

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


def by_openpyxl(*rows: Iterable[Any], change: Callable[[Any], None] | None = None) -> bytes:
    """Write rows with openpyxl."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    if change:
        change(book.active)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def by_xlsxwriter(fill: Callable[[Any, Any], None], name: str = "Sheet1", **options: Any) -> bytes:
    """Write a workbook of one sheet with XlsxWriter."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data, {"in_memory": True, **options}) as book:
        fill(book, book.add_worksheet(name))
    return data.getvalue()


def zipped(
    files: Mapping[str, bytes | str], change: Callable[[zipfile.ZipFile], None] | None = None
) -> bytes:
    """Pack files by name."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        if change:
            change(archive)
    return data.getvalue()


def by_hand(rows: str, *, parts: Mapping[str, str] | None = None, sheets: str = "", book: str = "") -> bytes:
    """Write a workbook whose first sheet has these rows in the format's own XML."""
    named = sheets or '<sheet name="S" sheetId="1" r:id="r1"/>'
    files = {
        "[Content_Types].xml": f'<Types><Override ContentType="{_KIND}"/></Types>',
        "_rels/.rels": relations(("r0", "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{_RELATIONS}">'
        f"{book}<sheets>{named}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(
            ("r1", "worksheet", "worksheets/sheet1.xml"), ("r2", "sharedStrings", "/xl/sharedStrings.xml")
        ),
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>a</t></si></sst>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
    }
    return zipped({**files, **(parts or {})})


def relations(*each: tuple[str, str, str]) -> str:
    """Write the relations of a part."""
    inside = "".join(
        f'<Relationship Id="{mark}" Type="{_RELATIONS}/{kind}" Target="{target}"/>'
        for mark, kind, target in each
    )
    return f'<Relationships xmlns="{_PACKAGE}">{inside}</Relationships>'
