"""Looks into the outbox; a scan is the truth, and nothing in the folder is ever altered."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from customs_stub.store import Seen

BATCH = 50
# Every so many looks each file's time is read again: a file written over in place keeps name and inode.
THOROUGH = 10


class Outbox:
    """The folder that enterprises put submissions into."""

    def __init__(self, folder: Path, seen: set[Seen]) -> None:
        self._folder = folder
        self._seen = seen
        self._known = {(file.name, file.inode) for file in seen}
        self._looks = 0

    def look(self) -> list[Seen]:
        """Return files that were not taken yet, oldest first, at most a batch."""
        thorough = self._looks % THOROUGH == 0
        self._looks += 1
        found: list[Seen] = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                # Writers use .tmp, .part and .Temp until a file is whole; only .xml is looked at.
                if not entry.name.endswith(".xml") or entry.name.startswith("."):
                    continue
                if not thorough and (entry.name, entry.inode()) in self._known:
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue  # moved on by its owner during the look
                if not stat.S_ISREG(status.st_mode):
                    continue
                file = Seen(entry.name, entry.inode(), status.st_mtime_ns)
                if file not in self._seen:
                    found.append(file)
        return sorted(found, key=lambda file: (file.mtime, file.name))[:BATCH]

    def taken(self, file: Seen) -> None:
        """Remember a file, so that it is not returned again."""
        self._seen.add(file)
        self._known.add((file.name, file.inode))
