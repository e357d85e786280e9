"""The token that signs: opened in one thread, logged in once, and its keys bound to enterprises."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pkcs11 import Attribute, Mechanism, ObjectClass
from pkcs11.types import SignMixin

from gateway.errors import ParkedError, RetryError
from gateway.signing.binding import Binding
from gateway.signing.keys import EcTokenKey, RawSign, RsaTokenKey
from gateway.signing.module import Module
from gateway.signing.pin import Login

_CURVES = (ec.SECP256R1, ec.SECP384R1)
# So often it is seen which certificates are there: the next one may have been put beside the present one.
_LOOK_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Identity:
    """An enterprise's key on the token, and its certificate."""

    enterprise: str
    key: RsaTokenKey | EcTokenKey
    certificate: x509.Certificate


class Token:
    """Owns the PKCS#11 module and one logged-in session; opens both when first asked (ID-01, ID-03).

    The thread that asks first owns the token until `close`; every other one is refused, and so is
    every process that was forked from it: both would speak on one session.
    Whatever fails at the token, the next call begins again from the module's initialisation.
    """

    def __init__(
        self,
        module: Module,
        label: str,
        bindings: Iterable[Binding],
        login: Login,
        now: Callable[[], datetime],
    ) -> None:
        self._module = module
        self._label = label
        self._bindings = {binding.enterprise: binding for binding in bindings}
        self._login = login
        self._session: pkcs11.Session | None = None
        self._now = now
        # Each with the moment at which it is to be chosen anew.
        self._identities: dict[str, tuple[Identity, datetime]] = {}
        self._owner: tuple[int, int] | None = None
        self._inside = False

    def identity(self, enterprise: str) -> Identity:
        """Return the enterprise's key and certificate of now; the token is opened if it is not.

        Raises:
            ParkedError: `token.enterprise-not-bound`, before the token is touched (ID-02).
            RetryError: The token is absent or failing (`token.absent`, `token.session-lost` …), its
                PIN must not be tried (`token.pin-…`), or it lacks what the binding names
                (`token.key-…`, `token.certificate-…`).
        """
        binding = self._bindings.get(enterprise)
        if binding is None:
            raise ParkedError("token.enterprise-not-bound", enterprise=enterprise)
        self._claim()
        found = self._identities.get(enterprise)
        if found is None or found[1] <= self._now():
            with self._guard():
                found = self._identities[enterprise] = self._look_up(self._open(), binding)
        return found[0]

    def close(self) -> None:
        """Log out and let go of the module; to be called by the owner, or after it has ended.

        Where the owner does not come back from the module, that stays as it is, for it bears no second
        call; and so it does in a process that was forked, whose session is the other's.
        """
        if self._owner not in (None, _myself()) and (self._inside or self._owner[0] != os.getpid()):
            return
        self._session = None
        self._identities = {}
        self._module.close()
        self._owner = None

    def _claim(self) -> None:
        if self._owner is None:
            self._owner = _myself()
        elif self._owner != _myself():
            raise RuntimeError("the token belongs to the thread that opened it")

    def _open(self) -> pkcs11.Session:
        if self._session is None:
            try:
                self._session = self._login.open(partial(self._module.open, self._label))
            except RetryError:
                self.close()
                raise
        return self._session

    @contextmanager
    def _guard(self) -> Iterator[None]:
        self._inside = True
        try:
            yield
        except pkcs11.PKCS11Error as fault:
            self.close()
            raise RetryError("token.session-lost", label=self._label, reason=type(fault).__name__) from fault
        finally:
            self._inside = False

    def _look_up(self, session: pkcs11.Session, binding: Binding) -> tuple[Identity, datetime]:
        wanted: dict[Attribute, object] = {Attribute.CLASS: ObjectClass.PRIVATE_KEY}
        if binding.key_label:
            wanted[Attribute.LABEL] = binding.key_label
        if binding.key_id:
            wanted[Attribute.ID] = binding.key_id
        keys = {bytes(key[Attribute.ID]): key for key in list(session.get_objects(wanted))}
        if not keys:
            name = binding.key_label or binding.key_id.hex()
            raise RetryError("token.key-absent", key=name, enterprise=binding.enterprise)
        # At a renewal there may be two keys of one label, each with its certificate.
        there = {
            certificate: key
            for key_id, key in keys.items()
            for _, certificate in read_certificates(session, {Attribute.ID: key_id})
        }
        now = self._now()
        certificate = binding.choose(there, now)
        chosen = there[certificate]
        if not isinstance(chosen, SignMixin):
            raise RetryError("token.key-unsupported", subject=certificate.subject.rfc4514_string())
        key = self._key(session, certificate, partial(self._sign, session, chosen))
        return Identity(binding.enterprise, key, certificate), min(
            binding.change_over(there, now), now + _LOOK_AGAIN
        )

    def _key(
        self, session: pkcs11.Session, certificate: x509.Certificate, sign: RawSign
    ) -> RsaTokenKey | EcTokenKey:
        public_key = certificate.public_key()
        if isinstance(public_key, rsa.RSAPublicKey) and public_key.key_size >= 2048:
            return RsaTokenKey(public_key, sign, session.token.slot.get_mechanisms())
        if isinstance(public_key, ec.EllipticCurvePublicKey) and isinstance(public_key.curve, _CURVES):
            return EcTokenKey(public_key, sign)
        raise RetryError("token.key-unsupported", subject=certificate.subject.rfc4514_string())

    def _sign(self, session: pkcs11.Session, key: SignMixin, mechanism: Mechanism, data: bytes) -> bytes:
        self._claim()
        if session is not self._session:
            raise RetryError("token.session-lost", label=self._label, reason="the token was opened anew")
        with self._guard():
            return key.sign(data, mechanism=mechanism)


def _myself() -> tuple[int, int]:
    return os.getpid(), threading.get_ident()


def read_certificates(
    session: pkcs11.Session, wanted: Mapping[Attribute, object]
) -> list[tuple[str, x509.Certificate]]:
    """Read the certificates of the token, each with its label; needs no login.

    Raises:
        RetryError: `token.certificate-unreadable`.
    """
    found = []
    for item in list(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE, **wanted})):
        label = item[Attribute.LABEL]
        try:
            found.append((label, x509.load_der_x509_certificate(item[Attribute.VALUE])))
        except ValueError as fault:
            raise RetryError("token.certificate-unreadable", label=label) from fault
    return found
