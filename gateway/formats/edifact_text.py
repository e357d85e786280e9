"""From the bytes of an EDIFACT interchange to its text: UNA, and the character set that UNB names."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from gateway.errors import Place, Violation, refuse
from gateway.formats.edifact_syntax import ServiceCharacters
from gateway.formats.encoding import ILLEGAL, Text, canonical, decode, disagreement

# S001/0001 and the codec that reads it. UNOA and UNOB are ASCII; they have no way to carry Chinese.
# ISO 2022 (UNOX) and KECA leave open which sets they switch between.
CHARACTER_SETS = {
    "UNOA": "ascii",
    "UNOB": "ascii",
    "UNOC": "iso8859-1",
    "UNOD": "iso8859-2",
    "UNOE": "iso8859-5",
    "UNOF": "iso8859-7",
    "UNOG": "iso8859-3",
    "UNOH": "iso8859-4",
    "UNOI": "iso8859-6",
    "UNOJ": "iso8859-8",
    "UNOK": "iso8859-9",
    "UNOW": "utf-8",
    "UNOY": "utf-8",
}
_HEAD = re.compile(
    rb"(?s)\s*(?:UNA(?P<advice>.{6})\s*)?UNB(?P<element>[^A-Za-z0-9\s])(?P<syntax>[^\r\n]{0,40})"
)
_BEGIN = re.compile(rb"(?s)\s*(?:UNA.{6}\s*UNB|UNB[^A-Za-z0-9\s](?:UNO|KECA))")
_SYNTAX_4 = "4"


@dataclass(frozen=True, slots=True)
class Opened:
    """The text of an interchange, and how to take it apart.

    Attributes:
        text: From UNB on.
        line: The line of the file on which UNB stands.
        encoding: The encoding that it was read in.
        characters: Its service characters.
        advised: The sender has written them down in a UNA.
        warnings: What was strange about its character set.
    """

    text: str
    line: int
    encoding: str
    characters: ServiceCharacters
    advised: bool
    warnings: tuple[Violation, ...]


def looks_like_edifact(data: bytes) -> bool:
    """Tell whether bytes begin as an interchange does; nothing else does."""
    start = data[:100].removeprefix(codecs.BOM_UTF8)
    return _BEGIN.match(start) is not None


def open_text(name: str, data: bytes, agreed: str) -> Opened:
    """Decode an interchange.

    UNB names the character set. What the agreement declares takes the place of one that has no Chinese, and
    is told. Without one, what is not ASCII though UNB says so is taken as UTF-8 or GB18030, and told.

    Raises:
        RejectedError: `edifact.no-interchange`, `edifact.bad-service-string`,
            `edifact.unknown-character-set`, or a fault of `encoding.decode`.
    """
    place = Place(name)
    marked = data.startswith(codecs.BOM_UTF8)
    head = _HEAD.match(data[3:] if marked else data, 0, 1000)
    if head is None:
        shown = data[:20].decode("ascii", "replace")
        raise refuse("edifact.no-interchange", place=place, found=ILLEGAL.sub("�", shown))
    advice = head["advice"].decode("latin-1") if head["advice"] else ""
    try:
        characters = ServiceCharacters.from_advice(advice) if advice else ServiceCharacters()
    except ValueError as fault:
        raise refuse("edifact.bad-service-string", place=place, found=ILLEGAL.sub("�", advice)) from fault
    syntax = head["syntax"].decode("latin-1").split(characters.element)[0].split(characters.component)
    if syntax[1:2] != [_SYNTAX_4]:
        # Before version 4 that place of UNA is reserved and separates nothing.
        characters = _with_repetition(characters, "")
    elif not advice:
        characters = _with_repetition(characters, "*")
    text = _decode(data, ILLEGAL.sub("�", syntax[0]), agreed, place)
    start = text.text.index("UNB", text.text.index("UNA") + 9 if advice else 0)
    return Opened(
        text.text[start:],
        text.text.count("\n", 0, start) + 1,
        text.encoding,
        characters,
        bool(advice),
        text.warnings,
    )


def _with_repetition(characters: ServiceCharacters, repetition: str) -> ServiceCharacters:
    return ServiceCharacters(
        characters.component,
        characters.element,
        characters.decimal,
        characters.release,
        repetition,
        characters.terminator,
    )


def _decode(data: bytes, said: str, agreed: str, place: Place) -> Text:
    codec = CHARACTER_SETS.get(said)
    if codec is None:
        known = ", ".join(CHARACTER_SETS)
        raise refuse("edifact.unknown-character-set", place=place, found=said, known=known)
    if codec == "utf-8":
        text = decode(data, "utf-8", place)
        if agreed and canonical(agreed, place) != "utf-8":
            return Text(text.text, text.encoding, (*text.warnings, disagreement(agreed, said, place)))
        return text
    if agreed or codec == "ascii":
        text = decode(data, agreed, place)
        if data.isascii():
            return Text(text.text, text.encoding)
        values = {"declared": said, "found": text.encoding.upper()}
        told = Violation("edifact.other-character-set", values=values, place=place, warning=True)
        return Text(text.text, text.encoding, (told, *text.warnings))
    try:
        plain = data.decode(codec)
    except UnicodeDecodeError as fault:
        byte = f"{data[fault.start]:02X}"
        offset = fault.start
        raise refuse(
            "format.unreadable-bytes", place=place, encoding=said, offset=offset, byte=byte
        ) from fault
    # Whatever is sound in UTF-8 too was most likely meant so; control characters are refused alike.
    text = decode(plain.encode("utf-8"), "utf-8", place)
    return Text(text.text, codec, _suspicion(data, said, place))


def _suspicion(data: bytes, said: str, place: Place) -> tuple[Violation, ...]:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return ()
    if data.isascii():
        return ()
    values = {"declared": said, "found": "UTF-8"}
    return (Violation("format.encoding-suspect", values=values, place=place, warning=True),)
