"""Putting a file under a free name so that it can be done again from any point at which it was broken off."""

from __future__ import annotations

import os
from pathlib import Path

REASON = ".reason.json"
# A file system's limit, in bytes.
_LONGEST = 255


def named(name: str, mark: str, spare: int) -> str:
    """Return `orders.csv` or with a mark `orders~1f3a9c2b.csv`, cut so that so many bytes may follow."""
    stem, dot, suffix = name.rpartition(".") if "." in name[1:] else (name, "", "")
    end = (f"~{mark}" if mark else "") + dot
    while len((stem + end + suffix).encode("utf-8", "surrogateescape")) + spare > _LONGEST:
        stem, suffix = (stem[:-1], suffix) if len(stem) > 1 else (stem, suffix[:-1])
    return stem + end + suffix


def put_away(file: str, target: str, reason: Path | None) -> bool:
    """Give a file the target's name, with a reason beside it; False when that name is another's.

    File and reason may keep their old names as well; the caller takes those away.

    Raises:
        OSError: It cannot be put there, whatever the name.
    """
    if os.path.lexists(target) and not _same(file, target):
        return False
    # First, so that no file ever lies in quarantine unexplained.
    if reason is not None and not _explain(reason, Path(target + REASON)):
        return False
    return _link(file, target)


def _explain(reason: Path, target: Path) -> bool:
    # The same words may stand there from the time before we were broken off.
    return _link(str(reason), str(target)) or target.read_bytes() == reason.read_bytes()


def _link(file: str, target: str) -> bool:
    """Give a file another name in one step, or the name alone where links are not to be had.

    Ten times as fast as renaming over a reserved name, which makes the system write out the file.
    """
    try:
        os.link(file, target, follow_symlinks=False)
    except FileExistsError:
        return _same(file, target)
    except OSError:
        return _rename(file, target)
    return True


def _rename(file: str, target: str) -> bool:
    try:
        # Reserved first: a rename overwrites what lies there.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
    except FileExistsError:
        return False
    Path(file).rename(target)
    return True


def _same(file: str, target: str) -> bool:
    return os.path.samestat(os.lstat(file), os.lstat(target))
