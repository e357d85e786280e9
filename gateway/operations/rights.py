"""Rights of files and folders: whom does the system let read or change what the gateway relies on?"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from gateway.errors import Violation

_OTHERS_WRITE: Final = stat.S_IWOTH
_OTHERS_ENTER: Final = stat.S_IXOTH
_OTHERS_READ: Final = stat.S_IROTH


def check_secret(file: Path) -> Iterator[Violation]:
    """Tell whether a file with a secret can be read by others than its owner."""
    mode = _mode(file)
    if mode is not None and mode & (stat.S_IRWXG | stat.S_IRWXO) and file.is_file():
        yield Violation("operations.secret-open", values={"file": file, "mode": f"{mode:03o}"})


def check_guarded(paths: Iterable[Path]) -> Iterator[Violation]:
    """Tell what everybody may change of what the gateway relies on, folders above included.

    Who may write a folder may replace what lies in it, unless the folder lets everybody remove only his own.
    """
    told: set[Path] = set()
    for path in paths:
        for each in (path, *path.resolve().parents):
            mode = None if each in told else _mode(each)
            told.add(each)
            if mode is None or not mode & _OTHERS_WRITE:
                continue
            if each == path or not mode & stat.S_ISVTX:
                yield Violation("operations.file-open", values={"file": each, "mode": f"{mode:03o}"})


def check_private(folder: Path) -> Iterator[Violation]:
    """Warn of a folder with business data into which everybody may look."""
    mode = _mode(folder)
    if mode is not None and mode & (_OTHERS_ENTER | _OTHERS_READ):
        values = {"folder": folder, "mode": f"{mode:03o}"}
        yield Violation("operations.folder-open", values=values, warning=True)


def check_inbox(folder: Path) -> Iterator[Violation]:
    """Warn of an inbox into which everybody may write, and so speak for the partner."""
    mode = _mode(folder)
    if mode is not None and mode & _OTHERS_WRITE:
        values = {"folder": folder, "mode": f"{mode:03o}"}
        yield Violation("operations.inbox-open", values=values, warning=True)


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
