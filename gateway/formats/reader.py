"""The entry of the room: tells the format of an interchange and hands it to that format's reader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from gateway.errors import Place, refuse
from gateway.formats.csv_format import read_csv
from gateway.formats.edifact import read_edifact
from gateway.formats.edifact_text import looks_like_edifact
from gateway.formats.json_format import read_json
from gateway.formats.source import Format, Source, Unreadable
from gateway.formats.xml_format import read_xml

# A tree is read whole and takes twenty times its room, a table is read row by row.
MAX_BYTES = 16 * 1024 * 1024
MAX_TABLE_BYTES = 64 * 1024 * 1024

_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".xml": "xml",
    ".json": "json",
    ".edi": "edifact",
}

# The first bytes of files that people send by mistake instead of a text file.
_BINARIES = {
    b"PK\x03\x04": "ZIP / XLSX",
    b"\xd0\xcf\x11\xe0": "XLS / DOC",
    b"%PDF": "PDF",
    b"\x1f\x8b": "GZIP",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7-Zip",
    b"\x89PNG": "PNG",
}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a partner's agreement declares about its files; empty means: find out.

    Attributes:
        format: `csv`, `xml`, `json` or `edifact`.
        encoding: `utf-8` or `gb18030` (with its subsets `gbk` and `gb2312`), of CSV files without a
            byte order mark and XML files without a declaration.
        delimiter: The one character between two cells of a CSV file.
    """

    format: Format | None = None
    encoding: str = ""
    delimiter: str = ""


def read_all(name: str, data: bytes, options: ReadOptions | None = None) -> Iterator[Source | Unreadable]:
    """Yield the sources of one interchange, in the order of their names: one, unless it is a ZIP (ER-02).

    Raises:
        RejectedError: It cannot be read, or as a ZIP it is unsound as a whole; raised before the first source.
    """
    yield read(name, data, options)


def read(name: str, data: bytes, options: ReadOptions | None = None) -> Source:
    """Read the bytes of one interchange (ER-02).

    Raises:
        RejectedError: With every fault found, each a `format.*`, `xml.*` or `edifact.*` code with its place.
    """
    options = options or ReadOptions()
    place = Place(name)
    for start, kind in _BINARIES.items():
        if data.startswith(start):
            raise refuse("format.binary-file", place=place, kind=kind)
    kind = options.format or _detect(name, data)
    limit = MAX_TABLE_BYTES if kind == "csv" else MAX_BYTES
    if len(data) > limit:
        raise refuse("format.too-large", place=place, size=len(data), limit=limit)
    if kind == "xml":
        return read_xml(name, data, options.encoding)
    if kind == "json":
        return read_json(name, data)
    if kind == "edifact":
        return read_edifact(name, data, options.encoding)
    return read_csv(name, data, options.encoding, options.delimiter)


def _detect(name: str, data: bytes) -> Format:
    """Tell the format by suffix and first character; a contradiction of the two is refused."""
    start = data[:64].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    by_suffix = _SUFFIXES.get(PurePath(name).suffix.lower())
    if looks_like_edifact(data):
        # Nothing else begins so, and many send it as .txt.
        by_content: Format | None = "edifact"
        by_suffix = None if by_suffix == "csv" else by_suffix
    elif start == b"<":
        by_content = "xml"
    elif start and start in b"{[":
        by_content = "json"
    else:
        by_content = None
    if by_suffix and by_content and by_suffix != by_content:
        raise refuse(
            "format.content-differs",
            place=Place(name),
            suffix=PurePath(name).suffix,
            said=by_suffix.upper(),
            found=by_content.upper(),
        )
    return by_suffix or by_content or "csv"
