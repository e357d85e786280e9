"""Which key and certificate belong to which enterprise, and for whom a certificate may stand (ID-02)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from gateway.errors import RetryError

# Where certification authorities of China put an enterprise's codes; its name and address are elsewhere.
_PLACES: Final = (
    NameOID.COMMON_NAME,
    NameOID.ORGANIZATIONAL_UNIT_NAME,
    NameOID.SERIAL_NUMBER,
    NameOID.ORGANIZATION_IDENTIFIER,
    NameOID.USER_ID,
)
_WORD: Final = re.compile(r"[0-9A-Za-z]+")
# A customs code begins with area and zone; a social credit code of a company with 9, as no one's
# identity number does, which has 18 characters as well.
_FORMS: Final = (re.compile(r"[0-9]{5}[0-9A-Z]{5}"), re.compile(r"9[0-9A-HJ-NP-RTUW-Y]{17}"))


@dataclass(frozen=True, slots=True)
class Binding:
    """Which key signs for which enterprise (ID-02); at least one of label and id finds the key.

    Attributes:
        enterprise: The enterprise's customs code.
        key_label: The key's `CKA_LABEL`.
        key_id: The key's `CKA_ID`.
        fingerprints: The SHA-256 of the certificates in hexadecimal; where given, no other certificate
            is used, so that another token with the same labels signs nothing.
        codes: The customs and social credit codes of which the certificate's subject may name one; a
            certificate that names others belongs to somebody else. Empty: the subject is not looked at.
    """

    enterprise: str
    key_label: str = ""
    key_id: bytes = b""
    fingerprints: frozenset[str] = frozenset()
    codes: frozenset[str] = frozenset()

    def choose(self, certificates: Iterable[x509.Certificate], at: datetime) -> x509.Certificate:
        """Return the one certificate that stands for the enterprise at a moment.

        When a certificate is renewed, the old and the new one are valid side by side for a time, under
        one key or two: of those valid now, the one that became valid last is used. Where none is valid
        now, the one that is valid longest is returned, for its user to refuse.

        Raises:
            RetryError: `token.certificate-absent`, `-differs`, `-not-unique` or `-of-another`.
        """
        found = list({fingerprint(one): one for one in certificates}.values())
        if not found:
            raise RetryError("token.certificate-absent", enterprise=self.enterprise)
        if self.fingerprints:
            found = [one for one in found if fingerprint(one) in self.fingerprints]
            if not found:
                raise RetryError("token.certificate-differs", enterprise=self.enterprise)
        for one in found:
            self._check_subject(one)
        valid = [one for one in found if one.not_valid_before_utc <= at <= one.not_valid_after_utc]
        if not valid:
            return max(found, key=lambda one: one.not_valid_after_utc)
        newest = max(one.not_valid_before_utc for one in valid)
        chosen = [one for one in valid if one.not_valid_before_utc == newest]
        if len(chosen) > 1:
            raise RetryError("token.certificate-not-unique", enterprise=self.enterprise)
        return chosen[0]

    def change_over(self, certificates: Iterable[x509.Certificate], at: datetime) -> datetime:
        """Return until when the choice of a moment stands: then a certificate becomes valid, or ends."""
        found = list(certificates)
        moments = [one.not_valid_before_utc for one in found] + [one.not_valid_after_utc for one in found]
        return min((moment for moment in moments if moment >= at), default=at)

    def _check_subject(self, certificate: x509.Certificate) -> None:
        for form in _FORMS if self.codes else ():
            stated = {word for word in _words(certificate) if form.fullmatch(word)}
            if stated and stated.isdisjoint(self.codes):
                own = sorted(code for code in self.codes if form.fullmatch(code))
                raise RetryError(
                    "token.certificate-of-another",
                    enterprise=self.enterprise,
                    stated=", ".join(sorted(stated)),
                    expected=", ".join(own) or "-",
                )


def fingerprint(certificate: x509.Certificate) -> str:
    """Return the SHA-256 of the certificate in lower-case hexadecimal."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _words(certificate: x509.Certificate) -> set[str]:
    values = (
        str(attribute.value)
        for place in _PLACES
        for attribute in certificate.subject.get_attributes_for_oid(place)
    )
    return {word.upper() for value in values for word in _WORD.findall(value)}
