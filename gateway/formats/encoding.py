"""Bytes to text: the byte order mark, the declared encoding, then strict UTF-8, then strict GB18030."""

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
}
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)

# Whatever XML 1.0 cannot carry can never reach customs.
ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Text:
    """Decoded bytes.

    Attributes:
        text: The text without a byte order mark.
        encoding: `utf-8` or `gb18030`.
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
    if data.startswith(_WIDE_MARKS):
        raise refuse("format.unknown-encoding", place=place, encoding="UTF-16 / UTF-32")
    marked = data.startswith(codecs.BOM_UTF8)
    body = data[3:] if marked else data
    wanted = canonical(declared, place) if declared else ""
    if marked or wanted == "utf-8":
        warnings = (disagreement(declared, "UTF-8 (BOM)", place),) if wanted == "gb18030" else ()
        text = Text(_strict(body, "utf-8", place, 3 if marked else 0), "utf-8", warnings)
    elif wanted:
        text = Text(_strict(body, wanted, place, 0), wanted, _suspicion(body, declared, place))
    else:
        text = _guess(body, place)
    text = Text(text.text.removeprefix("\ufeff"), text.encoding, text.warnings)
    if not text.text.strip():
        raise refuse("format.empty-file", place=place)
    _refuse_control_characters(text.text, place)
    return text


def disagreement(declared: str, found: str, place: Place) -> Violation:
    """Tell that the agreement and the file itself name different encodings."""
    values = {"declared": declared, "found": found}
    return Violation("format.encoding-disagrees", values=values, place=place, warning=True)


def _strict(data: bytes, encoding: str, place: Place, skipped: int) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as fault:
        other = "gb18030" if encoding == "utf-8" else "utf-8"
        code = "format.wrong-encoding" if _reads_as(data, other) else "format.unreadable-bytes"
        raise refuse(
            code,
            place=place,
            encoding=encoding.upper(),
            other=other.upper(),
            offset=fault.start + skipped,
            byte=f"{data[fault.start]:02X}",
        ) from fault


def _guess(data: bytes, place: Place) -> Text:
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
