"""Goes through the segments of an EDIFACT interchange, and finds every fault of its envelope."""

from __future__ import annotations

import re

from gateway.errors import Violation
from gateway.formats.edifact_interchange import Fault, Interchange, Message
from gateway.formats.edifact_syntax import Segment, SyntaxStopError, segments
from gateway.formats.edifact_text import open_text

MAX_FAULTS = 200
# Each header with its trailer, and in which element of the header the reference stands.
_TRAILERS = {"UNB": "UNZ", "UNG": "UNE", "UNH": "UNT"}
_REFERENCES = {"UNB": 5, "UNG": 5, "UNH": 1}
# Within which headers each may begin.
_WITHIN: dict[str, list[list[str]]] = {"UNB": [[]], "UNG": [["UNB"]], "UNH": [["UNB"], ["UNB", "UNG"]]}
_AROUND = frozenset({"UNB", "UNG", "UNE", "UNZ"})
_TAG = re.compile("[A-Z][A-Z0-9]{2}")
_NUMBER = re.compile("[0-9]{1,9}")


def read_interchange(name: str, data: bytes, agreed: str = "") -> Interchange:
    """Read an interchange with every fault of its syntax.

    Raises:
        RejectedError: Its bytes or its first characters cannot be read, so that nothing is known of the rest.
    """
    opened = open_text(name, data, agreed)
    return _Walk(Interchange(name, opened, Segment(opened.line, "UNB"))).whole()


