"""The trial token: a SoftHSM2 token with keys and self-signed certificates, made where there are none."""

from __future__ import annotations

import ctypes
import hashlib
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from cryptography.x509.oid import NameOID
from pkcs11 import Attribute, KeyType
from pkcs11.constants import TokenFlag
from pkcs11.types import SignMixin
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key
from pkcs11.util.x509 import decode_x509_certificate

from gateway.durable import write_private
from gateway.errors import RetryError
from gateway.signing.keys import EcTokenKey, RawSign, RsaTokenKey
from gateway.signing.module import Module, find_softhsm
from gateway.signing.pin import Pin
from gateway.signing.token import read_certificates

Algorithm = Literal["rsa", "ec"]
# Wide enough for every rehearsal with a clock of its own.
_VALID = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Trial:
    """What the trial token is to be, and where, and one enterprise whose key is on it.

    Attributes:
        folder: Holds everything: `softhsm2.conf`, `pin` and the token's own folder.
        enterprise: The enterprise's customs code, put into the certificate's subject.
        name: The enterprise's name, put into the certificate's subject.
        label: The token's label.
        key_label: The key's label.
        algorithm: RSA-2048 or EC P-256.
    """

    folder: Path
    enterprise: str
    name: str
    label: str = "collective-declaration"
    key_label: str = "declarant"
    algorithm: Algorithm = "rsa"

    @property
    def pin_file(self) -> Path:
        """The file with the PIN."""
        return self.folder / "pin"

    @property
    def configuration(self) -> Path:
        """The file that `SOFTHSM2_CONF` is to name."""
        return self.folder / "softhsm2.conf"

    def module(self) -> Module:
        """Return SoftHSM2, told where this token is.

        Raises:
            RetryError: `token.softhsm-absent`.
        """
        return Module(find_softhsm(), {"SOFTHSM2_CONF": str(self.configuration)})


def make_trial_token(trial: Trial, certificate: Path) -> x509.Certificate:
    """Make the token and the enterprise's key unless they are there, and write its certificate as PEM.

    The token is built beside its place and put there in one step, so that a run that was killed
    leaves nothing half-made; the next run begins again. A key that is added to a token counts only
    with its certificate, which is made last. No other token of SoftHSM2 may be open in this process
    meanwhile.

    Raises:
        RetryError: `token.softhsm-absent`, or `token.trial-failed` when SoftHSM2 refuses something.
    """
    folder = trial.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    place, fresh = folder / "tokens", folder / "tokens.new"
    _configure(trial.configuration, place)
    try:
        if not place.exists():
            write_private(trial.pin_file, secrets.token_hex(8))
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700)
            draft = _configure(folder / "softhsm2.conf.new", fresh)
            fill(trial, Module(find_softhsm(), {"SOFTHSM2_CONF": str(draft)}))
            draft.unlink()
            fresh.rename(place)
        made = _read_certificate(trial) or _add_key(trial)
    except pkcs11.PKCS11Error as fault:
        raise RetryError("token.trial-failed", reason=type(fault).__name__) from fault
    certificate.parent.mkdir(parents=True, exist_ok=True)
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    return made


def _configure(file: Path, tokens: Path) -> Path:
    text = f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n"
    # Left alone when it is right: another process may be reading it.
    if not file.exists() or file.read_text("utf-8") != text:
        file.write_text(text, encoding="utf-8")
    return file


def fill(trial: Trial, module: Module) -> None:
    """Make a token with the enterprise's key and certificate where the library has an empty slot.

    Raises:
        RetryError: `token.trial-failed`, and what python-pkcs11 raises.
    """
    pin = Pin(trial.pin_file.read_text("utf-8").strip())
    try:
        token = _initialise(module, trial.label, pin)
        with token.open(rw=True, user_pin=pin) as session:
            _make_key(session, trial)
    finally:
        module.close()


def _add_key(trial: Trial) -> x509.Certificate:
    """Put a further enterprise's key on the token; what a killed run left of it is cleared away."""
    module, pin = trial.module(), Pin(trial.pin_file.read_text("utf-8").strip())
    try:
        with module.open(trial.label).open(rw=True, user_pin=pin) as session:
            for left in list(session.get_objects({Attribute.ID: _key_id(trial)})):
                left.destroy()
            _make_key(session, trial)
    finally:
        module.close()
    made = _read_certificate(trial)
    assert made is not None, "it was put there just now"
    return made


def _make_key(session: pkcs11.Session, trial: Trial) -> None:
    key = _generate(session, trial)
    session.create_object(
        {
            **decode_x509_certificate(_self_signed(trial, key).public_bytes(Encoding.DER)),
            Attribute.TOKEN: True,
            Attribute.PRIVATE: False,
            Attribute.LABEL: trial.key_label,
            Attribute.ID: _key_id(trial),
        }
    )


def _key_id(trial: Trial) -> bytes:
    return hashlib.sha256(trial.key_label.encode()).digest()[:8]


def _initialise(module: Module, label: str, pin: Pin) -> pkcs11.Token:
    """Make an empty token; python-pkcs11 lacks C_InitToken, so that the library is called directly."""
    slot = next(
        slot for slot in module.load().get_slots() if not slot.get_token().flags & TokenFlag.TOKEN_INITIALIZED
    )
    # Nobody will want the security officer's PIN: a spoilt trial token is made anew.
    officer = Pin(secrets.token_hex(8))
    result = ctypes.CDLL(str(module.path)).C_InitToken(
        ctypes.c_ulong(slot.slot_id), officer.encode(), ctypes.c_ulong(len(officer)), label.encode().ljust(32)
    )
    if result != 0:
        raise RetryError("token.trial-failed", reason=f"C_InitToken: 0x{result:08X}")
    with slot.get_token().open(rw=True, so_pin=officer) as session:
        session.init_pin(pin)
    return slot.get_token()


def _generate(session: pkcs11.Session, trial: Trial) -> RsaTokenKey | EcTokenKey:
    secret = {
        Attribute.LABEL: trial.key_label,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
    }
    if trial.algorithm == "rsa":
        public, private = session.generate_keypair(
            KeyType.RSA, 2048, id=_key_id(trial), store=True, private_template=secret
        )
        found = load_der_public_key(encode_rsa_public_key(public))
        assert isinstance(found, rsa.RSAPublicKey)
        return RsaTokenKey(found, _raw(private), session.token.slot.get_mechanisms())
    curve = session.create_domain_parameters(
        KeyType.EC, {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}, local=True
    )
    public, private = curve.generate_keypair(id=_key_id(trial), store=True, private_template=secret)
    point = load_der_public_key(encode_ec_public_key(public))
    assert isinstance(point, ec.EllipticCurvePublicKey)
    return EcTokenKey(point, _raw(private))


def _raw(key: object) -> RawSign:
    assert isinstance(key, SignMixin), "the key was generated to sign"
    return lambda mechanism, data: key.sign(data, mechanism=mechanism)


def _self_signed(trial: Trial, key: RsaTokenKey | EcTokenKey) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, trial.name),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "TRIAL ONLY"),
            x509.NameAttribute(NameOID.COMMON_NAME, trial.enterprise),
        ]
    )
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_VALID[0])
        .not_valid_after(_VALID[1])
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _read_certificate(trial: Trial) -> x509.Certificate | None:
    module = trial.module()
    try:
        with module.open(trial.label).open() as session:
            found = read_certificates(session, {Attribute.LABEL: trial.key_label})
    finally:
        module.close()
    return found[0][1] if found else None
