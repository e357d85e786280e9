"""XML signatures of others, believed only if a pinned certificate made them over the whole document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from itertools import chain
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree

from gateway.errors import RejectedError, Violation, refuse
from gateway.signing.binding import fingerprint
from gateway.signing.shape import (
    PREFIXES,
    check_bounds,
    check_parts,
    check_shape,
    check_size,
    only_signature,
    value_of,
)
from gateway.signing.suites import SUITES, Suite
from gateway.signing.xmldsig import DS, EXCLUSIVE, INCLUSIVE
from gateway.xmlio import parse

_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
# Canonical forms that keep comments are not among them: what is believed has none. Of a whole document, and
# of a part that is made one, the newer inclusive form is the same as the older.
_CANONICAL = frozenset({INCLUSIVE, EXCLUSIVE, "http://www.w3.org/2006/12/xml-c14n11"})
# What old customs systems still sign with, and only where the route says so.
_BROKEN = "rsa-sha1"


@dataclass(frozen=True, slots=True)
class Verified:
    """What a signature vouches for, and whose it is; nothing else of the input is to be read (CU-02).

    Attributes:
        root: The document as it was signed, without the signature and without comments.
        data: The same as the bytes that were digested.
        certificate: The pinned certificate that made the signature.
        fingerprint: The certificate's SHA-256 in lower-case hexadecimal.
    """

    root: etree._Element
    data: bytes
    certificate: x509.Certificate
    fingerprint: str

    @property
    def subject(self) -> str:
        """The certificate's subject as RFC 4514 writes it."""
        return self.certificate.subject.rfc4514_string()


class Verifier:
    """Verifies signatures against pinned certificates (CU-02).

    Only one shape of a signature is looked at, so that what is left is what makes it one: the key's value
    over the canonical form of SignedInfo, and in that the digest of the rest of the document.

    Args:
        pinned: The certificates of whom is believed.
        accept_sha1: Believe RSA with SHA-1 as well, which others can forge; for old customs systems.
        foreign: Suites besides the known ones, such as SM2 with SM3; each is used with its own digest.
    """

    def __init__(
        self,
        pinned: Iterable[x509.Certificate],
        *,
        accept_sha1: bool = False,
        foreign: Iterable[Suite] = (),
    ) -> None:
        self._pinned = {fingerprint(certificate): certificate for certificate in pinned}
        known = [suite for name, suite in SUITES.items() if accept_sha1 or name != _BROKEN]
        digests: dict[str, Suite] = {suite.digest_method: suite for suite in known}
        # By its method, a suite and those that may have made the digest.
        self._suites: dict[str, tuple[Suite, Mapping[str, Suite]]] = {
            **{suite.method: (suite, digests) for suite in known},
            **{suite.method: (suite, {suite.digest_method: suite}) for suite in foreign},
        }

    def verify(self, data: bytes, at: datetime) -> Verified:
        """Return what is signed, if it is the whole document and signed by a pinned certificate.

        Args:
            data: The document as it arrived.
            at: The moment at which the certificate must be valid, with a zone.

        Raises:
            RejectedError: `xml.…`, `signature.missing`, `.many`, `.not-last`, `.shape-refused`,
                `.outside-refused`, `.encoding-refused`, `.too-much`, `.reference-refused`,
                `.algorithm-refused`, `.untrusted-certificate`,
                `.certificate-not-yet-valid`, `.certificate-expired`, `.digest-mismatch`, `.invalid`.
        """
        check_size(data)
        root = parse(data)
        check_bounds(root, data)
        signature = only_signature(root)
        signing, digesting = self._check_shape(signature)
        info, reference = signature[0], signature[0][2]
        # Whoever decodes more leniently would be given another value by what is skipped.
        value, digest = value_of(signature[1]), value_of(reference[2])
        pinned = self._pinned_by(signature)
        certificate = self._pinned[pinned]
        _check_validity(certificate, at)
        if not signing.verify(certificate, value, _canonical(info, info[0])):
            raise refuse("signature.invalid", reason="SignatureValue")
        transforms = reference[0]
        _take_out(signature)
        signed = _canonical(root, transforms[1] if len(transforms) > 1 else None)
        if not compare_digest(digesting.digest(signed), digest):
            raise refuse("signature.digest-mismatch")
        # Read anew, so that nothing that was not signed is left: no comment, and no text cut in two by one.
        return Verified(parse(signed), signed, certificate, pinned)

    def _check_shape(self, signature: etree._Element) -> tuple[Suite, Suite]:
        """See that there is one reference, to the whole document; return who is to verify and to digest."""
        check_parts(signature)
        info = signature[0]
        references = list(signature.iter(DS + "Reference"))
        if len(references) != 1 or references[0].getparent() is not info:
            raise refuse("signature.reference-refused", given=f"{len(references)} x")
        if references[0].get("URI") != "":
            raise refuse("signature.reference-refused", given=references[0].get("URI"))
        _allow(_algorithm(info, "CanonicalizationMethod"), _CANONICAL)
        method = _algorithm(info, "SignatureMethod")
        _allow(method, self._suites)
        signing, digests = self._suites[method]
        digest_method = _algorithm(references[0], "DigestMethod")
        _allow(digest_method, digests)
        _check_transforms(references[0])
        check_shape(signature)
        return signing, digests[digest_method]

    def _pinned_by(self, signature: etree._Element) -> str:
        """Return the pinned certificate whose bytes it names, by fingerprint; no other is as much as read."""
        named = [value_of(each) for each in signature.iter(f"{DS}X509Certificate")]
        for each in named:
            if (digest := sha256(each).hexdigest()) in self._pinned:
                return digest
        subject, digest = (_subject(named[0]), sha256(named[0]).hexdigest()) if named else ("-", "-")
        raise refuse("signature.untrusted-certificate", subject=subject, fingerprint=digest)


