"""What can never do anything is told; what only might is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.dead import dead_rules
from gateway.mapping.overlap import shadowed
from gateway.mapping.spec import ConditionSpec
from gateway.mapping.worlds import holds, seen_by, worlds

HEAD = """format = "csv"
[match]
columns = ["nr"]
[message]
type = "GoodsFiling"
key = "nr"
client-number = "nr"
"""
BY_RECORD = HEAD.replace('key = "nr"', 'record = "kind"\nbegins = "H"')
XML = """format = "xml"
[match]
paths = ["/a"]
[message]
type = "GoodsFiling"
client-number = "/a/nr"
"""


def dead(text: str, head: str = HEAD) -> list[tuple[str, str]]:
    """Return code and key of everything that is told of a mapping."""
    found = list(dead_rules((head + text).encode(), "erp/goods.toml"))
    assert all(each.text("en") and "{" not in each.text("zh") for each in found)
    return [(each.code, each.path) for each in found]


IS_X, IS_Y = '{ from = "k", is = "x" }', '{ from = "k", is = "y" }'
IS_NOT_X = '{ from = "k", is-not = "x" }'
EMPTY, FILLED = '{ from = "k", empty = true }', '{ from = "k", empty = false }'


def rule(*conditions: str) -> str:
    """Return a rule whose choices have these conditions, the last of them none if that is empty."""
    choices = [f'{{ value = "{n}", when = {each or "[]"} }}' for n, each in enumerate(conditions)]
    return f"X = [{', '.join(choices)}]"


@pytest.mark.requirement("ER-03")
@pytest.mark.parametrize(
    "conditions",
    [
        ("", ""),
        (EMPTY, FILLED, ""),
        (IS_X, IS_NOT_X, IS_Y),
        ('{ from = "k", is = ["x", "y"] }', IS_X),
        (f'[{IS_X}, {{ from = "l", empty = true }}]', f'[{IS_X}, {{ from = "l", empty = false }}]', IS_X),
    ],
)
def test_a_choice_below_others_that_take_every_case_is_dead(conditions: tuple[str, ...]) -> None:
    """The last of each of these is never looked at."""
    assert dead(f"[header]\n{rule(*conditions)}") == [("mapping.dead-choice", f"header.X[{len(conditions)}]")]


@pytest.mark.requirement("ER-03")
@pytest.mark.parametrize(
    "conditions",
    [
        (IS_X, ""),
        (EMPTY, FILLED),
        (IS_X, IS_Y, IS_NOT_X),
        (IS_X, IS_X.replace("k", "l")),
        (f'[{IS_X}, {{ from = "l", is = "y" }}]', IS_X),
        (IS_X, IS_X.replace(" }", ', of = "message" }')),
    ],
)
def test_a_choice_that_some_file_needs_is_alive(conditions: tuple[str, ...]) -> None:
    """However rare that file may be."""
    assert dead(f"[header]\n{rule(*conditions)}") == []


@pytest.mark.requirement("ER-03")
@pytest.mark.parametrize(
    "when",
    [
        '[{ from = "k", is = "x" }, { from = "k", is = "y" }]',
        '[{ from = "k", is = "x" }, { from = "k", is-not = ["x", "y"] }]',
        '[{ from = "k", is = "x" }, { from = "k", empty = true }]',
        '{ from = "k", is = " x" }',
    ],
)
def test_conditions_that_contradict_each_other_make_a_rule_or_group_dead(when: str) -> None:
    """White space around a value is taken away, so that no value has any."""
    assert dead(f'[header]\nX = {{ from = "a", when = {when} }}') == [("mapping.dead-when", "header.X")]
    assert dead(f'[items]\nwhen = {when}\nX = "a"') == [("mapping.dead-group", "items.when")]


@pytest.mark.requirement("ER-03")
def test_a_rule_that_contradicts_its_group_or_kind_of_row_is_dead() -> None:
    """In the rows of items there is no other kind of row, and no row that the group leaves out."""
    rule = '{ value = "1", when = { from = "k", is = "x" } }'
    assert dead(f'[items]\nwhen = {{ from = "k", is = "y" }}\nX = {rule}') == [
        ("mapping.dead-when", "items.X")
    ]
    rule = '{ value = "1", when = { from = "kind", is = "D" } }'
    text = f'[header]\nX = {rule}\n[items]\nrecord = "D"\nX = {rule}'
    assert dead(text, BY_RECORD) == [("mapping.dead-when", "header.X")]


def test_an_element_with_something_in_it_is_neither_empty_nor_a_value() -> None:
    """What is there, and is neither the one text nor another one."""
    text = f"[header]\n{rule(IS_X, IS_NOT_X, FILLED)}"
    assert dead(text, XML) == []
    assert dead(text) == [("mapping.dead-choice", "header.X[3]")]


@pytest.mark.requirement("ER-03")
@pytest.mark.parametrize(
    ("steps", "told"),
    [
        ('{ date = "yyyy-MM-dd" }, { date = "yyyy-MM-dd" }', "dead-step"),
        ('{ date = "yyyy-MM-dd" }, { date = "yyyyMMdd" }', "idle-step"),
        ('{ date = "yyyy-MM-dd" }, "upper"', "idle-step"),
        ('{ date = "yyyy-MM-dd", to = "yyyy年MM月" }, { decimal = 2 }', "dead-step"),
        ('{ decimal = 2 }, "squeeze"', "idle-step"),
        ('"upper", "upper"', "idle-step"),
        ('"squeeze", "trim"', "idle-step"),
    ],
)
def test_a_step_that_never_succeeds_or_changes_nothing_is_told(steps: str, told: str) -> None:
    """The first is a mistake, the second is merely left over."""
    assert dead(f'[header]\nX = {{ from = "a", do = [{steps}] }}') == [(f"mapping.{told}", "header.X.do[2]")]


def test_white_space_is_gone_before_the_first_step() -> None:
    """So that nobody needs to say so."""
    assert dead('[header]\nX = { from = "a", do = ["trim"] }') == [("mapping.idle-step", "header.X.do[1]")]
    assert dead('[header]\nX = { from = "a", do = [{ substring = 2 }, "trim"] }') == []
    assert dead('[header]\nX = { from = "a", do = [{ date = "yyyyMMdd" }, { before = "0" }] }') == []


@pytest.mark.requirement("ER-03")
@pytest.mark.parametrize(
    ("steps", "word"),
    [
        ("", " a"),
        ('"upper"', "a"),
        ('"half-width"', "１"),
        ('{ replace = "." }', "1.2"),
        ('{ prefix = "x" }', "a"),
        ('{ suffix = "x" }', "a"),
        ("{ pad = 2 }", "1"),
        ('{ before = "-" }', "a-b"),
        ("{ substring = 1, length = 2 }", "abc"),
        ("{ decimal = 2 }", "1.20"),
        ('{ date = "yyyy-MM-dd" }', "2026-10-05"),
    ],
)
def test_a_word_that_the_steps_never_give_is_dead(steps: str, word: str) -> None:
    """Unless another rule that uses the list may give it; what stands for everything else is needed."""
    rule = f'X = {{ from = "a", do = [{steps}], values = "v" }}'
    words = f'[values.v]\n"{word}" = "1"\n"*" = "2"'
    assert dead(f"[header]\n{rule}\n{words}") == [("mapping.dead-word", f'values.v."{word}"')]
    if steps:
        other = 'Y = { from = "a", values = "v" }'
        assert dead(f"[header]\n{rule}\n{other}\n{words}") == []


@pytest.mark.requirement("ER-03")
def test_lists_prefixes_and_expressions_that_nothing_needs_are_told() -> None:
    """As warnings: they do no harm."""
    assert dead('[header]\nX = { from = ["a", "b", "a"] }\n[values.v]\na = "1"') == [
        ("mapping.values-unused", "values.v"),
        ("mapping.source-twice", "header.X.from"),
    ]
    text = '[namespaces]\nb = "urn:b"\nc = "urn:c"\n[header]\nX = "b:x | self::c"'
    assert dead(text, XML) == [("mapping.prefix-unused", "namespaces.c")]
    assert all(fault.warning for fault in dead_rules((XML + text).encode(), "a.toml"))


OTHER = HEAD.replace('columns = ["nr"]', 'columns = ["nr", "note"]')
FILES = HEAD.replace("[match]", '[match]\nfile = "a-*.csv"')
VALUES = HEAD.replace("[message]", 'values = { kind = ["x", "y"] }\n[message]')


@pytest.mark.requirement("ER-03")
def test_a_mapping_whose_every_file_fits_another_one_is_told(workshop) -> None:
    """Such a file is always refused, because two mappings fit."""
    for name, text in {
        "erp/wide": HEAD,
        "erp/narrow": OTHER,
        "erp/named": FILES,
        "more/valued": VALUES,
    }.items():
        workshop.write(text, name)
    mappings = workshop.load()
    found = [(each.place.file, each.values["other"]) for each in shadowed(mappings, [])]
    assert found == [("erp/named.toml", "erp/wide"), ("erp/narrow.toml", "erp/wide")]
    found = [
        (each.place.file, each.values["other"]) for each in shadowed(mappings, [("erp/n*", "more/*"), ("*",)])
    ]
    assert ("more/valued.toml", "erp/wide") in found
    assert len(found) == 3


texts = st.lists(st.sampled_from(["x", "y", "z"]), min_size=1)
names = st.sampled_from("kl")


def condition(name: str, key: str, value: object) -> ConditionSpec:
    """Return a condition as a mapping file has it."""
    return ConditionSpec.model_validate({"from": name, key: value})


conditions = st.one_of(
    st.builds(condition, names, st.sampled_from(["is", "is-not"]), texts),
    st.builds(condition, names, st.just("empty"), st.booleans()),
)


@given(st.lists(conditions, max_size=5), st.dictionaries(names, st.sampled_from(["", "x", "y", "z", "w"])))
def test_the_cases_stand_for_every_text(given_conditions: list[ConditionSpec], row: dict[str, str]) -> None:
    """Whatever a row holds, there is a case in which the same conditions hold."""
    seen = [seen_by(each) for each in given_conditions]
    real = {(name, of): row.get(name, "") for name, of in seen}
    wanted = [holds([each], real) for each in given_conditions]
    cases = worlds(given_conditions, {}, trees=False)
    assert cases is not None
    assert any([holds([each], case) for each in given_conditions] == wanted for case in cases)
