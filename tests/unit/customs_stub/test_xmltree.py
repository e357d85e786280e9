"""How the office reads XML that it does not trust."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from customs_stub.xmltree import LARGEST, Record, UnreadableError, parse, pointer, record

BOMB = b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'
OUTSIDE = b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>'


@pytest.mark.parametrize(
    "data",
    [b"", b"<a>", b"\xff\xfe", BOMB, OUTSIDE, b"<a>" * 60 + b"</a>" * 60, b"<a>" + b" " * LARGEST + b"</a>"],
    ids=["empty", "open", "no text", "entities", "outside", "deep", "large"],
)
def test_what_is_not_plain_xml_is_unreadable(data: bytes) -> None:
    """No document type, no depth, no size beyond bounds."""
    with pytest.raises(UnreadableError):
        parse(data)


@given(st.binary(max_size=200))
def test_garbage_is_unreadable_or_xml_but_never_anything_else(data: bytes) -> None:
    """No other exception escapes."""
    try:
        root = parse(data)
    except UnreadableError:
        return
    assert etree.iselement(root)


def test_records_are_read_by_name() -> None:
    """Order, comments and empty elements do not matter; groups repeat."""
    root = parse(b"<a><!-- x --><b> 1 </b><c/><d><e>2</e></d><d><e>3</e></d></a>")
    read = record(root)
    assert (read.get("b"), read.get("c"), read.get("nothing")) == ("1", "", "")
    assert [group.get("e") for group in read.all("d")] == ["2", "3"]
    assert read.group("nothing") == Record()


def test_pointers_tell_positions_of_repeated_groups() -> None:
    """The root of the standard message is left out, that of a declaration stands."""
    root = parse(b"<Message><Manifest><Item/><Item><CodeTS/></Item></Manifest></Message>")
    assert pointer(root[0][1][0]) == "Manifest/Item[2]/CodeTS"
    assert pointer(root) == ""
    other = parse(b"<DecMessage><DecLists><DecList><GNo/></DecList></DecLists></DecMessage>")
    assert pointer(other[0][0][0]) == "DecMessage/DecLists/DecList[1]/GNo"
