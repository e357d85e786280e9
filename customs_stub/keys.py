"""The office's own key and certificate, and its register of the enterprises' certificates."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from customs_stub.config import ConfigError
from customs_stub.seal import StrangerError

PRIVATE = 0o600
# Rehearsals move the clock to either side of today; the certificate of a stub holds at all of them.
VALID_FROM = datetime(2020, 1, 1, tzinfo=UTC)
VALID_UNTIL = datetime(2049, 12, 31, tzinfo=UTC)
A_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Identity:
    """What the office signs its receipts with."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate


def make_identity(key_file: Path, certificate_file: Path) -> bool:
    """Make an RSA-2048 key and a certificate signed by itself; return False when both are there already.

    A key alone gets its certificate: whoever made it may have died before that.

    Raises:
        ConfigError: The certificate alone is there, or the key cannot be used: nothing is overwritten.
    """
    if key_file.exists() and certificate_file.exists():
        return False
    if certificate_file.exists():
        raise ConfigError([f"only {certificate_file} is there: remove it, or put its key beside it"])
    if not key_file.exists():
        _write(key_file, _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)))
    _write(certificate_file, own_certificate(_load_key(key_file)).public_bytes(serialization.Encoding.PEM))
    return True


def own_certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    """Return a new certificate of the key that holds at every rehearsal."""
    return _self_signed(key, VALID_FROM, VALID_UNTIL)


def expired_certificate(key: rsa.RSAPrivateKey) -> x509.Certificate:
    """Return a certificate of the key whose days are over at every rehearsal."""
    return _self_signed(key, VALID_FROM - A_YEAR, VALID_FROM)


def _self_signed(key: rsa.RSAPrivateKey, begin: datetime, end: datetime) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "试验海关"),
            x509.NameAttribute(NameOID.COMMON_NAME, "customs-stub"),
        ]
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, SHA256())
    )


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(file: Path, data: bytes) -> None:
    """Write a private file in one step, so that there is a whole one or none."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE), "wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    draft.rename(file)


def load_identity(key_file: Path, certificate_file: Path) -> Identity:
    """Read the office's key and certificate.

    Raises:
        ConfigError: A file is missing or unreadable, the key is not RSA, or the two do not belong together.
    """
    key = _load_key(key_file)
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    except (OSError, ValueError) as fault:
        raise _unusable(fault) from fault
    if key.public_key() != certificate.public_key():
        raise ConfigError([f"{certificate_file} is not the certificate of {key_file}"])
    return Identity(key, certificate)


def _load_key(file: Path) -> rsa.RSAPrivateKey:
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as fault:
        raise _unusable(fault) from fault
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigError([f"{file}: the office signs with RSA"])
    return key


def _unusable(fault: Exception) -> ConfigError:
    return ConfigError([f"the office's key or certificate: {fault} (`customs-stub init` makes both)"])


class Register:
    """The certificates of the enterprises, `<enterprise code>*.pem` in one folder.

    The folder is looked at anew whenever it changed, so that an enterprise can be registered while the
    office is open.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[Path, tuple[int, list[x509.Certificate]]] = {}

    def certificates(self, enterprise: str) -> list[x509.Certificate]:
        """Return what is registered for the enterprise, which may be nothing.

        Raises:
            StrangerError: A registered file holds no certificate.
        """
        if not enterprise.isalnum():
            return []
        found: list[x509.Certificate] = []
        for file in sorted(self._folder.glob(f"{enterprise}*.pem")):
            found += self._read(file)
        return found

    def _read(self, file: Path) -> list[x509.Certificate]:
        changed = file.stat().st_mtime_ns
        if file not in self._seen or self._seen[file][0] != changed:
            try:
                self._seen[file] = (changed, x509.load_pem_x509_certificates(file.read_bytes()))
            except ValueError as fault:
                raise StrangerError(f"{file.name} in the register holds no certificate") from fault
        return self._seen[file][1]
