"""JSON: strict, with numbers as they are written and places as paths."""

from __future__ import annotations

import pytest

from gateway.errors import RejectedError, Violation
from gateway.formats import ReadOptions, read


def faults(data: bytes) -> list[Violation]:
    """Read a JSON file that must be refused."""
    with pytest.raises(RejectedError) as caught:
        read("a.json", data)
    return list(caught.value.violations)


@pytest.mark.requirement("ER-02")
def test_numbers_keep_their_literal_text():
    """Nothing passes through a float: 1.10 stays 1.10 and nineteen digits stay nineteen digits."""
    found = read("a.json", b'{"a": 1.10, "b": 1234567890123456789, "c": -0, "d": true, "e": null, "f": "x"}')
    assert found.format == "json"
    assert found.content == {
        "a": "1.10",
        "b": "1234567890123456789",
        "c": "-0",
        "d": True,
        "e": None,
        "f": "x",
    }


@pytest.mark.requirement("ER-02")
def test_json_is_read_with_a_mark_and_in_gb18030():
    """Not by the letter of the standard, but as Chinese systems write it."""
    text = '{"品名": "榴莲"}'
    assert read("a.json", text.encode("utf-8-sig")).content == {"品名": "榴莲"}
    assert read("a.json", text.encode("gb18030")).content == {"品名": "榴莲"}
    assert read("a.json", text.encode(), ReadOptions(encoding="gb18030")).content == {"品名": "榴莲"}


@pytest.mark.requirement("EN-05")
def test_every_key_that_stands_twice_is_told_with_its_path():
    """The library would silently take the last one."""
    found = faults(b'{"items": [{"qty": 1}, {"qty": 1, "qty": 2}], "a": 1, "a": 2}')
    assert {(fault.code, fault.place.path) for fault in found if fault.place} == {
        ("format.duplicate-key", "$.items[1].qty"),
        ("format.duplicate-key", "$.a"),
    }


def test_faults_of_syntax_are_told_with_row_and_column():
    """The same row and column that an editor shows."""
    (fault,) = faults(b'{\n  "a": 1,\n  "b" 2\n}')
    assert fault.code == "format.not-json"
    assert (fault.values["row"], fault.values["column"]) == (3, 7)


@pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity"])
def test_what_is_no_number_is_refused(literal: str):
    """Python's reader would take it."""
    assert [fault.code for fault in faults(f'{{"a": {literal}}}'.encode())] == ["format.not-a-number"]


@pytest.mark.parametrize("depth", [66, 2_000, 1_000_000])
def test_depth_is_bounded(depth: int):
    """A million brackets are refused like sixty-five."""
    assert [fault.code for fault in faults(b"[" * depth + b"]" * depth)] == ["format.too-deep"]


def test_escapes_cannot_smuggle_characters_that_xml_cannot_carry():
    """They would fail much later, where nobody knows the place any more."""
    found = faults(b'{"a": "x\\u0000", "b": ["\\ud800"], "\\u0001": 1}')
    assert [fault.code for fault in found] == ["format.control-character"] * 3
    assert [fault.place.path for fault in found if fault.place] == ["$", "$.a", "$.b[0]"]
