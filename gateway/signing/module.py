"""The PKCS#11 module of this process: loaded, initialised, asked for a token by its label, and let go."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pkcs11

from gateway.errors import RetryError

if TYPE_CHECKING:
    from pkcs11._pkcs11 import lib as Library  # noqa: N812 -- it is a class

_SOFTHSM_PLACES = (
    "/usr/lib/softhsm",
    "/usr/lib/*/softhsm",
    "/usr/lib64/pkcs11",
    "/usr/lib64/softhsm",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/lib/softhsm",
    "/usr/local/lib",
    "/opt/homebrew/lib/softhsm",
    "/opt/homebrew/lib",
)


class Module:
    """A vendor's PKCS#11 library. A process has one state of it, so that one object should own it.

    The library is initialised for one thread: whoever calls `open` first must make every later
    call, for python-pkcs11 tells the library not to lock and yet releases the interpreter's lock.

    Attributes:
        path: The shared library.
        environment: What the library reads from the environment when it is initialised, for
            example `SOFTHSM2_CONF`.
    """

    def __init__(self, path: Path, environment: Mapping[str, str] | None = None) -> None:
        self.path = path
        self.environment = dict(environment or {})
        self._library: Library | None = None

    def open(self, label: str) -> pkcs11.Token:
        """Initialise the library afresh if need be and find the token.

        Raises:
            RetryError: `token.module-absent`, `token.absent` or `token.label-not-unique`.
        """
        if not self.path.is_file():
            raise RetryError("token.module-absent", module=str(self.path))
        try:
            found = [token for token in self.load().get_tokens() if token.label == label]
        except pkcs11.PKCS11Error as fault:
            raise RetryError("token.absent", label=label, reason=_name(fault)) from fault
        if not found:
            raise RetryError("token.absent", label=label, reason="NoSuchToken")
        if len(found) > 1:
            raise RetryError("token.label-not-unique", label=label)
        return found[0]

    def load(self) -> Library:
        """Return the library, initialised; raises what python-pkcs11 raises."""
        os.environ.update(self.environment)
        self._library = pkcs11.lib(str(self.path))
        return self._library

    def close(self) -> None:
        """Let go of everything (C_Finalize); the next `open` sees the tokens as they are then.

        No other call resets every vendor's library after a token was pulled out, and handles of
        before must not be used again: the library may give their numbers to other objects.
        """
        if self._library is not None:
            # A library that cannot even do this is initialised anew all the same.
            with suppress(pkcs11.PKCS11Error):
                self._library.finalize()


def find_softhsm() -> Path:
    """Return the SoftHSM2 library from where Debian, Fedora, Arch and Homebrew put it.

    Raises:
        RetryError: `token.softhsm-absent`.
    """
    for pattern in _SOFTHSM_PLACES:
        for place in sorted(Path("/").glob(pattern.lstrip("/"))):
            library = place / "libsofthsm2.so"
            if library.is_file():
                return library
    raise RetryError("token.softhsm-absent")


def _name(fault: pkcs11.PKCS11Error) -> str:
    return type(fault).__name__
