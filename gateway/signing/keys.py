"""Private keys that stay on the token, in the shape that `cryptography` gives to private keys."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from typing import Any, NoReturn, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from pkcs11 import Mechanism

from gateway.errors import RetryError

# Signs bytes on the token with the mechanism; owns handle, session and the faults of both.
RawSign = Callable[[Mechanism, bytes], bytes]

# By the hash's name: the mechanism by which the token makes the digest itself, and what stands before one
# that is made here (RFC 8017, 9.2).
_RSA = {
    "sha1": (Mechanism.SHA1_RSA_PKCS, "3021300906052b0e03021a05000414"),
    "sha256": (Mechanism.SHA256_RSA_PKCS, "3031300d060960864801650304020105000420"),
    "sha384": (Mechanism.SHA384_RSA_PKCS, "3041300d060960864801650304020205000430"),
    "sha512": (Mechanism.SHA512_RSA_PKCS, "3051300d060960864801650304020305000440"),
}
_EC = ("sha256", "sha384")


class _OnToken:
    """What both kinds of key refuse: to be copied, to be pickled, to be read."""

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key on a token cannot be pickled")

    def private_numbers(self) -> NoReturn:
        """Refuse (ID-01)."""
        raise TypeError("the key never leaves the token")

    def private_bytes(self, *_: object) -> NoReturn:
        """Refuse (ID-01)."""
        raise TypeError("the key never leaves the token")


class RsaTokenKey(_OnToken, rsa.RSAPrivateKey):
    """An RSA key on a token; signs with PKCS#1 v1.5 (ID-01).

    Args:
        public_key: The public half, as the certificate has it.
        sign: Signs on the token.
        mechanisms: What the token offers; a digest that it does not make is made here.
    """

    def __init__(
        self, public_key: rsa.RSAPublicKey, sign: RawSign, mechanisms: Collection[Mechanism]
    ) -> None:
        self._public_key = public_key
        self._sign = sign
        self._mechanisms = frozenset(mechanisms)

    @property
    def key_size(self) -> int:
        """The modulus's length in bits."""
        return self._public_key.key_size

    def public_key(self) -> rsa.RSAPublicKey:
        """Return the public half, as the certificate has it."""
        return self._public_key

    def decrypt(self, *_: object) -> NoReturn:
        """Refuse: this key signs only."""
        raise TypeError("this key signs only")

    def sign(self, data: Any, padding: object, algorithm: object) -> bytes:
        """Sign on the token, and see that the certificate's key agrees.

        Raises:
            RetryError: `token.certificate-mismatch`, or what befell the token.
        """
        _expect(padding, PKCS1)
        made = _hash(algorithm, _RSA)
        mechanism, information = _RSA[made.name]
        if mechanism in self._mechanisms:
            signature = self._sign(mechanism, bytes(data))
        else:
            digest = hashlib.new(made.name, data).digest()
            signature = self._sign(Mechanism.RSA_PKCS, bytes.fromhex(information) + digest)
        try:
            self._public_key.verify(signature, bytes(data), PKCS1(), made)
        except InvalidSignature as fault:
            raise RetryError("token.certificate-mismatch") from fault
        return signature


class EcTokenKey(_OnToken, ec.EllipticCurvePrivateKey):
    """A P-256 or P-384 key on a token; signs with ECDSA (ID-01)."""

    def __init__(self, public_key: ec.EllipticCurvePublicKey, sign: RawSign) -> None:
        self._public_key = public_key
        self._sign = sign

    @property
    def curve(self) -> ec.EllipticCurve:
        """The curve."""
        return self._public_key.curve

    @property
    def key_size(self) -> int:
        """The curve's size in bits."""
        return self._public_key.key_size

    def public_key(self) -> ec.EllipticCurvePublicKey:
        """Return the public half, as the certificate has it."""
        return self._public_key

    def exchange(self, *_: object) -> NoReturn:
        """Refuse: this key signs only."""
        raise TypeError("this key signs only")

    def sign(self, data: Any, signature_algorithm: object) -> bytes:
        """Sign on the token, and see that the certificate's key agrees; returns DER.

        Raises:
            RetryError: `token.certificate-mismatch`, or what befell the token.
        """
        _expect(signature_algorithm, ec.ECDSA)
        made = _hash(getattr(signature_algorithm, "algorithm", None), _EC)
        # Tokens hash for ECDSA less often than they do not, so the digest is always made here.
        raw = self._sign(Mechanism.ECDSA, hashlib.new(made.name, data).digest())
        half = len(raw) // 2
        signature = utils.encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))
        try:
            self._public_key.verify(signature, bytes(data), ec.ECDSA(made))
        except InvalidSignature as fault:
            raise RetryError("token.certificate-mismatch") from fault
        return signature


PKCS1 = padding.PKCS1v15


def _expect(given: object, kind: type) -> None:
    if not isinstance(given, kind):
        raise TypeError(f"the token signs with {kind.__name__} only, not with {type(given).__name__}")


def _hash(given: object, known: Collection[str]) -> hashes.HashAlgorithm:
    if not isinstance(given, hashes.HashAlgorithm) or given.name not in known:
        raise TypeError(f"the token signs with {', '.join(known)} only, not with {type(given).__name__}")
    return given
