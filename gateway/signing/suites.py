"""The suites of algorithms for signatures: their URIs, the digest, and what the key is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from gateway.errors import ParkedError
from gateway.signing.keys import EcTokenKey, RsaTokenKey

_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_ENC = "http://www.w3.org/2001/04/xmlenc#"


class Suite(Protocol):
    """One way to sign. Another one, such as SM2 with SM3, is an object like this.

    Attributes:
        method: The URI of the signature's method.
        digest_method: The URI of the document's digest.
    """

    @property
    def method(self) -> str: ...  # noqa: D102 -- see above

    @property
    def digest_method(self) -> str: ...  # noqa: D102 -- see above

    def digest(self, data: bytes) -> bytes:
        """Return the digest of the document's canonical form."""
        ...

    def sign(self, key: object, data: bytes) -> bytes:
        """Return the value of the signature over the canonical form of SignedInfo.

        Raises:
            ParkedError: `signature.key-does-not-fit`.
            RetryError: What befell the token.
        """
        ...

    def verify(self, certificate: x509.Certificate, value: bytes, data: bytes) -> bool:
        """Tell whether the certificate's key made this value over the canonical form of SignedInfo."""
        ...


@dataclass(frozen=True)
class KeySuite:
    """RSA with PKCS#1 v1.5 or ECDSA, with a hash of the SHA family."""

    method: str
    digest_method: str
    hash: hashes.HashAlgorithm
    kind: type[RsaTokenKey | EcTokenKey]

    def digest(self, data: bytes) -> bytes:
        """Return the digest of the document's canonical form."""
        return hashlib.new(self.hash.name, data).digest()

    def sign(self, key: object, data: bytes) -> bytes:
        """Return what stands in SignatureValue: an ECDSA signature is r and s there, one after the other."""
        if isinstance(key, RsaTokenKey) and self.kind is RsaTokenKey:
            return key.sign(data, padding.PKCS1v15(), self.hash)
        if isinstance(key, EcTokenKey) and self.kind is EcTokenKey:
            size = (key.key_size + 7) // 8
            parts = utils.decode_dss_signature(key.sign(data, ec.ECDSA(self.hash)))
            return b"".join(part.to_bytes(size) for part in parts)
        raise ParkedError("signature.key-does-not-fit", method=self.method)

    def verify(self, certificate: x509.Certificate, value: bytes, data: bytes) -> bool:
        """Tell whether the certificate's key made this value; a key of another kind has not."""
        try:
            key = certificate.public_key()
            if isinstance(key, rsa.RSAPublicKey) and self.kind is RsaTokenKey:
                key.verify(value, data, padding.PKCS1v15(), self.hash)
            elif isinstance(key, ec.EllipticCurvePublicKey) and self.kind is EcTokenKey:
                key.verify(_as_der(value, (key.key_size + 7) // 8), data, ec.ECDSA(self.hash))
            else:
                return False
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            return False
        return True


def _as_der(value: bytes, size: int) -> bytes:
    """Return r and s, of one size each, as the library takes them.

    Raises:
        ValueError: They are longer or shorter.
    """
    if len(value) != 2 * size:
        raise ValueError(len(value))
    return utils.encode_dss_signature(int.from_bytes(value[:size]), int.from_bytes(value[size:]))


SUITES: Final[Mapping[str, KeySuite]] = {
    "rsa-sha256": KeySuite(_MORE + "rsa-sha256", _ENC + "sha256", hashes.SHA256(), RsaTokenKey),
    "rsa-sha384": KeySuite(_MORE + "rsa-sha384", _MORE + "sha384", hashes.SHA384(), RsaTokenKey),
    "rsa-sha512": KeySuite(_MORE + "rsa-sha512", _ENC + "sha512", hashes.SHA512(), RsaTokenKey),
    "ecdsa-sha256": KeySuite(_MORE + "ecdsa-sha256", _ENC + "sha256", hashes.SHA256(), EcTokenKey),
    "ecdsa-sha384": KeySuite(_MORE + "ecdsa-sha384", _MORE + "sha384", hashes.SHA384(), EcTokenKey),
    # Broken: others may make a second document with the same digest. For old customs systems alone.
    "rsa-sha1": KeySuite(_DSIG + "rsa-sha1", _DSIG + "sha1", hashes.SHA1(), RsaTokenKey),  # noqa: S303
}


@dataclass(frozen=True, slots=True)
class SignaturePolicy:
    """How the messages of a route are signed.

    Attributes:
        suite: The suite; None for the one that fits the key: RSA with SHA-256, P-256 with SHA-256,
            P-384 with SHA-384.
        exclusive: Exclusive instead of inclusive canonicalization, so that a signature outlives being
            put into another document, in which other namespaces are declared.
    """

    suite: Suite | None = None
    exclusive: bool = False

    def suite_for(self, key: object) -> Suite:
        """Return the suite to sign with."""
        if self.suite is not None:
            return self.suite
        if isinstance(key, EcTokenKey):
            return SUITES["ecdsa-sha384" if key.key_size > 256 else "ecdsa-sha256"]
        return SUITES["rsa-sha256"]
