"""The files in hand: claimed into a folder that a lock shows to be alive, until they are settled."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from gateway.channels.base import Outcome

CLAIMED = ".claimed"
_PLACES: dict[Outcome, str] = {"done": ".done", "quarantined": ".quarantine"}
_REASON = ".reason.json"
# 255 bytes are a file system's limit: room for a number and the reason's suffix.
_LONGEST = 255 - len("~1f3a9c2b") - len(_REASON)


class Claims:
    """`.claimed/<owner>/<delivery>/<name>`, with `.claimed/<owner>.lock` held as long as the owner lives.

    The system frees the lock when the process dies, however it dies. So whoever gets the lock of
    a folder knows that its owner is gone and takes its claims over; nobody takes from the living.
    The id of a delivery stays the same in the hands of the next owner.

    Attributes:
        held: The file name of each claim in hand, oldest first.
    """

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox
        self._root = inbox / CLAIMED
        self._folder = self._root / uuid4().hex
        self._lock = -1
        self.held: dict[str, str] = {}

    def prepare(self) -> None:
        """Make the folder, anew if it was removed, and take over what dead owners left."""
        if not self._folder.is_dir():
            self.close()
            self._root.mkdir(exist_ok=True)
            # The lock comes first: a folder without a living lock belongs to whoever finds it.
            self._lock = _try_lock(_lock_of(self._folder))
            self._folder.mkdir()
        with os.scandir(self._root) as entries:
            others = [Path(entry) for entry in entries if entry.is_dir(follow_symlinks=False)]
        for other in others:
            if other != self._folder:
                self._adopt(other)

    def close(self) -> None:
        """Let go of the folder; what is still in it waits for the next owner."""
        self.held = {}
        if self._lock >= 0:
            _discard(self._folder)
            os.close(self._lock)
            self._lock = -1
            self._folder = self._root / uuid4().hex

    def take(self, name: str) -> str | None:
        """Claim a file of the inbox and return the id of the delivery; None when it is gone."""
        delivery = uuid4().hex
        place = self._folder / delivery
        place.mkdir()
        try:
            (self._inbox / name).rename(place / name)
        except FileNotFoundError:
            place.rmdir()
            return None
        except OSError:
            place.rmdir()
            raise
        self.held[delivery] = name
        return delivery

    def path(self, delivery: str) -> Path:
        """Return where a claimed file lies."""
        return self._folder / delivery / self.held[delivery]

    def settle(self, delivery: str, outcome: Outcome, reason: Mapping[str, object] | None) -> None:
        """Move a file out of hand; nothing that lies there is overwritten.

        Nothing is flushed for the move: the bytes are stored, and what a power cut undoes is done again.
        """
        file = self.path(delivery)
        if not os.path.lexists(file):
            # Someone cleared our folder: the bytes are stored, and nothing is left to move.
            del self.held[delivery]
            return
        place = self._inbox / _PLACES[outcome]
        place.mkdir(exist_ok=True)
        if reason is not None or not _link(file, place / file.name):
            target = _reserve(place, file.name)
            if reason is not None:
                # Before the file, so that no file ever lies in quarantine unexplained.
                _write(target.with_name(target.name + _REASON), reason)
            file.rename(target)
        file.unlink(missing_ok=True)
        file.parent.rmdir()
        del self.held[delivery]

    def _adopt(self, other: Path) -> None:
        lock = _try_lock(_lock_of(other))
        if lock < 0:
            return
        try:
            # Its owner may have ended in good order between our look and our lock.
            with suppress(FileNotFoundError):
                files = [file for place in other.iterdir() for file in place.iterdir()]
                for file in sorted(files, key=lambda file: file.lstat().st_mtime_ns):
                    delivery = file.parent.name
                    file.parent.rename(self._folder / delivery)
                    self.held[delivery] = file.name
                _discard(other)
        finally:
            os.close(lock)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + ".lock")


def _try_lock(file: Path) -> int:
    """Return the handle that holds the lock, or -1 when a living owner holds it."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return -1
    except OSError:
        os.close(handle)
        raise
    return handle


def _discard(folder: Path) -> None:
    """Remove a claim folder and its lock, unless a claim is in it."""
    with suppress(OSError):
        for place in folder.iterdir():
            # An owner that died between making the place and moving the file left it empty.
            place.rmdir()
        folder.rmdir()
    if not folder.exists():
        _lock_of(folder).unlink(missing_ok=True)


def _write(file: Path, reason: Mapping[str, object]) -> None:
    text = json.dumps(reason, ensure_ascii=False, indent=2, default=str) + "\n"
    with file.open("wb") as out:
        out.write(text.encode("utf-8", "backslashreplace"))
        out.flush()
        os.fsync(out.fileno())


def _link(file: Path, target: Path) -> bool:
    """Give a file its free name in one step; False when it is taken, or links are not to be had.

    Ten times as fast as renaming over a reserved name, which makes the system write out the file.
    """
    try:
        os.link(file, target, follow_symlinks=False)
    except OSError:
        return False
    return True


def _reserve(place: Path, name: str) -> Path:
    """Make an empty file under a free name, `orders.csv` or `orders~1f3a9c2b.csv`, to be renamed over."""
    stem, dot, suffix = name.rpartition(".") if "." in name[1:] else (name, "", "")
    while len(os.fsencode(stem + dot + suffix)) > _LONGEST:
        stem, suffix = (stem[:-1], suffix) if len(stem) > 1 else (stem, suffix[:-1])
    counted = stem
    while True:
        target = place / (counted + dot + suffix)
        try:
            os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666))
        except FileExistsError:
            # Not the next number: an ERP may send `orders.csv` a hundred thousand times.
            counted = f"{stem}~{uuid4().hex[:8]}"
        else:
            return target
