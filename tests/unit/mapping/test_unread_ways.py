"""What an expression finds is never told as not read, whatever the expression and the file are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.formats import Source
from gateway.mapping.dialect import ExpressionError
from gateway.mapping.jsonpaths import JsonPaths
from gateway.mapping.known import Step, Way, known_by
from gateway.mapping.xpath_ways import way_of
from gateway.mapping.xpaths import XPaths

ALL, ANY = Step.ALL, Step.ANY
NAMES = ("a", "b", "c")
XPATHS, JSON_PATHS = XPaths({"p": "urn:p"}), JsonPaths()


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("a/b", ("m", "a", "b")),
        ("./a/@b", ("m", "a", "@b")),
        (".", ("m",)),
        ("a/text()", ("m", "a")),
        ("p:a/*", ("m", "{urn:p}a", ANY)),
        ("a/@*", ("m", "a", ALL)),
        ("a[2]/b[last()]", ("m", "a", "b")),
        ("(a/b)[1]", ("m", "a", "b")),
        ("../a", ("a",)),
        ("../../a", (ALL,)),
        ("/a/b/c", ("b", "c")),
        ("/a", ()),
        ("/*/b", ("b",)),
        ("//a", (ALL,)),
        ("a//b", ("m", "a", ALL)),
        ("a[b='/x']/c", (ALL,)),
        ("a[b='x']/c", ("m", "a", ALL)),
        ("a[b=../c]/d", (ALL,)),
        ("a[b=/c]/d", (ALL,)),
        ("a[b]|c", ("m", ALL)),
        ("a | /b", (ALL,)),
        ("sum(a/b)", ("m", ALL)),
        ("a-b", ("m", "a-b")),
        ("a*b", ("m", ALL)),
        ("child::a", ("m", ALL)),
        ("ancestor::a", (ALL,)),
    ],
)
def test_an_xpath_of_names_leads_along_them_and_any_other_to_all_that_it_may_see(text: str, way: Way):
    """Seen from the message."""
    assert way_of(("m",), text, {"p": "urn:p"}) == way


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("a.b", ("m", "a", "b")),
        ("@.a", ("m", "a")),
        ("$.a", ("a",)),
        ("a[0].b", ("m", "a", 0, "b")),
        ("a[-1]", ("m", "a", ANY)),
        ("a[*].b", ("m", "a", ANY, "b")),
        ("a[1:].b", ("m", "a", ANY, "b")),
        ("a['b','c'].d", ("m", "a", ALL, "d")),
        ("a..b", ("m", "a", ALL)),
        ("a[?@.b == 'x'].c", ("m", "a", ALL, "c")),
        ("a[?@.b == $.c].d", (ALL,)),
    ],
)
def test_a_json_path_of_names_leads_along_them_and_any_other_to_all_that_it_may_see(text: str, way: Way):
    """Positions from the end may be any."""
    assert JSON_PATHS.way(("m",), JSON_PATHS.compile(text)) == way


_plain = st.sampled_from([*NAMES, *NAMES, "..", "*", "@a", "a[1]"])
_other = st.sampled_from(
    [
        ".",
        "b[last()]",
        "a[b='1']",
        "b[@a]",
        "c[../a]",
        "/b",
        "descendant::b",
        "following-sibling::c",
        "text()",
    ]
)
_along = st.lists(_plain, min_size=1, max_size=3)
_further = st.tuples(_along, st.lists(_other, max_size=1), _along).map(
    lambda parts: [*parts[0], *parts[1], *parts[2]]
)
_paths = st.one_of(_along, _along, _further).map("/".join)
_starts = st.sampled_from(["", "", "", "../", "/r/", "//"])
_started = st.tuples(_starts, _paths).map("".join)
xpaths = st.one_of(_started, _started, _started, _started.map("({})[1]".format), st.just("a | b/c"))


@st.composite
def elements(draw: st.DrawFn, name: str = "r", depth: int = 0) -> etree._Element:
    """Return a tree of few names, with texts and attributes."""
    element = etree.Element(name)
    if draw(st.booleans()):
        element.set("a", "1")
    for below in (
        draw(st.lists(st.sampled_from(NAMES), min_size=2 - depth if depth < 2 else 0, max_size=3))
        if depth < 3
        else ()
    ):
        element.append(draw(elements(below, depth + 1)))
    element.text = "" if len(element) else draw(st.sampled_from(["", "1", "2"]))
    return element


@settings(max_examples=150)
@given(elements(), st.sampled_from(["a", "/r/b", "*", "a[b]"]), st.lists(xpaths, min_size=1, max_size=3))
def test_no_element_or_attribute_that_an_xpath_finds_is_told(
    root: etree._Element, each: str, texts: list[str]
):
    """Seen from each record, as rules see it."""
    try:
        records, *expressions = map(XPATHS.compile, (each, *texts))
    except ExpressionError:
        return
    reading = XPATHS.open(Source("a.xml", "xml", "utf-8", root))
    known = known_by(XPATHS.way(XPATHS.way((), records), one) for one in expressions)
    told = [one.where for one in reading.unread(root, known)]
    attributes = [where for where in told if isinstance(where, tuple)]
    elements = [where for where in told if not isinstance(where, tuple)]
    for found in (one for record in records.run(root) for path in expressions for one in path.run(record)):
        # A value to a rule is an element without others in it, or a text.
        if isinstance(found, etree._Element):
            assert len(found) or not any(found in where.iter() for where in elements)
        elif found.is_attribute:
            assert (found.getparent(), f"@{found.attrname}") not in attributes
        else:
            assert found.getparent() not in elements


_texts = st.sampled_from(["", "1", None, False])
values = _texts
for _ in range(3):
    values = st.one_of(_texts, st.lists(values, max_size=3), st.dictionaries(st.sampled_from(NAMES), values))
values = st.fixed_dictionaries({"a": st.lists(values, min_size=1, max_size=3), "b": values})


_plain_segments = st.sampled_from([".a", ".b", "['c']", "[0]", "[1]", "[-1]", "[*]"])
_segments = st.one_of(
    _plain_segments,
    _plain_segments,
    _plain_segments,
    st.sampled_from([".*", "..a", "[1:]", "['a','b']", "[?@.a=='1']", "[?$.b=='1']"]),
)
_several = st.lists(_segments, min_size=1, max_size=4).map("".join)
json_paths = st.tuples(st.sampled_from("@$"), _several).map("".join)


@settings(max_examples=150)
@given(values, st.sampled_from(["$.a[*]", "b", "a[?@.b]"]), st.lists(json_paths, min_size=1, max_size=3))
def test_no_value_that_a_json_path_finds_is_told(value: Any, each: str, texts: list[str]):
    """Seen from each record, as rules see it."""
    records, *expressions = map(JSON_PATHS.compile, (each, *texts))
    reading = JSON_PATHS.open(Source("a.json", "json", "utf-8", value))
    known = known_by(JSON_PATHS.way(JSON_PATHS.way((), records), one) for one in expressions)
    told = [one.where for one in reading.unread(reading.root, known)]
    for record in records.query.find(value):
        for path in expressions:
            start, at = (value, ()) if path.absolute else (record.value, record.location)
            for found in path.query.find(start):
                where = (*at, *found.location)
                single = not isinstance(found.value, (dict, list))
                assert not (single and any(where[: len(one)] == one for one in told))


def test_where_any_name_may_stand_each_name_shares_what_is_known_below():
    """A name of its own is one of them, and what one of them is read for is not told of another."""
    top = known_by([("a", "b"), (ANY, "c"), (ANY, "d", ALL), ("a", "d", "e")])
    assert top.at(("a",)) is top.at((ANY,)) is top.at(("z",))
    assert sorted(map(str, top.at(("a",)).below)) == ["b", "c", "d"]
    assert top.at(("a", "d")).whole


def test_neither_comment_nor_instruction_stands_where_any_name_may():
    """They are no elements, and what is in them is no value."""
    root = etree.fromstring("<r><!-- 1 --><?a 1?><b><a>1</a></b></r>")
    reading = XPATHS.open(Source("a.xml", "xml", "utf-8", root))
    known = known_by([XPATHS.way((), XPATHS.compile("*/a"))])
    assert list(reading.unread(root, known)) == []
