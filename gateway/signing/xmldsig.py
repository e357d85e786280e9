"""XML signatures made with the token: over the whole document, enveloped, as last child of its root."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.errors import ParkedError, RetryError
from gateway.signing.suites import SignaturePolicy, Suite
from gateway.signing.token import Identity

NS = "http://www.w3.org/2000/09/xmldsig#"
DS = f"{{{NS}}}"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"

# No blanks: every byte of SignedInfo is signed, and a receiver may keep none of them.
_FORM = (
    f'<ds:Signature xmlns:ds="{NS}"><ds:SignedInfo>'
    '<ds:CanonicalizationMethod Algorithm="{canonical}"/><ds:SignatureMethod Algorithm="{method}"/>'
    f'<ds:Reference URI=""><ds:Transforms><ds:Transform Algorithm="{NS}enveloped-signature"/>'
    '<ds:Transform Algorithm="{canonical}"/></ds:Transforms><ds:DigestMethod Algorithm="{digest_method}"/>'
    "<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
    "<ds:SignatureValue/><ds:KeyInfo><ds:KeyName>{name}</ds:KeyName><ds:X509Data><ds:X509Certificate>"
    "{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>"
)
_POLICY = SignaturePolicy()
_XML = "{http://www.w3.org/XML/1998/namespace}"


class Identities(Protocol):
    """Gives an enterprise's key and certificate; `Token` does."""

    def identity(self, enterprise: str) -> Identity:
        """Return the enterprise's key and certificate, or raise what `Token.identity` raises."""


class Signer:
    """Signs outgoing messages (ID-01, ID-04); to be used in the thread that owns the token.

    A signature library would write the document out, read it again and copy it for each signature.
    Here it costs one canonicalization of the document, one of SignedInfo, a digest, and the token.

    Args:
        identities: Who has the keys.
        now: The clock.
        policies: How the messages of a route are signed; by the kind of the key where none is named.
    """

    def __init__(
        self,
        identities: Identities,
        now: Callable[[], datetime],
        policies: Mapping[str, SignaturePolicy] | None = None,
    ) -> None:
        self._identities = identities
        self._now = now
        self._policies = policies or {}

    def sign(self, root: etree._Element, enterprise: str, route: str = "") -> etree._Element:
        """Give the document its `ds:Signature` as last child of the root, and return the root.

        KeyInfo holds the certificate's serial number as KeyName and the certificate. With an RSA key
        the same document gives the same signature.

        Args:
            root: The root of a document that the gateway built, without a signature; when signing
                fails it is as it was.
            enterprise: The customs code of the enterprise in whose name it is sent.
            route: The route over which it is sent.

        Raises:
            ParkedError: `token.enterprise-not-bound`, `signature.not-canonical` or
                `signature.key-does-not-fit`.
            RetryError: What `Token.identity` raises, `token.certificate-not-valid` at this moment,
                `token.certificate-mismatch`, or `token.session-lost`.
        """
        assert root.getparent() is None, "a part of a document cannot be signed"
        assert root.find(DS + "Signature") is None, "the document is signed already"
        assert not any(str(name).startswith(_XML) for name in root.attrib), "a part would inherit it"
        identity = self._identities.identity(enterprise)
        self._check_validity(identity)
        policy = self._policies.get(route, _POLICY)
        suite = policy.suite_for(identity.key)
        signature = _unsigned(root, suite, identity, exclusive=policy.exclusive)
        # In its place, because the inclusive form of a part declares the namespaces of what it stands in.
        root.append(signature)
        value = b""
        try:
            value = suite.sign(identity.key, _canonical(signature[0], exclusive=policy.exclusive))
        finally:
            if not value:
                root.remove(signature)
        signature[1].text = b64encode(value).decode()
        return root

    def valid_until(self, enterprise: str) -> datetime:
        """Return when the certificate ends that signs for an enterprise now.

        Raises:
            RetryError: What `Token.identity` raises.
        """
        return self._identities.identity(enterprise).certificate.not_valid_after_utc

    def _check_validity(self, identity: Identity) -> None:
        certificate = identity.certificate
        if not certificate.not_valid_before_utc <= self._now() <= certificate.not_valid_after_utc:
            raise RetryError(
                "token.certificate-not-valid",
                enterprise=identity.enterprise,
                since=certificate.not_valid_before_utc.date().isoformat(),
                until=certificate.not_valid_after_utc.date().isoformat(),
            )


def _unsigned(root: etree._Element, suite: Suite, identity: Identity, *, exclusive: bool) -> etree._Element:
    """Return the signature but for its value."""
    text = _FORM.format(
        canonical=EXCLUSIVE if exclusive else INCLUSIVE,
        method=suite.method,
        digest_method=suite.digest_method,
        digest=b64encode(suite.digest(_canonical(root, exclusive=exclusive))).decode(),
        name=format(identity.certificate.serial_number, "X"),
        certificate=b64encode(identity.certificate.public_bytes(Encoding.DER)).decode(),
    )
    return etree.fromstring(text)


def _canonical(element: etree._Element, *, exclusive: bool) -> bytes:
    try:
        return bytes(etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=False))
    except etree.C14NError as fault:
        raise ParkedError("signature.not-canonical", reason=str(fault)) from fault
