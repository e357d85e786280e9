"""Reads a ZIP: which files of it are messages, in the order of their names, one after another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from gateway.errors import Place, refuse
from gateway.formats.archive import Archive

# What operating systems leave behind in every folder that they have shown.
_LEFT_BEHIND = frozenset({".ds_store", "thumbs.db", "desktop.ini"})
_NESTED = frozenset({".zip", ".rar", ".7z", ".gz", ".tgz", ".tar", ".bz2", ".xz"})


def files_of_zip(archive: Archive) -> Iterator[tuple[str, bytes]]:
    """Check a ZIP as a whole, then yield each file with its full name; each is unpacked when its turn comes.

    Raises:
        RejectedError: `format.zip-broken`, `format.zip-nested` or `format.zip-empty`.
    """
    name = archive.name
    wanted = sorted(entry for entry in archive.entries if not _is_left_behind(entry))
    if not wanted:
        raise refuse("format.zip-empty", place=Place(name))
    for entry in wanted:
        if PurePosixPath(entry).suffix.lower() in _NESTED:
            raise refuse("format.zip-nested", place=Place(f"{name}/{entry}"), file=entry)
    # Every checksum is known to be right before the first message is obeyed.
    for entry in wanted:
        archive.read(entry)
    return ((f"{name}/{entry}", archive.read(entry)) for entry in wanted)


def _is_left_behind(entry: str) -> bool:
    path = PurePosixPath(entry)
    return path.parts[0] == "__MACOSX" or path.name.lower() in _LEFT_BEHIND
