"""CONTRL: tells the sender of an EDIFACT interchange whether its syntax is sound, and where it is not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from hashlib import sha256

from gateway.errors import RejectedError
from gateway.formats.edifact_envelope import read_interchange
from gateway.formats.edifact_interchange import Fault, Interchange, Message
from gateway.formats.edifact_syntax import Segment, ServiceCharacters
from gateway.formats.edifact_text import looks_like_edifact

_REJECTED, _ACKNOWLEDGED = "4", "7"
_UNSPECIFIED = "18"
# Data element 0085, the syntax error.
_ERRORS = {
    "edifact.unknown-syntax-version": "2",
    "edifact.missing-element": "13",
    "edifact.not-closed": "13",
    "edifact.unterminated-segment": "13",
    "edifact.line-break": "21",
    "edifact.reference-twice": "26",
    "edifact.reference-differs": "28",
    "edifact.count-differs": "29",
    "edifact.no-message": "32",
    "edifact.out-of-place": "33",
    "edifact.second-interchange": "33",
}
_SERVICE = frozenset({"UNB", "UNZ", "UNG", "UNE", "UNH", "UNT"})
_DATE, _TIME = re.compile("[0-9]{6}|[0-9]{8}"), re.compile("[0-9]{4}")
_SENDER, _RECIPIENT, _PREPARED, _REFERENCE, _TEST = 2, 3, 4, 5, 11
_MOST_SEGMENTS = 999

# An element is a text, or a list of components.
_Element = str | Sequence[str]


def acknowledgement(data: bytes, agreed: str = "") -> bytes | None:
    """Write the CONTRL to an interchange: acknowledged, or rejected with every fault of its syntax.

    It depends on nothing but the interchange, so that the same bytes get the same answer: its reference is
    made of theirs, and its time of preparation is theirs (ER-04). There is none where UNB does not say
    whom to answer, nor to a CONTRL, which is never answered.
    """
    if not looks_like_edifact(data):
        return None
    try:
        found = read_interchange("", data, agreed)
    except RejectedError:
        return None
    header = found.header
    prepared = header.composite(_PREPARED)
    told = (header.get(_SENDER), header.get(_RECIPIENT), header.get(_REFERENCE))
    if not all(told) or not _is_moment(prepared) or _is_contrl(found):
        return None
    reference = sha256(data).hexdigest()[:14].upper()
    message = ["CONTRL", "4", "1", "UN"] if header.get(1, 2) == "4" else ["CONTRL", "D", "3", "UN"]
    body: list[tuple[str, list[_Element]]] = [("UNH", ["1", message]), *_body(found)]
    envelope: list[_Element] = [header.composite(1), header.composite(_RECIPIENT), header.composite(_SENDER)]
    envelope += [prepared, reference, *[""] * (_TEST - _REFERENCE - 1), header.get(_TEST)]
    segments: list[tuple[str, list[_Element]]] = [
        ("UNB", envelope),
        *body,
        ("UNT", [str(len(body) + 1), "1"]),
        ("UNZ", ["1", reference]),
    ]
    characters = found.characters
    text = _advice(found) + "".join(_written(tag, elements, characters) for tag, elements in segments)
    return text.encode(found.opened.encoding)


def _is_moment(prepared: Sequence[str]) -> bool:
    return len(prepared) > 1 and bool(_DATE.fullmatch(prepared[0]) and _TIME.fullmatch(prepared[1]))


def _is_contrl(found: Interchange) -> bool:
    return any(message.segments and message.segments[0].get(2) == "CONTRL" for message in found.messages)


def _body(found: Interchange) -> Iterator[tuple[str, list[_Element]]]:
    """Yield UCI, and for each message with a fault UCM with its segments."""
    header = found.header
    subject: list[_Element] = [
        header.get(_REFERENCE),
        header.composite(_SENDER),
        header.composite(_RECIPIENT),
    ]
    grouped = any(isinstance(part, Segment) for part in found.parts)
    named = {message.number for message in found.messages if _can_be_named(message) and not grouped}
    around = [fault for fault in found.faults if fault.message not in named]
    action = _REJECTED if found.faults else _ACKNOWLEDGED
    yield "UCI", [*subject, action, *(_service_error(around[0]) if around else [])]
    for message in found.messages:
        faults = [fault for fault in found.faults if fault.message == message.number]
        if faults and message.number in named:
            yield from _message(message, faults)


def _can_be_named(message: Message) -> bool:
    """Tell whether its reference is there, and of its identifier all that UCM must repeat."""
    header = message.segments[0] if message.segments else None
    return header is not None and all((header.get(1), *(header.get(2, each) for each in range(1, 5))))


def _message(message: Message, faults: Sequence[Fault]) -> Iterator[tuple[str, list[_Element]]]:
    header = message.segments[0]
    service = [fault for fault in faults if fault.segment.tag in _SERVICE]
    error = _service_error(service[0]) if service else []
    yield "UCM", [header.get(1), header.composite(2), _REJECTED, *error]
    inner = [fault for fault in faults if fault.segment.tag not in _SERVICE]
    for fault in inner[:_MOST_SEGMENTS]:
        yield "UCS", [str(fault.segment.position), _code(fault)]


def _service_error(fault: Fault) -> list[_Element]:
    tag = fault.segment.tag if fault.segment.tag in _SERVICE else ""
    # Elements are counted with the tag as the first one; only a composite has components.
    spot = [str(fault.element + 1), *([str(fault.component)] if fault.component else [])]
    return [_code(fault), tag, *([spot] if fault.element and tag else [])]


def _code(fault: Fault) -> str:
    return _ERRORS.get(fault.violation.code, _UNSPECIFIED)


def _advice(found: Interchange) -> str:
    if not found.opened.advised:
        return ""
    c = found.characters
    return f"UNA{c.component}{c.element}{c.decimal}{c.release or ' '}{c.repetition or ' '}{c.terminator}"


def _written(tag: str, elements: Sequence[_Element], characters: ServiceCharacters) -> str:
    written = [
        characters.escaped(each)
        if isinstance(each, str)
        else characters.component.join(map(characters.escaped, each)).rstrip(characters.component)
        for each in elements
    ]
    while written and not written[-1]:
        written.pop()
    return characters.element.join([tag, *written]) + characters.terminator
