"""The folder as an outbox: written under a name that says unfinished, flushed, then renamed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gateway.channels.base import Check, always, check_name
from gateway.durable import flush
from gateway.errors import GatewayError, ParkedError, RetryError, UnsentError

_WRITE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


class FolderOutbox:
    """Files that others take from a folder; a reader sees a whole file or none."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Two names a file are made of it; to make a `Path` takes as long as a call of the system.
        self._prefix = f"{folder}/"

    def send(self, name: str, data: bytes) -> None:
        """Put one file; when this returns, it outlives a power cut (CU-05).

        Raises:
            ParkedError: `channels.name-unsafe`, or `channels.name-taken` by other bytes.
            UnsentError: `channels.not-sent`: the file has not got its name.
            RetryError: `channels.not-sent`; whether the file is there, or outlives a power cut, is in doubt.
        """
        if fault := self.send_many([(name, data)]).get(name):
            raise fault

    def send_many(self, files: Sequence[tuple[str, bytes]], check: Check = always) -> dict[str, GatewayError]:
        """Put many files with one flush of the folder; return by name what was not put and why.

        All are written before the first is flushed, so that the disk writes them side by side.
        """
        faults: dict[str, GatewayError] = {}
        written: list[tuple[str, int]] = []
        sent: list[str] = []
        for name, data in files:
            try:
                stands = self._stands(name, data)
            except OSError as fault:
                faults[name] = self._not_sent(name, fault, RetryError)
                continue
            except GatewayError as fault:
                faults[name] = fault
                continue
            if stands:
                sent.append(name)
                continue
            try:
                written.append((name, self._write(name, data)))
            except OSError as fault:
                faults[name] = self._not_sent(name, fault, UnsentError)
        _begin_flush([handle for _, handle in written])
        for name, handle in written:
            try:
                self._publish(name, handle, check)
                sent.append(name)
            except UnsentError as fault:
                faults[name] = fault
            except OSError as fault:
                faults[name] = self._not_sent(name, fault, self._sure(name))
        try:
            self._flush_folder()
        except OSError as fault:
            faults |= {name: self._not_sent(name, fault, RetryError) for name in sent}
        return faults

    def _stands(self, name: str, data: bytes) -> bool:
        """Return whether the same file is there already; other bytes under its name are never replaced."""
        check_name(name)
        if not os.path.lexists(self._prefix + name):
            return False
        target = self._folder / name
        # A reader may take it in this moment; then it was there.
        with suppress(FileNotFoundError):
            if target.is_symlink() or target.read_bytes() != data:
                raise ParkedError("channels.name-taken", name=name, folder=self._folder)
        return True

    def _write(self, name: str, data: bytes) -> int:
        handle = os.open(self._draft(name), _WRITE, 0o666)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(handle, rest) :]
        except OSError:
            os.close(handle)
            Path(self._draft(name)).unlink(missing_ok=True)
            raise
        return handle

    def _publish(self, name: str, handle: int, check: Check) -> None:
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        check()
        os.rename(self._draft(name), self._prefix + name)  # noqa: PTH104 -- see `__init__`

    def _flush_folder(self) -> None:
        flush(self._folder)

    def _draft(self, name: str) -> str:
        return f"{self._prefix}.{name}.tmp"

    def _sure(self, name: str) -> type[RetryError]:
        """Return what is known of a file that has not got its name: over a network it may have."""
        return UnsentError if os.path.lexists(self._draft(name)) else RetryError

    def _not_sent(self, name: str, fault: OSError, kind: type[RetryError]) -> RetryError:
        error = kind("channels.not-sent", name=name, folder=self._folder, reason=fault.strerror)
        error.__cause__ = fault
        return error


def _begin_flush(handles: Sequence[int]) -> None:
    """Let the system write files out side by side: to flush a batch takes a fifth less time then.

    What is said is that it is not read soon; where the system takes no such advice, nothing else changes.
    """
    if sys.platform == "linux" and len(handles) > 1:
        with suppress(OSError):
            for handle in handles:
                os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
