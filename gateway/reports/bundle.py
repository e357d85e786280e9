"""The bundle of evidence: a ZIP whose bytes follow from what is in it, with the script that checks it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import resources
from typing import IO, Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

CONTENTS: Final = "contents.json"
SUMS: Final = "SHA256SUMS"
SCRIPT: Final = "verify.sh"
LIST: Final = "verify.list"
# The oldest moment that a ZIP knows: when a bundle is made changes nothing in it.
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST: Final = 80


@dataclass(frozen=True, slots=True)
class Piece:
    """One file of a bundle.

    Attributes:
        digest: Its SHA-256.
        data: Its bytes, or None for what is read when it is written.
        about: What is told of it in the contents.
    """

    digest: str
    data: bytes | None = field(repr=False)
    about: str


@dataclass
class Bundle:
    """Files by name, gathered first and then written one at a time, so that only one is in memory.

    Attributes:
        folder: Below which all names lie.
        told: What the contents tell of the whole.
    """

    folder: str
    told: Mapping[str, Any]
    _pieces: dict[str, Piece] = field(default_factory=dict)
    _checks: list[tuple[str, ...]] = field(default_factory=list)

    def add(self, name: str, data: bytes, about: str) -> str:
        """Add a small file; return its name."""
        return self._add(name, Piece(sha256(data).hexdigest(), data, about))

    def add_json(self, name: str, value: object, about: str) -> str:
        """Add a value as JSON; return the file's name."""
        return self.add(name, to_json(value), about)

    def refer(self, name: str, digest: str, about: str) -> str:
        """Add bytes that are kept elsewhere under their SHA-256, and read when they are written."""
        return self._add(name, Piece(digest, None, about))

    def has(self, name: str) -> bool:
        """Tell whether there is a file of this name."""
        return name in self._pieces

    def check(self, kind: str, *values: str) -> None:
        """Let the script check something: what it is, files, and values without tab or line break."""
        assert not any(mark in value for value in values for mark in "\t\r\n"), values
        self._checks.append((kind, *(value or "-" for value in values)))

    def files(self) -> list[dict[str, str]]:
        """Return every file with its digest and what it is, by name."""
        pieces = self._finished()
        return [{"name": n, "sha256": pieces[n].digest, "about": pieces[n].about} for n in sorted(pieces)]

    def write(self, file: IO[bytes], load: Callable[[str], bytes]) -> None:
        """Write the ZIP: the same files give the same bytes.

        Args:
            file: Where to.
            load: Returns bytes that are kept under a digest.
        """
        pieces = self._finished()
        with ZipFile(file, "w", ZIP_DEFLATED) as archive:
            for name in sorted(pieces):
                piece = pieces[name]
                info = ZipInfo(f"{self.folder}/{name}", _MOMENT)
                info.compress_type = ZIP_DEFLATED
                info.create_system = 3
                info.external_attr = (0o700 if name == SCRIPT else 0o600) << 16
                archive.writestr(info, load(piece.digest) if piece.data is None else piece.data)

    def _add(self, name: str, piece: Piece) -> str:
        assert all(part == safe(part) for part in name.split("/")), name
        self._pieces[name] = piece
        return name

    def _finished(self) -> dict[str, Piece]:
        """Return all files with those that are made of the others."""
        lines = "".join("\t".join(check) + "\n" for check in self._checks)
        pieces = {
            **self._pieces,
            LIST: _piece(lines.encode(), "what verify.sh checks beside digests"),
            SCRIPT: _piece(_script(), "checks all of it with sha256sum, xmlsec1 and openssl alone"),
        }
        files = [
            {"name": name, "sha256": pieces[name].digest, "about": pieces[name].about}
            for name in sorted(pieces)
        ]
        pieces[CONTENTS] = _piece(to_json({**self.told, "files": files}), "what is here")
        sums = "".join(f"{pieces[name].digest}  {name}\n" for name in sorted(pieces))
        return {**pieces, SUMS: _piece(sums.encode(), "the SHA-256 of all other files")}


def safe(name: str) -> str:
    """Return a name that no program takes for anything but one file's name: short ASCII, no way up."""
    return _UNSAFE.sub("_", name)[-_LONGEST:].strip("._-") or "unnamed"


def to_json(value: object) -> bytes:
    """Write a value as people and programs read it; the script relies on these blanks."""
    return (json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n").encode(
        "utf-8", "backslashreplace"
    )


def _piece(data: bytes, about: str) -> Piece:
    return Piece(sha256(data).hexdigest(), data, about)


def _script() -> bytes:
    return resources.files("gateway.reports").joinpath(SCRIPT).read_bytes()
