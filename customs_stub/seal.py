"""Enveloped XML signatures made and verified with lxml's canonicalization and plain public-key operations."""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from customs_stub.xmltree import DS, elements, local

INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
# C14N 1.1 differs from 1.0 only where a subset inherits xml: attributes, which no schema of ours has.
CANONICAL = {INCLUSIVE: False, "http://www.w3.org/2006/12/xml-c14n11": False, EXCLUSIVE: True}
ENVELOPED = DS + "enveloped-signature"
DIGEST = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
COORDINATE = 32  # bytes of r and of s on P-256


class SealError(Exception):
    """The signature is absent, of another shape than agreed, or does not verify."""


class StrangerError(SealError):
    """The signature is by a certificate that is not registered for the enterprise."""


def sign(root: etree._Element, key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> None:
    """Append the office's signature as last child of the root."""
    digest = hashlib.sha256(_canonical(root, exclusive=False)).digest()
    signature = etree.SubElement(root, f"{{{DS}}}Signature", nsmap={"ds": DS})
    info = _add(signature, "SignedInfo")
    _add(info, "CanonicalizationMethod", Algorithm=INCLUSIVE)
    _add(info, "SignatureMethod", Algorithm=RSA_SHA256)
    reference = _add(info, "Reference", URI="")
    transforms = _add(reference, "Transforms")
    _add(transforms, "Transform", Algorithm=ENVELOPED)
    _add(transforms, "Transform", Algorithm=INCLUSIVE)
    _add(reference, "DigestMethod", Algorithm=DIGEST)
    _add(reference, "DigestValue").text = base64.b64encode(digest).decode()
    value = key.sign(_canonical(_alone(info), exclusive=False), padding.PKCS1v15(), SHA256())
    _add(signature, "SignatureValue").text = base64.b64encode(value).decode()
    data = _add(_add(signature, "KeyInfo"), "X509Data")
    encoded = certificate.public_bytes(Encoding.DER)
    _add(data, "X509Certificate").text = base64.b64encode(encoded).decode()


def verify(root: etree._Element, registered: list[x509.Certificate]) -> bytes:
    """Check the signature against the enterprise's certificates and return the octets that it covers.

    Raises:
        SealError: No signature as last child, another shape or algorithm than agreed, or a wrong value.
        StrangerError: Signed by a certificate that is not among the registered ones.
    """
    signature = _signature(root)
    info = _child(signature, "SignedInfo")
    signed = _signed_octets(root, signature, info)
    method = _algorithm(info, "CanonicalizationMethod")
    if method not in CANONICAL:
        raise SealError(f"canonicalization {method} is not taken")
    octets = _canonical(_alone(info), exclusive=CANONICAL[method])
    value = _decoded(_child(signature, "SignatureValue"))
    algorithm = _algorithm(info, "SignatureMethod")
    candidates = _candidates(signature, registered)
    if not any(_holds(certificate, algorithm, value, octets) for certificate in candidates):
        raise SealError("the signature value does not verify")
    return signed


def _signature(root: etree._Element) -> etree._Element:
    tag = f"{{{DS}}}Signature"
    found = list(root.iter(tag))
    last = list(elements(root))[-1:]
    if len(found) != 1 or found != last:
        raise SealError("one ds:Signature must stand as last child of the root")
    return found[0]


def _signed_octets(root: etree._Element, signature: etree._Element, info: etree._Element) -> bytes:
    references = [child for child in elements(info) if local(child) == "Reference"]
    if len(references) != 1 or references[0].get("URI") != "":
        raise SealError('exactly one reference with URI="" is taken')
    reference = references[0]
    transforms = list(elements(_child(reference, "Transforms")))
    names = [transform.get("Algorithm", "") for transform in transforms]
    if names[:1] != [ENVELOPED] or len(names) > 2 or any(len(transform) for transform in transforms):
        raise SealError("transforms must be enveloped-signature and at most one plain canonicalization")
    canonical = names[1] if len(names) == 2 else INCLUSIVE
    if canonical not in CANONICAL:
        raise SealError(f"transform {canonical} is not taken")
    if _algorithm(reference, "DigestMethod") != DIGEST:
        raise SealError("the digest must be SHA-256")
    octets = _canonical(_without(root, signature), exclusive=CANONICAL[canonical])
    if hashlib.sha256(octets).digest() != _decoded(_child(reference, "DigestValue")):
        raise SealError("the digest differs: the message was altered after signing")
    return octets


def _without(root: etree._Element, signature: etree._Element) -> etree._Element:
    bare = copy.deepcopy(root)
    last = bare[root.index(signature)]
    # Removing an element takes the text behind it away as well, and that text is signed.
    if last.tail:
        previous = last.getprevious()
        if previous is None:
            bare.text = (bare.text or "") + last.tail
        else:
            previous.tail = (previous.tail or "") + last.tail
    bare.remove(last)
    return bare


def _candidates(signature: etree._Element, registered: list[x509.Certificate]) -> list[x509.Certificate]:
    if not registered:
        raise StrangerError("no certificate is registered for the enterprise")
    told = [_decoded(node) for node in signature.iter(f"{{{DS}}}X509Certificate")]
    if not told:
        return registered
    fitting = [known for known in registered if known.public_bytes(Encoding.DER) in told]
    if not fitting:
        raise StrangerError("the certificate is not registered for the enterprise")
    return fitting


def _holds(certificate: x509.Certificate, algorithm: str, value: bytes, octets: bytes) -> bool:
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm == RSA_SHA256:
            key.verify(value, octets, padding.PKCS1v15(), SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm == ECDSA_SHA256:
            if len(value) != 2 * COORDINATE:
                return False
            r, s = value[:COORDINATE], value[COORDINATE:]
            der = encode_dss_signature(int.from_bytes(r), int.from_bytes(s))
            key.verify(der, octets, ec.ECDSA(SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def _canonical(element: etree._Element, *, exclusive: bool) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=False, with_tail=False)


def _alone(element: etree._Element) -> etree._Element:
    # Within a document lxml writes a false xmlns="" on unprefixed grandchildren; alone, with the
    # namespaces in scope declared on it, the element comes out as the standard has it.
    return etree.fromstring(etree.tostring(element, with_tail=False))


def _add(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{DS}}}{name}", attributes)


def _child(parent: etree._Element, name: str) -> etree._Element:
    found = parent.find(f"{{{DS}}}{name}")
    if found is None:
        raise SealError(f"ds:{name} is missing")
    return found


def _algorithm(parent: etree._Element, name: str) -> str:
    return _child(parent, name).get("Algorithm", "")


def _decoded(element: etree._Element) -> bytes:
    try:
        return base64.b64decode("".join((element.text or "").split()), validate=True)
    except binascii.Error as fault:
        raise SealError(f"ds:{local(element)} is no base64") from fault
