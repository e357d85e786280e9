"""Two ways to sign and to verify without the gateway: as a library does it, and with the least there is."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Protocol

import pkcs11
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from pkcs11 import Attribute, Mechanism, ObjectClass
from signxml.algorithms import CanonicalizationMethod
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from gateway.signing.keys import RawSign, RsaTokenKey
from gateway.signing.trial import Trial

DS = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
_END = b"</Message>"
# SignedInfo in its canonical form, which names every namespace of what it stands in.
_INFO = (
    '<ds:SignedInfo xmlns="{ns}" xmlns:ds="' + DS + '">'
    f'<ds:CanonicalizationMethod Algorithm="{C14N}"></ds:CanonicalizationMethod>'
    '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>'
    f'<ds:Reference URI=""><ds:Transforms><ds:Transform Algorithm="{DS}enveloped-signature"></ds:Transform>'
    f'<ds:Transform Algorithm="{C14N}"></ds:Transform></ds:Transforms>'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>'
    "<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
)
_SIGNATURE = (
    f'<ds:Signature xmlns:ds="{DS}">{{info}}<ds:SignatureValue>{{value}}</ds:SignatureValue>'
    "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data>"
    "</ds:KeyInfo></ds:Signature>"
)


class Hand(Protocol):
    """Signs messages, and verifies receipts."""

    def sign(self, root: etree._Element) -> bytes:
        """Return the signed message as bytes."""

    def verify(self, data: bytes) -> Mapping[str, str]:
        """Return what a receipt says, taken from what is signed alone."""


class LibraryHand:
    """Signs and verifies with signxml.

    Args:
        key: Ours.
        certificate: Ours.
        customs: The certificate that receipts are signed by.
    """

    def __init__(
        self, key: rsa.RSAPrivateKey, certificate: x509.Certificate, customs: x509.Certificate
    ) -> None:
        self._key = key
        self._certificate = certificate
        self._customs = customs
        self._expected = SignatureConfiguration(location="./", expect_references=1)

    def sign(self, root: etree._Element) -> bytes:
        """Return the signed message as bytes."""
        signer = XMLSigner(c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_0)
        signed = signer.sign(root, key=self._key, cert=[self._certificate])
        return bytes(etree.tostring(signed, xml_declaration=True, encoding="UTF-8"))

    def verify(self, data: bytes) -> Mapping[str, str]:
        """Return what a receipt says, taken from what is signed alone."""
        found = XMLVerifier().verify(data, x509_cert=self._customs, expect_config=self._expected)
        assert not isinstance(found, list)
        return _said(found.signed_xml)


class BareHand:
    """Signs and verifies with nothing but canonical forms, a digest, and one call for the key.

    Args:
        sign: Signs bytes with RSA and SHA-256.
        certificate: Ours.
        customs: The certificate that receipts are signed by.
    """

    def __init__(
        self, sign: Callable[[bytes], bytes], certificate: x509.Certificate, customs: x509.Certificate
    ) -> None:
        self._sign = sign
        self._certificate = b64encode(certificate.public_bytes(Encoding.DER)).decode()
        self._customs = customs

    def sign(self, root: etree._Element) -> bytes:
        """Return the signed message as bytes."""
        info, value = self.value(root)
        signature = _SIGNATURE.format(
            info=info, value=b64encode(value).decode(), certificate=self._certificate
        )
        unsigned = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
        return bytes(unsigned.removesuffix(_END) + signature.encode() + _END)

    def value(self, root: etree._Element) -> tuple[str, bytes]:
        """Return SignedInfo and its signature: what no signer can do without."""
        digest = sha256(etree.tostring(root, method="c14n", with_comments=False)).digest()
        info = _INFO.format(ns=etree.QName(root).namespace, digest=b64encode(digest).decode())
        return info, self._sign(info.encode())

    def verify(self, data: bytes) -> Mapping[str, str]:
        """Return what a receipt says."""
        return _said(verify_bare(data, self._customs))


def verify_bare(data: bytes, certificate: x509.Certificate) -> etree._Element:
    """Do what no verifier can do without; return the message without its signature."""
    root = etree.fromstring(data)
    signature = root[-1]
    info = etree.tostring(signature[0], method="c14n", with_comments=False)
    root.remove(signature)
    digest = sha256(etree.tostring(root, method="c14n", with_comments=False)).digest()
    assert digest == b64decode(signature.findtext(".//{*}DigestValue", ""))
    value, key = b64decode(signature[1].text or ""), certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        key.verify(value, info, padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(key, ec.EllipticCurvePublicKey):
        half = len(value) // 2
        parts = int.from_bytes(value[:half]), int.from_bytes(value[half:])
        key.verify(utils.encode_dss_signature(*parts), info, ec.ECDSA(hashes.SHA256()))
    return root


def _said(root: etree._Element) -> Mapping[str, str]:
    return {etree.QName(node).localname: node.text or "" for node in root.iter("{*}*")}


@contextmanager
def open_token(module: Path, trial: Trial) -> Iterator[tuple[RawSign, RsaTokenKey, x509.Certificate]]:
    """Log in; give what signs on the token, the same as a key for libraries, and the certificate."""
    token = pkcs11.lib(str(module)).get_token(token_label=trial.label)
    with token.open(user_pin=trial.pin_file.read_text("utf-8").strip()) as session:
        private = session.get_key(ObjectClass.PRIVATE_KEY, label=trial.key_label)
        (item,) = session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE})
        certificate = x509.load_der_x509_certificate(item[Attribute.VALUE])
        public = certificate.public_key()
        assert isinstance(public, rsa.RSAPublicKey)

        def sign(mechanism: Mechanism, data: bytes) -> bytes:
            return bytes(private.sign(data, mechanism=mechanism))

        yield sign, RsaTokenKey(public, sign, token.slot.get_mechanisms()), certificate
