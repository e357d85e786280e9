"""XLSX: cells become what people see, with their names; what cannot be known is refused."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from gateway.errors import RejectedError, Violation
from gateway.formats import Source, Table, read
from gateway.formats.source import cell_name
from gateway.formats.xlsx_book import look_of
from gateway.formats.xlsx_cells import exact
from tests.unit.formats.books import by_hand, by_openpyxl, by_xlsxwriter

HEAD = (
    '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c>'
    '<c r="B1" t="inlineStr"><is><t>b</t></is></c></row>'
)


def table(data: bytes, name: str = "a.xlsx") -> Table:
    """Read a workbook."""
    found = read(name, data)
    assert found.format == "xlsx"
    assert isinstance(found.content, Table)
    return found.content


def cells(data: bytes) -> list[list[str]]:
    """Return the records of a workbook."""
    return [list(row.cells) for row in table(data).rows]


def faults(data: bytes) -> list[Violation]:
    """Read a workbook that must be refused."""
    with pytest.raises(RejectedError) as caught:
        read("a.xlsx", data)
    return list(caught.value.violations)


def warnings(data: bytes) -> list[tuple[str, dict[str, object]]]:
    """Return what is told of a workbook that is read."""
    found: Source = read("a.xlsx", data)
    assert all(each.warning for each in found.warnings)
    return [(each.code, dict(each.values)) for each in found.warnings]


@pytest.mark.requirement("ER-02")
def test_a_workbook_is_a_table_with_titles_above_it_and_the_rows_of_the_sheet():
    """Title rows and blank rows are left out, and each row keeps the number that the sheet shows."""
    rows = [["集报清单"], [], [" 编号 ", "数\n量"], ["A1", 5], [], ["A2", 6.5]]
    found = table(by_openpyxl(*rows))
    assert (found.columns, found.header_line, found.sheet) == (("编号", "数 量"), 3, "Sheet")
    assert [(row.line, row.cells) for row in found.rows] == [(4, ["A1", "5"]), (6, ["A2", "6.5"])]
    assert found.cell(6, 1) == "Sheet!B6"


@pytest.mark.requirement("ER-02")
def test_values_become_the_text_that_people_see():
    """Exact decimals, dates as ISO writes them, codes with the zeros that their format shows."""

    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["n", "v"])
        for row, (value, shape) in enumerate(values, 1):
            sheet.write(row, 0, row)
            sheet.write(row, 1, value, book.add_format({"num_format": shape}))

    values = [
        (0.1 + 0.2, "General"),
        (1234567.1, "#,##0.00"),
        (810600000, "0000000000"),
        (datetime(2026, 10, 20), "yyyy-mm-dd"),  # noqa: DTZ001
        (datetime(2026, 10, 20, 8, 30), 'yyyy"年"m"月"d"日" h:mm'),  # noqa: DTZ001
        (datetime(2026, 10, 20), 14),  # noqa: DTZ001
        (46315, 31),
        (0.5, "h:mm:ss"),
        (True, "General"),
        ("0810600000", "@"),
        (0.25, "0%"),
    ]
    expected = ["0.3", "1234567.1", "0810600000", "2026-10-20", "2026-10-20T08:30:00", "2026-10-20"]
    expected += ["2026-10-20", "12:00:00", "TRUE", "0810600000", "0.25"]
    assert [row[1] for row in cells(by_xlsxwriter(fill))] == expected


def test_days_counted_from_1904_are_the_same_days():
    """Workbooks of old Macintosh computers count so."""

    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["n", "v"])
        sheet.write_row(1, 0, [1])
        sheet.write_datetime(1, 1, datetime(2026, 10, 20), book.add_format({"num_format": 14}))  # noqa: DTZ001

    assert cells(by_xlsxwriter(fill, default_date_format="yyyy-mm-dd", date_1904=True))[0][1] == "2026-10-20"


def test_bare_numbers_are_marked_so_that_a_mapping_can_doubt_them():
    """A date, a padded code and a text are none."""

    def change(sheet: Any) -> None:
        sheet["B2"].number_format = "0000000000"
        sheet["C2"].value = date(2026, 10, 20)

    (row,) = table(by_openpyxl(["a", "b", "c", "d"], [1, 2, 3, "4"], change=change)).rows
    assert (row.cells[1], row.numbers) == ("0000000002", {0})


@pytest.mark.requirement("EN-05")
def test_cells_whose_value_cannot_be_known_are_all_told_with_their_names():
    """A formula never calculated, an error, digits that no spreadsheet keeps, a day that never was."""
    change = {"C2": "#REF!", "A3": 123456789012345678, "B3": 60}

    def put(sheet: Any) -> None:
        for cell, value in change.items():
            sheet[cell].value = value
        sheet["B3"].number_format = "yyyy-mm-dd"

    found = faults(by_openpyxl(["a", "b", "c"], [1, "=A2*2", ""], [], change=put))
    told = [(each.code, each.place.path if each.place else "") for each in found]
    assert told == [
        ("format.formula-without-value", "Sheet!B2"),
        ("format.cell-error", "Sheet!C2"),
        ("format.digits-lost", "Sheet!A3"),
        ("format.cell-no-date", "Sheet!B3"),
    ]
    assert "=A2*2" in found[0].text("en")


def test_formulas_that_no_program_has_calculated_are_refused_though_they_have_a_value():
    """XlsxWriter writes 0 for each and asks the spreadsheet to calculate it when it is opened."""

    def fill(book: Any, sheet: Any) -> None:
        sheet.write_row(0, 0, ["a", "b"])
        sheet.write_formula(1, 1, "=A1", None, 7)

    assert [each.code for each in faults(by_xlsxwriter(fill))] == ["format.formula-without-value"]
    row = '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2" t="str"><f>""</f><v></v></c></row>'
    assert cells(by_hand(HEAD + row)) == [["2", ""]]


def test_what_a_person_may_not_have_meant_is_told():
    """Hidden rows are read, a merged value counts once, of several sheets the first is taken."""

    def change(sheet: Any) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.merge_cells("A2:A3")
        sheet.merge_cells("A1:B1")
        sheet.parent.create_sheet("更多")["A1"] = "x"
        sheet.parent.create_sheet("说明")["A1"] = "x"
        sheet.parent.create_sheet("空")

    data = by_openpyxl(["a", "b"], ["k", 1], ["", 2], change=change)
    assert warnings(data) == [
        ("format.other-sheets", {"sheet": "Sheet", "others": "更多"}),
        ("format.hidden-rows", {"count": 1, "rows": "3"}),
        ("format.merged-cells", {"count": 1, "ranges": "A2:A3"}),
    ]


def test_hidden_sheets_and_sheets_that_explain_are_passed_over():
    """The table is on the first sheet that a person sees and fills in."""

    def change(sheet: Any) -> None:
        sheet.title = "说明 Explanation"
        secret = sheet.parent.create_sheet("secret")
        secret.append(["x", "y"])
        secret.sheet_state = "hidden"
        shown = sheet.parent.create_sheet("Our data")
        shown.append(["a", "b"])
        shown.append(["1", "2"])

    found = table(by_openpyxl(["不是", "数据"], change=change))
    assert (found.sheet, found.columns) == ("Our data", ("a", "b"))
    assert found.cell(2, 27) == "'Our data'!AB2"


def test_texts_are_whole_and_without_their_pronunciation():
    """Runs of several looks are one text; characters that the format escapes come back."""
    item = (
        '<si><r><t>商</t></r><r><t xml:space="preserve">品 </t></r><rPh sb="0" eb="1"><t>shang</t></rPh></si>'
    )
    shared = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{item}</sst>'
    row = (
        '<row r="2"><c r="A2" t="s"><v>0</v></c><c t="inlineStr"><is><t>x_x000A_y_x005F_z</t></is></c></row>'
    )
    assert cells(by_hand(HEAD + row, parts={"xl/sharedStrings.xml": shared})) == [["商品 ", "x\ny_z"]]


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ('<row r="2"><c r="A2" t="s"><v>7</v></c></row>', "format.cell-broken"),
        ('<row r="2"><c r="A2"><v>x</v></c></row>', "format.cell-broken"),
        ('<row r="2"><c r="A2"><v>NaN</v></c></row>', "format.cell-broken"),
        ('<row r="2"><c r="A3"><v>1</v></c></row>', "format.xlsx-broken"),
        ('<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>', "format.xlsx-broken"),
        ('<row r="1"><c r="A1"><v>1</v></c></row>', "format.xlsx-broken"),
        ('<row r="2"><c r="A2" t="inlineStr"><is><t>a_x0007_</t></is></c></row>', "format.control-character"),
        ('<row r="2"><c r="A2"><v>1</v></c><c r="D2"><v>9</v></c></row>', "format.unnamed-column"),
        ('<row r="2"><c r="A2"><v>1</v></c>', "xml.not-well-formed"),
        ("", "format.no-rows"),
        ('<row r="2"><c r="ZZZ2"><v>1</v></c></row>', "format.too-many-columns"),
    ],
)
def test_what_is_wrong_within_a_sheet_is_refused_by_name(rows: str, code: str):
    """Damage, and tricks that two programs would read differently."""
    assert faults(by_hand(HEAD + rows))[0].code == code


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"])
def test_no_part_of_a_workbook_may_declare_entities(part: str):
    """The parts go through the one hardened parser, or one as hard."""
    body = '<x xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData><row r="1">'
    text = f"{BOMB}{body}<c><v>&b;</v></c></row></sheetData></x>"
    assert faults(by_hand(HEAD, parts={part: text}))[0].code == "xml.dtd-refused"


def test_a_part_outside_of_the_workbook_is_never_looked_at():
    """Links to other files and paths that climb out lead nowhere."""
    rels = (
        '<Relationships><Relationship Id="r1" TargetMode="External" Target="file:///etc/passwd" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/></Relationships>'
    )
    assert faults(by_hand(HEAD, parts={"xl/_rels/workbook.xml.rels": rels}))[0].code == "format.empty-file"


def test_workbooks_of_other_kinds_are_refused_with_what_to_do():
    """Macros, other Office files, the old kind and passwords."""
    types = '<Types><Override ContentType="application/vnd.ms-excel.sheet.macroEnabled.main+xml"/></Types>'
    assert faults(by_hand("", parts={"[Content_Types].xml": types}))[0].code == "format.xlsx-macros"
    types = '<Types><Override ContentType="application/vnd.ms-word.document.main+xml"/></Types>'
    assert faults(by_hand("", parts={"[Content_Types].xml": types}))[0].code == "format.xlsx-other"
    old = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    assert faults(old)[0].code == "format.xls-refused"
    assert faults(old + "EncryptedPackage".encode("utf-16-le"))[0].code == "format.xlsx-encrypted"


def test_more_text_than_anybody_sends_is_refused(monkeypatch: pytest.MonkeyPatch):
    """A text that is stored once and shown in every cell would fill the memory of whoever maps it."""
    monkeypatch.setattr("gateway.formats.xlsx_format.MAX_CHARACTERS", 1000)
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 2000))
    assert faults(by_hand(HEAD + rows))[0].code == "format.too-large"


@given(number=st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_every_number_of_so_many_digits_survives_its_binary_fraction(number: Decimal):
    """What a spreadsheet stores in 17 digits is told in the 15 that were typed."""
    assert exact(f"{float(number):.17g}") == number


@pytest.mark.parametrize(
    ("code", "is_date"),
    [
        ("yyyy/m/d", True),
        ('[$-804]yyyy"年"m"月"', True),
        ("[h]:mm", True),
        ("General", False),
        ("G/通用格式", False),
        ('0.00"days"', False),
        ("[Red]0.00;yyyy", False),
        (r"#,##0\d", False),
        ("@", False),
    ],
)
def test_a_format_of_dates_is_told_from_one_of_numbers(code: str, is_date: bool):
    """Words in quotes and colours in brackets are no pattern."""
    assert look_of(code).is_date is is_date


@given(st.integers(0, 16_383))
def test_the_name_of_a_cell_leads_back_to_it(position: int):
    """Columns are counted in letters, without a zero."""
    letters = cell_name("S", 1, position).removeprefix("S!")[:-1]
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    assert number == position + 1


TEXTS = st.text(
    st.characters(min_codepoint=32, max_codepoint=0x9FFF, exclude_categories=["Cs", "Cc"]), max_size=8
)
VALUES = st.one_of(
    TEXTS, st.integers(-(10**14), 10**14), st.booleans(), st.dates(date(1901, 1, 1), date(2999, 1, 1))
)


@given(st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=5))
def test_a_well_kept_reader_sees_the_same_values(rows: list[tuple[Any, Any]]):
    """What openpyxl writes, calamine and this reader read alike, as far as calamine tells it."""
    data = by_openpyxl(["id", "a", "b"], *(["x", *row] for row in rows))
    theirs = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()[1:]
    assert cells(data) == [[_shown(value) for value in row] for row in theirs]


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return f"{Decimal(repr(value)).normalize():f}"
    return value.isoformat() if isinstance(value, date) else str(value) if str(value).strip() else ""
