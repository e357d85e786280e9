"""The token's owner, with a real SoftHSM2: keys that never leave, each bound to its enterprise."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pkcs11 import Attribute, KeyType, MechanismFlag, ObjectClass
from pkcs11.constants import CertificateType

from gateway.errors import ParkedError
from gateway.signing import (
    Binding,
    Module,
    Token,
    fingerprint,
    inspect_token,
)
from tests.services.softhsm import ENTERPRISE, NOON, PrivateToken, private_token, refusal, sign


@pytest.fixture
def private(tmp_path: Path) -> PrivateToken:
    """Return a token of this test's own, with an RSA key."""
    return private_token(tmp_path / "token")


@pytest.fixture
def opened(private: PrivateToken) -> Iterator[Token]:
    """Return the token's owner, and let go of it in the end."""
    token = private.open()
    yield token
    token.close()


def session_of(private: PrivateToken) -> pkcs11.Session:
    """Open the token for writing, as its issuer would."""
    pin = private.trial.pin_file.read_text()
    return private.trial.module().open(private.trial.label).open(rw=True, user_pin=pin)


@pytest.mark.requirement("ID-01")
def test_the_key_signs_and_the_certificate_comes_from_the_token(private: PrivateToken, opened: Token) -> None:
    """What the token signs fits the certificate that is stored beside the key."""
    identity = opened.identity(ENTERPRISE)
    assert identity.certificate == private.certificate
    public = identity.certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    public.verify(sign(opened), b"data", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.requirement("ID-01")
def test_the_key_never_leaves_the_token(private: PrivateToken) -> None:
    """The token refuses to give the private exponent even to who knows the PIN."""
    with session_of(private) as session:
        (key,) = session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY})
        assert key[Attribute.EXTRACTABLE] is False
        with pytest.raises(pkcs11.AttributeSensitive):
            key[Attribute.PRIVATE_EXPONENT]
    private.trial.module().close()


def test_a_key_of_the_token_cannot_be_pickled(opened: Token) -> None:
    """Nor can what holds it: an identity never reaches another process."""
    with pytest.raises(TypeError):
        pickle.dumps(opened.identity(ENTERPRISE))


@pytest.mark.requirement("ID-02")
def test_an_unbound_enterprise_is_refused_before_the_token_is_touched(private: PrivateToken) -> None:
    """The refusal needs no token at all."""
    token = Token(
        Module(private.trial.folder / "no-module.so"),
        "any",
        [Binding(ENTERPRISE)],
        private.login(),
        lambda: NOON,
    )
    error = refusal(lambda: token.identity("4403189999"))
    assert isinstance(error, ParkedError)
    assert error.code == "token.enterprise-not-bound"


@pytest.mark.requirement("ID-02")
def test_a_key_is_bound_by_id_and_its_certificate_by_fingerprint(private: PrivateToken) -> None:
    """Another token with the same labels signs nothing."""
    good = fingerprint(private.certificate)
    token = private.open(
        Binding("A", key_id=sha256(b"declarant").digest()[:8], fingerprints=frozenset({good})),
        Binding("B", key_label="declarant", fingerprints=frozenset({"00" * 32})),
    )
    assert sign(token, "A")
    assert refusal(lambda: sign(token, "B")).code == "token.certificate-differs"
    assert sign(token, "A")
    token.close()


@pytest.mark.requirement("ID-02")
def test_each_enterprise_signs_with_its_own_key(private: PrivateToken) -> None:
    """Keys without certificate and missing ones are told apart and stop nobody else."""
    with session_of(private) as session:
        session.generate_keypair(KeyType.RSA, 2048, id=b"\x02", label="bare", store=True)
    private.trial.module().close()
    token = private.open(
        Binding(ENTERPRISE, key_label="declarant"),
        Binding("bare", key_id=b"\x02"),
        Binding("missing", key_label="none"),
    )
    codes = {name: refusal(lambda name=name: token.identity(name)).code for name in ("bare", "missing")}
    assert codes == {"bare": "token.certificate-absent", "missing": "token.key-absent"}
    assert sign(token)
    token.close()


def _odd_certificate(session: pkcs11.Session, key_id: bytes, value: bytes) -> None:
    session.create_object(
        {
            Attribute.CLASS: ObjectClass.CERTIFICATE,
            Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
            Attribute.TOKEN: True,
            Attribute.PRIVATE: False,
            Attribute.SUBJECT: b"0\x00",
            Attribute.LABEL: "odd",
            Attribute.ID: key_id,
            Attribute.VALUE: value,
        }
    )


@pytest.mark.requirement("ID-02")
def test_keys_that_cannot_sign_as_agreed_are_refused(private: PrivateToken) -> None:
    """Another curve, a key for decryption only, and bytes that are no certificate."""
    large = ec.generate_private_key(ec.SECP521R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "P-521")])
    builder = x509.CertificateBuilder(name, name, large.public_key(), 1, NOON, NOON)
    foreign = builder.sign(large, hashes.SHA256()).public_bytes(Encoding.DER)
    with session_of(private) as session:
        session.generate_keypair(KeyType.RSA, 2048, id=b"\x02", store=True)
        _odd_certificate(session, b"\x02", foreign)
        session.generate_keypair(
            KeyType.RSA, 2048, id=b"\x03", store=True, capabilities=MechanismFlag.DECRYPT
        )
        _odd_certificate(session, b"\x03", foreign)
        session.generate_keypair(KeyType.RSA, 2048, id=b"\x04", store=True)
        _odd_certificate(session, b"\x04", b"not a certificate")
    private.trial.module().close()
    ids = {"curve": b"\x02", "decrypts": b"\x03", "garbage": b"\x04"}
    token = private.open(*(Binding(enterprise, key_id=key_id) for enterprise, key_id in ids.items()))
    codes = {name: refusal(lambda name=name: token.identity(name)).code for name in ids}
    assert codes == {
        "curve": "token.key-unsupported",
        "decrypts": "token.key-unsupported",
        "garbage": "token.certificate-unreadable",
    }
    token.close()
    status = inspect_token(private.trial.module(), private.trial.label, private.latch())
    assert status.fault is not None
    assert status.fault.code == "token.certificate-unreadable"


@pytest.mark.requirement("ID-02")
def test_a_certificate_of_another_key_signs_nothing(private: PrivateToken) -> None:
    """The certificate's id may lie; the signature's check does not."""
    with session_of(private) as session:
        session.generate_keypair(KeyType.RSA, 2048, id=b"\x02", label="other", store=True)
        certificate = next(iter(session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})))
        certificate.copy({Attribute.TOKEN: True, Attribute.ID: b"\x02"})
    private.trial.module().close()
    token = private.open(Binding(ENTERPRISE, key_label="other"))
    assert refusal(lambda: sign(token)).code == "token.certificate-mismatch"
    token.close()
