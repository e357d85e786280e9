"""The syntax of UN/EDIFACT (ISO 9735, versions 1 to 4): service characters, segments and their values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

# No field of any message comes near these; they bound what a hostile file can cost.
MAX_SEGMENT = 100_000
MAX_SEGMENTS = 200_000
MAX_VALUES = 500_000

_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class ServiceCharacters:
    """What separates; empty for a function that is not in use."""

    component: str = ":"
    element: str = "+"
    decimal: str = "."
    release: str = "?"
    repetition: str = ""
    terminator: str = "'"

    @classmethod
    def from_advice(cls, advice: str) -> ServiceCharacters:
        """Take them from the six characters after UNA.

        Raises:
            ValueError: One stands for two functions, or is a letter or digit.
        """
        component, element, decimal, release, repetition, terminator = tuple(advice)
        used = [component, element, terminator, *(each for each in (release, repetition) if each != " ")]
        if len(set(used)) < len(used) or any(each.isalnum() or each in _SPACE for each in used):
            raise ValueError(advice)
        return cls(component, element, decimal, release.strip(), repetition.strip(), terminator)

    def escaped(self, text: str) -> str:
        """Write a value so that none of its characters separates."""
        special = f"{self.component}{self.element}{self.release}{self.repetition}{self.terminator}"
        return re.sub(f"[{re.escape(special)}]", lambda found: self.release + found[0], text)


class Value(NamedTuple):
    """A component that is not empty; one of a simple element is component 1."""

    element: int
    component: int
    repetition: int
    text: str


@dataclass(slots=True)
class Segment:
    """One segment with the line of the file on which it begins.

    Attributes:
        line: Counted from 1.
        tag: Three characters, if it is sound.
        values: What it holds, in order.
        broken: A line break stands within it.
        position: Its number in the message, counted from UNH as 1; 0 outside of any.
    """

    line: int
    tag: str
    values: list[Value] = field(default_factory=list)
    broken: bool = False
    position: int = 0

    def get(self, element: int, component: int = 1) -> str:
        """Return a value, or nothing."""
        wanted = (element, component)
        return next((v.text for v in self.values if (v.element, v.component) == wanted), "")

    def composite(self, element: int) -> list[str]:
        """Return every component of an element, the empty ones between them too."""
        found = {each.component: each.text for each in self.values if each.element == element}
        return [found.get(number, "") for number in range(1, max(found, default=0) + 1)]


class SyntaxStopError(Exception):
    """Nothing after this place can be read.

    Attributes:
        code: `edifact.unterminated-segment`, `edifact.huge-segment`, `edifact.too-many-segments` or
            `edifact.too-many-values`.
        segment: What begins there.
        limit: What was exceeded.
    """

    def __init__(self, code: str, segment: Segment, limit: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.segment = segment
        self.limit = limit


def segments(text: str, characters: ServiceCharacters, line: int = 1) -> Iterator[Segment]:
    """Yield the segments of a text; line breaks and spaces between two of them mean nothing.

    Raises:
        SyntaxStopError: The rest cannot be read.
    """
    whole = _pattern(characters)
    begin = _skip(text, 0)
    line += _lines(text, 0, begin)
    count = values = 0
    while begin < len(text):
        found = whole.match(text, begin, begin + MAX_SEGMENT)
        if found is None:
            segment = Segment(line, text[begin : begin + 3])
            if len(text) - begin > MAX_SEGMENT:
                raise SyntaxStopError("edifact.huge-segment", segment, MAX_SEGMENT)
            raise SyntaxStopError("edifact.unterminated-segment", segment)
        segment = _segment(found[0][:-1], line, characters)
        count, values = count + 1, values + len(segment.values)
        if count > MAX_SEGMENTS:
            raise SyntaxStopError("edifact.too-many-segments", segment, MAX_SEGMENTS)
        if values > MAX_VALUES:
            raise SyntaxStopError("edifact.too-many-values", segment, MAX_VALUES)
        yield segment
        line += _lines(text, begin, found.end())
        begin = _skip(text, found.end())
        line += _lines(text, found.end(), begin)


def _pattern(characters: ServiceCharacters) -> re.Pattern[str]:
    end = re.escape(characters.terminator)
    if not characters.release:
        return re.compile(f"[^{end}]*+{end}")
    release = re.escape(characters.release)
    # Possessive: what does not end is found out in one pass, without going back.
    plain = f"[^{release}{end}]*+"
    return re.compile(f"(?s:{plain}(?:{release}.{plain})*+){end}")


def _skip(text: str, begin: int) -> int:
    while begin < len(text) and text[begin] in _SPACE:
        begin += 1
    return begin


def _lines(text: str, begin: int, end: int) -> int:
    """Count line ends; a carriage return alone is one, too."""
    feeds = text.count("\n", begin, end)
    return feeds or text.count("\r", begin, end)


def _segment(body: str, line: int, characters: ServiceCharacters) -> Segment:
    # Most segments release nothing, and are split by the faster way.
    release = characters.release if characters.release and characters.release in body else ""
    first, *elements = split(body, characters.element, release)
    tag = split(first, characters.component, release)[0]
    made = Segment(line, tag, broken="\n" in body or "\r" in body)
    for number, element in enumerate(elements, 1):
        if not element:
            continue
        repeated = split(element, characters.repetition, release) if characters.repetition else [element]
        for repetition, each in enumerate(repeated, 1):
            for component, text in enumerate(split(each, characters.component, release), 1):
                if text:
                    made.values.append(Value(number, component, repetition, unescaped(text, release)))
    return made


def split(text: str, separator: str, release: str) -> list[str]:
    """Split at each separator that no release character takes away; what is released stays so."""
    parts = text.split(separator)
    if not release or release not in text:
        return parts
    whole: list[str] = []
    pending: list[str] = []
    for part in parts:
        pending.append(part)
        # An odd number of them releases the separator that follows.
        if (len(part) - len(part.rstrip(release))) % 2 == 0:
            whole.append(separator.join(pending))
            pending = []
    if pending:
        whole.append(separator.join(pending))
    return whole


def unescaped(text: str, release: str) -> str:
    """Take the release characters away, and leave what they released."""
    if not release or release not in text:
        return text
    return re.sub(f"{re.escape(release)}(.)", r"\1", text, flags=re.DOTALL)
