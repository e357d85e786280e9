"""Archives: final documents with everything that they have left, in a file that needs no gateway to be read.

A ZIP with a JSON file for each document, every byte string under its SHA-256, what it all is, and the list
that `sha256sum -c` examines it by.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from gateway.durable import flush

FORMAT: Final = "collective-declaration-archive/1"
_ABOUT, _SUMS = "archive.json", "SHA256SUMS"
# Whoever opens it needs no library of today; the same content gives the same file.
_MOMENT: Final = (1980, 1, 1, 0, 0, 0)


class Archive:
    """An archive that is being written; under its name it is there as a whole or not at all.

    Args:
        file: Its name, which no other file has.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._draft = file.with_name(f"{file.name}.tmp")
        self._documents = 0
        self._sums: dict[str, str] = {}

    def __enter__(self) -> Self:
        """Begin the file."""
        self._out = open(self._draft, "wb", opener=partial(os.open, mode=0o600))
        self._zip = ZipFile(self._out, "w", ZIP_DEFLATED)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave no half of it."""
        # A full disk refuses this, too; the fault that led here is the one to tell.
        with suppress(OSError, ValueError):
            self._zip.close()
        with suppress(OSError):
            self._out.close()
        self._draft.unlink(missing_ok=True)

    def add(self, number: str, rows: Mapping[str, Any], contents: Iterable[tuple[str, bytes]]) -> None:
        """Add a document's rows and bytes, these by digest."""
        self._put(f"documents/{number}.json", _json(rows))
        self._documents += 1
        for digest, data in contents:
            name = f"raw/{digest}"
            if name not in self._sums:
                self._put(name, data)

    def finish(self, about: Mapping[str, Any]) -> str:
        """Give it its name once it is on the disk; return the SHA-256 of the file as it lies there."""
        self._put(_ABOUT, _json({"format": FORMAT, **about, "documents": self._documents}))
        sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._sums.items()))
        self._put(_SUMS, sums.encode())
        self._zip.close()
        self._out.flush()
        os.fsync(self._out.fileno())
        self._draft.replace(self._file)
        flush(self._file.parent)
        return self._read_again()

    def _put(self, name: str, data: bytes) -> None:
        entry = ZipInfo(name, _MOMENT)
        entry.compress_type = ZIP_DEFLATED
        self._zip.writestr(entry, data)
        self._sums[name] = sha256(data).hexdigest()

    def _read_again(self) -> str:
        with self._file.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()


def _json(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=False, indent=1, default=_written)
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
