"""The PIN: where it comes from, and the latch that lets a wrong one be tried only once."""

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

import pkcs11
from pkcs11.constants import TokenFlag

from gateway.config import read_secret, secret_variable
from gateway.durable import flush
from gateway.errors import ParkedError, RetryError

# The name of the secret.
PIN = "token-pin"
PIN_REFUSED = (pkcs11.PinIncorrect, pkcs11.PinLocked, pkcs11.PinInvalid, pkcs11.PinLenRange)
# So long may the login of another process take.
_WAIT_SECONDS = 10.0
_FAILED_BEFORE = TokenFlag.USER_PIN_COUNT_LOW | TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_LOCKED


class Pin(str):
    """A PIN; it shows itself in no log, no traceback and no debugger."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Pin(***)"


PinSource = Callable[[], Pin]


def pin_source(file: Path) -> PinSource:
    """Read the PIN, when it is wanted, from the environment, a systemd credential, or its file.

    Raises:
        RetryError: When called: `token.pin-absent`, `config.secret-open` or `config.secret-unreadable`.
    """

    def read() -> Pin:
        try:
            found = (read_secret(PIN, file) or "").strip()
        except ParkedError as fault:
            # Signing waits until the file is mended.
            raise RetryError(fault.code, **fault.values) from fault
        if not found:
            raise RetryError("token.pin-absent", name=PIN, variable=secret_variable(PIN), file=file)
        return Pin(found)

    return read


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


@dataclass(frozen=True, slots=True)
class Login:
    """How the gateway logs in: the PIN, the latch, and what is known of the token.

    Attributes:
        pin: Gives the PIN when it is wanted.
        latch: Remembers failures.
        token_reports_failed_logins: The token is known to keep the flag that a wrong PIN was given
            since the last right one, as SoftHSM2 does. Then a login whose end was not seen, because
            the process was killed in it, is judged by that flag. Without it, it counts as failed.
    """

    pin: PinSource
    latch: PinLatch
    token_reports_failed_logins: bool = False

    def open(self, find: Callable[[], pkcs11.Token]) -> pkcs11.Session:
        """Log in once and return the session (ID-05).

        Args:
            find: Reads the token, its flags too; called when no other process of this machine logs in.

        Raises:
            RetryError: `token.pin-latched`, `token.pin-locked`, `token.pin-final-try`,
                `token.login-elsewhere`, what `find` or the PIN's source raises, or
                `token.latch-unwritable`; in each case no try is spent except on the first refusal.
            pkcs11.PKCS11Error: The token failed for another reason.
        """
        with self.latch.held():
            return self._open(find())

    def _open(self, token: pkcs11.Token) -> pkcs11.Session:
        self.check(token.flags)
        pin = self.pin()
        # A session that needs no PIN shows that the token is there before the latch is set.
        token.open().close()
        self.latch.attempt()
        try:
            session = token.open(user_pin=pin)
        except pkcs11.UserAlreadyLoggedIn:
            session = token.open()
        except PIN_REFUSED as fault:
            reason = type(fault).__name__
            self.latch.fail(reason)
            raise RetryError("token.pin-latched", since=self.latch.read().at, reason=reason) from fault
        self.latch.clear()
        return session

    def check(self, flags: TokenFlag) -> None:
        """Refuse the login that must not be tried; called with the flags read from the token just now.

        Raises:
            RetryError: `token.pin-latched`, `token.pin-locked` or `token.pin-final-try`.
        """
        mark = self.latch.read()
        unseen = mark.state is LatchState.ATTEMPTED
        if unseen and not (self.token_reports_failed_logins and not flags & _FAILED_BEFORE):
            self.latch.fail("interrupted")
            mark = self.latch.read()
        if mark.state is LatchState.FAILED:
            raise RetryError("token.pin-latched", since=mark.at, reason=mark.reason)
        if flags & TokenFlag.USER_PIN_LOCKED:
            raise RetryError("token.pin-locked")
        if flags & TokenFlag.USER_PIN_FINAL_TRY and mark.state is not LatchState.FINAL_TRY_ALLOWED:
            raise RetryError("token.pin-final-try")


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner may read, and see it onto the disk."""
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
