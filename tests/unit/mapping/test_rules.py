"""What a rule can say: sources, constants, tables, lists, defaults, conditions; and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gateway.errors import Place
from gateway.formats import ReadOptions, read
from gateway.mapping.rules import MAX_VIOLATIONS

Value = Callable[[str, str], str]


@pytest.mark.requirement("ER-03")
@pytest.mark.parametrize(
    ("rule", "cell", "expected"),
    [
        ('"a"', "  x　", "x"),
        ('"a"', "", ""),
        ('{ value = "4" }', "x", "4"),
        ('{ from = "a", default = "d" }', "", "d"),
        ('{ from = "a", default = "d" }', "x", "x"),
        ('{ from = "a", do = [{ substring = 5 }], default = "d" }', "x", "d"),
        ('{ from = ["a", "nr"] }', "x", "x"),
        ('{ from = ["a", "nr"] }', "", "1"),
        ('{ from = ["a", "nr"], join = "/" }', "x", "x/1"),
        ('{ from = ["a", "nr"], join = "/" }', "", "1"),
        ('{ from = "a", when = { from = "nr", is = "1" } }', "x", "x"),
        ('{ from = "a", when = { from = "nr", is = ["2", "3"] } }', "x", ""),
        ('{ from = "a", when = { from = "nr", is-not = "2" } }', "x", "x"),
        ('{ from = "a", when = { from = "nr", is-not = ["1", "2"] } }', "x", ""),
        ('{ value = "v", when = { from = "a", empty = true } }', "", "v"),
        ('{ value = "v", when = { from = "a", empty = true } }', "x", ""),
        ('{ value = "v", when = { from = "a", empty = false } }', "x", "v"),
        ('{ value = "v", when = [{ from = "a", is = "x" }, { from = "nr", is = "2" }] }', "x", ""),
        ('[{ value = "1", when = { from = "a", is = "x" } }, { value = "2" }]', "x", "1"),
        ('[{ value = "1", when = { from = "a", is = "x" } }, { value = "2" }]', "y", "2"),
        ('[{ value = "1", when = { from = "a", is = "x" } }, "nr"]', "y", "1"),
        ('{ from = "a", table = "unit" }', "千克", "035"),
        ('{ from = "a", table = "unit" }', "035", "035"),
        ('{ from = "a", table = "unit" }', "公斤", "map.unknown-code"),
    ],
)
def test_a_rule_makes_a_value_as_the_guide_says(value: Value, rule: str, cell: str, expected: str):
    """White space around a value never counts; an empty value is no value."""
    assert value(rule, cell) == expected


@pytest.mark.requirement("ER-03")
@pytest.mark.parametrize(
    ("cell", "expected"), [("进口", "I"), ("EXP", "E"), ("", ""), ("转口", "map.unknown-value")]
)
def test_a_list_of_values_turns_the_sources_words_into_those_of_customs(workshop, cell, expected):
    """A word that the list does not have is a fault, never passed through."""
    rules = '[header]\nIEFlag = { from = "a", values = "ie" }\n[values.ie]\n"进口" = "I"\nEXP = "E"'
    (mapped,) = workshop.csv(rules, ["nr,a", f"1,{cell}"])
    found = mapped.violations[0].code if mapped.violations else mapped.body.get("IEFlag", "")
    assert found == expected


def test_a_star_in_a_list_stands_for_everything_else(workshop):
    """And the code table, if both are given, is asked with what the list gives."""
    rules = (
        '[header]\nGUnit = { from = "a", values = "u", table = "unit" }\n[values.u]\nT = "吨"\n"*" = "035"'
    )
    units = [each.body["GUnit"] for each in workshop.csv(rules, ["nr,a", "1,T", "2,KG"])]
    assert units == ["070", "035"]


@pytest.mark.requirement("EN-03", "EN-05")
def test_an_unknown_code_is_told_with_its_place_and_the_nearest_entries(workshop):
    """The person who sent it must find the cell and see what would be right."""
    (mapped,) = workshop.csv('[items]\nGUnit = { from = "单位", table = "unit" }', ["nr,单位", "1,公吨"])
    (violation,) = mapped.violations
    assert violation.path == "GoodsFiling/Item[1]/GUnit"
    assert violation.place == Place("a.csv", 2, "单位")
    assert violation.values["near"] == "070 吨"
    assert "公吨" in violation.text("zh")


@pytest.mark.requirement("EN-03")
def test_a_code_of_another_day_is_told_with_its_days(workshop):
    """A currency that was is no unknown one."""
    (mapped,) = workshop.csv(
        '[items]\nTradeCurr = { from = "币制", table = "currency" }', ["nr,币制", "1,DEM"]
    )
    (violation,) = mapped.violations
    assert (violation.code, violation.place) == ("map.code-not-valid", Place("a.csv", 2, "币制"))
    assert "2001-12-31" in violation.text("en")
    assert "2001-12-31" in violation.text("zh")


@pytest.mark.requirement("EN-05")
def test_every_fault_of_every_message_is_told_at_once(workshop):
    """One bad cell does not hide the next one."""
    rules = (
        '[header]\nGuaranteeValidDate = { from = "d", do = [{ date = "yyyy-MM-dd" }] }\n'
        'IEBatches = { from = "n", do = [{ decimal = 0 }] }'
    )
    first, second = workshop.csv(rules, ["nr,d,n", "1,soon,many", "2,2026-13-01,3"])
    assert [(each.code, each.place) for each in first.violations] == [
        ("map.bad-date", Place("a.csv", 2, "d")),
        ("map.bad-number", Place("a.csv", 2, "n")),
    ]
    assert [each.place for each in second.violations] == [Place("a.csv", 3, "d")]


@pytest.mark.requirement("EN-05")
def test_a_missing_column_is_told_once_with_the_header_row_and_the_nearest_names(workshop):
    """Once for the rule, not once for each of its rows; the target has no position."""
    rows = ["nr,数 量", *(f"1,{count}" for count in range(5))]
    (mapped,) = workshop.csv('[items]\nGQty = "数量"', rows, 'key = "nr"')
    (violation,) = [each for each in mapped.violations if not each.warning]
    assert violation.code == "map.missing-column"
    assert violation.path == "GoodsFiling/Item/GQty"
    assert violation.place == Place("a.csv", 1, "数量")
    assert violation.values["near"] == "数 量"
    assert violation.values["rule"] == "items.GQty"


def test_a_column_may_be_missing_only_if_the_rule_says_so(workshop):
    """Of a list one is enough; of what is joined, and of conditions, each must be there."""
    rules = (
        '[header]\nA = { from = "gone", optional = true, default = "d" }\nB = { from = ["gone", "nr"] }\n'
        'C = { from = ["gone", "nr"], join = "-" }\n'
        'D = { value = "1", when = { from = "gone", empty = true } }'
    )
    (mapped,) = workshop.csv(rules, ["nr", "1"])
    assert mapped.body == {"A": "d", "B": "1", "C": "1", "D": "1"}
    assert [each.path for each in mapped.violations] == ["GoodsFiling/C", "GoodsFiling/D"]


def test_a_message_without_a_client_number_is_told(workshop):
    """It could neither be answered nor recognised when it comes again."""
    (mapped,) = workshop.csv('[header]\nNoteS = "a"', ["nr,a", ",x"])
    (violation,) = mapped.violations
    assert violation.code == "map.no-client-number"
    assert violation.path == "MessageHead/ClientSeqNo"
    assert violation.place == Place("a.csv", 2, "nr")


def test_the_list_of_faults_of_one_message_ends_with_a_note(workshop):
    """Two hundred are enough for a person."""
    rows = ["nr,n", *["1,x"] * (MAX_VIOLATIONS + 50)]
    (mapped,) = workshop.csv('[items]\nGQty = { from = "n", do = ["decimal"] }', rows, 'key = "nr"')
    assert len(mapped.violations) == MAX_VIOLATIONS + 1
    assert mapped.violations[-1].code == "map.more-faults"


def test_a_rule_of_an_item_can_look_at_the_whole_message(workshop):
    """In a table that is the message's first row."""
    layout = 'record = "k"\nbegins = "H"'
    rules = (
        '[items]\nrecord = "D"\nTradeCurr = { from = "c", of = "message", table = "currency" }\n'
        'OriginCountry = { from = "o", when = { from = "c", is = "美元", of = "message" } }'
    )
    first, second = workshop.csv(rules, ["nr,k,c,o", "1,H,美元,", ",D,,THA", "2,H,CNY,", ",D,,CHN"], layout)
    assert first.body["Item"] == [{"TradeCurr": "USD", "OriginCountry": "THA"}]
    assert second.body["Item"] == [{"TradeCurr": "CNY"}]


def test_what_the_reader_found_strange_is_told_with_each_message(workshop):
    """A warning of the file is a warning of its messages."""
    mapping = workshop.mapping(
        'format = "csv"\nunread = "left"\nmatch.columns = ["nr"]\n[message]\ntype = "GoodsFiling"\n'
        'each = "row"\nclient-number = "nr"'
    )
    source = read("a.csv", "nr,品名\n1,榴莲\n".encode(), ReadOptions(encoding="gb18030"))
    assert [each.code for each in mapping.apply(source)[0].violations] == ["format.encoding-suspect"]
