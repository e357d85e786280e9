"""When a file is finished: it stood still over several looks, and nobody has it open for writing."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import sys
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from stat import S_ISDIR, S_ISREG

from gateway.channels.mounts import is_remote


@dataclass(frozen=True, slots=True)
class Signature:
    """What changes when a file is written or replaced.

    Attributes:
        size: Its length in bytes.
        mtime: When it was last written, in nanoseconds by the clock of whoever set it.
        inode: Which file it is.
        mode: What kind of thing it is.
    """

    size: int
    mtime: int
    inode: int
    mode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Signature:
        """Return the signature that a status shows."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino, status.st_mode)

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return S_ISREG(self.mode)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return S_ISDIR(self.mode)


class Looks:
    """Remembers since when each name has stood still, by our own clock; file times only show change."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._seen: dict[str, tuple[Signature, float]] = {}

    def still(self, name: str, signature: Signature) -> bool:
        """Note a look, and return whether the same was seen long enough ago."""
        now = self._clock()
        known, since = self._seen.get(name, (None, now))
        if known == signature:
            return now - since >= self._seconds
        self._seen[name] = (signature, now)
        return False

    def finished(self, signatures: Mapping[str, Signature]) -> None:
        """Note what the writers themselves called finished by renaming it to its name."""
        long_ago = self._clock() - self._seconds
        for name, signature in signatures.items():
            self._seen[name] = (signature, long_ago)

    def restart(self, name: str) -> None:
        """Forget how long a name stood still."""
        self._seen.pop(name, None)

    def keep(self, names: Container[str]) -> None:
        """Forget the names that are not there any more."""
        self._seen = {name: seen for name, seen in self._seen.items() if name in names}


def open_for_writing(handle: int) -> bool:
    """Return whether anyone has the file open for writing; False where that cannot be known.

    Linux grants a read lease only on a file without writers. The lease is given back at once; its
    signal is turned into one that is ignored, because the usual one ends a process. File systems of
    other machines refuse leases in the same words on files that nobody writes.
    """
    if sys.platform != "linux" or is_remote(os.fstat(handle).st_dev):
        return False
    try:
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as fault:
        return fault.errno == errno.EAGAIN
    fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
