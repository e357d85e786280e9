"""The parts of an XLSX around its cells: its sheets, the texts that cells share, the formats of numbers."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lxml import etree

from gateway.errors import Place, RejectedError, refuse
from gateway.formats.archive import Archive
from gateway.xmlio import parse

CONTENT_TYPES: Final = "[Content_Types].xml"
LONGEST_TEXT: Final = 32_767

_MAIN: Final = "spreadsheetml.sheet.main+xml"
_RELATION: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_RELATION: Final = "http://purl.oclc.org/ooxml/officeDocument/relationships"
# Dates among the formats that every workbook has without naming them; those from 27 on are Chinese ones.
_BUILT_IN_DATES: Final = frozenset(map(str, [*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)]))
_NO_PATTERN: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ESCAPED: Final = re.compile("_x([0-9A-Fa-f]{4})_")
# A sheet whose name begins so explains; nobody's data are in it.
EXPLANATION: Final = "说明"


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell shows its number.

    Attributes:
        is_date: As a date, a time or both.
        digits: With so many digits at least, the missing ones being zeros at the left; 0 for no matter.
    """

    is_date: bool = False
    digits: int = 0


@dataclass(frozen=True, slots=True)
class SheetPart:
    """A sheet of the workbook: its name, and the part that has its cells."""

    name: str
    part: str


@dataclass(frozen=True, slots=True)
class Book:
    """An opened workbook.

    Attributes:
        archive: Its parts.
        sheets: The visible sheets with cells, in their order, without those that explain.
        texts: The texts that cells name by number.
        looks: How the cells of each style look.
        from_1904: Days are counted from 1904 and not from 1900.
        uncalculated: No program has calculated its formulas yet; whatever values they have mean nothing.
    """

    archive: Archive
    sheets: tuple[SheetPart, ...]
    texts: tuple[str, ...]
    looks: tuple[Look, ...]
    from_1904: bool
    uncalculated: bool


def is_office(archive: Archive) -> bool:
    """Tell whether an archive is an Office file, of whatever kind, and no ZIP of messages."""
    return not {CONTENT_TYPES, "mimetype"}.isdisjoint(archive.entries)


def open_book(archive: Archive) -> Book:
    """Open a workbook and read everything but its cells.

    Raises:
        RejectedError: `format.xlsx-macros`, `format.xlsx-other`, `format.xlsx-broken`, or `xml.*` of one
            of its parts.
    """
    _check_kind(archive)
    workbook = next(iter(_targets(archive, "", "officeDocument").values()), "")
    root = parse_part(archive, workbook)
    relations = {kind: _targets(archive, workbook, kind) for kind in ("worksheet", "sharedStrings", "styles")}
    calculation, properties = root.find("{*}calcPr"), root.find("{*}workbookPr")
    texts = tuple(text for part in relations["sharedStrings"].values() for text in _texts(archive, part))
    looks = tuple(look for part in relations["styles"].values() for look in _looks(archive, part))
    return Book(
        archive=archive,
        sheets=tuple(_sheets(root, relations["worksheet"], archive)),
        texts=texts,
        looks=looks,
        from_1904=_is_set(properties, "date1904"),
        uncalculated=_is_set(calculation, "fullCalcOnLoad"),
    )


def parse_part(archive: Archive, part: str) -> etree._Element:
    """Parse a part by the one hardened parser.

    Raises:
        RejectedError: `format.xlsx-broken` if it is not there, or `xml.*`.
    """
    place = Place(archive.name, path=part)
    if part not in archive.entries:
        raise refuse("format.xlsx-broken", place=place, reason=f"{part or 'xl/workbook.xml'} is missing")
    try:
        return parse(archive.read(part), part)
    except RejectedError as fault:
        raise RejectedError(violation.at(place) for violation in fault.violations) from fault


