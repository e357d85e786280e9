"""Lineage: each target node names the rule and the source place that made it, and later faults find home."""

from __future__ import annotations

import pytest

from gateway.errors import Place, Violation
from gateway.formats import read
from gateway.mapping import Mapped, Origin

RULES = """[header]
CustomMaster = { from = "关区", default = "5301" }
GoodsNature = { value = "1" }
NoteS = "备注"
[items]
CodeTS = "编码"
GName = "品名"
TradeCurr = { from = "币制", of = "message" }
"""
ROWS = ["nr,关区,备注,编码,品名,币制", "1,,,0810,榴莲,USD", "1,,,0804,,"]


@pytest.fixture
def mapped(workshop) -> Mapped:
    """Return a message of two items."""
    (made,) = workshop.csv(RULES, ROWS, 'key = "nr"')
    return made


@pytest.mark.requirement("ER-03")
def test_each_target_node_knows_its_rule_and_its_place(mapped: Mapped):
    """A constant has no place but the file; a default stands where the value was expected."""
    assert dict(mapped.lineage) == {
        "MessageHead/ClientSeqNo": Origin("message.client-number", Place("a.csv", 2, "nr"), "1"),
        "GoodsFiling/CustomMaster": Origin(
            "header.CustomMaster", Place("a.csv", 2, "关区"), "", ("default",)
        ),
        "GoodsFiling/GoodsNature": Origin("header.GoodsNature", Place("a.csv"), "", ("constant",)),
        "GoodsFiling/Item[1]/CodeTS": Origin("items.CodeTS", Place("a.csv", 2, "编码"), "0810"),
        "GoodsFiling/Item[1]/GName": Origin("items.GName", Place("a.csv", 2, "品名"), "榴莲"),
        "GoodsFiling/Item[1]/TradeCurr": Origin("items.TradeCurr", Place("a.csv", 2, "币制"), "USD"),
        "GoodsFiling/Item[2]/CodeTS": Origin("items.CodeTS", Place("a.csv", 3, "编码"), "0804"),
        "GoodsFiling/Item[2]/TradeCurr": Origin("items.TradeCurr", Place("a.csv", 2, "币制"), "USD"),
    }
    assert len(mapped.lineage) == 8


@pytest.mark.requirement("EN-05")
@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("GoodsFiling/Item[2]/CodeTS", Place("a.csv", 3, "编码")),
        ("GoodsFiling/Item[2]/GName", Place("a.csv", 3, "品名")),
        ("GoodsFiling/Item[2]/GModel", Place("a.csv", 3)),
        ("GoodsFiling/Item[2]", Place("a.csv", 3)),
        ("GoodsFiling/Item[9]/GName", Place("a.csv", 2, "品名")),
        ("GoodsFiling/Item/GName", Place("a.csv", 2, "品名")),
        ("GoodsFiling/Item[2]/TradeCurr/x", Place("a.csv", 3)),
        ("GoodsFiling/NoteS", Place("a.csv", 2, "备注")),
        ("GoodsFiling/GoodsNature", Place("a.csv")),
        ("GoodsFiling/TradeCode", Place("a.csv", 2)),
        ("MessageHead/SenderId", Place("a.csv", 2)),
        ("", Place("a.csv", 2)),
    ],
)
def test_a_later_fault_is_led_back_to_the_source(mapped: Mapped, path: str, place: Place):
    """To the value; else to where the rule expected one; else to its record; else to the message."""
    assert mapped.locate(Violation("schema.missing", path)).place == place


def test_a_place_that_is_known_already_stays(mapped: Mapped):
    """The mapping's own faults know better."""
    there = Place("b.csv", 9)
    assert mapped.locate(Violation("x", "GoodsFiling/NoteS", place=there)).place == there


