"""What a file carries and no rule reads: told, refused or left, never lost without a word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from gateway.codes import CodeLibrary
from gateway.errors import Place, Violation
from gateway.formats import Row, Source, Table, read
from gateway.mapping import Mapped, Mapping, MappingSet
from gateway.mapping.unread import MOST_UNREAD
from tests.unit.mapping.conftest import Workshop

SHIPPED = Path(__file__).parents[3] / "mappings"
CSV = """
format = ["csv", "xlsx"]
{unread}
[match]
columns = ["nr"]
[message]
type = "Manifest"
key = "nr"
client-number = "nr"
[header]
ContrNo = {{ from = "contract", optional = true }}
[items]
when = {{ from = "kind", is-not = "x" }}
GQty = "qty"
DutyMode = {{ value = "1", when = {{ from = "free", empty = false }} }}
"""
JSON = """
format = "json"
{unread}
[match]
values = {{ "$.document" = "manifests" }}
[message]
type = "Manifest"
each = "$.manifests[*]"
client-number = "number"
[header]
TradeCode = "$.company.code"
ContrNo = "contract"
FeeMark = {{ value = "3", when = {{ from = "freight", empty = false }} }}
FeeRate = "freight.amount"
OwnerName = "parties[?@.role == 'owner'].name"
[items]
each = "items[*]"
FirstQty = "legal[0]"
SecondQty = "legal[1]"
"""
XML = """
format = "xml"
{unread}
[match]
paths = ["/o:FILE"]
[namespaces]
o = "urn:o"
[message]
type = "Manifest"
each = "/o:FILE/o:ORDER"
client-number = "o:HEAD/o:NO"
[header]
ContrNo = "o:HEAD/o:CONTRACT/@no"
OwnerName = "o:PARTY[o:ROLE='owner']/o:NAME"
[items]
each = "o:LINE"
GQty = "./o:QTY/text()"
TradeCurr = "../o:HEAD/o:CURRENCY"
"""


def told(made: Sequence[Mapped]) -> list[list[Violation]]:
    """Return what is told of each message as not read."""
    return [[each for each in one.violations if each.code == "map.unread"] for one in made]


def places(made: Sequence[Mapped]) -> list[list[str]]:
    """Return where that stands."""
    return [[str(each.place) for each in found] for found in told(made)]


def document(**changes: object) -> dict[str, object]:
    """Return a manifest of which rules read everything."""
    usual = {
        "number": "1",
        "contract": "C",
        "freight": {"amount": 5},
        "parties": [{"role": "owner", "name": "A", "phone": "1"}],
        "items": [{"legal": [1, 2]}, {"legal": [3]}],
    }
    return usual | changes


def in_json(
    workshop: Workshop, *manifests: dict[str, object], unread: str = "", **top: object
) -> list[Mapped]:
    """Map manifests in JSON."""
    whole = {"document": "manifests", "company": {"code": "1"}, "manifests": manifests, **top}
    return workshop.apply(JSON.format(unread=unread), json.dumps(whole), "a.json")


def in_xml(workshop: Workshop, *orders: str, unread: str = "") -> list[Mapped]:
    """Map orders in XML."""
    text = '<FILE xmlns="urn:o" xmlns:x="urn:x" x:version="1">' + "\n".join(
        f"<ORDER>{order}</ORDER>" for order in orders
    )
    return workshop.apply(XML.format(unread=unread), text + "</FILE>", "a.xml")


HEAD = "<HEAD><NO>1</NO><CONTRACT no='C'/><CURRENCY>USD</CURRENCY></HEAD>"


# --- Tables ---------------------------------------------------------------------------------------


@pytest.mark.requirement("ER-03", "EN-05")
def test_a_column_that_no_rule_reads_is_told_with_its_first_cell_and_the_name_that_was_meant(workshop):
    """A misspelt header of an optional column would else lose its values without a word."""
    rows = "nr,contrakt,qty,kind,free,颜色\n1,,5,,,\n,C-7,6,,,red\n2,C-8,7,,,blue\n"
    made = workshop.apply(CSV.format(unread=""), rows, "a.csv")
    assert places(made) == [["a.csv:3 [contrakt]", "a.csv:3 [颜色]"], []]
    misspelt, unknown = told(made)[0]
    assert misspelt.warning
    assert (misspelt.values["near"], unknown.values["near"]) == ("contract", "–")


def test_a_cell_of_a_sheet_that_no_rule_reads_is_told_with_its_name(workshop):
    """As a spreadsheet knows it."""
    table = Table(("nr", "qty", "kind", "free", "colour"), 2, (Row(3, ["1", "5", "", "", "red"]),), "清单")
    made = workshop.mapping(CSV.format(unread="")).apply(Source("a.xlsx", "xlsx", "utf-8", table))
    assert places(made) == [["a.xlsx:3 [colour] 清单!E3"]]


@pytest.mark.requirement("ER-03", "EN-05")
def test_a_required_column_that_is_misspelt_is_told_once(workshop):
    """As missing, with the name that nobody reads; another one that is read by a rule was not meant."""
    made = workshop.apply(CSV.format(unread=""), "nr,qtty,kind,free,qt,colour\n1,5,,,6,red\n", "a.csv")
    faults = [(each.code, each.values.get("name", each.values["near"])) for each in made[0].violations]
    assert faults == [("map.unread", "qt"), ("map.unread", "colour"), ("map.missing-column", "qtty, qt")]
    text = CSV.format(unread="").replace('GQty = "qty"', 'GQty = "qty"\nNote = "qtty"')
    made = workshop.apply(text, "nr,qtty,kind,free,qt\n1,5,,,6\n", "a.csv")
    assert [(each.code, each.values["near"]) for each in made[0].violations] == [("map.missing-column", "qt")]


def test_a_column_that_only_another_type_of_message_would_have_named_is_told(workshop):
    """Not every message hears of a column that a type of message lacks."""
    text = CSV.format(unread="").replace('"Manifest"', '{ from = "type", values = "type" }')
    text += '[values.type]\nM = "Manifest"\nG = "GoodsFiling"\n'
    made = workshop.apply(text, "nr,type,qtty,kind,free\n1,M,5,,\n", "a.csv")
    assert "map.unread" in {each.code for each in made[0].violations}


def test_columns_without_a_value_and_those_that_only_decide_are_not_told(workshop):
    """Keys, conditions of rules and of groups are read, too."""
    made = workshop.apply(CSV.format(unread=""), "nr,qty,kind,free,colour\n1,5,a,yes, \n", "a.csv")
    assert told(made) == [[]]


@pytest.mark.requirement("ER-03", "EN-05")
def test_where_it_is_refused_every_message_that_carries_it_is_refused(workshop):
    """A fault of the message, once for a column; the messages without it are taken."""
    rows = "nr,qty,kind,free,colour\n1,5,,,red\n,6,,,blue\n2,7,,,\n3,8,,,red\n"
    made = workshop.apply(CSV.format(unread='unread = "refused"'), rows, "a.csv")
    assert places(made) == [["a.csv:2 [colour]"], [], ["a.csv:5 [colour]"]]
    assert not any(each.warning for found in told(made) for each in found)


@pytest.mark.parametrize("unread", ['unread = "left"', 'ignored = ["colour"]'])
def test_what_is_left_on_purpose_is_not_told(workshop, unread):
    """All of it, or one column by its name."""
    made = workshop.apply(CSV.format(unread=unread), "nr,qty,kind,free,colour\n1,5,,,red\n", "a.csv")
    assert told(made) == [[]]


def test_it_is_told_with_the_same_message_wherever_one_begins_to_read(workshop):
    """A large file is gone on with after a restart, and its reply is the same."""
    mapping = workshop.mapping(CSV.format(unread=""))
    source = read("a.csv", b"nr,qty,kind,free,colour\n1,5,,,\n2,6,,,red\n3,7,,,red\n")
    assert places(list(mapping.messages_of(source))) == [[], ["a.csv:3 [colour]"], []]
    assert places(list(mapping.messages_of(source, 1))) == [["a.csv:3 [colour]"], []]
    assert places(list(mapping.messages_of(source, 2))) == [[]]
    assert places([made for _, made in mapping.messages_at(source, {3})]) == [[]]


def test_no_more_is_told_than_leaves_room_for_faults(workshop):
    """A wide export has hundreds of columns."""
    more = [f"c{n}" for n in range(MOST_UNREAD + 10)]
    rows = ["nr,qty,kind,free," + ",".join(more), "1,5,,," + ",".join(more)]
    made = workshop.apply(CSV.format(unread=""), "\n".join(rows), "a.csv")
    assert len(told(made)[0]) == MOST_UNREAD


# --- JSON -----------------------------------------------------------------------------------------


def test_a_document_of_which_rules_read_everything_is_told_nothing(workshop):
    """Of what a condition looks at everything counts as read; null and what is empty hold no value."""
    made = in_json(workshop, document(), document(number="2", colour=None, shape={"a": [""]}))
    assert [one.violations for one in made] == [(), ()]


@pytest.mark.requirement("ER-03", "EN-05")
@pytest.mark.parametrize(
    ("changes", "place", "near"),
    [
        ({"contract": None, "contrakt": "C"}, "$.manifests[0].contrakt", "–"),
        ({"freight": {"ammount": "5"}}, "$.manifests[0].freight.ammount", "amount"),
        ({"items": [{"legal": "5"}]}, "$.manifests[0].items[0].legal", "–"),
        ({"items": [{}, {"legal": ["1", "2", "3"]}]}, "$.manifests[0].items[1].legal[2]", "–"),
        ({"items": [{"legal": ["1"]}, {"leagl": ["1"]}]}, "$.manifests[0].items[1].leagl", "legal"),
        ({"freight": [{"amount": "5"}]}, "$.manifests[0].freight[0]", "–"),
        ({"urgent": False}, "$.manifests[0].urgent", "–"),
        ({"spare part": {"deep": [{"x": "1"}]}}, '$.manifests[0]["spare part"]', "–"),
    ],
)
def test_a_member_that_no_rule_reads_is_told_with_its_path(workshop, changes, place, near):
    """The whole of it once, where it begins to be unknown."""
    (found,) = told(in_json(workshop, document(**changes)))
    assert [str(each.place) for each in found] == [f"a.json {place}"]
    assert found[0].values["near"] == near


def test_a_member_misspelt_is_told_with_the_name_that_is_missing(workshop):
    """A name that is there already was not meant."""
    one = document(contrakt="C")
    del one["contract"]
    assert told(in_json(workshop, one))[0][0].values["near"] == "contract"


def test_a_member_of_many_records_is_told_once_for_a_file(workshop):
    """Whatever the position of the record."""
    items = [{"colour": "red"}, {"colour": "blue"}]
    made = in_json(workshop, document(), document(number="2", items=items), document(number="3", items=items))
    assert places(made) == [[], ["a.json $.manifests[1].items[0].colour"], []]


def test_what_stands_around_the_messages_is_told_with_the_first_and_refused_with_all(workshop):
    """It belongs to none of them, or to each."""
    place = ["a.json $.company.town"]
    company = {"code": "1", "town": "深圳"}
    two = document(), document(number="2")
    assert places(in_json(workshop, *two, company=company)) == [place, []]
    assert places(in_json(workshop, *two, company=company, unread='unread = "refused"')) == [place, place]


def test_a_text_that_stands_where_a_record_belongs_is_told_once(workshop):
    """As what it is, and not as unread besides."""
    (one,) = in_json(workshop, document(items=["A"]))
    assert [each.code for each in one.violations] == ["map.not-a-group"]


def test_a_member_left_on_purpose_is_left_with_all_that_is_in_it(workshop):
    """Seen from the message, as rules are."""
    unread = 'ignored = ["colour", "items[*].colour", "$.company[\'town\']"]'
    items = [{"colour": {"code": "1"}}]
    made = in_json(
        workshop, document(colour=["1"], items=items), company={"code": "1", "town": "1"}, unread=unread
    )
    assert told(made) == [[]]


# --- XML ------------------------------------------------------------------------------------------


def test_elements_that_rules_read_and_attributes_about_the_xml_are_not_told(workshop):
    """Of an element with a condition everything counts as read."""
    party = "<PARTY no='1'><ROLE>owner</ROLE><NAME>A</NAME><PHONE>1</PHONE></PARTY>"
    made = in_xml(workshop, f"{HEAD}{party}<LINE><QTY x:unit='kg'>1</QTY></LINE><EMPTY> <E/></EMPTY>")
    assert [one.violations for one in made] == [()]


@pytest.mark.requirement("ER-03", "EN-05")
@pytest.mark.parametrize(
    ("order", "place", "near"),
    [
        ("<LINE><QTTY>1</QTTY></LINE>", "/FILE/ORDER/LINE/QTTY", "QTY"),
        ("<LINE xmlns=''><QTY>1</QTY></LINE>", "/FILE/ORDER/LINE", "LINE"),
        ("<LINE no='7'><QTY>1</QTY></LINE>", "/FILE/ORDER/LINE/@no", "–"),
        ("<LINE><QTY unit='kg'>1</QTY></LINE>", "/FILE/ORDER/LINE/QTY/@unit", "–"),
        ("<LINE>5<QTY>1</QTY></LINE>", "/FILE/ORDER/LINE", "–"),
        ("<LINE><QTY>1</QTY><!-- -->5</LINE>", "/FILE/ORDER/LINE", "–"),
        ("<LINE><QTY>1</QTY></LINE>5", "/FILE/ORDER", "–"),
        ("<COLOUR><CODE rgb='1'/></COLOUR>", "/FILE/ORDER/COLOUR", "–"),
    ],
)
def test_an_element_that_no_rule_reads_is_told_with_its_path(workshop, order, place, near):
    """Elements, attributes, and texts where further elements belong."""
    (found,) = told(in_xml(workshop, HEAD + order))
    assert [str(each.place) for each in found] == [f"a.xml:1 {place}"]
    assert found[0].values["near"] == near


def test_an_element_is_told_once_for_a_file_or_refused_with_each_message(workshop):
    """As in every format."""
    orders = [HEAD, f"{HEAD}<A>1</A><A>2</A>", f"{HEAD}<A>3</A>"]
    assert places(in_xml(workshop, *orders)) == [[], ["a.xml:2 /FILE/ORDER[2]/A[1]"], []]
    refused = places(in_xml(workshop, *orders, unread='unread = "refused"'))
    assert refused == [[], ["a.xml:2 /FILE/ORDER[2]/A[1]"], ["a.xml:3 /FILE/ORDER[3]/A"]]
    assert told(in_xml(workshop, *orders, unread='ignored = ["o:A"]')) == [[], [], []]


def test_an_element_left_on_purpose_is_left_with_all_that_is_in_it(workshop):
    """Also where something below it is read."""
    order = HEAD.replace("<NO>", "<DATE at='1'>1</DATE><NO>")
    assert places(in_xml(workshop, order)) == [["a.xml:1 /FILE/ORDER/HEAD/DATE"]]
    assert told(in_xml(workshop, order, unread='ignored = ["o:HEAD"]')) == [[]]


def test_an_element_around_the_messages_and_one_of_its_name_in_them_are_two(workshop):
    """Each is told at its own place."""
    around = f"{HEAD}<A>1</A></ORDER><A>2</A><ORDER>{HEAD}"
    assert places(in_xml(workshop, around))[0] == ["a.xml:1 /FILE/A", "a.xml:1 /FILE/ORDER[1]/A"]


def test_an_element_that_says_that_it_has_no_value_is_not_told(workshop):
    """`xsi:nil` is how programs write what is empty; a namespace's attributes are about the XML."""
    empty = '<A x:nil="true"/><B x:type="text"></B>'
    assert told(in_xml(workshop, HEAD + empty)) == [[]]