def load_certificates(files: Iterable[Path]) -> tuple[x509.Certificate, ...]:
    """Read the pinned certificates of PEM files, each of which may hold several.

    Raises:
        RejectedError: `signature.certificate-file`, once for every file that cannot be read.
    """
    return tuple(chain.from_iterable(load_files(files)))


def load_files(files: Iterable[Path]) -> list[list[x509.Certificate]]:
    """Read the pinned certificates of each PEM file.

    Raises:
        RejectedError: As `load_certificates` says.
    """
    found: list[list[x509.Certificate]] = []
    faults: list[Violation] = []
    for file in files:
        try:
            found.append(x509.load_pem_x509_certificates(file.read_bytes()))
        except (OSError, ValueError) as fault:
            reason = getattr(fault, "strerror", None) or str(fault)
            faults.append(
                Violation("signature.certificate-file", values={"file": str(file), "reason": reason})
            )
    if faults:
        raise RejectedError(faults)
    return found


def _subject(encoded: bytes) -> str:
    """Return whose a certificate says it is; strangers may write there what they like."""
    try:
        return x509.load_der_x509_certificate(encoded).subject.rfc4514_string()
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm):
        return "?"


def _check_transforms(reference: etree._Element) -> None:
    """The signature is taken out, then the rest is put into canonical form: no other order, nothing else."""
    transforms = [one.get("Algorithm", "") for one in reference.iterfind(f"{DS}Transforms/{DS}Transform")]
    _allow(transforms[0] if transforms else "", {_ENVELOPED})
    for transform in transforms[1:]:
        _allow(transform, _CANONICAL)
    if len(transforms) > 2:
        raise refuse("signature.algorithm-refused", given=" ".join(transforms))


def _take_out(signature: etree._Element) -> None:
    """Remove the signature, and nothing of the text behind it, which is signed."""
    parent, before = signature.getparent(), signature.getprevious()
    assert parent is not None, "it is a child of the root"
    if signature.tail and before is not None:
        before.tail = (before.tail or "") + signature.tail
    elif signature.tail:
        parent.text = (parent.text or "") + signature.tail
    parent.remove(signature)


def _canonical(element: etree._Element, method: etree._Element | None) -> bytes:
    """Return the canonical form that a method asks for; the inclusive one where there is no method."""
    exclusive = method is not None and method.get("Algorithm") == EXCLUSIVE
    kept = None if method is None else method.find(PREFIXES)
    prefixes = None if kept is None else kept.get("PrefixList", "").split()
    try:
        return etree.tostring(
            _alone(element),
            method="c14n",
            exclusive=exclusive,
            with_comments=False,
            inclusive_ns_prefixes=prefixes,
        )
    except (etree.LxmlError, ValueError) as fault:
        # A library's reason may quote all that a stranger wrote.
        raise refuse("signature.invalid", reason=str(fault)[:200]) from fault


def _alone(element: etree._Element) -> etree._Element:
    """Return an element as a document of its own, with the namespaces in scope declared.

    Inside a document lxml gives unprefixed grandchildren a false xmlns="" in inclusive form, and for a
    comment beside the root a line break.
    """
    if all(each is None for each in (element.getparent(), element.getprevious(), element.getnext())):
        return element
    # As bytes that hold every character: in lxml's ASCII a Chinese name or instruction becomes another one.
    return etree.fromstring(etree.tostring(element, encoding="utf-8", with_tail=False))


def _algorithm(parent: etree._Element, name: str) -> str:
    element = parent.find(DS + name)
    return "" if element is None else element.get("Algorithm", "")


def _allow(given: str, allowed: Iterable[str]) -> None:
    if given not in allowed:
        raise refuse("signature.algorithm-refused", given=given)


def _check_validity(certificate: x509.Certificate, at: datetime) -> None:
    since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if since <= at <= until:
        return
    subject = certificate.subject.rfc4514_string()
    if at < since:
        raise refuse("signature.certificate-not-yet-valid", subject=subject, since=since.date().isoformat())
    raise refuse("signature.certificate-expired", subject=subject, until=until.date().isoformat())
