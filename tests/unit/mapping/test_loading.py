"""Loading: every fault of every mapping file at once, with file, key and what would be right."""

from __future__ import annotations

import pytest

from gateway.errors import RejectedError

GOOD = """format = "csv"
[match]
columns = ["nr"]
[message]
type = "GoodsFiling"
each = "row"
client-number = "nr"
"""


@pytest.mark.requirement("ER-03", "EN-05")
def test_all_faults_of_all_files_are_told_at_once(workshop):
    """One start of the gateway shows all that must be mended."""
    workshop.write("format = ", "a/one")
    workshop.write(GOOD + '[header]\nX = { form = "a" }\nY = { from = "a", table = "no" }', "a/two")
    workshop.write(
        GOOD + '[header]\nX = { from = "a", values = "no" }\nY = { from = "a", table = "no" }', "b/three"
    )
    with pytest.raises(RejectedError) as caught:
        workshop.load()
    found = [(fault.place.file, fault.path, fault.code) for fault in caught.value.violations if fault.place]
    assert found == [
        ("mappings/a/one.toml", "", "mapping.not-toml"),
        ("mappings/a/two.toml", "header.X.form", "mapping.unknown-key"),
        ("mappings/b/three.toml", "header.X.values", "mapping.unknown-values"),
        ("mappings/b/three.toml", "header.Y.table", "mapping.unknown-table"),
    ]
    assert all(fault.text("zh") and fault.text("en") for fault in caught.value.violations)


@pytest.mark.parametrize(
    ("text", "key", "code", "said"),
    [
        (GOOD + "[heder]\nX = 'a'", "heder", "mapping.unknown-key", "header"),
        (
            GOOD + "[header]\nX = { from = 'a', optinal = true }",
            "header.X.optinal",
            "mapping.unknown-key",
            "optional",
        ),
        (
            GOOD + "[header]\nX = { from = 'a', when = { from = 'b', iss = '1' } }",
            "header.X.when.iss",
            "mapping.unknown-key",
            "is",
        ),
        (GOOD + "[items]\nrecrod = 'D'", "items.recrod", "mapping.unknown-key", "record"),
        (GOOD + "[match.colums]\nX = 'a'", "match.colums", "mapping.unknown-key", "columns"),
        (GOOD + "[header]\nx = 'a'", "header.x", "mapping.wrong-value", "capital letter"),
        (GOOD + "[header]\nX = 1", "header.X", "mapping.wrong-value", "a table"),
        (GOOD + "[header]\nX = { value = 1 }", "header.X.value", "mapping.wrong-value", "text in quotes"),
        (
            GOOD + "[header]\nX = { from = 'a', optional = 'yes' }",
            "header.X.optional",
            "mapping.wrong-value",
            "true or false",
        ),
        (GOOD + "[header]\nX = []", "header.X", "mapping.wrong-value", "at least one"),
        (GOOD + "[header]\nX = { table = 'unit' }", "header.X", "mapping.rule-source", "from"),
        (GOOD + "[header]\nX = { from = 'a', value = 'b' }", "header.X", "mapping.rule-source", "value"),
        (
            GOOD + "[header]\nX = { value = 'b', table = 'unit' }",
            "header.X",
            "mapping.rule-constant",
            "table",
        ),
        (
            GOOD + "[header]\nX = { from = 'a', when = { from = 'b' } }",
            "header.X.when",
            "mapping.condition",
            "is-not",
        ),
        (
            GOOD + "[header]\nX = { from = 'a', do = ['trimm'] }",
            "header.X.do[1]",
            "mapping.unknown-transform",
            "trim",
        ),
        (
            GOOD + "[header]\nX = { from = 'a', do = ['trim', { dates = 'x' }] }",
            "header.X.do[2]",
            "mapping.unknown-transform",
            "date",
        ),
        (
            GOOD + "[header]\nX = { from = 'a', do = [{ date = 'jjjj' }] }",
            "header.X.do[1].date",
            "mapping.date-pattern",
            "jjjj",
        ),
        (
            GOOD + "[header]\nX = { from = 'a', do = [{ date = 'yyyy MM yyyy' }] }",
            "header.X.do[1].date",
            "mapping.date-pattern",
            "yyyy MM yyyy",
        ),
        (
            GOOD + "[header]\nX = { from = 'a', do = [{ date = 'yyyyMd' }] }",
            "header.X.do[1].date",
            "mapping.date-pattern",
            "yyyyMd",
        ),
        (
            GOOD + "[header]\nX = { from = 'a', do = [{ date = 'dHHMyyyy' }] }",
            "header.X.do[1].date",
            "mapping.date-pattern",
            "dHHMyyyy",
        ),
        (
            GOOD + "[header]\nX = { from = 'a', do = [1] }",
            "header.X.do[1]",
            "mapping.unknown-transform",
            "trim",
        ),
        ("items = 'x'\n" + GOOD, "items", "mapping.wrong-value", "a table"),
        (GOOD + "[header]\nX = { from = ' ' }", "header.X.from", "mapping.bad-expression", "column name"),
        (
            GOOD + "[header]\nX = { from = 'a', do = [{ date = 'dd.MM' }] }",
            "header.X.do[1].date",
            "mapping.date-pattern",
            "year",
        ),
        (
            GOOD + "[header]\nX = { from = 'a', do = [{ decimal = -1 }] }",
            "header.X.do[1].decimal",
            "mapping.wrong-value",
            "at least 0",
        ),
        (
            GOOD + "[header]\nX = { from = 'a', do = [{ decimal = 1, roundin = 'up' }] }",
            "header.X.do[1].decimal.roundin",
            "mapping.unknown-key",
            "rounding",
        ),
        (
            GOOD + "[header]\nX = { from = 'a', do = [{ decimal = 1, thousands = '.' }] }",
            "header.X.do[1].decimal",
            "mapping.same-signs",
            "point",
        ),
        (
            GOOD + "[header]\nX = { from = 'a', do = [{ multiply = 'x' }] }",
            "header.X.do[1].multiply",
            "mapping.wrong-value",
            "0.0001",
        ),
        (
            GOOD + "[header]\nX = [{ from = 'a' }, { from = 'b', tabel = 'u' }]",
            "header.X[2].tabel",
            "mapping.unknown-key",
            "table",
        ),
        (GOOD.replace("each", "#"), "message", "mapping.csv-layout", "key"),
        (GOOD + "record = 'k'", "message", "mapping.record-needs-begins", "begins"),
        (GOOD + "[items]\neach = 'x'", "items.each", "mapping.key-of-other-format", "csv"),
        (GOOD + "[items]\nrecord = 'x'", "items.record", "mapping.group-record", "record"),
        (GOOD + "[items]\nX = 'a'\n[groups.Item]\nX = 'a'", "groups.Item", "mapping.items-twice", "Item"),
        (GOOD.replace("columns = ", "# "), "match", "mapping.empty-match", "columns"),
        (
            GOOD.replace("client-number", "# "),
            "message.client-number",
            "mapping.missing-key",
            "client-number",
        ),
        (GOOD.replace('"csv"', '"xls"'), "format", "mapping.wrong-value", "json"),
    ],
)
def test_each_fault_names_its_key_and_what_would_be_right(workshop, text, key, code, said):
    """In the words of the language, not of a library, and in both languages."""
    found = workshop.faults(text)
    fault = next((each for each in found if each.code == code), found[0])
    assert (fault.code, fault.path) == (code, key)
    assert said in fault.text("en")
    assert fault.text("zh") != fault.text("en")
    assert "{" not in fault.text("zh")


