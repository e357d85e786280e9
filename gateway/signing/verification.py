"""XML signatures of others, believed only if a pinned certificate made them over the whole document."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import compare_digest
from itertools import chain
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidDigest, SignXMLException
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from gateway.errors import RejectedError, Violation, refuse
from gateway.signing.binding import fingerprint
from gateway.signing.shape import check_bounds, check_parts, check_shape, check_size, only_signature, value_of
from gateway.signing.suites import VerifyingSuite
from gateway.signing.xmldsig import DS, EXCLUSIVE, INCLUSIVE
from gateway.xmlio import parse

_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
# Canonical forms that keep comments are not among them: what is believed has none.
_CANONICAL = {
    method.value
    for method in (
        CanonicalizationMethod.CANONICAL_XML_1_0,
        CanonicalizationMethod.CANONICAL_XML_1_1,
        CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
}
_SIGNATURES = frozenset(
    {
        *(SignatureMethod.RSA_SHA256, SignatureMethod.RSA_SHA384, SignatureMethod.RSA_SHA512),
        *(SignatureMethod.ECDSA_SHA256, SignatureMethod.ECDSA_SHA384),
    }
)
_DIGESTS = frozenset({DigestAlgorithm.SHA256, DigestAlgorithm.SHA384, DigestAlgorithm.SHA512})
# What old customs systems still sign with, and only where the route says so.
_OLD_SIGNATURES = frozenset({SignatureMethod.RSA_SHA1})
_OLD_DIGESTS = frozenset({DigestAlgorithm.SHA1})


@dataclass(frozen=True, slots=True)
class Verified:
    """What a signature vouches for, and whose it is; nothing else of the input is to be read (CU-02).

    Attributes:
        root: The document as it was signed, without the signature and without comments.
        data: The same as the bytes that were digested.
        certificate: The pinned certificate that made the signature.
    """

    root: etree._Element
    data: bytes
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        """The certificate's SHA-256 in lower-case hexadecimal."""
        return fingerprint(self.certificate)

    @property
    def subject(self) -> str:
        """The certificate's subject as RFC 4514 writes it."""
        return self.certificate.subject.rfc4514_string()


class _TreeVerifier(XMLVerifier):
    """Verifies the very tree that was examined, so that no second parser can see another document."""

    def get_root(self, data: etree._Element) -> etree._Element:
        """Return the tree itself; signxml copies before it changes anything."""
        return data

    def _c14n(self, nodes: etree._Element, *args: Any, **kwargs: Any) -> bytes:
        canonical: bytes = super()._c14n(_alone(nodes), *args, **kwargs)
        return canonical


class Verifier:
    """Verifies signatures against pinned certificates (CU-02).

    For one thread at a time: signxml validates every signature with one shared schema.

    Args:
        pinned: The certificates of whom is believed.
        accept_sha1: Believe RSA with SHA-1 as well, which others can forge; for old customs systems.
        foreign: Suites that signxml does not know, such as SM2 with SM3.
    """

    def __init__(
        self,
        pinned: Iterable[x509.Certificate],
        *,
        accept_sha1: bool = False,
        foreign: Iterable[VerifyingSuite] = (),
    ) -> None:
        self._pinned = {fingerprint(certificate): certificate for certificate in pinned}
        self._foreign = {suite.method: suite for suite in foreign}
        self._methods = _SIGNATURES | _OLD_SIGNATURES if accept_sha1 else _SIGNATURES
        self._digests = _DIGESTS | _OLD_DIGESTS if accept_sha1 else _DIGESTS

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
        check_bounds(root)
        signature = only_signature(root)
        method = self._check_shape(signature)
        # Whoever decodes more leniently would be given another value by what is skipped.
        for value in (signature[1], next(signature.iter(DS + "DigestValue"))):
            value_of(value)
        certificate = self._pinned_certificate(signature)
        _check_validity(certificate, at)
        if method in self._foreign:
            return _verify_foreign(root, signature, certificate, self._foreign[method])
        return self._verify(root, certificate, at)

    def _verify(self, root: etree._Element, certificate: x509.Certificate, at: datetime) -> Verified:
        expected = SignatureConfiguration(
            location="./",
            expect_references=1,
            signature_methods=self._methods,
            digest_algorithms=self._digests,
            verification_time=at,
            default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,
        )
        try:
            # A verifier keeps state of its last call, so that each call has its own.
            result = _TreeVerifier().verify(root, x509_cert=certificate, expect_config=expected)
        except InvalidDigest as fault:
            raise refuse("signature.digest-mismatch") from fault
        # The last three are how signxml and base64 stumble over senseless values.
        except (SignXMLException, etree.LxmlError, ValueError, TypeError, AttributeError) as fault:
            raise refuse("signature.invalid", reason=_short(fault)) from fault
        assert isinstance(result, VerifyResult), "one reference gives one result"
        if result.signed_xml is None:
            raise refuse("signature.invalid", reason="what is signed is no document")
        return Verified(result.signed_xml, result.signed_data, certificate)

    def _check_shape(self, signature: etree._Element) -> str:
        """See that there is one reference, to the whole document, and return the URI of the method."""
        check_parts(signature)
        info = signature[0]
        references = list(signature.iter(DS + "Reference"))
        if len(references) != 1 or references[0].getparent() is not info:
            raise refuse("signature.reference-refused", given=f"{len(references)} x")
        if references[0].get("URI") != "":
            raise refuse("signature.reference-refused", given=references[0].get("URI"))
        _allow(_algorithm(info, "CanonicalizationMethod"), _CANONICAL)
        method = _algorithm(info, "SignatureMethod")
        _allow(method, {*self._foreign, *(each.value for each in self._methods)})
        digests = {each.value for each in self._digests}
        if method in self._foreign:
            digests = {self._foreign[method].digest_method}
        _allow(_algorithm(references[0], "DigestMethod"), digests)
        _check_transforms(references[0])
        check_shape(signature)
        return method

    def _pinned_certificate(self, signature: etree._Element) -> x509.Certificate:
        """Return the pinned certificate whose bytes the signature names; no other is as much as read."""
        named = [value_of(each) for each in signature.iter(f"{DS}X509Certificate")]
        for each in named:
            if found := self._pinned.get(sha256(each).hexdigest()):
                return found
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


