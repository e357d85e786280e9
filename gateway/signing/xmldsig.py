"""XML signatures made with the token: over the whole document, enveloped, as last child of its root."""

from __future__ import annotations

import logging
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime
from typing import Protocol

from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from gateway.errors import ParkedError, RetryError
from gateway.signing.keys import EcTokenKey
from gateway.signing.token import Identity

DS = "{http://www.w3.org/2000/09/xmldsig#}"

# signxml writes whole documents at DEBUG; business data does not belong into a log.
logging.getLogger("signxml").setLevel(logging.INFO)


class Identities(Protocol):
    """Gives an enterprise's key and certificate; `Token` does."""

    def identity(self, enterprise: str) -> Identity:
        """Return the enterprise's key and certificate, or raise what `Token.identity` raises."""


class _TreeSigner(XMLSigner):
    """Takes a tree as it is, where signxml would write it out and read it again, twice a signature.

    It may, because the trees signed here are built by the gateway: they carry no DTD and no
    entities, and their root has no parent from which namespaces could be inherited.
    """

    def get_root(self, data: etree._Element) -> etree._Element:
        """Return a copy: signxml appends the signature to one and digests another."""
        return deepcopy(data)


class Signer:
    """Signs outgoing messages (ID-01, ID-04); to be used in the thread that owns the token."""

    def __init__(self, identities: Identities, now: Callable[[], datetime]) -> None:
        self._identities = identities
        self._now = now

    def sign(self, root: etree._Element, enterprise: str) -> etree._Element:
        """Return a copy of the document with `ds:Signature` as last child of its root.

        Inclusive canonicalization 1.0, SHA-256, RSA PKCS#1 v1.5 or ECDSA by the kind of the key;
        KeyInfo holds the certificate's serial number as KeyName and the certificate. With an RSA key
        the same document gives the same signature.

        Args:
            root: The root of a document that the gateway built, without a signature.
            enterprise: The customs code of the enterprise in whose name it is sent.

        Raises:
            ParkedError: `token.enterprise-not-bound` or `signature.not-canonical`.
            RetryError: What `Token.identity` raises, `token.certificate-not-valid` at this moment,
                `token.certificate-mismatch`, or `token.session-lost`.
        """
        assert root.getparent() is None, "a part of a document cannot be signed"
        assert root.find(DS + "Signature") is None, "the document is signed already"
        assert root.get("Id") is None, "an Id would make the signature refer to it"
        assert root.get("ID") is None, "an ID would make the signature refer to it"
        identity = self._identities.identity(enterprise)
        self._check_validity(identity)
        elliptic = isinstance(identity.key, EcTokenKey)
        signer = _TreeSigner(
            signature_algorithm=SignatureMethod.ECDSA_SHA256 if elliptic else SignatureMethod.RSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.CANONICAL_XML_1_0,
        )
        certificate = identity.certificate
        try:
            return signer.sign(
                root, key=identity.key, cert=[certificate], key_name=format(certificate.serial_number, "X")
            )
        except etree.C14NError as fault:
            raise ParkedError("signature.not-canonical", reason=str(fault)) from fault

    def _check_validity(self, identity: Identity) -> None:
        certificate = identity.certificate
        if not certificate.not_valid_before_utc <= self._now() <= certificate.not_valid_after_utc:
            raise RetryError(
                "token.certificate-not-valid",
                enterprise=identity.enterprise,
                since=certificate.not_valid_before_utc.date().isoformat(),
                until=certificate.not_valid_after_utc.date().isoformat(),
            )