def test_comments_are_not_told(workshop):
    """They are about the file, not about goods."""
    assert told(in_xml(workshop, f"<!-- 1 -->{HEAD}<?do it?>")) == [[]]


def test_a_text_where_further_elements_belong_is_told(workshop):
    """Rules look for what is in the element."""
    assert places(in_xml(workshop, HEAD.replace("<NO>", "5<NO>"))) == [["a.xml:1 /FILE/ORDER/HEAD"]]


# --- The mapping files ----------------------------------------------------------------------------


def test_what_has_a_standard_of_its_own_says_nothing_about_it(workshop):
    """An interchange carries more than anybody reads, a body is taken as a whole."""
    edifact = 'format = "edifact"\nunread = "told"\n[match]\npaths = ["/Interchange"]\n[message]\n'
    (fault,) = workshop.faults(f'{edifact}type = "Manifest"\nclient-number = "BGM/e2"')
    assert (fault.code, fault.path) == ("mapping.key-of-other-format", "unread")
    standard = 'format = "xml"\nignored = ["A"]\n[match]\npaths = ["/M"]\n[message]\nbody = "B"\n'
    (fault,) = workshop.faults(f'{standard}type = "Manifest"\nclient-number = "N"')
    assert (fault.code, fault.path) == ("mapping.body-and-rules", "ignored")


