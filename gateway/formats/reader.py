"""The entry of the room: tells the format of an interchange and hands it to that format's reader."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from gateway.errors import Place, RejectedError, Violation, refuse
from gateway.formats.archive import Archive
from gateway.formats.csv_format import read_csv
from gateway.formats.edifact import read_edifact
from gateway.formats.edifact_text import looks_like_edifact
from gateway.formats.encoding import wide
from gateway.formats.json_format import read_json
from gateway.formats.source import Format, Source, Unreadable
from gateway.formats.xlsx_book import is_office
from gateway.formats.xlsx_format import read_xlsx
from gateway.formats.xml_format import read_xml
from gateway.formats.zip_format import files_of_zip

# A tree is read whole and takes twenty times its room, a table is read row by row, an archive file by file.
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
_PACKED = {".xlsx": "xlsx", ".zip": "zip"}

# The first bytes of files that people send by mistake instead of a text file.
_BINARIES = {
    b"%PDF": "PDF",
    b"\x1f\x8b": "GZIP",
    b"Rar!": "RAR",
    b"7z\xbc\xaf": "7-Zip",
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
}
_ZIPS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_OLE = b"\xd0\xcf\x11\xe0"
_PASSWORD = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a partner's agreement declares about its files; empty means: find out.

    Attributes:
        format: `csv`, `xlsx`, `xml`, `json` or `edifact`.
        encoding: `utf-8`, `utf-16` or `gb18030` (with its subsets `gbk` and `gb2312`), of CSV files
            without a byte order mark and XML files without a declaration.
        delimiter: The one character between two cells of a CSV file.
    """

    format: Format | None = None
    encoding: str = ""
    delimiter: str = ""


def read_all(name: str, data: bytes, options: ReadOptions | None = None) -> Iterator[Source | Unreadable]:
    """Yield the sources of one interchange, in the order of their names: one, unless it is a ZIP (ER-02).

    Raises:
        RejectedError: It cannot be read, or as a ZIP it is unsound as a whole; before the first source.
    """
    archive = _archive(name, data)
    if archive is None or is_office(archive):
        yield _read(name, data, archive, options or ReadOptions())
        return
    _refuse_suffix(name, "zip")
    for file, content in files_of_zip(archive):
        try:
            yield read(file, content, options)
        except RejectedError as fault:
            yield Unreadable(file, _as_attachment(fault, file))


def read(name: str, data: bytes, options: ReadOptions | None = None) -> Source:
    """Read the bytes of one file that is no ZIP of others (ER-02).

    Raises:
        RejectedError: With every fault found, each a `format.*`, `xml.*` or `edifact.*` code with its place.
    """
    archive = _archive(name, data)
    if archive is not None and not is_office(archive):
        raise refuse("format.zip-unpacked", place=Place(name), file=name)
    return _read(name, data, archive, options or ReadOptions())


def _archive(name: str, data: bytes) -> Archive | None:
    if not data.startswith(_ZIPS):
        return None
    if len(data) > MAX_TABLE_BYTES:
        raise refuse("format.too-large", place=Place(name), size=len(data), limit=MAX_TABLE_BYTES)
    return Archive(name, data)


def _read(name: str, data: bytes, archive: Archive | None, options: ReadOptions) -> Source:
    if archive is not None:
        _refuse_suffix(name, "xlsx")
        return read_xlsx(archive)
    place = Place(name)
    if data.startswith(_OLE):
        raise refuse("format.xlsx-encrypted" if _PASSWORD in data else "format.xls-refused", place=place)
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
    start = data[:64].decode(wide(data) or "latin-1", "ignore").lstrip("\ufeff\xef\xbb\xbf \t\r\n")[:1]
    by_suffix = _SUFFIXES.get(PurePath(name).suffix.lower())
    if looks_like_edifact(data):
        # Nothing else begins so, and many send it as .txt.
        if by_suffix != "csv":
            _refuse_suffix(name, "edifact")
        return "edifact"
    by_content: dict[str, Format] = {"<": "xml", "{": "json", "[": "json"}
    if start in by_content:
        _refuse_suffix(name, by_content[start])
        return by_content[start]
    if start and by_suffix is None:
        _refuse_suffix(name, "text")
    return by_suffix or "csv"


def _refuse_suffix(name: str, found: str) -> None:
    """Refuse a name whose ending says something else than the content."""
    suffix = PurePath(name).suffix
    said = {**_SUFFIXES, **_PACKED}.get(suffix.lower())
    if said and said != found:
        values = {"suffix": suffix, "said": said.upper(), "found": found.upper()}
        raise RejectedError([Violation("format.content-differs", values=values, place=Place(name))])


def _as_attachment(fault: RejectedError, file: str) -> RejectedError:
    """Tell of a print or picture in a ZIP what it is taken for: nobody meant it as a message."""
    if fault.code != "format.binary-file":
        return fault
    return refuse("format.attachment", place=Place(file), kind=str(fault.values["kind"]))
