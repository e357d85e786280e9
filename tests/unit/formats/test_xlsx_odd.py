"""XLSX by hand: what foreign programs write though nobody would, never changes a value or a place."""

from __future__ import annotations

import pytest

from gateway.formats.xlsx_cells import Faulty, exact
from tests.unit.formats.books import MAIN, by_hand, relations
from tests.unit.formats.test_xlsx import HEAD, cells, faults, table


def styled(cell: str, styles: str) -> bytes:
    """Write a workbook with one record, whose first cell is given and whose second is `1`."""
    parts = {
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>',
        "xl/_rels/workbook.xml.rels": relations(
            ("r1", "worksheet", "worksheets/sheet1.xml"), ("r3", "styles", "styles.xml")
        ),
    }
    return by_hand(f'{HEAD}<row r="2">{cell}<c r="B2"><v>1</v></c></row>', parts=parts)


DAYS = (
    '<numFmts><numFmt numFmtId="164" formatCode="yyyy-mm-dd"/></numFmts>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="²"/></cellXfs>'
)


def test_formats_of_conditional_formats_make_no_number_of_a_date():
    """They have numbers of their own, and some programs begin at the same one."""
    other = '<dxfs><dxf><numFmt numFmtId="164" formatCode="0.00"/></dxf></dxfs>'
    assert cells(styled('<c r="A2" s="1"><v>45000</v></c>', DAYS + other)) == [["2023-03-15", "1"]]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<v>12<!-- x -->34</v>", "1234"),
        ("<v>12<?x y?>34</v>", "1234"),
        ("<f>1<!-- x -->2</f><v>7</v>", "7"),
    ],
)
def test_a_comment_does_not_cut_a_number_off(cell: str, text: str):
    """What stands behind it belongs to the value."""
    assert cells(styled(f'<c r="A2">{cell}</c>', DAYS)) == [[text, "1"]]


def test_a_comment_does_not_cut_a_text_off():
    """Neither in a cell nor in a run."""
    plain = '<c r="A2" t="inlineStr"><is><t>12<!-- x -->34</t></is></c>'
    runs = '<c r="A2" t="inlineStr"><is><r><t>12<!-- x -->3</t></r><r><t>4</t></r></is></c>'
    assert cells(styled(plain, DAYS)) == cells(styled(runs, DAYS)) == [["1234", "1"]]


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("1", "1900-01-01"),
        ("59", "1900-02-28"),
        ("61", "1900-03-01"),
        ("45000.9999999", "2023-03-16"),
        ("45000.99998", "2023-03-15T23:59:58"),
        ("0.5", "12:00:00"),
    ],
)
def test_days_and_moments_are_those_that_a_spreadsheet_shows(stored: str, shown: str):
    """In 1900, which had a day too many; and the last half second of a day is the next day."""
    assert cells(styled(f'<c r="A2" s="1"><v>{stored}</v></c>', DAYS)) == [[shown, "1"]]


@pytest.mark.parametrize("stored", ["2958465.9999999", "59.9999999"])
def test_a_moment_that_rounds_to_no_day_is_refused(stored: str):
    """Behind the last day of the calendar, and on the day that never was."""
    assert [each.code for each in faults(styled(f'<c r="A2" s="1"><v>{stored}</v></c>', DAYS))] == [
        "format.cell-no-date"
    ]


@pytest.mark.parametrize("stored", ["1_000", "１２", "1E-999999", "٣", "0x10", "NaN", ".", ""])
def test_only_what_the_format_takes_for_a_number_is_one(stored: str):
    """Neither digits of other scripts nor exponents that would fill the memory."""
    with pytest.raises(Faulty) as caught:
        exact(stored)
    assert caught.value.code == "format.cell-broken"


@pytest.mark.parametrize("style", ["²", "2", "99999999999"])
def test_a_style_that_is_none_is_passed_over(style: str):
    """The cell is what is stored."""
    assert cells(styled(f'<c r="A2" s="{style}"><v>5</v></c>', DAYS)) == [["5", "1"]]


def test_a_text_is_never_taken_by_half_of_its_number():
    """No program writes so many digits; the first nine of them are another text's number."""
    data = by_hand(f'{HEAD}<row r="2"><c r="A2" t="s"><v>0000000001</v></c><c r="B2"><v>1</v></c></row>')
    assert [each.code for each in faults(data)] == ["format.cell-broken"]


def test_rows_without_numbers_are_counted_with_the_empty_ones():
    """A reply must name the row that people see."""
    record = "<row><c><v>5</v></c><c><v>6</v></c></row>"
    (row,) = table(by_hand(HEAD + "<row/><row/>" + record)).rows
    assert row.line == 4


@pytest.mark.parametrize(
    ("first", "last"),
    [(14, 22), (27, 36), (45, 47), (50, 58)],
)
def test_dates_by_formats_that_every_workbook_has_are_dates(first: int, last: int):
    """Those of Chinese programs too; the numbers beside them show numbers."""
    for number in range(first - 1, last + 2):
        styles = f'<cellXfs><xf numFmtId="0"/><xf numFmtId="{number}"/></cellXfs>'
        ((shown, _),) = cells(styled('<c r="A2" s="1"><v>45000</v></c>', styles))
        assert shown == ("2023-03-15" if first <= number <= last else "45000")
