"""The entry: which format a file is, and that no bytes whatever bring it down."""

from __future__ import annotations

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.errors import RejectedError, Violation, catalogue
from gateway.formats import ReadOptions, read
from gateway.formats.reader import MAX_BYTES, MAX_TABLE_BYTES


def code(name: str, data: bytes) -> str:
    """Read a file that must be refused, for the first code."""
    with pytest.raises(RejectedError) as caught:
        read(name, data)
    return caught.value.code


def faults(name: str, data: bytes) -> tuple[Violation, ...]:
    """Read a file that may be anything."""
    try:
        read(name, data)
    except RejectedError as fault:
        return fault.violations
    return ()


@pytest.mark.requirement("ER-02")
@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.csv", b"a,b\n1,2\n", "csv"),
        ("a.TXT", b"a,b\n1,2\n", "csv"),
        ("a.xml", b"<a/>", "xml"),
        ("a.json", b"{}", "json"),
        ("a", b"\xef\xbb\xbf <a/>", "xml"),
        ("a.idoc", b"<a/>", "xml"),
        ("a.dat", b"[1]", "json"),
        ("a.dat", b"a,b\n1,2\n", "csv"),
    ],
)
def test_the_format_is_told_by_suffix_and_first_character(name: str, data: bytes, expected: str):
    """A known suffix decides; otherwise the content does."""
    assert read(name, data).format == expected


def test_a_declared_format_wins():
    """A CSV whose first header begins with a bracket is still a CSV."""
    assert read("a.dat", b"[a],b\n1,2\n", ReadOptions(format="csv")).format == "csv"


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.csv", b"<a/>", "format.content-differs"),
        ("a.xml", b"[1]", "format.content-differs"),
        ("a.csv", b"PK\x03\x04rest", "format.zip-broken"),
        ("a.pdf", b"%PDF-1.7", "format.binary-file"),
        ("a.json", b"[" * (MAX_BYTES + 1), "format.too-large"),
        ("a.csv", b"x" * (MAX_TABLE_BYTES + 1), "format.too-large"),
    ],
)
def test_what_is_something_else_is_refused_by_its_kind(name: str, data: bytes, expected: str):
    """An XLSX under the name of a CSV is the most common one."""
    assert code(name, data) == expected


@pytest.mark.requirement("ER-05")
@pytest.mark.parametrize("name", ["a.csv", "a.xml", "a.json", "a"])
def test_five_megabytes_of_garbage_are_refused(name: str):
    """With the offset of the first byte that is no text."""
    garbage = random.Random(5).randbytes(5_000_000)
    assert code(name, garbage) == "format.unreadable-bytes"


@given(name=st.sampled_from(["a.csv", "a.xml", "a.json", "a"]), data=st.binary(max_size=200))
@example("a.csv", b'"')
@example("a.json", b"\xed\xa0\x80")
@example("a.xml", b"<?xml encoding='utf-16'?>")
def test_no_bytes_bring_a_reader_down(name: str, data: bytes):
    """Each input gives a source, or faults whose texts exist in both languages."""
    for violation in faults(name, data):
        assert violation.code in catalogue()
        assert violation.text("en")
        assert violation.text("zh")


@given(
    name=st.sampled_from(["a.csv", "a.xml", "a.json"]),
    text=st.text(st.sampled_from("<>/a=\"'&;{}[]:,.01\\u\n\r\t数?!-"), max_size=60),
)
def test_no_text_brings_a_reader_down(name: str, text: str):
    """Text that is nearly a format reaches deeper than bytes do."""
    assert all(violation.place is not None for violation in faults(name, text.encode()))
