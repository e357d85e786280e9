"""The examples: the shipped ones give what they promise, and a difference is told so that it can be found."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from gateway.codes import CodeLibrary
from gateway.formats import read
from gateway.mapping import MappingSet
from gateway.mapping.examples import render, run_examples
from gateway.messages.model import read_model
from gateway.messages.names import COMMAND_SET

SHIPPED = Path(__file__).parents[3] / "mappings"
TABLES = CodeLibrary.load(None, lambda: date(2026, 10, 20)).today


@pytest.mark.requirement("ER-02", "ER-03", "EN-03")
def test_every_shipped_example_gives_its_golden_output():
    """Every message in each format, the examples in their natural encodings, and the standard XML itself."""
    results = run_examples(MappingSet.load(SHIPPED, TABLES), SHIPPED, read).results
    assert [result for result in results if not result.sound] == []
    assert {result.mapping for result in results} == {
        file.relative_to(SHIPPED).with_suffix("").as_posix() for file in SHIPPED.glob("*/*.toml")
    }


@pytest.mark.requirement("ER-03")
def test_the_examples_of_the_three_erps_bring_nearly_everything_into_play():
    """What is left are defaults, conditions and fields of whole corrected manifests."""
    coverage = [
        each
        for each in run_examples(MappingSet.load(SHIPPED, TABLES), SHIPPED, read).coverage
        if each.mapping.startswith(("acme-", "standard/"))
    ]
    missed = [f"{each.mapping} {part}" for each in coverage for part in each.missed]
    assert len(missed) <= 0.07 * sum(each.parts for each in coverage), missed
    assert [part for part in missed if "message.client-number" in part] == []


@pytest.mark.requirement("ER-02", "ER-03")
@pytest.mark.parametrize("source", ["acme-csv", "acme-idoc", "acme-json", "template", "edifact"])
def test_every_message_and_operation_has_a_way_in_every_format(source: str):
    """A mapping of the source makes it."""
    head, *bodies = read_model(SHIPPED.parent / "schemas/xsd" / COMMAND_SET).children
    (operations,) = [
        field.type.allowed for field in head.children if field.name == "Operation" and field.type
    ]
    shipped = MappingSet.load(SHIPPED, TABLES)
    mappings = [mapping for mapping in shipped if mapping.name.startswith(f"{source}/")]
    assert {kind for mapping in mappings for kind in mapping.messages} == {body.name for body in bodies}
    made = {
        outcome
        for mapping in mappings
        for rule in mapping.head
        if rule.target == "MessageHead/Operation"
        for outcome in rule.outcomes()
    }
    # Files of JSON name the operation by its code wherever a whole document is sent.
    open_ended = {"edit", "append-item", "insert-item", "disable", "rehearse"}
    assert operations.keys() - made == (open_ended if source == "acme-json" else set())


@pytest.mark.requirement("ER-02")
def test_the_examples_show_the_encodings_that_erps_write():
    """GB18030, UTF-8 with and without mark, GB2312 declared and GB18030 meant."""
    found = {}
    for file in SHIPPED.glob("*/examples/*.[cxj][sm][vlo]*"):
        if not file.name.endswith(".expected.json"):
            data = file.read_bytes()
            found[file.name] = (read(file.name, data).encoding, data.startswith(b"\xef\xbb\xbf"))
    assert found["manifest.csv"] == ("gb18030", False)
    assert found["qualification.csv"] == ("utf-8", True)
    assert found["goods-filing.csv"] == ("utf-8", False)
    assert found["qualification.xml"] == ("gb18030", False)


MAPPING = """format = "csv"
[match]
columns = ["nr"]
[message]
type = "GoodsFiling"
each = "row"
client-number = "nr"
[header]
NoteS = "note"
"""


def test_a_difference_is_told_value_by_value_with_its_place(workshop):
    """Expected and found, and the cell that made it."""
    workshop.write(MAPPING)
    examples = workshop.folder / "erp/examples"
    examples.mkdir()
    (examples / "a.csv").write_text("nr,note\n1,x\n2,y\n")
    mappings = workshop.load()
    made = mappings.get("erp/goods").apply(read("a.csv", (examples / "a.csv").read_bytes()))
    golden = examples / "a.expected.json"
    golden.write_text(render(made))
    (result,) = run_examples(mappings, workshop.folder, read).results
    assert (result.file, result.mapping, result.messages) == ("erp/examples/a.csv", "erp/goods", 2)
    assert result.sound
    golden.write_text(json.dumps({"mapping": "erp/goods", "messages": json.loads(render(made))}))
    assert run_examples(mappings, workshop.folder, read).results == [result]
    wanted = json.loads(render(made))
    wanted[0]["body"]["NoteS"] = "z"
    del wanted[1]
    golden.write_text(json.dumps(wanted))
    (result,) = run_examples(mappings, workshop.folder, read).results
    assert not result.sound
    first, second = (each.told() for each in result.differences)
    assert (first["path"], first["before"], first["after"]) == ("[1] GoodsFiling/NoteS", "z", "x")
    assert (first["rule"], first["source"], first["place"]) == ("header.NoteS", "x", "a.csv:2 [note]")
    assert (second["path"], second["before"], second["after"]) == ("[2]", "–", "GoodsFiling 2")
    assert second["place"] == "a.csv:3"


def test_examples_that_cannot_be_run_and_mappings_without_any_are_told(workshop):
    """A mapping that nobody tried is no mapping."""
    workshop.write(MAPPING)
    workshop.write(MAPPING.replace('"nr"]', '"number"]'), "erp/other")
    examples = workshop.folder / "erp/examples"
    examples.mkdir()
    (examples / "a.csv").write_text("nr,note\n1,x\n")
    (examples / "b.csv").write_text("no,note\n1,x\n")
    results = run_examples(workshop.load(), workshop.folder, read).results
    assert [(each.mapping, each.faults[0].code) for each in results] == [
        ("erp/goods", "mapping.no-expected"),
        ("", "mapping.none-fits"),
        ("erp/other", "mapping.no-example"),
    ]