def _short(fault: Exception) -> str:
    """Return a library's reason, which may quote all that a stranger wrote."""
    return str(fault)[:200]


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


def _verify_foreign(
    root: etree._Element, signature: etree._Element, certificate: x509.Certificate, suite: VerifyingSuite
) -> Verified:
    """Verify by the library's steps what it cannot: digest of the whole, then the value over SignedInfo."""
    info = signature[0]
    value, given = value_of(signature[1]), value_of(next(info.iter(DS + "DigestValue")))
    try:
        signed = _canonical(info, _algorithm(info, "CanonicalizationMethod"))
        transforms = [one.get("Algorithm", "") for one in info.iter(DS + "Transform")]
        _take_out(signature)
        data = _canonical(root, transforms[-1] if len(transforms) > 1 else INCLUSIVE)
    except (etree.LxmlError, ValueError) as fault:
        raise refuse("signature.invalid", reason=_short(fault)) from fault
    if not compare_digest(suite.digest(data), given):
        raise refuse("signature.digest-mismatch")
    if not suite.verify(certificate, value, signed):
        raise refuse("signature.invalid", reason="SignatureValue")
    return Verified(parse(data), data, certificate)


def _take_out(signature: etree._Element) -> None:
    """Remove the signature, and nothing of the text behind it, which is signed."""
    parent, before = signature.getparent(), signature.getprevious()
    assert parent is not None, "it is a child of the root"
    if signature.tail and before is not None:
        before.tail = (before.tail or "") + signature.tail
    elif signature.tail:
        parent.text = (parent.text or "") + signature.tail
    parent.remove(signature)


def _canonical(element: etree._Element, method: str) -> bytes:
    _allow(method, {INCLUSIVE, EXCLUSIVE})
    exclusive = method == EXCLUSIVE
    return bytes(etree.tostring(_alone(element), method="c14n", exclusive=exclusive, with_comments=False))


def _alone(element: etree._Element) -> etree._Element:
    """Return an element as a document of its own, with the namespaces in scope declared.

    Inside a document lxml gives unprefixed grandchildren a false xmlns="" in inclusive form.
    """
    if element.getparent() is None:
        return element
    return etree.fromstring(etree.tostring(element, with_tail=False))


def _algorithm(parent: etree._Element, name: str) -> str:
    element = parent.find(DS + name)
    return "" if element is None else element.get("Algorithm", "")


def _allow(given: str, allowed: Iterable[str]) -> None:
    if given not in allowed:
        raise refuse("signature.algorithm-refused", given=given)


def _check_validity(certificate: x509.Certificate, at: datetime) -> None:
    subject = certificate.subject.rfc4514_string()
    if at < certificate.not_valid_before_utc:
        since = certificate.not_valid_before_utc.date().isoformat()
        raise refuse("signature.certificate-not-yet-valid", subject=subject, since=since)
    if at > certificate.not_valid_after_utc:
        until = certificate.not_valid_after_utc.date().isoformat()
        raise refuse("signature.certificate-expired", subject=subject, until=until)
