"""How a file falls into messages and messages into records, in each of the formats."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Place, RejectedError
from gateway.formats import Row, Source, Table
from gateway.mapping.columns import Columns
from gateway.mapping.dialect import Split

ITEMS = '[header]\nNoteS = "note"\n[items]\nGQty = "qty"'


@pytest.mark.requirement("ER-03")
def test_each_row_can_be_a_message(workshop):
    """The simplest layout."""
    made = workshop.csv('[header]\nNoteS = "note"', ["nr,note", "1,a", "2,b"])
    assert [(each.client_seq_no, each.body) for each in made] == [
        ("1", {"NoteS": "a"}),
        ("2", {"NoteS": "b"}),
    ]


@pytest.mark.requirement("ER-03")
def test_a_message_can_begin_where_a_column_changes(workshop):
    """An empty cell continues the message above; every row is an item."""
    rows = ["nr,note,qty", "1,a,5", "1,,6", ",,7", "2,b,8"]
    first, second = workshop.csv(ITEMS, rows, 'key = "nr"')
    assert first.body == {"NoteS": "a", "Item": [{"GQty": "5"}, {"GQty": "6"}, {"GQty": "7"}]}
    assert second.body == {"NoteS": "b", "Item": [{"GQty": "8"}]}


@pytest.mark.requirement("EN-05")
def test_a_number_that_comes_back_later_is_told(workshop):
    """Two messages with one number would be a conflict; more likely the rows are out of order."""
    made = workshop.csv(ITEMS, ["nr,note,qty", "1,a,5", "2,b,6", "1,a,7"], 'key = "nr"')
    assert [[fault.code for fault in each.violations] for each in made] == [[], [], ["map.key-comes-back"]]
    assert made[2].violations[0].place == Place("a.csv", 4, "nr")


@pytest.mark.requirement("EN-05")
def test_a_header_value_that_changes_within_a_message_is_told(workshop):
    """Taking the first one would silently drop the others."""
    (made,) = workshop.csv(ITEMS, ["nr,note,qty", "1,a,5", "1,a,6", "1,b,7"], 'key = "nr"')
    (fault,) = made.violations
    assert (fault.code, fault.place) == ("map.header-differs", Place("a.csv", 4, "note"))


@pytest.mark.requirement("ER-03")
def test_a_column_can_tell_the_kind_of_each_row(workshop):
    """A header row begins a message, the item rows below it are its items."""
    rules = '[header]\nNoteS = "note"\n[items]\nrecord = "D"\nGQty = "qty"'
    rows = ["kind,nr,note,qty", "H,1,a,", "D,,,5", "D,,,6", "H,2,b,", "D,,,7"]
    first, second = workshop.csv(rules, rows, 'record = "kind"\nbegins = "H"')
    assert first.body == {"NoteS": "a", "Item": [{"GQty": "5"}, {"GQty": "6"}]}
    assert (second.client_seq_no, second.body) == ("2", {"NoteS": "b", "Item": [{"GQty": "7"}]})


@pytest.mark.requirement("EN-05")
def test_rows_of_no_known_kind_and_rows_above_the_first_header_are_told(workshop):
    """No row is ever left out in silence."""
    rules = '[items]\nrecord = "D"\nGQty = "qty"'
    rows = ["kind,nr,qty", "D,,4", "H,1,", "d,,5", "D,,6"]
    (made,) = workshop.csv(rules, rows, 'record = "kind"\nbegins = "H"')
    assert [(fault.code, fault.values["row"]) for fault in made.violations] == [
        ("map.row-without-header", 2),
        ("map.unknown-record", 4),
    ]
    assert made.violations[1].values["known"] == "D, H"
    with pytest.raises(RejectedError) as caught:
        workshop.csv(rules, ["kind,nr,qty", "D,,4", "D,,5"], 'record = "kind"\nbegins = "H"')
    assert [fault.code for fault in caught.value.violations] == ["map.row-without-header"] * 2


def test_a_whole_table_can_be_one_message(workshop):
    """Its header is the first row."""
    (made,) = workshop.csv(ITEMS, ["nr,note,qty", "1,a,5", "1,a,6"], 'each = "file"')
    assert made.body == {"NoteS": "a", "Item": [{"GQty": "5"}, {"GQty": "6"}]}


def table_of(keys: list[str]) -> Source:
    """Return a table of one column without a file."""
    rows = tuple(Row(line, [key]) for line, key in enumerate(keys, 2))
    return Source("t.csv", "csv", "utf-8", Table(("k",), 1, rows))


@given(keys=st.lists(st.sampled_from(["A", "B", ""]), min_size=1, max_size=12))
def test_every_row_belongs_to_exactly_one_message(keys: list[str]):
    """Whatever the keys, all rows are there, in order, none twice."""
    parts = Columns().open(table_of(keys)).parts(Split(key="k"))
    assert [row.line for part in parts for row in part.node.all] == list(range(2, len(keys) + 2))


XML = """format = "xml"
[namespaces]
s = "urn:sap"
[match]
paths = ["/s:ORDERS/IDOC"]
[message]
type = "Manifest"
each = "/s:ORDERS/IDOC"
client-number = "DC40/@nr"
[header]
BillNo = "K01[QUALF='012']/BELNR"
PackNo = "count(P01)"
NoteS = { from = "T/LINE", join = " " }
IEFlag = "/s:ORDERS/@flag"
VoyNo = "V"
[items]
each = "P01"
GQty = "MENGE"
GName = "N/text()"
TradeCurr = "../K01[1]/CURCY"
"""
IDOC = """<ORDERS xmlns="urn:sap" xmlns:s="urn:sap" flag="I">
<IDOC xmlns=""><DC40 nr="77"/>
  <K01><QUALF>001</QUALF><CURCY>USD</CURCY></K01>
  <K01><QUALF>012</QUALF><BELNR>HKG<!-- no. -->1</BELNR></K01>
  <T><LINE>a</LINE></T><T><LINE>b</LINE></T>
  <P01><MENGE>5</MENGE><N>x</N></P01>
  <P01><MENGE>6</MENGE></P01>
