"""Mappings of tables over workbooks: the same rules, places with the name of the cell, numbers for texts."""

from __future__ import annotations

import pytest

from gateway.errors import Place
from gateway.formats import Row, Source, Table

HEAD = """
format = ["csv", "xlsx"]
[match]
columns = ["nr"]
[message]
type = "GoodsFiling"
key = "nr"
client-number = "nr"
[header]
NoteS = "note"
[items]
CodeTS = { from = "hs", do = [{ pad = 10 }] }
GQty = { from = "qty", do = ["decimal"] }
GUnit = { from = "unit", table = "unit", optional = true }
"""


def sheet(*rows: Row) -> Source:
    """Return a workbook's table as its reader gives it."""
    columns = ("nr", "note", "hs", "qty", "unit")
    return Source("a.xlsx", "xlsx", "utf-8", Table(columns, 3, rows, "清单"))


@pytest.mark.requirement("ER-02")
def test_one_mapping_serves_csv_and_xlsx_alike(workshop):
    """A list of formats saves a copy of each mapping."""
    mapping = workshop.mapping(HEAD)
    rows = [Row(4, ["1", "a", "0810600000", "5", ""]), Row(5, ["1", "", "0810600001", "6", ""])]
    (made,) = mapping.apply(sheet(*rows))
    (same,) = workshop.apply(HEAD, "nr,note,hs,qty\n1,a,0810600000,5\n1,,0810600001,6\n", "a.csv")
    assert made.tree() == same.tree()
    assert made.violations == ()


@pytest.mark.requirement("EN-05")
def test_a_value_of_a_sheet_is_told_with_the_name_of_its_cell(workshop):
    """Row and column header as in a CSV file, and what the spreadsheet calls the cell."""
    (made,) = workshop.mapping(HEAD).apply(sheet(Row(4, ["1", "a", "x", "", ""])))
    assert made.lineage["GoodsFiling/Item[1]/CodeTS"].place == Place("a.xlsx", 4, "hs", "清单!C4")
    assert made.lineage.expected("GoodsFiling/Item[1]/GQty") == Place("a.xlsx", 4, "qty", "清单!D4")
    assert str(made.lineage.expected("GoodsFiling/Item[1]/GQty")) == "a.xlsx:4 [qty] 清单!D4"


def test_numbers_where_a_text_is_wanted_are_told_once_for_a_column(workshop):
    """A number has lost its leading zeros; as a quantity that does not matter, as a code it does."""
    rows = [
        Row(4, ["1", "a", "810600000", "5", "035"], frozenset({2, 3, 4})),
        Row(5, ["1", "", "810600001", "6", ""], frozenset({2, 3})),
    ]
    (made,) = workshop.mapping(HEAD).apply(sheet(*rows))
    (told,) = made.violations
    assert told.warning
    assert (told.code, told.place) == ("map.number-for-text", Place("a.xlsx", 4, "hs", "清单!C4"))
    assert (told.values["count"], told.values["text"]) == (2, "810600000")


def test_formats_with_other_expressions_do_not_stand_together(workshop):
    """A column's name is no path of a tree."""
    codes = [fault.code for fault in workshop.faults(HEAD.replace('"xlsx"', '"json"'))]
    assert codes == ["mapping.formats-differ"]
    assert workshop.faults(HEAD.replace('["csv", "xlsx"]', "[]"))[0].code == "mapping.wrong-value"
    assert workshop.faults(HEAD.replace('"xlsx"', '"xls"'))[0].code == "mapping.wrong-value"


def test_a_format_that_a_mapping_does_not_take_is_told_with_those_that_it_takes(workshop):
    """The nearest mapping names them."""
    (told,) = workshop.mapping(HEAD).misfits(Source("a.xml", "xml", "utf-8", None))
    assert (told.code, told.values["wanted"]) == ("mapping.other-format", "CSV / XLSX")