def text_of(item: etree._Element) -> str:
    """Return the text of a shared or inline string; how Chinese is to be pronounced is no part of it."""
    if len(item) == 1 and not len(item[0]) and str(item[0].tag).endswith("}t"):
        return unescaped(item[0].text or "")
    texts = [
        plain(node)
        for node in item.iter("{*}t")
        if not str(getattr(node.getparent(), "tag", "")).endswith("}rPh")
    ]
    return unescaped("".join(texts))


def plain(node: etree._Element) -> str:
    """Return the text of an element, which goes on behind a comment."""
    return "".join((node.text or "", *(child.tail or "" for child in node))) if len(node) else node.text or ""


def unescaped(text: str) -> str:
    """Return a text with the characters that the format writes as `_x000D_`."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _check_kind(archive: Archive) -> None:
    if CONTENT_TYPES not in archive.entries:
        raise refuse("format.xlsx-other", place=Place(archive.name))
    types = parse_part(archive, CONTENT_TYPES)
    kinds = {str(node.get("ContentType")) for node in types.iter("{*}Override", "{*}Default")}
    if any("macroEnabled" in kind or "vbaProject" in kind for kind in kinds):
        raise refuse("format.xlsx-macros", place=Place(archive.name))
    if not any(kind.endswith(_MAIN) for kind in kinds):
        raise refuse("format.xlsx-other", place=Place(archive.name))


def _targets(archive: Archive, part: str, kind: str) -> dict[str, str]:
    """Return the parts of a kind that a part refers to, by their mark; nothing outside is ever looked at."""
    folder, file = posixpath.split(part)
    relations = posixpath.join(folder, "_rels", f"{file}.rels")
    found = {}
    for node in parse_part(archive, relations).iterchildren("{*}Relationship"):
        wanted = node.get("Type") in {f"{_RELATION}/{kind}", f"{_STRICT_RELATION}/{kind}"}
        if wanted and node.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, str(node.get("Target"))))
            found[str(node.get("Id"))] = target.lstrip("/")
    return found


def _sheets(root: etree._Element, parts: dict[str, str], archive: Archive) -> Iterator[SheetPart]:
    for node in root.iterfind("{*}sheets/{*}sheet"):
        mark = node.get(f"{{{_RELATION}}}id") or node.get(f"{{{_STRICT_RELATION}}}id") or ""
        name = str(node.get("name", ""))
        if node.get("state", "visible") != "visible" or mark not in parts or name.startswith(EXPLANATION):
            continue
        part = parts[mark]
        # Whether there is a cell with anything in it; a new workbook of older programs has three sheets.
        if part not in archive.entries or re.search(rb"<(\w+:)?(v|is|f)[ />]", archive.read(part)):
            yield SheetPart(name, part)


def _texts(archive: Archive, part: str) -> Iterator[str]:
    for item in parse_part(archive, part).iterchildren("{*}si"):
        text = text_of(item)
        if len(text) > LONGEST_TEXT:
            raise refuse("format.huge-cell", place=Place(archive.name, path=part), limit=LONGEST_TEXT)
        yield text


def _looks(archive: Archive, part: str) -> Iterator[Look]:
    root = parse_part(archive, part)
    # Those of conditional formats have numbers of their own, which stand for other codes.
    named = root.iterfind("{*}numFmts/{*}numFmt")
    codes = {node.get("numFmtId"): str(node.get("formatCode")) for node in named}
    for node in root.iterfind("{*}cellXfs/{*}xf"):
        number = str(node.get("numFmtId", "0"))
        if number in codes:
            yield look_of(codes[number])
        else:
            yield Look(is_date=number in _BUILT_IN_DATES)


def look_of(code: str) -> Look:
    """Tell how a number format shows numbers, by its first section."""
    pattern = _NO_PATTERN.sub("", code).partition(";")[0]
    if re.fullmatch("0{2,30}", pattern):
        return Look(digits=len(pattern))
    return Look(is_date=re.search("[ymdhs]", pattern.lower().replace("general", "")) is not None)


def _is_set(node: etree._Element | None, attribute: str) -> bool:
    return node is not None and node.get(attribute) in {"1", "true"}
