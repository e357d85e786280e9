"""Certificates at their renewal: the next one lies beside the old one, and signing changes over by itself."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID
from pkcs11 import Attribute, KeyType, ObjectClass
from pkcs11.util.rsa import encode_rsa_public_key
from pkcs11.util.x509 import decode_x509_certificate

from gateway.signing import Binding, Token, fingerprint
from tests.services.softhsm import ENTERPRISE, NOON, PrivateToken, private_token, refusal, sign

DAY = timedelta(days=1)
_authority = rsa.generate_private_key(65537, 2048)
_serials = itertools.count(1)


# What a vendor's tool does.
_ELSEWHERE = """
import sys, pkcs11
from pkcs11 import Attribute
from pkcs11.util.x509 import decode_x509_certificate
library, label, pin, certificate = sys.argv[1:]
with pkcs11.lib(library).get_token(token_label=label).open(rw=True, user_pin=pin) as session:
    described = decode_x509_certificate(bytes.fromhex(certificate))
    session.create_object({**described, Attribute.TOKEN: True, Attribute.ID: bytes([0x11])})
"""


def certified(public: rsa.RSAPublicKey, since: datetime, until: datetime) -> x509.Certificate:
    """Make the enterprise's certificate of a key."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ENTERPRISE)])
    builder = x509.CertificateBuilder(name, name, public, next(_serials), since, until)
    return builder.sign(_authority, hashes.SHA256())


@dataclass
class Office:
    """Who issues keys and certificates, and a clock that the test moves.

    Attributes:
        private: The token that is written to.
        now: The moment.
    """

    private: PrivateToken
    now: datetime = NOON
    _pin: str = field(init=False)

    def __post_init__(self) -> None:
        self._pin = self.private.trial.pin_file.read_text()

    def issue(self, key_id: bytes, since: datetime, until: datetime) -> x509.Certificate:
        """Put a certificate on the token, with a key of the label “renewed” if there is none of the id."""
        module = self.private.trial.module()
        with module.open(self.private.trial.label).open(rw=True, user_pin=self._pin) as session:
            wanted = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.ID: key_id}
            found = list(session.get_objects(wanted))
            if not found:
                session.generate_keypair(KeyType.RSA, 2048, id=key_id, label="renewed", store=True)
                found = list(session.get_objects(wanted))
            public = load_der_public_key(encode_rsa_public_key(found[0]))
            assert isinstance(public, rsa.RSAPublicKey)
            made = certified(public, since, until)
            described = decode_x509_certificate(made.public_bytes(Encoding.DER))
            session.create_object({**described, Attribute.TOKEN: True, Attribute.ID: key_id})
        module.close()
        return made

    def issue_elsewhere(self, renewed: x509.Certificate, until: datetime) -> x509.Certificate:
        """Let another program put a further certificate of a key on the token, which is in use here."""
        public = renewed.public_key()
        assert isinstance(public, rsa.RSAPublicKey)
        made = certified(public, self.now - DAY, until)
        trial = self.private.trial
        given = [str(trial.module().path), trial.label, self._pin, made.public_bytes(Encoding.DER).hex()]
        subprocess.run(
            [sys.executable, "-c", _ELSEWHERE, *given],
            env={**os.environ, **self.private.environment},
            check=True,
        )
        return made

    def open(self, *fingerprints: str) -> Token:
        """Return the token's owner, by whose clock the test's time goes."""
        private = self.private
        binding = Binding(ENTERPRISE, key_label="renewed", fingerprints=frozenset(fingerprints))
        return Token(
            private.trial.module(), private.trial.label, [binding], private.login(), lambda: self.now
        )


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Return an office with a token of its own."""
    return Office(private_token(tmp_path / "token"))


@pytest.fixture
def opened(office: Office) -> Iterator[Token]:
    """Return the token's owner once an old certificate and the next one are there, each with a key."""
    office.issue(b"\x11", NOON - 300 * DAY, NOON + 10 * DAY)
    office.issue(b"\x12", NOON + 5 * DAY, NOON + 400 * DAY)
    token = office.open()
    yield token
    token.close()


@pytest.mark.requirement("ID-02", "ID-03")
def test_signing_changes_over_when_the_next_certificate_becomes_valid(office: Office, opened: Token) -> None:
    """In the same process, with another key of the same label, and without anybody's word."""
    before = opened.identity(ENTERPRISE).certificate
    assert before.not_valid_after_utc == NOON + 10 * DAY
    old = sign(opened)
    office.now = NOON + 5 * DAY
    after = opened.identity(ENTERPRISE).certificate
    assert after.not_valid_after_utc == NOON + 400 * DAY
    assert sign(opened) != old


@pytest.mark.requirement("ID-02")
def test_a_renewed_certificate_of_the_same_key_is_used(office: Office) -> None:
    """Some authorities renew the certificate and leave the key."""
    office.issue(b"\x11", NOON - 300 * DAY, NOON + 10 * DAY)
    newer = office.issue(b"\x11", NOON - DAY, NOON + 400 * DAY)
    token = office.open()
    assert token.identity(ENTERPRISE).certificate == newer
    assert sign(token)
    token.close()


@pytest.mark.requirement("ID-02")
def test_a_certificate_that_comes_while_signing_goes_on_is_found(office: Office) -> None:
    """Within minutes and by itself, in the session that is open."""
    older = office.issue(b"\x11", NOON - 300 * DAY, NOON + 10 * DAY)
    token = office.open()
    assert token.identity(ENTERPRISE).certificate == older
    newer = office.issue_elsewhere(older, NOON + 400 * DAY)
    assert token.identity(ENTERPRISE).certificate == older, "not every signature looks"
    office.now += timedelta(minutes=10)
    assert token.identity(ENTERPRISE).certificate == newer
    assert sign(token)
    token.close()


@pytest.mark.requirement("ID-02")
def test_a_pinned_certificate_stays_although_a_newer_one_is_there(office: Office) -> None:
    """The operator's word goes first; both may be named for the time of the change."""
    older = office.issue(b"\x11", NOON - 300 * DAY, NOON + 10 * DAY)
    newer = office.issue(b"\x11", NOON - DAY, NOON + 400 * DAY)
    for pinned, expected in [([older], older), ([older, newer], newer)]:
        token = office.open(*map(fingerprint, pinned))
        assert token.identity(ENTERPRISE).certificate == expected
        token.close()


def test_two_that_begin_at_the_same_moment_are_not_guessed_between(office: Office) -> None:
    """One of them may be another office's."""
    for until in (10, 20):
        office.issue(b"\x11", NOON - DAY, NOON + until * DAY)
    token = office.open()
    assert refusal(lambda: token.identity(ENTERPRISE)).code == "token.certificate-not-unique"
    token.close()


def test_of_those_that_are_not_valid_the_longest_is_told(office: Office) -> None:
    """Its user refuses to sign with it, and says until when it was valid."""
    office.issue(b"\x11", NOON - 300 * DAY, NOON - 10 * DAY)
    longer = office.issue(b"\x11", NOON - 300 * DAY, NOON - DAY)
    token = office.open()
    assert token.identity(ENTERPRISE).certificate == longer
    token.close()
