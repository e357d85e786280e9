"""EDIFACT from nobody's friend: read or refused, in bounded time and room, and never anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RejectedError
from gateway.formats import ReadOptions, acknowledgement, read
from gateway.formats.edifact_syntax import MAX_SEGMENT, MAX_SEGMENTS
from tests.services.edifact import interchange, message

SOUND = interchange(message("1", "X:D:96B:UN", "BGM+929+MF-1+9", "FTX+a?+b*c")).encode()
HEAD = b"UNB+UNOW:3+A+B+261005:0930+1'"
PIECES = [
    b"UNA:+.? '",
    b"UNB+UNOA:3+A+B+261005:0930+1'",
    b"UNG+1'",
    b"UNH+1+X:D:96B:UN'",
    b"UNT+2+1'",
    b"UNE+1+1'",
]
PIECES += [
    b"UNZ+1+1'",
    b"BGM+1'",
    b"?",
    b"'",
    b"+",
    b":",
    b"*",
    b"\r\n",
    b"\xb0\xa1",
    "榴".encode(),
    b"\x00",
    b"UNB",
]


def read_or_refuse(data: bytes, encoding: str = "") -> list[str]:
    """Return the codes of the refusal; anything but reading or refusing fails the test."""
    try:
        read("a.edi", data, ReadOptions(format="edifact", encoding=encoding))
    except RejectedError as fault:
        for violation in fault.violations:
            assert violation.text("en")
            assert violation.text("zh")
        return [violation.code for violation in fault.violations]
    return []


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes):
    """Noise, and noise that begins as an interchange does."""
    for each in (data, HEAD + data, b"UNA" + data, b"UNA:+.? 'UNB+" + data):
        read_or_refuse(each)
        acknowledgement(each)


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.sampled_from(["", "gb18030", "utf-8"]))
def test_any_order_of_pieces_is_read_or_refused(pieces: list[bytes], encoding: str):
    """Headers, trailers and separators wherever they like; the acknowledgement agrees with the reader."""
    data = b"".join(pieces)
    codes = read_or_refuse(data, encoding)
    answer = acknowledgement(data, encoding)
    if answer is not None:
        assert (b"+4" in answer.partition(b"UCI+")[2]) == bool(codes)


@given(st.integers(0, len(SOUND)), st.integers(0, 255))
def test_one_wrong_byte_is_read_or_refused(position: int, byte: int):
    """Any byte of a sound interchange, changed to any other."""
    read_or_refuse(SOUND[:position] + bytes([byte]) + SOUND[position + 1 :])


@pytest.mark.parametrize("end", range(len(SOUND) - 2))
def test_an_interchange_that_was_cut_off_is_refused(end: int):
    """Wherever the line broke; nothing of it counts as whole."""
    assert read_or_refuse(SOUND[:end]) != []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (HEAD + b"UNH+1+X:D:96B:UN'" + b"FTX+'" * 1_000_000, "edifact.too-many-segments"),
        (HEAD + b"UNH+1+X'" + (b"FTX+1" + b":1" * 40_000 + b"'") * 13, "edifact.too-many-values"),
        (HEAD + b"UNH+1+X'FTX+" + b"x" * MAX_SEGMENT + b"'", "edifact.huge-segment"),
        (HEAD + b"?" * 8_000_000, "edifact.huge-segment"),
        (HEAD + b"?+" * (MAX_SEGMENT // 2 - 1) + b"'", "edifact.bad-tag"),
        (HEAD + b"UNH+1+X'" * (MAX_SEGMENTS - 2), "edifact.not-closed"),
        (HEAD + b"ABC'" * (MAX_SEGMENTS - 2), "edifact.out-of-place"),
        (HEAD + b"UNZ'" * 1_000_000, "edifact.count-differs"),
    ],
    ids=["segments", "values", "segment", "releases", "released", "headers", "astray", "trailers"],
)
def test_what_is_too_much_is_refused_before_it_costs_anything(data: bytes, code: str):
    """A limit for whatever an interchange can have many of, and no more faults than anybody reads."""
    codes = read_or_refuse(data)
    assert code in codes
    assert len(codes) <= 201
