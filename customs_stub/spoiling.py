"""What is wrong with a bad receipt: what it says, who signed it, or its bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from customs_stub.courses import Delivery
from customs_stub.keys import Identity, expired_certificate, load_identity, own_certificate
from customs_stub.submission import Submission

ELSEWHERE = ("0101", "0201")


@dataclass(frozen=True, slots=True)
class Identities:
    """The office's key, and under which certificates it can sign.

    Attributes:
        own: As the enterprises know it.
        expired: Under a certificate whose days are over; whoever pins it, too, sees that.
        unknown: Under a certificate that nobody was told of.
    """

    own: Identity
    expired: Identity
    unknown: Identity

    def of(self, delivery: Delivery) -> Identity:
        """Return who signs a receipt."""
        return {Delivery.EXPIRED: self.expired, Delivery.UNKNOWN: self.unknown}.get(delivery, self.own)


def load_identities(key_file: Path, certificate_file: Path) -> Identities:
    """Read the office's key and certificates; the expired one is made where it is not there.

    Raises:
        ConfigError: A file is missing or unreadable, or the office's own do not belong together.
    """
    own = load_identity(key_file, certificate_file)
    file = certificate_file.with_stem(f"{certificate_file.stem}-expired")
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.write_bytes(expired_certificate(own.key).public_bytes(Encoding.PEM))
        draft.replace(file)
    expired = x509.load_pem_x509_certificate(file.read_bytes())
    return Identities(own, Identity(own.key, expired), Identity(own.key, own_certificate(own.key)))


def twisted(submission: Submission, delivery: Delivery) -> Submission:
    """Return what a receipt that is about something else is made from."""
    if delivery is Delivery.OTHER_DOCUMENT:
        number = submission.unified_number
        other = number[:-1] + ("9" if number[-1:] == "8" else "8")
        return replace(submission, unified_number=other)
    if delivery is Delivery.OTHER_OFFICE:
        other = next(office for office in ELSEWHERE if office != submission.office)
        return replace(submission, office=other)
    return submission


def spoil(data: bytes, delivery: Delivery) -> bytes:
    """Return the bytes as a bad delivery has them: altered after signing, or cut off in the middle."""
    if delivery is Delivery.FORGED:
        return data.replace(b"</ResultText>", "（伪）</ResultText>".encode())
    if delivery in {Delivery.BROKEN, Delivery.UNFINISHED}:
        return data[: len(data) // 2]
    return data
