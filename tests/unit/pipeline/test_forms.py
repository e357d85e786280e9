"""The forms: each asks for what its mapping takes, and gives what its example promises when filled in."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from gateway.building import make_mappings, make_world
from gateway.clock import CHINA, Clock
from gateway.config import load_settings
from gateway.formats import Table, read
from gateway.mapping import MappingSet, columns_of
from gateway.reports import FormColumn, form_to_csv, form_to_xlsx
from gateway.steps.forms import form_of
from gateway.steps.records import World
from tests.services.installation import ROOT

NOON = datetime(2026, 10, 20, 12, tzinfo=CHINA)
TEMPLATES = sorted(file.stem for file in (ROOT / "mappings/template").glob("*.toml"))


@pytest.fixture(scope="module")
def loaded() -> tuple[World, MappingSet]:
    """The shipped schemas, tables and mappings."""
    settings = load_settings(ROOT / "gateway.toml")
    world = make_world(settings, Clock(NOON))
    return world, make_mappings(settings, world)


def shown(name: str) -> Table:
    """Return the shipped example of a template."""
    (file,) = (
        file
        for file in (ROOT / "mappings/template/examples").glob(f"{name}.*")
        if ".expected" not in file.name
    )
    content = read(file.name, file.read_bytes()).content
    assert isinstance(content, Table)
    return content


def form(loaded: tuple[World, MappingSet], name: str) -> list[FormColumn]:
    """Return the columns of a template's form."""
    world, mappings = loaded
    return form_of(world, mappings.get(f"template/{name}"), None)


def filled(data: bytes, example: Table) -> bytes:
    """Fill an empty workbook with the rows of an example."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    sheet = book.worksheets[0]
    for number, row in enumerate(example.rows, 2):
        cells = dict(zip(example.columns, row.cells, strict=True))
        for position, head in enumerate(sheet[1], 1):
            sheet.cell(number, position).value = cells[str(head.value)] or None
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


@pytest.mark.requirement("ER-02", "ER-03")
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_form_filled_in_gives_what_the_example_promises(loaded: tuple[World, MappingSet], name: str):
    """Exactly one mapping fits it, as a workbook and as CSV, and nothing is told about it."""
    columns, example = form(loaded, name), shown(name)
    assert {column.name for column in columns} == set(example.columns)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(next(csv.reader(io.StringIO(form_to_csv(columns).decode("utf-8-sig")))))
    for row in example.rows:
        cells = dict(zip(example.columns, row.cells, strict=True))
        writer.writerow([cells[column.name] for column in columns])
    files = {"a.xlsx": filled(form_to_xlsx(name, columns), example), "a.csv": text.getvalue().encode()}
    expected = json.loads((ROOT / f"mappings/template/examples/{name}.expected.json").read_text("utf-8"))
    for file, data in files.items():
        source = read(file, data)
        mapping = loaded[1].choose(source)
        made = mapping.apply(source)
        assert mapping.name == f"template/{name}"
        assert [each.tree() for each in made] == expected
        assert [each.violations for each in made] == [()] * len(made)


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_column_is_explained_and_every_field_has_a_column(loaded: tuple[World, MappingSet], name: str):
    """In both languages, from the schema; no column is made twice."""
    world, mappings = loaded
    mapping = mappings.get(f"template/{name}")
    columns = form(loaded, name)
    assert len({column.name for column in columns}) == len(columns)
    assert [column.name for column in columns] == [asked.name for asked in columns_of(mapping)]
    assert all(all(column.names) for column in columns)
    made = {target for asked in columns_of(mapping) for target in asked.targets}
    assert {rule.target for rule in mapping.every_rule() if rule.choices[0].expressions} == made
    assert [
        asked.table for asked in columns_of(mapping) if asked.table and not world.codes.today.has(asked.table)
    ] == []


def test_codes_are_kept_as_text_and_chosen_from_a_list(loaded: tuple[World, MappingSet]):
    """Excel keeps the zero of 0810600000 and offers names; what is mandatory is told by its colour."""
    columns = form(loaded, "manifest")
    book = openpyxl.load_workbook(io.BytesIO(form_to_xlsx("清单", columns)))
    sheet: Any = book.worksheets[0]
    letters = {str(cell.value).rpartition(" ")[2]: cell.column_letter for cell in sheet[1]}
    formats = {name: sheet.column_dimensions[letter].number_format for name, letter in letters.items()}
    assert (formats["BillNo"], formats["GQty"]) == ("@", "General")
    lists = {
        str(rule.sqref).partition("2:")[0]: rule.formula1 for rule in sheet.data_validations.dataValidation
    }
    codes = book.worksheets[2]
    first = lists[letters["GoodsNature"]].rpartition("!")[2].partition(":")[0].replace("$", "")
    assert codes[first].value == "一般贸易"
    assert letters["DistinatePort"] not in lists
    needed = {column.name.rpartition(" ")[2]: column.needed for column in columns}
    assert (needed["Manifest"], needed["CustomMaster"], needed["BillNo"]) == ("save", "save", "declare")
    assert needed["ManualNo"] == ""
    fills = {name: sheet[f"{letter}1"].fill.start_color.rgb for name, letter in letters.items()}
    assert fills["BillNo"] != fills["ManualNo"]


def test_a_form_has_the_same_bytes_each_time(loaded: tuple[World, MappingSet]):
    """So that it can be compared and kept."""
    columns = form(loaded, "query")
    assert form_to_xlsx("a", columns) == form_to_xlsx("a", columns)


def test_a_column_that_only_decides_is_asked_for_with_its_values(loaded: tuple[World, MappingSet]):
    """Whether an item is added or disabled makes no field, but must be told."""
    (column,) = (each for each in form(loaded, "goods-filing-change") if each.name == "变更方式 ChangeKind")
    assert sorted(value for value, _ in column.choices) == ["停用", "新增"]
