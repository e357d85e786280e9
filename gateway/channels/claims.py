"""The files in hand: claimed into a folder that a lock shows to be alive, until they are settled."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

from gateway.channels.base import Outcome
from gateway.channels.putting import REASON, named, put_away

CLAIMED = ".claimed"
_LOCK = ".lock"
_PLACES: dict[Outcome, str] = {"done": ".done", "quarantined": ".quarantine"}


class Claims:
    """`.claimed/<owner>/<look>/<name>`, with `.claimed/<owner>.lock` held as long as the owner lives.

    The system frees the lock when the process dies, however it dies. So whoever gets the lock of
    a folder knows that its owner is gone and takes its claims over; nobody takes from the living.
    The id of a delivery follows from its look and its name, so that it stays the same in the hands of the
    next owner. What is taken at one look lies in one folder: to make and remove one for each file takes as
    long as all else that is done with it.

    Attributes:
        held: The file name of each claim in hand, oldest first.
    """

    def __init__(self, inbox: Path, *, alone: bool = False) -> None:
        self._inbox = inbox
        self._places = {outcome: inbox / name for outcome, name in _PLACES.items()}
        self._alone = alone
        self._root = inbox / CLAIMED
        self._folder = self._root / uuid4().hex
        self._lock = -1
        self._look = ""
        # The look of each claim in hand, and of each look how many are left.
        self._looks: dict[str, str] = {}
        self._left: Counter[str] = Counter()
        self.held: dict[str, str] = {}

    def prepare(self) -> None:
        """Begin a look: make the folder, anew if it was removed, and take over what dead owners left."""
        if self._look and not self._left[self._look]:
            self._remove(self._look)
        self._look = ""
        if not self._folder.is_dir():
            self.close()
            self._root.mkdir(exist_ok=True)
            # The lock comes first: a folder without a living lock belongs to whoever finds it.
            while (handle := self._try_lock(self._folder)) < 0 or not os.fstat(handle).st_nlink:
                # Someone took it for a dead owner's before we held it.
                self._folder = self._root / uuid4().hex
            self._lock = handle
            self._folder.mkdir()
        with os.scandir(self._root) as entries:
            # A lock may be all that is left of an owner.
            owners = {e.name.removesuffix(_LOCK) for e in entries if e.is_dir() or e.name.endswith(_LOCK)}
        for owner in sorted(owners - {self._folder.name}):
            self._adopt(self._root / owner)

    def close(self) -> None:
        """Let go of the folder; what is still in it waits for the next owner."""
        self.held, self._looks, self._look = {}, {}, ""
        self._left.clear()
        if self._lock >= 0:
            _discard(self._folder)
            os.close(self._lock)
            self._lock = -1
            self._folder = self._root / uuid4().hex

    def take(self, name: str) -> str | None:
        """Claim a file of the inbox and return the id of the delivery; None when it is gone."""
        if not self._look:
            self._look = uuid4().hex
            (self._folder / self._look).mkdir()
        delivery = _delivery(self._look, name)
        assert delivery not in self.held, "at one look a name is seen once"
        try:
            # Every file passes here, and to make a `Path` takes as long as a call of the system.
            os.rename(f"{self._inbox}/{name}", f"{self._folder}/{self._look}/{name}")  # noqa: PTH104
        except FileNotFoundError:
            return None
        self._hold(delivery, self._look, name)
        return delivery

    def path(self, delivery: str) -> str:
        """Return where a claimed file lies."""
        return f"{self._folder}/{self._looks[delivery]}/{self.held[delivery]}"

    def settle(self, delivery: str, outcome: Outcome, reason: Mapping[str, object] | None) -> None:
        """Move a file out of hand; nothing that lies there is overwritten.

        Nothing is flushed for the move: the bytes are stored, and what a power cut undoes is done again.
        Each step may be a process's last: done again by the next one, it ends with one file and one reason.

        Raises:
            OSError: It could not be moved; it stays in hand.
        """
        file = self.path(delivery)
        if not os.path.lexists(file):
            # Someone cleared our folder: the bytes are stored, and nothing is left to move.
            self._let_go(delivery)
            return
        place, name = self._places[outcome], self.held[delivery]
        place.mkdir(exist_ok=True)
        draft = None if reason is None else _written(place / f".{delivery}.tmp", reason)
        spare = 0 if draft is None else len(REASON)
        # The mark is the delivery's, so that the next owner finds the name that the last one began with.
        if not any(
            put_away(file, f"{place}/{named(name, mark, spare)}", draft) for mark in ("", delivery[:8])
        ):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name)
        if draft is not None:
            draft.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            os.unlink(file)  # noqa: PTH108 -- as in `take`
        self._let_go(delivery)

    def _hold(self, delivery: str, look: str, name: str) -> None:
        self.held[delivery] = name
        self._looks[delivery] = look
        self._left[look] += 1

    def _let_go(self, delivery: str) -> None:
        look = self._looks.pop(delivery)
        del self.held[delivery]
        self._left[look] -= 1
        if not self._left[look]:
            self._remove(look)

    def _remove(self, look: str) -> None:
        del self._left[look]
        if look == self._look:
            self._look = ""
        # What somebody else has put there keeps nothing of ours.
        with suppress(OSError):
            os.rmdir(f"{self._folder}/{look}")  # noqa: PTH106 -- as in `take`

    def _try_lock(self, folder: Path) -> int:
        return _try_lock(_lock_of(folder), needed=not self._alone)

    def _adopt(self, other: Path) -> None:
        lock = self._try_lock(other)
        if lock < 0:
            return
        try:
            # Its owner may have ended in good order between our look and our lock.
            with suppress(FileNotFoundError, NotADirectoryError):
                files = [file for place in other.iterdir() for file in place.iterdir()]
                files.sort(key=lambda file: file.lstat().st_mtime_ns)
                self._take_over(files)
            _discard(other)
        finally:
            os.close(lock)

    def _take_over(self, files: Sequence[Path]) -> None:
        moved: set[Path] = set()
        try:
            for place in {file.parent for file in files}:
                place.rename(self._folder / place.name)
                moved.add(place)
        finally:
            # What lies in our folder already is nobody else's to find, whatever becomes of the rest.
            for place, name in ((file.parent, file.name) for file in files if file.parent in moved):
                self._hold(_delivery(place.name, name), place.name, name)


def _delivery(look: str, name: str) -> str:
    told = f"{look}/{name}".encode("utf-8", "surrogateescape")
    return sha256(told).hexdigest()[:32]


def _lock_of(folder: Path) -> Path:
    return folder.with_name(folder.name + _LOCK)


def _try_lock(file: Path, *, needed: bool) -> int:
    """Return the handle that holds the lock, or -1 when a living owner holds it.

    Where no other can live it is not needed, and a file system without locks is as good as one with them.
    """
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return -1
    except OSError as fault:
        if not needed:
            return handle
        os.close(handle)
        # A network mount may have no locks; without them nobody could tell a dead owner from a living one.
        raise OSError(fault.errno, os.strerror(fault.errno or 0), str(file)) from fault
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


def _written(draft: Path, reason: Mapping[str, object]) -> Path:
    text = json.dumps(reason, ensure_ascii=False, indent=2, default=str) + "\n"
    with draft.open("wb") as out:
        out.write(text.encode("utf-8", "backslashreplace"))
        out.flush()
        os.fsync(out.fileno())
    return draft