TREE = """format = "{format}"
[match]
paths = ["{path}"]
[message]
type = "Manifest"
client-number = "{path}"
[items]
each = "{path}"
"""


@pytest.mark.parametrize(
    ("format_", "bad"),
    [
        ("xml", "a["),
        ("xml", "x:a"),
        ("xml", "no-such-function()"),
        ("json", "a["),
        ("json", "$$"),
        ("json", "a..[?@"),
    ],
)
def test_expressions_are_understood_when_the_mapping_is_loaded(workshop, format_: str, bad: str):
    """Not when the first file comes."""
    found = workshop.faults(TREE.format(format=format_, path=bad))
    assert {fault.path for fault in found} == {"match.paths", "message.client-number.from", "items.each"}
    assert {fault.code for fault in found} == {"mapping.bad-expression"}


def test_the_keys_of_tables_do_not_belong_into_trees(workshop):
    """And a group of a tree needs its path."""
    text = TREE.format(format="json", path="a").replace("each", "record")
    found = workshop.faults(text.replace("type", 'key = "k"\ntype').replace("paths", "columns"))
    assert {(fault.code, fault.path) for fault in found} == {
        ("mapping.key-of-other-format", "match.columns"),
        ("mapping.key-of-other-format", "message.key"),
        ("mapping.key-of-other-format", "items.record"),
        ("mapping.group-needs-each", "items.each"),
    }


def test_a_mapping_has_a_name_and_a_version_of_its_bytes(workshop):
    """A comment changes the version too: what was used can always be told."""
    first = workshop.mapping(GOOD)
    second = workshop.mapping(GOOD + "# a word\n")
    assert first.name == second.name == "erp/goods"
    assert first.messages == ("GoodsFiling",)
    assert first.version != second.version
    assert len(first.version) == 12


def test_a_folder_that_is_not_there_is_told(workshop):
    """An empty set of mappings would refuse every file later."""
    with pytest.raises(RejectedError) as caught:
        workshop.load()
    assert caught.value.code == "mapping.no-folder"
