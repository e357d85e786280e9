"""A record whose `when` holds in no group: refused with its line, field, value and what would be right."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from gateway.errors import Violation
from gateway.formats import Row, Source, Table
from gateway.mapping import Mapped
from tests.services import edifact
from tests.unit.mapping.conftest import Workshop

TABLE = """
format = ["csv", "xlsx"]
{ignored}
[match]
columns = ["nr"]
[message]
type = "GoodsFilingChange"
key = "nr"
client-number = "nr"
[header]
NoteS = "note"
[items]
when = {{ from = "change", is = ["add", "new"] }}
GName = "name"
[groups.DisabledItem]
when = {{ from = "change", is = "disable" }}
GNo = "item"
"""
OPTIONAL = """
[header]
NoteS = "note"
[items]
when = { from = "item", empty = false }
GNo = "item"
GName = "name"
GModel = "note"
"""
JSON = """
format = "json"
[match]
values = {{ "$.document" = "change" }}
[message]
type = "GoodsFilingChange"
client-number = "number"
[items]
each = "lines[*]"
when = {{ from = "change", is = "add" }}
GName = "name"
[groups.DisabledItem]
each = "$.lines[*]"
when = {{ from = "change", {disabled} }}
GNo = "item"
"""
XML = """
format = "xml"
unread = "left"
[match]
paths = ["/FILE"]
[message]
type = "GoodsFilingChange"
each = "/FILE/CHANGE"
client-number = "NO"
[items]
each = "LINE"
when = { from = "@change", is = "add" }
GName = "NAME"
[groups.DisabledItem]
each = "./LINE"
when = { from = "@change", is = "disable" }
GNo = "ITEM"
"""
EDIFACT = """
format = "edifact"
{ignored}
[match]
paths = ["/Interchange/Message"]
[segment-groups]
Item = ["CST", "GIS", "FTX"]
[message]
type = "GoodsFilingChange"
each = "/Interchange/Message"
client-number = "BGM/e2"
[items]
each = "Item"
when = {{ from = "GIS/e1", is = "ADD" }}
GName = "FTX/e4"
[groups.DisabledItem]
each = "Item"
when = {{ from = "GIS/e1", is = "DIS" }}
GNo = "CST/e1"
"""
ONCE = """
format = "json"
[match]
values = { "$.document" = "modification" }
[message]
type = "ManifestModification"
client-number = "number"
[header]
DecModNote = "reason"
[once.Corrected]
when = { from = "kind", is = "whole" }
GrossWet = "weight"
NoteS = "reason"
[once.Corrected.groups.Item]
each = "items[*]"
GQty = "qty"
"""


def faults(made: Sequence[Mapped]) -> list[Violation]:
    """Return what refuses the one message of a file."""
    (one,) = made
    return [each for each in one.violations if not each.warning]


def told(made: Sequence[Mapped]) -> list[tuple[str, str]]:
    """Return the place of each fault, and what it says beside it."""
    return [(str(each.place), " ".join(str(text) for text in each.values.values())) for each in faults(made)]


def table(workshop: Workshop, *rows: str, ignored: str = "") -> list[Mapped]:
    """Map a CSV file of one message."""
    text = "nr,note,change,name,item\n" + "\n".join(rows) + "\n"
    return workshop.apply(TABLE.format(ignored=ignored), text, "a.csv")


def in_json(workshop: Workshop, *lines: dict[str, object], disabled: str = 'is = "disable"') -> list[Mapped]:
    """Map a change in JSON."""
    whole = {"document": "change", "number": "1", "lines": lines}
    return workshop.apply(JSON.format(disabled=disabled), json.dumps(whole), "a.json")


def in_edifact(workshop: Workshop, *segments: str, ignored: str = "") -> list[Mapped]:
    """Map a change in EDIFACT."""
    message = edifact.message("M1", "CUSDEC:D:96B:UN", "BGM++1", *segments, "UNS+S")
    return workshop.apply(EDIFACT.format(ignored=ignored), edifact.interchange(message), "a.edi")


# --- Each format ----------------------------------------------------------------------------------


@pytest.mark.requirement("ER-03", "EN-05")
def test_a_row_that_no_group_takes_refuses_its_message(workshop):
    """The cell, what stands there, and every word that would have been right in any group."""
    made = table(workshop, "1,n,add,A,", "1,,ad,B,", "1,,disable,,3")
    assert [each.code for each in faults(made)] == ["map.record-left-out"]
    assert told(made) == [("a.csv:3 [change]", "change ad add, new, disable")]


def test_a_row_of_a_sheet_is_told_by_its_cell(workshop):
    """As a spreadsheet knows it."""
    columns = ("nr", "note", "change", "name", "item")
    rows = (Row(2, ["1", "", "add", "A", ""]), Row(3, ["1", "", "ad", "B", ""]))
    source = Source("a.xlsx", "xlsx", "utf-8", Table(columns, 1, rows, "清单"))
    made = workshop.mapping(TABLE.format(ignored="")).apply(source)
    assert told(made) == [("a.xlsx:3 [change] 清单!C3", "change ad add, new, disable")]


def test_an_object_that_no_group_takes_refuses_its_message(workshop):
    """Although the two groups write the way to their objects differently."""
    lines = [
        {"change": "add", "name": "A"},
        {"change": "disble", "item": 3},
        {"change": "disable", "item": 4},
    ]
    assert told(in_json(workshop, *lines)) == [("a.json $.lines[1].change", "change disble add, disable")]


def test_an_element_that_no_group_takes_refuses_its_message(workshop):
    """Also where what no rule reads is left: a record is more than that."""
    lines = "<LINE change='add'><NAME>A</NAME></LINE>\n<LINE change='Add'><NAME>B</NAME></LINE>"
    made = workshop.apply(XML, f"<FILE><CHANGE><NO>1</NO>{lines}</CHANGE></FILE>", "a.xml")
    assert told(made) == [("a.xml:2 /FILE/CHANGE/LINE[2]/@change", "@change Add add, disable")]


def test_a_segment_group_that_no_group_takes_refuses_its_message(workshop):
    """With the segment and the element."""
    made = in_edifact(workshop, "CST+1", "GIS+ADD", "FTX+AAA+++A", "CST+2", "GIS+DIX")
    assert told(made) == [("a.edi:8 segment 7 (GIS) element 1", "GIS/e1 DIX ADD, DIS")]


@pytest.mark.parametrize("condition", ['is = "add"', 'is-not = "comment"'])
def test_an_object_where_the_word_belongs_refuses_its_message(workshop, condition):
    """It is no word, so that the mapping does not name it: neither as right nor as what is left out."""
    text = JSON.replace('is = "add"', condition)
    for found in ({"is": "add"}, ["add"]):
        lines = [{"change": found, "name": "A"}]
        document = json.dumps({"document": "change", "number": "1", "lines": lines})
        (fault,) = faults(workshop.apply(text.format(disabled=condition), document, "a.json"))
        assert (fault.code, str(fault.place)) == ("map.not-a-value", "a.json $.lines[0].change")


def test_a_group_that_stands_once_is_not_passed_over_with_a_value_that_only_it_reads(workshop):
    """A field of it, or a record below it; told once, where the condition looks."""
    start = {"document": "modification", "number": "1", "reason": "r", "kind": "whol"}
    for more in ({"weight": 5}, {"items": [{"qty": 1}, {"qty": 2}]}, {"weight": 5, "items": [{"qty": 1}]}):
        made = workshop.apply(ONCE, json.dumps(start | more), "a.json")
        assert told(made) == [("a.json $.kind", "kind whol whole")]
    assert faults(workshop.apply(ONCE, json.dumps(start | {"items": []}), "a.json")) == []


def test_an_object_that_only_a_group_reads_that_stands_once_is_not_passed_over(workshop):
    """Where a value belongs it would have been told, had the group been made."""
    document = {"document": "modification", "number": "1", "reason": "r", "kind": "whol", "weight": {"kg": 5}}
    made = workshop.apply(ONCE, json.dumps(document), "a.json")
    assert told(made) == [("a.json $.kind", "kind whol whole")]


# --- What is not lost -----------------------------------------------------------------------------


def test_a_row_that_says_something_about_its_message_only_is_passed_over(workshop):
    """Its columns are those that the header reads, although items read them, too."""
    rows = ["nr,note,item,name", "1,n,,", "2,n,3,A"]
    first, second = workshop.csv(OPTIONAL, rows)
    assert (first.violations, first.body.get("Item")) == ((), None)
    assert second.violations == ()


@pytest.mark.requirement("ER-03", "EN-05")
def test_a_row_with_a_value_for_a_group_that_asks_for_another_one_is_refused(workshop):
    """The name of an item whose number was forgotten would not be declared."""
    (made,) = workshop.csv(OPTIONAL, ["nr,note,item,name", "1,n,,A"])
    (fault,) = made.violations
    assert (fault.code, str(fault.place)) == ("map.record-incomplete", "a.csv:2 [item]")
    assert fault.values == {"fields": "item", "held": "name"}


def test_an_object_without_a_value_is_passed_over(workshop):
    """There is nothing in it to be lost."""
    assert faults(in_json(workshop, {"change": "", "name": None})) == []


def test_what_every_group_names_by_is_not_is_left_out_on_purpose(workshop):
    """What one of them wants by a word may still be that word misspelt."""
    text = JSON.replace('is = "add"', 'is-not = "comment"')
    assert faults(workshop.apply(text.format(disabled='is-not = "comment"'), COMMENT, "a.json")) == []
    assert told(workshop.apply(text.format(disabled='is = "disable"'), COMMENT, "a.json")) == [
        ("a.json $.lines[0].change", "change comment disable")
    ]


@pytest.mark.parametrize("several", ["{0}, {1}", "{1}, {0}"])
def test_what_is_left_out_on_purpose_need_not_be_right_in_anything_else(workshop, several):
    """In whatever order the conditions of its group stand."""
    conditions = ('{ from = "kind", is-not = "comment" }', '{ from = "state", is = "open" }')
    rules = f"[items]\nwhen = [{several.format(*conditions)}]\nGName = 'name'"
    rows = ["nr,kind,state,name", "1,comment,,A", "2,goods,opn,B"]
    assert [faults([each]) != [] for each in workshop.csv(rules, rows)] == [False, True]


def test_a_group_that_takes_any_value_names_none_that_would_be_right(workshop):
    """Least of all that there be none."""
    rules = "[items]\nwhen = { from = 'change', is = 'add' }\nGName = 'name'\n"
    rules += "[groups.DisabledItem]\nwhen = { from = 'change', empty = false }\nGNo = 'item'"
    made = workshop.csv(rules, ["nr,change,name,item", "1,,A,1"])
    assert told(made) == [("a.csv:2 [change]", "change  add")]


COMMENT = json.dumps({"document": "change", "number": "1", "lines": [{"change": "comment", "name": "A"}]})


@pytest.mark.requirement("ER-03")
def test_records_that_the_mapping_ignores_are_passed_over_and_no_others(workshop):
    """By a condition among what is ignored, in any format."""
    ignored = 'ignored = ["colour", { from = "change", is = ["comment", "total"] }]'
    rows = ["1,n,add,A,", "1,,comment,B,", "1,,totl,C,"]
    assert told(table(workshop, *rows, ignored=ignored)) == [
        ("a.csv:4 [change]", "change totl add, new, disable")
    ]
    segments = ["CST+1", "GIS+REM", "FTX+AAA+++A"]
    ignored = 'ignored = [{ from = "GIS/e1", is = "REM" }]'
    assert faults(in_edifact(workshop, *segments, ignored=ignored)) == []


def test_a_column_that_only_an_ignored_condition_looks_at_counts_as_read(workshop):
    """As the columns of any other condition."""
    text = TABLE.format(ignored='ignored = [{ from = "remark", is = "x" }]')
    (made,) = workshop.apply(text, "nr,note,change,name,item,remark\n1,n,ad,A,,x\n", "a.csv")
    assert made.violations == ()


@pytest.mark.parametrize(
    ("ignored", "code", "key"),
    [
        ('[{ from = "change" }]', "mapping.condition", "ignored[1]"),
        ('[{ from = "change", isnt = "x" }]', "mapping.unknown-key", "ignored[1].isnt"),
        ('["GIS"]', "mapping.key-of-other-format", "ignored"),
    ],
)
def test_what_is_ignored_is_checked_when_the_mapping_is_loaded(workshop, ignored, code, key):
    """An expression belongs into no mapping of EDIFACT, a condition does."""
    found = workshop.faults(EDIFACT.format(ignored=f"ignored = {ignored}"))
    (fault,) = (each for each in found if (each.code, each.path) == (code, key))
    assert "is-not" in str(fault.values.get("near", "is-not"))
