"""What must outlast a power cut is flushed to the disk."""

from __future__ import annotations

import os
from pathlib import Path


def flush(place: str | Path) -> None:
    """See onto the disk what a file holds, or which names a folder has.

    A file that was flushed before it got its name may still lose the name until its folder is flushed, too.

    Raises:
        OSError: It is not sure that it is there.
    """
    handle = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, and see it onto the disk."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
