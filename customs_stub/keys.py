"""The office's own key and certificate, and its register of the enterprises' certificates."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
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


@dataclass(frozen=True, slots=True)
class Identity:
    """What the office signs its receipts with."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate


def make_identity(key_file: Path, certificate_file: Path) -> bool:
    """Make an RSA-2048 key and a certificate signed by itself; return False when both are there already.

    Raises:
        ConfigError: Only one of the two files is there: nothing is overwritten.
    """
    there = [file for file in (key_file, certificate_file) if file.exists()]
    if len(there) == 2:
        return False
    if there:
        raise ConfigError([f"only {there[0]} is there: remove it, or put its counterpart beside it"])
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "试验海关"),
            x509.NameAttribute(NameOID.COMMON_NAME, "customs-stub"),
        ]
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(VALID_FROM)
        .not_valid_after(VALID_UNTIL)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(key_file, secret)
    _write(certificate_file, certificate.public_bytes(serialization.Encoding.PEM))
    return True


def _write(file: Path, data: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    with os.fdopen(handle, "wb") as stream:
        stream.write(data)


def load_identity(key_file: Path, certificate_file: Path) -> Identity:
    """Read the office's key and certificate.

    Raises:
        ConfigError: A file is missing or unreadable, the key is not RSA, or the two do not belong together.
    """
    try:
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    except (OSError, ValueError, TypeError) as fault:
        raise ConfigError(
            [f"the office's key or certificate: {fault} (`customs-stub init` makes both)"]
        ) from fault
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigError([f"{key_file}: the office signs with RSA"])
    if key.public_key() != certificate.public_key():
        raise ConfigError([f"{certificate_file} is not the certificate of {key_file}"])
    return Identity(key, certificate)


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