class _Walk:
    """Goes through the segments once, and knows which headers are open."""

    def __init__(self, interchange: Interchange) -> None:
        self._made = interchange
        self._open: list[Segment] = []
        self._counts: list[int] = []
        self._references: set[str] = set()
        self._message: Message | None = None
        self._astray = False

    def whole(self) -> Interchange:
        made = self._made
        try:
            for segment in segments(made.opened.text, made.characters, made.opened.line):
                self._take(segment)
                if len(made.faults) >= MAX_FAULTS:
                    return made
        except SyntaxStopError as stop:
            self._place(stop.segment)
            values = {"terminator": made.characters.terminator, "limit": stop.limit}
            self._fault(Violation(stop.code, values=values), stop.segment)
            return made
        for header in reversed(self._open):
            values = {"tag": header.tag, "trailer": _TRAILERS[header.tag]}
            self._fault(Violation("edifact.not-closed", values=values), header)
        if not made.messages:
            self._fault(Violation("edifact.no-message"), made.header)
        return made

    def _take(self, segment: Segment) -> None:
        self._place(segment)
        if not _TAG.fullmatch(segment.tag):
            self._fault(Violation("edifact.bad-tag", values={"found": segment.tag[:20]}), segment)
            segment.tag = "???"
        if segment.tag == "UNA":
            raise SyntaxStopError("edifact.second-interchange", segment)
        if segment.broken:
            self._fault(Violation("edifact.line-break", values={"tag": segment.tag}), segment)
        if segment.tag in _TRAILERS:
            self._begin(segment)
        elif segment.tag in _TRAILERS.values():
            self._end(segment)
        elif self._message is None and not self._astray:
            # What follows it is astray for the same reason.
            self._out_of_place(segment, "UNH")
        self._astray = self._message is None and segment.tag not in _AROUND
        if self._message is not None and segment.tag not in _AROUND:
            self._message.segments.append(segment)
        if segment.tag == "UNT":
            self._message = None

    def _place(self, segment: Segment) -> None:
        """Give a segment its number, if it belongs to a message."""
        if segment.tag == "UNH":
            segment.position = 1
        elif self._message is not None and segment.tag not in _AROUND:
            segment.position = len(self._message.segments) + 1

    def _begin(self, segment: Segment) -> None:
        tag = segment.tag
        around = [each.tag for each in self._open]
        if tag == "UNB" and (around or self._made.trailer is not None):
            raise SyntaxStopError("edifact.second-interchange", segment)
        if self._made.trailer is not None:
            self._out_of_place(segment, "UNB")
            return
        if around not in _WITHIN[tag]:
            self._close_down_to(1 if tag == "UNG" else 2 if "UNG" in around else 1)
        self._open.append(segment)
        if self._counts:
            self._counts[-1] += 1
        self._counts.append(0)
        if tag == "UNB":
            self._made.header = segment
            self._header_faults(segment)
            return
        if tag == "UNG":
            self._made.parts.append(segment)
            self._reference_faults(segment)
            return
        self._message = Message(len(self._made.messages) + 1, [])
        self._made.messages.append(self._message)
        self._made.parts.append(self._message)
        self._reference_faults(segment)
        if not segment.get(2):
            self._missing(segment, 2, "S009 message identifier")

    def _close_down_to(self, depth: int) -> None:
        """Tell which headers have no trailer before something begins that cannot stand within them."""
        while len(self._open) > depth:
            header = self._open.pop()
            self._counts.pop()
            values = {"tag": header.tag, "trailer": _TRAILERS[header.tag]}
            self._fault(Violation("edifact.not-closed", values=values), header)
            if header.tag == "UNH":
                self._message = None

    def _end(self, segment: Segment) -> None:
        tag = segment.tag
        header_tag = next(header for header, trailer in _TRAILERS.items() if trailer == tag)
        depth = max((n for n, each in enumerate(self._open) if each.tag == header_tag), default=-1)
        if depth < 0:
            self._out_of_place(segment, header_tag)
            return
        self._close_down_to(depth + 1)
        header, counted = self._open.pop(), self._counts.pop()
        if tag == "UNT":
            counted = segment.position
        else:
            self._made.parts += [segment] if tag == "UNE" else []
            self._made.trailer = segment if tag == "UNZ" else None
        self._check_trailer(segment, header, counted)

    def _check_trailer(self, segment: Segment, header: Segment, counted: int) -> None:
        said = segment.get(1)
        if not _NUMBER.fullmatch(said) or int(said) != counted:
            values: dict[str, object] = {"tag": segment.tag, "said": said[:20] or "–", "counted": counted}
            self._fault(Violation("edifact.count-differs", values=values), segment, 1)
        wanted = header.get(_REFERENCES[header.tag])
        if segment.get(2) != wanted:
            values = {"tag": segment.tag, "said": segment.get(2)[:40] or "–", "header": header.tag}
            values |= {"reference": wanted[:40] or "–"}
            self._fault(Violation("edifact.reference-differs", values=values), segment, 2)

    def _header_faults(self, segment: Segment) -> None:
        version = segment.get(1, 2)
        if version not in {"1", "2", "3", "4"}:
            values = {"found": version[:20] or "–"}
            self._fault(Violation("edifact.unknown-syntax-version", values=values), segment, 1, 2)
        named = {2: "S002 sender", 3: "S003 recipient", 4: "S004 date and time", 5: "0020 reference"}
        for element, name in named.items():
            if not segment.get(element):
                self._missing(segment, element, name)

    def _reference_faults(self, segment: Segment) -> None:
        element = _REFERENCES[segment.tag]
        reference = segment.get(element)
        if not reference:
            self._missing(segment, element, "reference")
        elif segment.tag == "UNH":
            if reference in self._references:
                values = {"reference": reference[:40]}
                self._fault(Violation("edifact.reference-twice", values=values), segment, 1)
            self._references.add(reference)

    def _missing(self, segment: Segment, element: int, name: str) -> None:
        values = {"tag": segment.tag, "element": element, "name": name}
        self._fault(Violation("edifact.missing-element", values=values), segment, element)

    def _out_of_place(self, segment: Segment, header: str) -> None:
        values = {"tag": segment.tag, "header": header}
        self._fault(Violation("edifact.out-of-place", values=values), segment)

    def _fault(self, violation: Violation, segment: Segment, element: int = 0, component: int = 0) -> None:
        number = len(self._made.messages) if segment.position else 0
        self._made.faults.append(Fault(violation, number, segment, element, component))
