"""The PIN latch: remembers across restarts that a PIN was refused, so that none is tried twice (ID-05)."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from time import monotonic, sleep

from gateway.clock import Clock
from gateway.config import Settings
from gateway.durable import flush, write_private
from gateway.errors import RetryError

# So long may the login of another process take.
_WAIT_SECONDS = 10.0


class LatchState(StrEnum):
    """What the latch remembers."""

    CLEAR = "clear"  # nothing stands against a login
    ATTEMPTED = "attempted"  # a login began, and its end was not seen
    FAILED = "failed"  # the token refused the PIN
    FINAL_TRY_ALLOWED = "final-try-allowed"  # an operator allows one login, though it be the last


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands in the latch's file: no PIN, nor anything computed from it."""

    state: LatchState
    at: str = ""
    reason: str = ""


class PinLatch:
    """Remembers across restarts that a PIN was refused, until an operator unlocks it (ID-05).

    The mark is on the disk before the PIN goes to the token, so that no crash forgets a try.
    """

    def __init__(self, file: Path, now: Callable[[], datetime]) -> None:
        self._file = file
        self._now = now

    def read(self) -> Mark:
        """Return what is remembered; a file that cannot be understood counts as a failure."""
        try:
            data = json.loads(self._file.read_text("utf-8"))
            return Mark(LatchState(data["state"]), str(data["at"]), str(data["reason"]))
        except FileNotFoundError:
            return Mark(LatchState.CLEAR)
        except (OSError, ValueError, KeyError, TypeError) as fault:
            return Mark(LatchState.FAILED, reason=type(fault).__name__)

    def attempt(self) -> None:
        """Note that the PIN is about to go to the token."""
        self._write(LatchState.ATTEMPTED)

    def fail(self, reason: str) -> None:
        """Note that the token refused the PIN."""
        self._write(LatchState.FAILED, reason)

    def clear(self) -> None:
        """Forget: the PIN was accepted."""
        try:
            self._file.unlink()
            flush(self._file.parent)
        except FileNotFoundError:
            return
        except OSError as fault:
            raise RetryError("token.latch-unwritable", file=str(self._file)) from fault

    def unlock(self, *, allow_final_try: bool = False) -> None:
        """Let the PIN be tried again, on an operator's word; the last try needs a word of its own."""
        if allow_final_try:
            self._write(LatchState.FINAL_TRY_ALLOWED)
        else:
            self.clear()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let one process of this machine log in at a time: none tries what another is just refused (ID-05).

        Raises:
            RetryError: `token.login-elsewhere` or `token.latch-unwritable`.
        """
        end = monotonic() + _WAIT_SECONDS
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            handle = os.open(self._file.with_name(self._file.name + ".lock"), flags, 0o600)
        except OSError as fault:
            raise RetryError("token.latch-unwritable", file=str(self._file)) from fault
        try:
            while not _locked(handle):
                if monotonic() > end:
                    raise RetryError("token.login-elsewhere", seconds=f"{_WAIT_SECONDS:g}")
                sleep(0.02)
            yield
        finally:
            os.close(handle)

    def _write(self, state: LatchState, reason: str = "") -> None:
        text = json.dumps({"state": state, "at": self._now().isoformat(timespec="seconds"), "reason": reason})
        fresh = self._file.with_name(self._file.name + ".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_private(fresh, text)
            fresh.replace(self._file)
            flush(self._file.parent)
        except OSError as fault:
            raise RetryError("token.latch-unwritable", file=str(self._file)) from fault


def make_latch(settings: Settings, clock: Clock) -> PinLatch:
    """Return the memory of refused PINs (ID-05)."""
    return PinLatch(settings.path(settings.folders.var) / "pin-latch.json", clock.now)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
