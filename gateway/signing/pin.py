"""The PIN: where it comes from, and the login that tries a wrong one only once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pkcs11
from pkcs11.constants import TokenFlag

from gateway.config import read_secret, secret_variable
from gateway.errors import ParkedError, RetryError
from gateway.latch import LatchState, PinLatch

# The name of the secret.
PIN = "token-pin"
PIN_REFUSED = (pkcs11.PinIncorrect, pkcs11.PinLocked, pkcs11.PinInvalid, pkcs11.PinLenRange)
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
