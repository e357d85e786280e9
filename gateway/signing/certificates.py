"""Certificates as evidence shows them: those in a signature's KeyInfo, and those that are pinned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.errors import RejectedError
from gateway.signing.binding import fingerprint
from gateway.signing.verification import load_certificates
from gateway.signing.xmldsig import DS
from gateway.xmlio import parse


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate for those who do not read certificates themselves.

    Attributes:
        fingerprint: Its SHA-256 in lower-case hexadecimal.
        subject: As RFC 4514 writes it.
        since: From when it is valid.
        until: Until when.
        pem: The certificate itself.
    """

    fingerprint: str
    subject: str
    since: datetime
    until: datetime
    pem: bytes = field(repr=False)


def stated_certificates(data: bytes) -> tuple[Certificate, ...]:
    """Return the certificates that a signed message says it was signed with; nothing is believed of it.

    What is no XML, or names no certificate that can be read, has none.
    """
    try:
        root = parse(data)
    except RejectedError:
        return ()
    found = []
    for element in root.iterfind(f"{DS}Signature/{DS}KeyInfo/{DS}X509Data/{DS}X509Certificate"):
        pem = f"-----BEGIN CERTIFICATE-----\n{(element.text or '').strip()}\n-----END CERTIFICATE-----\n"
        try:
            found.append(_described(x509.load_pem_x509_certificate(pem.encode())))
        except ValueError:
            continue
    return tuple(found)


def pinned_certificates(files: Iterable[Path]) -> tuple[Certificate, ...]:
    """Return the certificates of PEM files.

    Raises:
        RejectedError: `signature.certificate-file`, once for every file that cannot be read.
    """
    return tuple(map(_described, load_certificates(files)))


def _described(certificate: x509.Certificate) -> Certificate:
    return Certificate(
        fingerprint=fingerprint(certificate),
        subject=certificate.subject.rfc4514_string(),
        since=certificate.not_valid_before_utc,
        until=certificate.not_valid_after_utc,
        pem=certificate.public_bytes(Encoding.PEM),
    )
