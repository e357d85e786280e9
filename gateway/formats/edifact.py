"""Reads EDIFACT: an element for each segment, with its elements and components below it by number."""

from __future__ import annotations

from functools import cache

from lxml import etree

from gateway.errors import RejectedError
from gateway.formats.edifact_envelope import read_interchange
from gateway.formats.edifact_interchange import Interchange, Message
from gateway.formats.edifact_syntax import Segment
from gateway.formats.source import Source


def read_edifact(name: str, data: bytes, encoding: str = "") -> Source:
    """Read an interchange of any number of messages.

    The tree is `Interchange` with `UNB`, a `Message` for each message, and `UNZ`. A segment is an element
    of its tag; `e2` below it is its second element, or that composite's first component, `e2.3` the third.
    Each segment says in `at` what people call it, and in `line` where it stands.

    Raises:
        RejectedError: With every `edifact.*` fault of the syntax at once.
    """
    found = read_interchange(name, data, encoding)
    if found.faults:
        raise RejectedError(found.violations())
    return Source(name, "edifact", found.opened.encoding, _tree(found), found.opened.warnings)


def _tree(found: Interchange) -> etree._Element:
    root = etree.Element("Interchange", line=str(found.header.line), at="UNB")
    _add(root, found.header, found, 0)
    for part in found.parts:
        if isinstance(part, Message):
            first = part.segments[0]
            at = f"message {part.number}" if len(found.messages) > 1 else "message"
            message = etree.SubElement(root, "Message", line=str(first.line), at=at)
            for segment in part.segments:
                _add(message, segment, found, part.number)
        else:
            _add(root, part, found, 0)
    if found.trailer is not None:
        _add(root, found.trailer, found, 0)
    return root


def _add(parent: etree._Element, segment: Segment, found: Interchange, message: int) -> None:
    at = found.whereabouts(message, segment)
    made = etree.SubElement(parent, segment.tag, line=str(segment.line), at=at)
    for value in segment.values:
        below = etree.SubElement(made, _name(value.element, value.component))
        if value.repetition > 1:
            below.set("repetition", str(value.repetition))
        below.text = value.text


@cache
def _name(element: int, component: int) -> str:
    return f"e{element}" if component == 1 else f"e{element}.{component}"