@pytest.mark.requirement("EN-05")
def test_in_a_tree_a_missing_value_is_expected_at_its_path(workshop):
    """The path of the record and the expression of the rule."""
    text = (
        'format = "{0}"\n[match]\npaths = ["{1}"]\n[message]\ntype = "Manifest"\nclient-number = "{2}"\n'
        '[items]\neach = "{3}"\nGQty = "{4}"\n'
    )
    (made,) = workshop.apply(text.format("xml", "/A", "N", "P", "Q"), "<A><N>1</N>\n<P/>\n<P/></A>", "a.xml")
    assert str(made.lineage.expected("Manifest/Item[2]/GQty")) == "a.xml:3 /A/P[2]/Q"
    assert str(made.lineage.expected("Manifest/Item[2]/GName")) == "a.xml:3 /A/P[2]"
    (made,) = workshop.apply(
        text.format("json", "$.n", "n", "p[*]", "q[?@.x]"), '{"n": 1, "p": [{}]}', "a.json"
    )
    assert str(made.lineage.expected("Manifest/Item[1]/GQty")) == "a.json $.p[0].q[?@.x]"
    assert str(made.lineage.expected("Manifest/BillNo")) == "a.json $"


@pytest.mark.requirement("ER-03")
def test_an_explanation_lists_target_value_rule_and_source(mapped: Mapped):
    """Rows for a table, or for JSON."""
    rows = {row["target"]: row for row in mapped.explain()}
    assert rows["GoodsFiling/Item[1]/GName"] == {
        "target": "GoodsFiling/Item[1]/GName",
        "value": "榴莲",
        "rule": "items.GName",
        "source": "榴莲",
        "steps": [],
        "place": "a.csv:2 [品名]",
        "row": 2,
        "column": "品名",
        "path": None,
    }
    assert rows["MessageHead/ClientSeqNo"]["value"] == "1"
    assert rows["GoodsFiling/CustomMaster"]["value"] == "5301"


@pytest.mark.requirement("ER-03")
def test_an_explanation_says_what_was_done_to_a_value(workshop):
    """Each step with its figures, the list of words, the code table; a constant and a default as such."""
    rules = """[header]
CodeTS = { from = ["a", "b"], join = "-", do = [{ replace = "." }, { pad = 10, with = "1" }, "upper"] }
GUnit = { from = "u", values = "unit", table = "unit" }
GModel = { value = "x" }
NoteS = { from = "n", default = "none" }
GName = { from = "d", do = [{ date = ["yyyy-MM-dd", "yyyyMMdd"], to = "yyyyMM" }, { decimal = 2 }] }
[values.unit]
kg = "千克"
"""
    (made,) = workshop.csv(rules, ["nr,a,b,u,n,d", "1,0.8,1,kg,,2026-10-05"])
    steps = {row["target"].rpartition("/")[2]: row["steps"] for row in made.explain()}
    assert steps == {
        "ClientSeqNo": [],
        "CodeTS": ['join "-"', 'replace "."', 'pad 10 with "1"', "upper"],
        "GUnit": ["values unit", "table unit"],
        "GModel": ["constant"],
        "NoteS": ["default"],
        "GName": ['date "yyyy-MM-dd" / "yyyyMMdd" to "yyyyMM"', "decimal 2"],
    }


def test_columns_that_no_rule_looks_at_are_named(workshop):
    """A column that nobody reads is often a name misspelt."""
    rules = (
        '[header]\nA = { from = "a", optional = true, when = { from = "w", empty = false } }\n'
        '[items]\nrecord = "D"\nB = "b"'
    )
    workshop.csv(rules, ["nr,k,a,w,b,c", "1,H,,,,"], 'record = "k"\nbegins = "H"')
    mapping = workshop.load().get("erp/goods")
    assert mapping.unused_columns(read("a.csv", b"nr,k,a,w,b,c\n1,H,,,,\n")) == ["c"]
    assert mapping.unused_columns(read("a.json", b"{}")) == []


@pytest.mark.requirement("EN-05")
def test_a_fault_of_a_document_named_by_the_senders_own_number_is_placed_there(workshop):
    """The unified number stands nowhere in the file."""
    rules = '[header]\nQualificationSeqNo = "unified"\nQualificationClientNo = "own"'
    first, second = workshop.csv(rules, ["nr,unified,own", "1,,Q-1", "2,Q2,"])
    path = "GoodsFiling/QualificationSeqNo"
    assert first.lineage.expected(path) == Place("a.csv", 2, "own")
    assert second.lineage.expected(path) == Place("a.csv", 3, "unified")
