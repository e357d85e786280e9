"""Bytes to text: the byte order mark, the declared encoding, then UTF-16 by its zeros, UTF-8, GB18030."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from gateway.errors import Place, RejectedError, Violation, refuse

# GB2312 and GBK are subsets of GB18030; senders declare the small name and use the large set.
_NAMES = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "gb18030": "gb18030",
    "gb-18030": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "gb2312": "gb18030",
    "utf-16": "utf-16",
    "utf16": "utf-16",
    "utf-16le": "utf-16",
    "utf-16-le": "utf-16",
    "utf-16be": "utf-16",
    "utf-16-be": "utf-16",
}
# The mark of UTF-32 begins as that of UTF-16 does, so that it is looked for first.
_REFUSED_MARKS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_ALL = ("utf-8", "gb18030")
_SAMPLE = 4096
_ONE_IN = 4

# Whatever XML 1.0 cannot carry can never reach customs.
ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Text:
    """Decoded bytes.

    Attributes:
        text: The text without a byte order mark.
        encoding: `utf-8`, `gb18030` or `utf-16`.
        warnings: A declaration that the bytes seem to contradict.
    """

    text: str
    encoding: str
    warnings: tuple[Violation, ...] = ()


def canonical(name: str, place: Place) -> str:
    """Return the one name of an encoding.

    Raises:
        RejectedError: `format.unknown-encoding`.
    """
    found = _NAMES.get(name.strip().lower().replace("_", "-"))
    if found is None:
        raise refuse("format.unknown-encoding", place=place, encoding=name)
    return found


def decode(data: bytes, declared: str, place: Place) -> Text:
    """Decode the bytes; a mark of the file itself wins, then the declaration; what disagrees is told.

    Raises:
        RejectedError: `format.empty-file`, `format.unknown-encoding`, `format.wrong-encoding`,
            `format.unreadable-bytes` (with the offset of the byte),
            or `format.control-character`.
    """
    if data.startswith(_REFUSED_MARKS):
        raise refuse("format.unknown-encoding", place=place, encoding="UTF-32")
    wanted = canonical(declared, place) if declared else ""
    mark = next((mark for mark in _MARKS if data.startswith(mark)), b"")
    if mark:
        found = _shown(_MARKS[mark])
        warnings = () if wanted in {"", found} else (disagreement(declared, f"{found.upper()} (BOM)", place),)
        text = Text(_strict(data[len(mark) :], _MARKS[mark], place, len(mark)), found, warnings)
    elif wanted == "utf-16":
        order = wide(data)
        if data and not order:
            # Without a single zero it has no letter, digit, comma or line end of UTF-16.
            raise _not_in(wanted, data, 0, 0, place)
        text = Text(_strict(data, order or wanted, place, 0), wanted)
    elif wanted == "utf-8":
        text = Text(_strict(data, wanted, place, 0), wanted)
    elif wanted:
        text = Text(_strict(data, wanted, place, 0), wanted, _suspicion(data, declared, place))
    else:
        text = _guess(data, place)
    text = Text(text.text.removeprefix("\ufeff"), text.encoding, text.warnings)
    if not text.text.strip():
        raise refuse("format.empty-file", place=place)
    _refuse_control_characters(text.text, place)
    return text


def wide(data: bytes) -> str:
    """Return which UTF-16 it is, by a mark or by where the zeros of plain letters stand; else nothing."""
    for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if data.startswith(mark) and not data.startswith(_REFUSED_MARKS):
            return _MARKS[mark]
    sample = data[:_SAMPLE]
    first, second = sample[::2].count(0), sample[1::2].count(0)
    # Chinese with its commas has some; a single zero is a fault of another encoding.
    if bool(first) is bool(second) or (first + second) * 2 * _ONE_IN < len(sample):
        return ""
    return "utf-16-be" if first else "utf-16-le"


def disagreement(declared: str, found: str, place: Place) -> Violation:
    """Tell that the agreement and the file itself name different encodings."""
    values = {"declared": declared, "found": found}
    return Violation("format.encoding-disagrees", values=values, place=place, warning=True)


def _strict(data: bytes, encoding: str, place: Place, skipped: int) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as fault:
        raise _not_in(encoding, data, fault.start, skipped, place) from fault


def _not_in(encoding: str, data: bytes, at: int, skipped: int, place: Place) -> RejectedError:
    other = next((each for each in _ALL if each != encoding and _reads_as(data, each)), "")
    return refuse(
        "format.wrong-encoding" if other else "format.unreadable-bytes",
        place=place,
        encoding=_shown(encoding).upper(),
        other=other.upper(),
        offset=at + skipped,
        byte=f"{data[at]:02X}",
    )


def _shown(encoding: str) -> str:
    """Return the name without the order of bytes, which nobody declares."""
    return "utf-16" if encoding.startswith("utf-16") else encoding


def _guess(data: bytes, place: Place) -> Text:
    if order := wide(data):
        return Text(_strict(data, order, place, 0), "utf-16")
    try:
        return Text(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as as_utf8:
        try:
            return Text(data.decode("gb18030"), "gb18030")
        except UnicodeDecodeError as fault:
            # The encoding that got further is the one that was probably meant.
            best = max(as_utf8, fault, key=lambda found: found.start)
            raise refuse(
                "format.unreadable-bytes",
                place=place,
                encoding="UTF-8 / GB18030",
                offset=best.start,
                byte=f"{data[best.start]:02X}",
            ) from fault


def _reads_as(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _suspicion(data: bytes, declared: str, place: Place) -> tuple[Violation, ...]:
    """Chinese in UTF-8 mostly decodes as GB18030 too, to nonsense; the reverse hardly ever happens."""
    if data.isascii() or not _reads_as(data, "utf-8"):
        return ()
    values = {"declared": declared, "found": "UTF-8"}
    return (Violation("format.encoding-suspect", values=values, place=place, warning=True),)


def _refuse_control_characters(text: str, place: Place) -> None:
    found = ILLEGAL.search(text)
    if found is None:
        return
    row = text.count("\n", 0, found.start()) + 1
    values = {"character": f"U+{ord(found[0]):04X}", "row": row}
    raise RejectedError([Violation("format.control-character", values=values, place=Place(place.file, row))])
