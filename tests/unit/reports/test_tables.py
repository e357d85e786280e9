"""Tables for spreadsheets: what would run as a formula does not, and numbers are numbers."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.reports import Table, harmless, to_csv, to_xlsx

FORMULAS = ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "＋1", "－1", "＠x"]
_CELLS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def _table(*rows: list[object], title: str = "清单") -> Table:
    return Table(title, ["名称", "=列"], rows)


def _csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def _xlsx(data: bytes) -> list[list[tuple[str, str]]]:
    """Return the kind and text of each cell; a formula would be a kind of its own."""
    with ZipFile(io.BytesIO(data)) as book:
        sheet = etree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        shared = (
            etree.fromstring(book.read("xl/sharedStrings.xml"))
            if "xl/sharedStrings.xml" in book.namelist()
            else []
        )
    texts = ["".join(node.text or "" for node in entry.iter(f"{_CELLS}t")) for entry in shared]

    def read(cell: etree._Element) -> tuple[str, str]:
        assert cell.find(f"{_CELLS}f") is None, "no formula anywhere"
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return "text", "".join(node.text or "" for node in cell.iter(f"{_CELLS}t"))
        value = cell.findtext(f"{_CELLS}v") or ""
        return ("text", texts[int(value)]) if kind == "s" else ("number", value)

    return [[read(cell) for cell in row] for row in sheet.iter(f"{_CELLS}row")]


@pytest.mark.requirement("QR-06", "QR-07")
@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_looks_like_a_formula_is_led_by_an_apostrophe(text: str) -> None:
    """In CSV and in workbooks, also in full width; the heads are no exception."""
    table = _table([text, "x"])
    heads, row = _csv(to_csv(table))
    assert heads == ["名称", "'=列"]
    assert row == ["'" + text, "x"]
    (_, first) = _xlsx(to_xlsx(table))
    assert first[0][0] == "text"
    assert first[0][1].startswith("'")


@given(st.text(max_size=20))
def test_no_text_is_left_as_a_formula_and_harmless_ones_stay(text: str) -> None:
    """Whatever an ERP writes."""
    made = harmless(text)
    assert not made.startswith(tuple("=+-@\t\r\n＝＋－＠"))
    assert made in {text, "'" + text}


@pytest.mark.requirement("QR-06")
def test_numbers_stay_numbers_even_below_zero() -> None:
    """A count, an exact decimal, a negative: none of them is text, none has an exponent."""
    rows = [[1, Decimal("-2.50")], [Decimal("1E+3"), Decimal("0.00001")]]
    assert _csv(to_csv(_table(*rows)))[1:] == [["1", "-2.50"], ["1000", "0.00001"]]
    cells = _xlsx(to_xlsx(_table(*rows)))[1:]
    assert [kind for row in cells for kind, _ in row] == ["number"] * 4
    assert [Decimal(value) for row in cells for _, value in row] == [
        1,
        Decimal("-2.5"),
        1000,
        Decimal("0.00001"),
    ]


def test_a_number_that_a_spreadsheet_would_alter_is_written_as_text() -> None:
    """Spreadsheets keep fifteen digits; the rest would be lost unseen."""
    exact = Decimal("12345678901234567.89")
    (_, row) = _xlsx(to_xlsx(_table([exact, Decimal(123456789012345)])))
    assert row == [("text", "12345678901234567.89"), ("number", "123456789012345")]


def test_chinese_is_known_by_its_mark() -> None:
    """Without the mark a spreadsheet takes UTF-8 for the system's own encoding."""
    assert to_csv(_table(["深圳", "ø"])).startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("title", ["", "a/b\\c?d*e[f]g:h'", "很长的标题" * 20])
def test_any_title_makes_a_sheet(title: str) -> None:
    """Spreadsheets refuse some characters and more than 31 of them."""
    assert _xlsx(to_xlsx(_table(["a", "b"], title=title)))


def test_the_same_rows_make_the_same_bytes() -> None:
    """No moment of writing stands in the file."""
    assert to_xlsx(_table(["a", Decimal(1)])) == to_xlsx(_table(["a", Decimal(1)]))


def test_rows_are_taken_one_by_one() -> None:
    """A stream of rows is written as it comes; cells with line breaks and quotes come back whole."""
    taken: list[int] = []

    def stream() -> Iterator[list[object]]:
        for number in range(3):
            taken.append(number)
            yield [f'a"{number}\nb', number]

    assert _csv(to_csv(Table("t", ["x", "y"], stream())))[1:] == [[f'a"{n}\nb', str(n)] for n in range(3)]
    assert taken == [0, 1, 2]


@pytest.mark.requirement("QR-07")
@pytest.mark.parametrize("character", ["长", "😀"])
def test_a_text_that_no_cell_holds_is_cut_with_a_sign_of_it(character: str) -> None:
    """A spreadsheet refuses a workbook with a longer one, and counts rare characters twice; CSV holds all."""
    text = character * 40_000
    ((_, cut),) = _xlsx(to_xlsx(Table("t", ["a"], [[text]])))[1]
    units = len(cut.encode("utf-16-le")) // 2
    assert 32_765 <= units <= 32_767
    assert cut == character * (len(cut) - 1) + "…"
    assert _csv(to_csv(Table("t", ["a"], [[text]])))[1] == [text]
