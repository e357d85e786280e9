"""EDIFACT mappings: segments nest by the groups that the mapping declares, and every place is a segment."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.formats import read
from gateway.mapping import Mapped
from gateway.mapping.edifact_paths import nest
from tests.services.edifact import interchange, message
from tests.unit.mapping.conftest import Workshop

GROUPS = {"Item": ["CST", "FTX", "MOA", "Duty"], "Duty": ["TAX", "MOA"], "Party": ["NAD", "CTA"]}
MAPPING = """format = "edifact"
[match]
values = {{ "/Interchange/Message/UNH/e2" = "CUSDEC" }}
paths = ["/Interchange/Message/CST"]
[segment-groups]
Item = ["CST", "FTX", "MOA", "Duty"]
Duty = ["TAX", "MOA"]
[message]
type = "GoodsFiling"
each = "/Interchange/Message"
client-number = "BGM/e2"
[header]
{header}
[items]
each = "Item"
{items}
"""
SEGMENTS = [
    "BGM+929+G-1+9",
    "FTX+AAI+++whole",
    "CST+1+a",
    "FTX+AAA+++one",
    "MOA+146:5:USD",
    "TAX+1",
    "MOA+55:1",
]
FILE = interchange(
    message("1", "CUSDEC:D:96B:UN", *SEGMENTS, "CST+2+b", "MOA+146:7:EUR", "UNS+S", "FTX+AAI+++end")
)


def shape(element: etree._Element) -> str:
    """Write a tree of segments as `Message(BGM Item(CST FTX))`."""
    below = [shape(child) for child in element if not str(child.tag).startswith("e")]
    return f"{element.tag}({' '.join(below)})" if below else str(element.tag)


def mapped(
    workshop: Workshop, header: str = "", items: str = 'CodeTS = "CST/e2"', file: str = FILE
) -> Mapped:
    """Map the one message of a file."""
    (found,) = workshop.apply(MAPPING.format(header=header, items=items), file, "a.edi")
    return found


@pytest.mark.parametrize(
    ("tags", "nested"),
    [
        ("UNH CST FTX CST UNT", "UNH Item(CST FTX) Item(CST) UNT"),
        ("FTX CST FTX UNS FTX", "FTX Item(CST FTX) UNS FTX"),
        ("CST TAX MOA FTX MOA", "Item(CST Duty(TAX MOA) FTX MOA)"),
        ("CST TAX TAX CST", "Item(CST Duty(TAX) Duty(TAX)) Item(CST)"),
        ("TAX MOA CST", "TAX MOA Item(CST)"),
        ("NAD CTA NAD CST CTA", "Party(NAD CTA) Party(NAD) Item(CST) CTA"),
    ],
)
def test_a_group_holds_what_belongs_to_it(tags: str, nested: str):
    """The innermost group that a segment may belong to has it; an inner group begins only within its own."""
    root = etree.Element("Message")
    for tag in tags.split():
        etree.SubElement(root, tag)
    nest(root, GROUPS)
    assert shape(root) == f"Message({nested})"


@given(st.lists(st.sampled_from(["CST", "FTX", "MOA", "TAX", "NAD", "CTA", "UNS"])))
def test_grouping_loses_nothing_and_keeps_the_order(tags: list[str]):
    """Every segment is where it was, whatever stands around it."""
    root = etree.Element("Message")
    for tag in tags:
        etree.SubElement(root, tag)
    nest(root, GROUPS)
    assert [each.tag for each in root.iter() if each.tag not in {"Message", *GROUPS}] == tags


@pytest.mark.requirement("ER-02", "ER-03")
def test_items_hold_their_own_segments(workshop: Workshop):
    """The same tag in the header, in an item and in a group within it are three things."""
    items = 'DeclPrice = "MOA/e1.2"\nGName = "FTX/e4"\nNoteS = "Duty/MOA/e1.2"'
    found = mapped(workshop, 'NoteS = { from = "FTX[e1=\'AAI\']/e4", join = "/" }', items)
    assert found.violations == ()
    assert found.body["NoteS"] == "whole/end"
    assert found.body["Item"] == [{"DeclPrice": "5", "GName": "one", "NoteS": "1"}, {"DeclPrice": "7"}]


@pytest.mark.requirement("EN-05", "ER-03")
def test_places_are_segments_and_elements(workshop: Workshop):
    """Of a value, of one that is missing, and of a whole item."""
    found = mapped(workshop, 'NoteS = "FTX[1]/e4"', 'DeclPrice = "MOA/e1.2"\nGName = "FTX/e4"')
    assert str(found.lineage["GoodsFiling/NoteS"].place) == "a.edi:4 segment 3 (FTX) element 4"
    assert str(found.lineage["GoodsFiling/Item[1]/DeclPrice"].place) == "a.edi:7 segment 6 (MOA) element 1.2"
    assert str(found.lineage.expected("GoodsFiling/Item[2]/GName")) == "a.edi:10 segment 9 (CST) FTX/e4"
    assert str(found.lineage.expected("GoodsFiling/Item[2]")) == "a.edi:10 segment 9 (CST)"
    rows = {row["target"]: row["place"] for row in found.explain()}
    assert rows["GoodsFiling/Item[1]/GName"] == "a.edi:6 segment 5 (FTX) element 4"


def test_several_values_where_one_is_wanted_are_told(workshop: Workshop):
    """Which of them is meant is for the mapping to say."""
    (fault,) = mapped(workshop, 'NoteS = "FTX/e4"').violations
    assert fault.code == "map.several-values"


def test_a_source_may_serve_two_mappings(workshop: Workshop):
    """Grouping for one leaves the segments as they are for the other."""
    workshop.write(MAPPING.format(header="", items='CodeTS = "CST/e2"'))
    mapping = workshop.load().get("erp/goods")
    source = read("a.edi", FILE.encode())
    first, second = ([each.tree() for each in mapping.apply(source)] for _ in range(2))
    assert first == second
    assert mapping.misfits(source) == []


@pytest.mark.parametrize(
    ("groups", "found"),
    [
        ("Item = []", "–"),
        ('Item = ["cst"]', "cst"),
        ('Item = ["CST", "Tax1"]', "Tax1"),
        ('Duty = ["TAX"]\nItem = ["CST", "Duty"]', "Duty"),
        ('Item = ["CST", "Item"]', "Item"),
    ],
    ids=["empty", "no tag", "unknown group", "declared above", "itself"],
)
def test_a_group_that_means_nothing_is_refused(workshop: Workshop, groups: str, found: str):
    """A group names tags, and groups that are declared below it."""
    text = MAPPING.format(header="", items="").replace('Item = ["CST", "FTX", "MOA", "Duty"]', groups)
    text = text.replace('\nDuty = ["TAX", "MOA"]\n[', "\n[")
    (fault,) = workshop.faults(text)
    assert (fault.code, fault.values["found"]) == ("mapping.bad-segment-group", found)


def test_a_group_with_the_name_of_a_tag_is_refused(workshop: Workshop):
    """Nobody could tell the two apart."""
    (fault,) = workshop.faults(MAPPING.format(header="", items="").replace("Duty", "DUT"))
    assert fault.code == "mapping.wrong-value"
    assert "at least four letters" in fault.text()


@pytest.mark.parametrize("line", ['namespaces = { x = "y" }', 'match.columns = ["a"]'])
def test_keys_of_other_formats_are_refused(workshop: Workshop, line: str):
    """And segment groups where there are no segments."""
    text = MAPPING.format(header="", items="")
    text = (
        text.replace("[match]\n", "[match]\n" + line.removeprefix("match.") + "\n")
        if "match" in line
        else text
    )
    text = text if "match" in line else f"{line}\n{text}"
    assert "mapping.key-of-other-format" in {fault.code for fault in workshop.faults(text)}
    xml = text.replace('"edifact"', '"xml"').replace(line + "\n", "")
    assert "segment-groups" in {fault.path for fault in workshop.faults(xml)}


@pytest.mark.requirement("ER-03")
def test_no_file_fits_two_of_the_shipped_mappings():
    """Each has a code of its own in UNH, and every one of them stands in its example."""
    folder = Path(__file__).parents[3] / "mappings/edifact"
    codes = {}
    for file in sorted((folder / "examples").glob("*.edi")):
        tree = read(file.name, file.read_bytes()).content
        assert isinstance(tree, etree._Element)
        codes[file.stem.removesuffix("-d14a").removesuffix("-more")] = {
            each.text for each in tree.iterfind("Message/UNH/e2.5")
        }
    assert codes.keys() == {file.stem for file in folder.glob("*.toml")}
    assert all(len(found) == 1 for found in codes.values())
    assert len({each for found in codes.values() for each in found}) == len(codes)