def test_a_word_or_an_expression_that_is_none_is_a_fault_of_the_mapping(workshop):
    """Told when it is loaded."""
    (word,) = workshop.faults(CSV.format(unread='unread = "no"'))
    (expression,) = workshop.faults(JSON.format(unread='ignored = ["a["]'))
    assert (word.code, word.path) == ("mapping.wrong-value", "unread")
    assert (expression.code, expression.path) == ("mapping.bad-expression", "ignored")


def shipped() -> list[Mapping]:
    """Return the shipped mappings."""
    tables = CodeLibrary.load(None, lambda: date(2026, 10, 20)).today
    return list(MappingSet.load(SHIPPED, tables))


def test_the_shipped_mappings_say_what_fits_their_files():
    """Templates are filled in by hand; what has a standard of its own carries more."""
    policies = {
        "template": "refused",
        "acme-csv": "told",
        "acme-json": "told",
        "acme-idoc": "left",
        "edifact": "left",
        "standard": "left",
    }
    assert {(each.name.partition("/")[0], each.reads.policy) for each in shipped()} == set(policies.items())


@pytest.mark.requirement("EN-05")
def test_a_misspelt_header_of_a_template_is_refused_with_the_right_one():
    """The licence would else be missing in what is signed, and nobody would know."""
    mapping = next(each for each in shipped() if each.name == "template/manifest")
    right, wrong = "商品许可证号 ItemLicenseNo", "商品许可证 ItemLicenceNo"
    example = read("a.xlsx", (SHIPPED / "template/examples/manifest.xlsx").read_bytes()).content
    assert isinstance(example, Table)
    columns = tuple(wrong if each == right else each for each in example.columns)
    rows = tuple(
        Row(
            row.line,
            ["4:2026" if column == wrong else cell for column, cell in zip(columns, row.cells, strict=True)],
        )
        for row in example.rows
    )
    source = Source("a.xlsx", "xlsx", "utf-8", Table(columns, 1, rows, "A"))
    first = told(mapping.apply(source))[0][0]
    assert not first.warning
    assert first.place is not None
    assert (first.place.column, str(first.values["near"]).split(", ")[0]) == (wrong, right)
    assert first.place == Place("a.xlsx", 2, wrong, first.place.path)
