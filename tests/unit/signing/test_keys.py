"""Keys on a token look like keys of `cryptography`, and give nothing away."""

from __future__ import annotations

import copy
import hashlib
import pickle
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from pkcs11 import Mechanism

from gateway.errors import RetryError
from gateway.signing.keys import EcTokenKey, RsaTokenKey

ECDSA = ec.ECDSA(hashes.SHA256())


@cache
def soft_rsa() -> rsa.RSAPrivateKey:
    """Return a key in memory that plays the token's."""
    return rsa.generate_private_key(65537, 2048)


@cache
def soft_ec() -> ec.EllipticCurvePrivateKey:
    """Return a key in memory that plays the token's."""
    return ec.generate_private_key(ec.SECP256R1())


def rsa_on_token(mechanism: Mechanism, data: bytes) -> bytes:
    """Sign as a token does: with its own hash, or only with the padding."""
    if mechanism is Mechanism.SHA256_RSA_PKCS:
        return soft_rsa().sign(data, padding.PKCS1v15(), hashes.SHA256())
    assert mechanism is Mechanism.RSA_PKCS
    assert data.startswith(bytes.fromhex("3031300d060960864801650304020105000420"))
    return soft_rsa().sign(data[-32:], padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))


def ec_on_token(mechanism: Mechanism, data: bytes) -> bytes:
    """Sign a digest as a token does: r and s, one after the other."""
    assert mechanism is Mechanism.ECDSA
    r, s = utils.decode_dss_signature(soft_ec().sign(data, ec.ECDSA(utils.Prehashed(hashes.SHA256()))))
    return r.to_bytes(32) + s.to_bytes(32)


def rsa_key(*, token_hashes: bool = True) -> RsaTokenKey:
    """Return the RSA key under test."""
    return RsaTokenKey(
        soft_rsa().public_key(), rsa_on_token, [Mechanism.SHA256_RSA_PKCS] if token_hashes else []
    )


def ec_key() -> EcTokenKey:
    """Return the EC key under test."""
    return EcTokenKey(soft_ec().public_key(), ec_on_token)


@pytest.mark.requirement("ID-01")
@pytest.mark.parametrize("token_hashes", [True, False])
def test_an_rsa_key_signs_the_same_with_and_without_the_tokens_own_hash(*, token_hashes: bool) -> None:
    """Where the mechanism is missing, digest and padding information are made here."""
    signature = rsa_key(token_hashes=token_hashes).sign(b"data", padding.PKCS1v15(), hashes.SHA256())
    assert signature == soft_rsa().sign(b"data", padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.requirement("ID-01")
def test_an_ec_key_returns_der() -> None:
    """The token's r and s become what cryptography verifies."""
    soft_ec().public_key().verify(ec_key().sign(b"data", ECDSA), b"data", ECDSA)


@pytest.mark.parametrize("key", [rsa_key(), ec_key()])
def test_a_key_is_never_copied_nor_pickled(key: RsaTokenKey | EcTokenKey) -> None:
    """A copy is the key itself; a pickle, which could reach another process, is refused."""
    assert copy.copy(key) is key
    assert copy.deepcopy(key) is key
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(key)


@pytest.mark.requirement("ID-01")
def test_a_key_gives_nothing_away() -> None:
    """Private numbers, bytes, decryption and agreement are refused."""
    for refuse in (
        rsa_key().private_numbers,
        rsa_key().private_bytes,
        rsa_key().decrypt,
        ec_key().private_numbers,
        ec_key().private_bytes,
        ec_key().exchange,
    ):
        with pytest.raises(TypeError):
            refuse()


def test_a_key_describes_itself_by_its_public_half() -> None:
    """Size and curve are the public key's."""
    assert rsa_key().key_size == 2048
    assert rsa_key().public_key() == soft_rsa().public_key()
    assert ec_key().key_size == 256
    assert ec_key().curve.name == "secp256r1"
    assert ec_key().public_key() == soft_ec().public_key()


def test_no_other_algorithm_is_signed_with() -> None:
    """A hash or padding that no policy names is a fault of the program."""
    with pytest.raises(TypeError, match="sha256"):
        rsa_key().sign(b"data", padding.PKCS1v15(), hashes.MD5())
    with pytest.raises(TypeError, match="PKCS1v15"):
        rsa_key().sign(b"data", padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
    with pytest.raises(TypeError, match="sha256"):
        ec_key().sign(b"data", ec.ECDSA(hashes.SHA1()))


def test_a_signature_that_does_not_fit_the_certificate_is_thrown_away() -> None:
    """Whether the certificate is another key's or the token erred, nothing wrong leaves."""
    wrong_rsa = RsaTokenKey(soft_rsa().public_key(), lambda *_: b"\x01" * 256, [])
    with pytest.raises(RetryError) as caught:
        wrong_rsa.sign(b"data", padding.PKCS1v15(), hashes.SHA256())
    assert caught.value.code == "token.certificate-mismatch"
    wrong_ec = EcTokenKey(soft_ec().public_key(), lambda *_: hashlib.sha512(b"").digest())
    with pytest.raises(RetryError) as caught:
        wrong_ec.sign(b"data", ECDSA)
    assert caught.value.code == "token.certificate-mismatch"