</IDOC>
<IDOC xmlns=""><DC40 nr="78"/></IDOC></ORDERS>"""


@pytest.mark.requirement("ER-03")
def test_xml_is_mapped_by_xpath(workshop):
    """Qualified segments, attributes, functions, namespaces, the way up, and several messages."""
    first, second = workshop.apply(XML, IDOC, "a.xml")
    assert first.client_seq_no == "77"
    assert first.body == {
        "BillNo": "HKG1",
        "PackNo": "2",
        "NoteS": "a b",
        "IEFlag": "I",
        "Item": [{"GQty": "5", "GName": "x", "TradeCurr": "USD"}, {"GQty": "6", "TradeCurr": "USD"}],
    }
    assert (second.client_seq_no, second.body) == ("78", {"PackNo": "0", "IEFlag": "I"})
    assert first.violations == second.violations == ()


@pytest.mark.requirement("EN-05")
def test_places_in_xml_are_lines_and_paths_with_positions(workshop):
    """What a person finds with any editor."""
    first, _ = workshop.apply(XML, IDOC, "a.xml")
    places = {target: str(origin.place) for target, origin in first.lineage.items()}
    assert places["Manifest/BillNo"] == "a.xml:4 /ORDERS/IDOC[1]/K01[2]/BELNR"
    assert places["MessageHead/ClientSeqNo"] == "a.xml:2 /ORDERS/IDOC[1]/DC40/@nr"
    assert places["Manifest/Item[2]/GQty"] == "a.xml:7 /ORDERS/IDOC[1]/P01[2]/MENGE"
    assert places["Manifest/Item[1]/GName"] == "a.xml:6 /ORDERS/IDOC[1]/P01[1]/N"
    assert places["Manifest/PackNo"] == "a.xml:2 /ORDERS/IDOC[1]/count(P01)"


@pytest.mark.requirement("EN-05")
def test_xml_that_has_several_values_or_elements_instead_of_one_is_told(workshop):
    """Taking the first would be a guess."""
    data = IDOC.replace("</IDOC>\n", "<V>1</V><V>2</V></IDOC>\n", 1).replace("<N>x</N>", "<N/>")
    first, _ = workshop.apply(XML, data, "a.xml")
    assert [fault.code for fault in first.violations] == ["map.several-values"]
    assert first.violations[0].values["texts"] == "1, 2"
    data = IDOC.replace("</IDOC>\n", "<V><W>1</W></V></IDOC>\n", 1)
    first, _ = workshop.apply(XML, data, "a.xml")
    assert [fault.code for fault in first.violations] == ["map.not-a-value"]


@pytest.mark.requirement("EN-05")
def test_xml_expressions_that_find_something_else_are_told(workshop):
    """A group of attributes is none; a computed truth is a text; an impossible number is nothing."""
    text = XML.replace('each = "P01"', 'each = "P01/@x"').replace('VoyNo = "V"', 'VoyNo = "count(T) > 1"')
    text = text.replace('"count(P01)"', '"number(T)"')
    data = IDOC.replace("<P01>", "<P01 x='1'>", 1)
    first, _ = workshop.apply(text, data, "a.xml")
    assert first.body["VoyNo"] == "true"
    assert "PackNo" not in first.body
    assert [fault.code for fault in first.violations] == ["map.not-a-group"]
    assert str(first.violations[0].place) == "a.xml:2 /ORDERS/IDOC[1]"


@pytest.mark.parametrize(
    ("condition", "holds"), [("empty = false", True), ("empty = true", False), ('is-not = "x"', False)]
)
def test_a_condition_may_ask_whether_elements_are_there_but_not_what_they_are(workshop, condition, holds):
    """A comparison with no value does not hold; a rule that needs the value tells of it."""
    text = XML.replace('VoyNo = "V"', f'VoyNo = {{ value = "1", when = {{ from = "K01[1]", {condition} }} }}')
    first, _ = workshop.apply(text, IDOC, "a.xml")
    assert ("VoyNo" in first.body) is holds


JSON = """format = "json"
[match]
values = { "$.kind" = ["m", "M"] }
[message]
type = "Manifest"
each = "$.list[*]"
client-number = "no"
[header]
IEFlag = "$.flag"
NetWt = "weight.net"
NoteS = "unit-price"
BillNo = "@.bills[-1]"
VoyNo = "bills[?@ == 'b1']"
ContrNo = { from = "bills[*]", join = "," }
[items]
each = "items[*]"
GQty = "数量"
GName = "['the name']"
"""
DOCUMENT = """{"kind": "M", "flag": true, "list": [
  {"no": 1, "weight": {"net": 1.50}, "unit-price": "x", "bills": ["b1", "b2"],
   "items": [{"数量": 5, "the name": "n"}, {"数量": null}]},
  {"no": "2"}]}"""


@pytest.mark.requirement("ER-03")
def test_json_is_mapped_by_json_path(workshop):
    """Plain names, deeper ones, positions, filters, the top of the file; null is no value."""
    first, second = workshop.apply(JSON, DOCUMENT, "a.json")
    assert first.body == {
        "IEFlag": "true",
        "NetWt": "1.50",
        "NoteS": "x",
        "BillNo": "b2",
        "VoyNo": "b1",
        "ContrNo": "b1,b2",
        "Item": [{"GQty": "5", "GName": "n"}, {}],
    }
    assert (second.client_seq_no, second.body) == ("2", {"IEFlag": "true"})


@pytest.mark.requirement("EN-05")
def test_places_in_json_are_paths_with_positions(workshop):
    """From the top of the file."""
    first, second = workshop.apply(JSON, DOCUMENT, "a.json")
    assert str(first.lineage["Manifest/Item[1]/GName"].place) == 'a.json $.list[0].items[0]["the name"]'
    assert str(first.lineage["Manifest/VoyNo"].place) == "a.json $.list[0].bills[0]"
    assert str(second.lineage["MessageHead/ClientSeqNo"].place) == "a.json $.list[1].no"


@pytest.mark.requirement("EN-05")
def test_json_of_another_shape_is_told(workshop):
    """An object where a value belongs, values where objects belong, a file without messages."""
    (made,) = workshop.apply(JSON, '{"kind": "m", "list": [{"no": {}, "items": [1, 2]}]}', "a.json")
    assert [fault.code for fault in made.violations] == ["map.not-a-value", "map.not-a-group"]
    for text, code in [('{"list": []}', "map.no-message"), ('{"list": [1]}', "map.not-a-group")]:
        with pytest.raises(RejectedError) as caught:
            workshop.apply(JSON, text, "a.json")
        assert caught.value.code == code


def test_groups_can_stand_within_groups(workshop):
    """As deep as the message has them."""
    text = (
        'format = "json"\n[match]\npaths = ["$.a"]\n[message]\ntype = "M"\nclient-number = "no"\n'
        '[groups.Licence]\neach = "a[*]"\nCode = "c"\n'
        '[groups.Licence.groups.Line]\neach = "b[*]"\nQty = "q"\n'
    )
    (made,) = workshop.apply(text, '{"no": 1, "a": [{"c": 1, "b": [{"q": 2}, {"q": 3}]}]}', "a.json")
    assert made.body == {"Licence": [{"Code": "1", "Line": [{"Qty": "2"}, {"Qty": "3"}]}]}
    assert made.lineage["M/Licence[1]/Line[2]/Qty"].rule == "groups.Licence.groups.Line.Qty"
