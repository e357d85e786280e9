"""The shipped tables are those that the message structure asks for, each with its source."""

from __future__ import annotations

import csv
from datetime import date
from importlib import resources

import pytest

from gateway.codes import CodeLibrary
from gateway.messages import Catalogue
from tests.source import ROOT

LIBRARY = CodeLibrary.load(None, lambda: date(2026, 10, 20))
# Looked up by a rule, not for a field of its own: the document code before a licence's colon.
# And what the platform answers, which is read and never written.
BY_RULE = {"licence_doc", "dxp_response"}


@pytest.mark.requirement("EN-03")
def test_every_table_of_a_field_is_shipped_and_no_other() -> None:
    """A field without its table would take anything, and a table without a field misleads."""
    specs = Catalogue.load(ROOT / "schemas/xsd").dictionary.specs.values()
    assert {spec.table for spec in specs if spec.table} | BY_RULE == {each.table for each in LIBRARY.about}


@pytest.mark.requirement("EN-03")
def test_each_table_tells_its_names_source_and_day() -> None:
    """A table without a day is known to be partial, or cannot age."""
    for each in LIBRARY.about:
        assert each.names["en"]
        assert each.names["zh"]
        assert each.source
        assert each.shipped
        assert each.as_of or each.fixed or not each.complete, each.table


def test_the_files_have_one_header() -> None:
    """What an operator copies has every column that may be filled."""
    for file in (resources.files("gateway.codes") / "data").iterdir():
        if file.name.endswith(".csv"):
            header = next(csv.reader([file.read_text("utf-8").splitlines()[0]]))
            assert [column for column in header if column != "old_code"] == [
                *("code", "name_zh", "name_en", "valid_from", "valid_to")
            ]


@pytest.mark.requirement("EN-03")
@pytest.mark.parametrize(
    ("table", "code", "name"),
    [
        ("country", "ZAF", "南非"),
        ("port", "ZAF000", "南非"),
        ("port", "NZL008", "克赖斯特彻奇（新西兰）"),
    ],
)
def test_codes_that_the_source_lists_twice_have_one_meaning(table: str, code: str, name: str) -> None:
    """The entry that fits the code's country is kept; the other's name is no name of it."""
    assert LIBRARY.today.name(table, code) == name
