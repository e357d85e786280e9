"""A look at the token without logging in, for operators: is it there, its PIN's flags, its certificates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pkcs11
from cryptography import x509
from pkcs11.constants import TokenFlag

from gateway.errors import RetryError
from gateway.latch import LatchState, Mark, PinLatch
from gateway.signing.binding import Binding
from gateway.signing.module import Module
from gateway.signing.token import read_certificates


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """What `gateway token status` tells.

    Attributes:
        fault: Why the token cannot be used, or None.
        latch: What the PIN latch remembers.
        label: The token's label.
        serial: The token's serial number.
        model: The token's manufacturer and model.
        pin_tried_wrong: A wrong PIN was given since the last right one.
        pin_final_try: One more wrong PIN locks the token.
        pin_locked: The token is locked.
        certificates: Every certificate on the token, with its label.
    """

    fault: RetryError | None
    latch: Mark
    label: str
    serial: str = ""
    model: str = ""
    pin_tried_wrong: bool = False
    pin_final_try: bool = False
    pin_locked: bool = False
    certificates: tuple[tuple[str, x509.Certificate], ...] = ()

    def certificate_of(self, binding: Binding, at: datetime) -> x509.Certificate:
        """Return the certificate that stands for an enterprise at a moment, found without a PIN (ID-02).

        Without a login no token tells its private keys. So the certificate is found by the
        fingerprint of the binding, else by the label that trial tokens and most others give to both.

        Raises:
            RetryError: `token.certificate-unknown`, `-differs`, `-not-unique` or `-of-another`.
        """
        label, pinned = binding.key_label, binding.fingerprints
        found = [one for its, one in self.certificates if pinned or its == label]
        if not found:
            values = {"label": label, "enterprise": binding.enterprise}
            raise RetryError("token.certificate-unknown", **values)
        return binding.choose(found, at)


def inspect_token(module: Module, label: str, latch: PinLatch) -> TokenStatus:
    """Look at the token; sends no PIN. Only for a process in which no `Token` is open."""
    try:
        return _look(module.open(label), latch.read())
    except RetryError as fault:
        return TokenStatus(fault, latch.read(), label)
    except pkcs11.PKCS11Error as fault:
        lost = RetryError("token.session-lost", label=label, reason=type(fault).__name__)
        return TokenStatus(lost, latch.read(), label)
    finally:
        module.close()


def _look(token: pkcs11.Token, mark: Mark) -> TokenStatus:
    with token.open() as session:
        certificates = tuple(read_certificates(session, {}))
    return TokenStatus(
        fault=_latched(mark),
        latch=mark,
        label=token.label,
        serial=token.serial.decode("ascii", "replace"),
        model=f"{token.manufacturer_id} {token.model}",
        pin_tried_wrong=bool(token.flags & TokenFlag.USER_PIN_COUNT_LOW),
        pin_final_try=bool(token.flags & TokenFlag.USER_PIN_FINAL_TRY),
        pin_locked=bool(token.flags & TokenFlag.USER_PIN_LOCKED),
        certificates=certificates,
    )


def _latched(mark: Mark) -> RetryError | None:
    """Return why signing waits for an operator although the token is there (ID-05)."""
    if mark.state is not LatchState.FAILED:
        return None
    return RetryError("token.pin-latched", since=mark.at, reason=mark.reason)
