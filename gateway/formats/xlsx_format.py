"""Reads XLSX: the first sheet that is not hidden, with a header row and records, each cell with its name."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from gateway.errors import Place, RejectedError, Violation, refuse
from gateway.formats.archive import Archive
from gateway.formats.csv_format import MAX_COLUMNS, MAX_FAULTS, MAX_ROWS, header_faults, row_faults
from gateway.formats.source import Row, Source, Table, cell_name, column_letters
from gateway.formats.xlsx_book import Book, SheetPart, open_book, plain, text_of
from gateway.formats.xlsx_cells import CellTexts, Faulty, RawCell

MAX_CHARACTERS = 64 * 1024 * 1024
_REFERENCE = re.compile("([A-Z]{1,3})([1-9][0-9]{0,6})")
_RANGE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6}):([A-Z]{1,3})([1-9][0-9]{0,6})")
_STYLE = re.compile("[0-9]{1,6}")
_TOLD = 5
_NO_NUMBERS: frozenset[int] = frozenset()
_LETTERS = tuple(column_letters(position) for position in range(MAX_COLUMNS))


@dataclass(slots=True)
class _Sheet:
    """What is gathered of a sheet while its cells are read."""

    name: str
    rows: list[Row] = field(default_factory=list)
    line: int = 0
    faults: list[Violation] = field(default_factory=list)
    hidden: list[int] = field(default_factory=list)
    merged: list[tuple[str, int]] = field(default_factory=list)
    characters: int = 0


def read_xlsx(archive: Archive) -> Source:
    """Read a workbook with a header row; rows above it with a single cell each are its title.

    Raises:
        RejectedError: With every cell whose value cannot be known and every doubtful header, or the one
            fault that makes the rest unreadable.
    """
    book, name = open_book(archive), archive.name
    if not book.sheets:
        raise refuse("format.empty-file", place=Place(name))
    sheet = _read_sheet(book, book.sheets[0])
    if not sheet.rows and not sheet.faults:
        raise refuse("format.empty-file", place=Place(name))
    table, faults = _table(name, sheet)
    if faults:
        raise RejectedError(faults[:MAX_FAULTS])
    return Source(name, "xlsx", "utf-8", table, tuple(_warnings(book, sheet, table)))


def _read_sheet(book: Book, part: SheetPart) -> _Sheet:
    sheet = _Sheet(part.name)
    texts = CellTexts(book)
    for node in _nodes(book, part):
        if node.tag.endswith("}mergeCell"):
            found = _RANGE.fullmatch(str(node.get("ref")))
            if found:
                sheet.merged.append((found[0], int(found[4])))
        else:
            _read_row(book.archive.name, sheet, texts, node)
        if len(sheet.faults) >= MAX_FAULTS:
            break
    return sheet


def _nodes(book: Book, part: SheetPart) -> Iterator[etree._Element]:
    """Yield rows and merged ranges; what was looked at is let go of, so that memory stays small."""
    place = Place(book.archive.name, path=part.part)
    data = io.BytesIO(book.archive.read(part.part) if part.part in book.archive.entries else b"")
    reader = etree.iterparse(
        data,
        tag=("{*}row", "{*}mergeCell"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
    )
    try:
        for _, node in reader:
            if node.getroottree().docinfo.internalDTD is not None:
                raise refuse("xml.dtd-refused", place=place, file=part.part)
            yield node
            node.clear(keep_tail=False)
            while node.getprevious() is not None:
                del node.getparent()[0]
    except etree.XMLSyntaxError as fault:
        row, column = fault.position
        told = {"reason": fault.msg, "file": part.part}
        values = {"row": row, "column": column, **told}
        raise RejectedError([Violation("xml.not-well-formed", values=values, place=place)]) from fault


def _read_row(name: str, sheet: _Sheet, texts: CellTexts, node: etree._Element) -> None:
    last = sheet.line
    line = sheet.line = _line(node, last)
    if line <= last:
        raise refuse("format.xlsx-broken", place=Place(name, line), reason=f"row {line} follows row {last}")
    row = _row(name, sheet, texts, line, node)
    if sheet.characters > MAX_CHARACTERS:
        raise refuse("format.too-large", place=Place(name), size=sheet.characters, limit=MAX_CHARACTERS)
    if row.cells:
        sheet.rows.append(row)
        if node.get("hidden") in {"1", "true"}:
            sheet.hidden.append(line)
    if len(sheet.rows) > MAX_ROWS + 1:
        raise refuse("format.too-many-rows", place=Place(name, line), limit=MAX_ROWS)


def _row(name: str, sheet: _Sheet, texts: CellTexts, line: int, node: etree._Element) -> Row:
    """Read the cells of a row up to the last one with anything in it."""
    cells: list[str] = []
    numbers = set()
    column = -1
    for child in node.iterchildren("{*}c"):
        column = _column(child.get("r"), column, line, name)
        try:
            text, is_number = texts.text(_raw(child))
        except Faulty as fault:
            cell = cell_name(sheet.name, line, column)
            sheet.faults.append(fault.at(cell).at(Place(name, line, path=cell)))
            continue
        if text and not text.isspace():
            if column >= MAX_COLUMNS:
                raise refuse("format.too-many-columns", place=Place(name, line), limit=MAX_COLUMNS)
            cells += [""] * (column - len(cells))
            cells.append(text)
            sheet.characters += len(text)
            if is_number:
                numbers.add(column)
    return Row(line, cells, frozenset(numbers) if numbers else _NO_NUMBERS)


def _line(node: etree._Element, last: int) -> int:
    said = str(node.get("r", ""))
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 7 else last + 1


def _column(said: str | None, last: int, line: int, name: str) -> int:
    """Return the position of a cell, counted from 0; without a name it is the next one."""
    # Most cells follow each other, and reading a name takes longer than writing it.
    if said is None or (last + 1 < MAX_COLUMNS and said == f"{_LETTERS[last + 1]}{line}"):
        return last + 1
    found = _REFERENCE.fullmatch(said)
    column = 0
    for letter in found[1] if found else "":
        column = column * 26 + ord(letter) - ord("A") + 1
    if not found or int(found[2]) != line or column - 1 <= last:
        raise refuse("format.xlsx-broken", place=Place(name, line), reason=f"cell {said} in row {line}")
    return column - 1


def _raw(node: etree._Element) -> RawCell:
    value = formula = None
    inline = ""
    for part in node.iterchildren():
        tag = str(part.tag)
        if tag.endswith("}v"):
            value = plain(part)
        elif tag.endswith("}f"):
            formula = plain(part) or "…"
        elif tag.endswith("}is"):
            inline = text_of(part)
    kind, style = str(node.get("t", "n")), str(node.get("s", "0"))
    # A formula that gives the empty text has an empty value; one without any has never been calculated.
    if value == "" and kind != "str":
        value = None
    return RawCell(kind, int(style) if _STYLE.fullmatch(style) else 0, value, inline, formula)


def _table(name: str, sheet: _Sheet) -> tuple[Table, list[Violation]]:
    """Find the header row and put the records below it."""
    if not sheet.rows:
        return Table((), 1, (), sheet.name), sheet.faults
    # Title rows have one cell each; a table of one column has no title.
    start = next((n for n, row in enumerate(sheet.rows) if len(row.cells) - row.cells.count("") > 1), 0)
    header = sheet.rows[start]
    width = max(len(row.cells) for row in sheet.rows[start:])
    place = Place(name, header.line)
    for row in sheet.rows[start:]:
        row.cells.extend([""] * (width - len(row.cells)))
    columns = tuple(" ".join(cell.split()) for cell in header.cells)
    rows = tuple(sheet.rows[start + 1 :])
    faults = [*sheet.faults, *header_faults(columns, place)]
    for row in rows if "" in columns else ():
        faults += row_faults(row, columns, name)
        if len(faults) >= MAX_FAULTS:
            break
    if not rows and not faults:
        faults.append(Violation("format.no-rows", place=place))
    return Table(columns, header.line, rows, sheet.name), faults


def _warnings(book: Book, sheet: _Sheet, table: Table) -> Iterator[Violation]:
    place = Place(book.archive.name)
    others = [other.name for other in book.sheets[1:]]
    if others:
        values: dict[str, object] = {"sheet": sheet.name, "others": ", ".join(others[:_TOLD])}
        yield Violation("format.other-sheets", values=values, place=place, warning=True)
    hidden = [line for line in sheet.hidden if line > table.header_line]
    if hidden:
        values = {"count": len(hidden), "rows": ", ".join(map(str, hidden[:_TOLD]))}
        yield Violation(
            "format.hidden-rows", values=values, place=Place(book.archive.name, hidden[0]), warning=True
        )
    merged = [cells for cells, last in sheet.merged if last > table.header_line]
    if merged:
        values = {"count": len(merged), "ranges": ", ".join(merged[:_TOLD])}
        yield Violation("format.merged-cells", values=values, place=place, warning=True)
