"""Opens a ZIP only if all of it is what it says it is: names, sizes, ratio, order of its parts."""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.errors import Place, RejectedError, refuse
from gateway.formats.encoding import ILLEGAL

_LOCAL, _END = b"PK\x03\x04", b"PK\x05\x06"
_LOCAL_SIZE, _END_SIZE = 30, 22
_ENCRYPTED, _SIZES_LATER, _UTF8, _STRONG = 0x1, 0x8, 0x800, 0x40
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
# What is small anyway may be as repetitive as it likes: an empty form is little but repetition.
_SMALL = 1024 * 1024
_DRIVE = re.compile("[A-Za-z]:")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be in an archive.

    Attributes:
        files: So many entries.
        file_bytes: So many bytes of one file when it is unpacked.
        total_bytes: So many bytes of all of them.
        ratio: So many times as large as packed, where it is not small.
    """

    files: int
    file_bytes: int
    total_bytes: int
    ratio: int


# The same for a ZIP of messages and for a workbook, which is a ZIP of its parts.
LIMITS = Limits(files=1000, file_bytes=64 * 1024 * 1024, total_bytes=256 * 1024 * 1024, ratio=100)


class Archive:
    """A ZIP in memory, of which nothing is unpacked before everything it says of itself is checked.

    Attributes:
        name: The name under which it arrived.
        entries: The files by name, in the order of the archive; folders are left out.
    """

    def __init__(self, name: str, data: bytes, limits: Limits = LIMITS) -> None:
        """Read and check the directory of an archive.

        Raises:
            RejectedError: `format.zip-broken`, `format.zip-too-many`, `format.zip-too-large`,
                `format.zip-ratio`, `format.zip-encrypted`, `format.zip-method`, `format.zip-name`,
                `format.zip-twice` or `format.zip-link`.
        """
        self.name = name
        self._place = Place(name)
        self._data = data
        self._zip = self._open(limits)
        infos = self._zip.infolist()
        if len(infos) > limits.files:
            raise refuse("format.zip-too-many", place=self._place, count=len(infos), limit=limits.files)
        self._check_sizes(infos, limits)
        entries: dict[str, zipfile.ZipInfo] = {}
        seen: set[str] = set()
        for info in infos:
            entry = _name(info)
            self._check_entry(info, entry)
            if entry.casefold().rstrip("/") in seen:
                raise refuse("format.zip-twice", place=self._at(entry), file=_safe(entry))
            seen.add(entry.casefold().rstrip("/"))
            if not entry.endswith("/"):
                entries[entry] = info
        self.entries: Mapping[str, zipfile.ZipInfo] = entries

    def read(self, entry: str) -> bytes:
        """Unpack one file.

        Raises:
            RejectedError: `format.zip-broken`, its checksum or size is not what the directory says.
        """
        try:
            return self._zip.read(self.entries[entry])
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError) as fault:
            raise refuse("format.zip-broken", place=self._at(entry), reason=str(fault)) from fault

    def _open(self, limits: Limits) -> zipfile.ZipFile:
        """Open it; what lies before the first file or behind the directory is no part of a ZIP."""
        end = self._data.rfind(_END)
        if end < 0 or end + _END_SIZE > len(self._data):
            raise self._broken("the directory at its end is missing")
        count, comment = struct.unpack_from("<H", self._data, end + 10)[0], self._data[end + 20 : end + 22]
        # The library would make an object of each before anything can be counted.
        if self._data.count(b"PK\x01\x02") > max(2 * limits.files, count * 2 + 100):
            raise refuse("format.zip-too-many", place=self._place, count=count, limit=limits.files)
        if end + _END_SIZE + struct.unpack("<H", comment)[0] != len(self._data):
            raise self._broken("something follows its end")
        try:
            found = zipfile.ZipFile(io.BytesIO(self._data))
        except (zipfile.BadZipFile, ValueError, RuntimeError, struct.error) as fault:
            raise self._broken(str(fault)) from fault
        if found.infolist() and min(info.header_offset for info in found.infolist()) != 0:
            raise self._broken("something stands before its beginning")
        return found

    def _check_sizes(self, infos: list[zipfile.ZipInfo], limits: Limits) -> None:
        for info in infos:
            if info.file_size > limits.file_bytes:
                at, most = self._at(_name(info)), limits.file_bytes
                raise refuse("format.zip-too-large", place=at, size=info.file_size, limit=most)
            if info.file_size > max(_SMALL, info.compress_size * limits.ratio):
                raise refuse("format.zip-ratio", place=self._at(_name(info)), limit=limits.ratio)
        total = sum(info.file_size for info in infos)
        if total > limits.total_bytes:
            raise refuse("format.zip-too-large", place=self._place, size=total, limit=limits.total_bytes)
        if total > max(_SMALL, len(self._data) * limits.ratio):
            raise refuse("format.zip-ratio", place=self._place, limit=limits.ratio)

    def _check_entry(self, info: zipfile.ZipInfo, entry: str) -> None:
        place = self._at(entry)
        if info.flag_bits & (_ENCRYPTED | _STRONG):
            raise refuse("format.zip-encrypted", place=place, file=_safe(entry))
        if info.compress_type not in _METHODS:
            raise refuse("format.zip-method", place=place, file=_safe(entry), method=info.compress_type)
        parts = entry.removesuffix("/").split("/")
        if ILLEGAL.search(entry) or "\\" in entry or _DRIVE.match(entry) or {"", ".", ".."} & set(parts):
            raise refuse("format.zip-name", place=place, file=_safe(entry))
        mode = info.external_attr >> 16
        if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise refuse("format.zip-link", place=place, file=_safe(entry))
        self._check_local_header(info, place)

    def _check_local_header(self, info: zipfile.ZipInfo, place: Place) -> None:
        """Compare what the file itself says with the directory; some programs believe one, some the other."""
        at = info.header_offset
        header = self._data[at : at + _LOCAL_SIZE]
        if len(header) < _LOCAL_SIZE or not header.startswith(_LOCAL):
            raise refuse("format.zip-broken", place=place, reason="its directory points to no file")
        flags, method = struct.unpack_from("<HH", header, 6)
        packed, unpacked, length = struct.unpack_from("<IIH", header, 18)
        name = self._data[at + _LOCAL_SIZE : at + _LOCAL_SIZE + length]
        sizes_differ = (packed, unpacked) != (info.compress_size, info.file_size)
        wide = packed == unpacked == 0xFFFF_FFFF  # sizes in the extra field, as for files beyond 4 GB
        raw = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")
        if name != raw or method != info.compress_type or flags & _ENCRYPTED:
            raise refuse("format.zip-broken", place=place, reason="its directory and the file differ")
        if sizes_differ and not wide and not flags & _SIZES_LATER:
            raise refuse("format.zip-broken", place=place, reason="its directory and the file differ in size")

    def _at(self, entry: str) -> Place:
        return Place(f"{self._place.file}/{_safe(entry)}")

    def _broken(self, reason: str) -> RejectedError:
        return refuse("format.zip-broken", place=self._place, reason=reason)


def _name(info: zipfile.ZipInfo) -> str:
    """Return a file's name; without the mark of UTF-8 it is in UTF-8 all the same, or as Windows in China."""
    if info.flag_bits & _UTF8:
        return info.orig_filename
    raw = info.orig_filename.encode("cp437")
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return info.orig_filename


def _safe(name: str) -> str:
    """Return a name that can be told in a reply."""
    return ILLEGAL.sub("�", name)[:200]
