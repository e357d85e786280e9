"""What an EDIFACT interchange is made of, as far as it could be read, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.errors import Place, Violation
from gateway.formats.edifact_syntax import Segment, ServiceCharacters
from gateway.formats.edifact_text import Opened


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of syntax, with where it stands in the terms of the standard.

    Attributes:
        violation: What is told.
        message: The message's number in the interchange, from 1; 0 outside of any.
        segment: The segment.
        element: The number of the element, or 0 for the segment as a whole.
        component: The number of the component, or 0.
    """

    violation: Violation
    message: int
    segment: Segment
    element: int = 0
    component: int = 0


@dataclass(slots=True)
class Message:
    """The segments from UNH to UNT."""

    number: int
    segments: list[Segment]


@dataclass(slots=True)
class Interchange:
    """One interchange, as far as it could be read.

    Attributes:
        name: The name of its file.
        opened: Its text and service characters.
        header: UNB.
        parts: Messages, and between them UNG and UNE.
        messages: The messages alone.
        trailer: UNZ.
        faults: Every fault of syntax.
    """

    name: str
    opened: Opened
    header: Segment
    parts: list[Message | Segment] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    trailer: Segment | None = None
    faults: list[Fault] = field(default_factory=list)

    @property
    def characters(self) -> ServiceCharacters:
        """Its service characters."""
        return self.opened.characters

    def whereabouts(self, message: int, segment: Segment) -> str:
        """Name a segment as people do; the message is named where there are several."""
        if not segment.position:
            return segment.tag
        several = f"message {message} " if len(self.messages) > 1 else ""
        return f"{several}segment {segment.position} ({segment.tag})"

    def violations(self) -> list[Violation]:
        """Return every fault with its place, as people name it."""
        told = []
        for fault in self.faults:
            path = self.whereabouts(fault.message, fault.segment)
            if fault.element:
                path += f" element {fault.element}"
                path += f".{fault.component}" if fault.component > 1 else ""
            told.append(fault.violation.at(Place(self.name, fault.segment.line, path=path)))
        return told
