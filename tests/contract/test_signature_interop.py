"""Signatures of a foreign hand: what xmlsec1 signs is believed, and what was changed in it by neither."""

from __future__ import annotations

import itertools
import subprocess
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.errors import RejectedError
from gateway.signing import SUITES, Identity, SignaturePolicy, Verifier
from gateway.signing.keys import EcTokenKey
from tests.contract.test_signature_policies import signed
from tests.services.forging import (
    C14N,
    CURVE,
    CURVE_KEY,
    CUSTOMS,
    CUSTOMS_KEY,
    DS,
    EXCLUSIVE,
    certificate_for,
)
from tests.services.softhsm import ENTERPRISE

AT = datetime(2026, 10, 20, tzinfo=UTC)
C14N_11 = "http://www.w3.org/2006/12/xml-c14n11"
LONG_KEY = ec.generate_private_key(ec.SECP384R1())
KEYS = {
    "rsa": (CUSTOMS_KEY, CUSTOMS),
    "p256": (CURVE_KEY, CURVE),
    "p384": (LONG_KEY, certificate_for(LONG_KEY, "customs on a longer curve")),
}
VERIFIER = Verifier(certificate for _, certificate in KEYS.values())
WAYS = [
    *itertools.product(("rsa-sha256", "rsa-sha384", "rsa-sha512"), ("rsa",), (C14N, C14N_11, EXCLUSIVE)),
    *itertools.product(("ecdsa-sha256", "ecdsa-sha384"), ("p256", "p384"), (C14N, C14N_11, EXCLUSIVE)),
]
# Namespaces in use and not, one undeclared again, text beyond the first plane, a comment and blanks.
BODY = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<m:Message xmlns:m="urn:m" xmlns:other="urn:u" b="2" a="&#10;1">'
    '\n<m:Text>回执 𠮷 &amp; &lt;</m:Text><Bare xmlns="urn:bare"><Naked xmlns=""/></Bare>'
    "<!-- remark --> {signature}</m:Message>"
)


def template(method: str, canonical: str, *, second: bool) -> str:
    """Return a document with a signature to be filled in, without prefix as Java and .NET write it."""
    transform = f'<Transform Algorithm="{canonical}"/>' if second else ""
    suite = SUITES[method]
    return BODY.format(
        signature=f'<Signature xmlns="{DS}">\n <SignedInfo>\n'
        f' <CanonicalizationMethod Algorithm="{canonical}"/>'
        f'<SignatureMethod Algorithm="{suite.method}"/><Reference URI=""><Transforms>'
        f'<Transform Algorithm="{DS}enveloped-signature"/>{transform}</Transforms>'
        f'<DigestMethod Algorithm="{suite.digest_method}"/><DigestValue/></Reference></SignedInfo>'
        "<SignatureValue/><KeyInfo><X509Data><X509Certificate/></X509Data></KeyInfo></Signature>"
    )


def believed_by_xmlsec(file: Path, trusted: Path) -> bool:
    """Let xmlsec1 say whether a signature is good."""
    command = ["xmlsec1", "--verify", "--trusted-pem", str(trusted), str(file)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def refused(data: bytes) -> str:
    """Return the code under which we refuse it."""
    with pytest.raises(RejectedError) as caught:
        VERIFIER.verify(data, AT)
    return caught.value.code


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize(("method", "name", "canonical"), WAYS)
def test_what_xmlsec_signs_is_believed_until_it_is_changed(
    tmp_path: Path, method: str, name: str, canonical: str
) -> None:
    """Every allowed method with each canonical form; the changed one is refused by xmlsec1 as well."""
    key, certificate = KEYS[name]
    pem, private, made, changed = (tmp_path / file for file in ("c.pem", "k.pem", "made.xml", "changed.xml"))
    pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for second in (True, False):
        # Without a second transform it is the inclusive form 1.0 that the standard means.
        given = tmp_path / "template.xml"
        given.write_text(template(method, canonical, second=second), "utf-8")
        command = [
            "xmlsec1",
            "--sign",
            "--privkey-pem",
            f"{private},{pem}",
            "--output",
            str(made),
            str(given),
        ]
        subprocess.run(command, capture_output=True, check=True)
        verified = VERIFIER.verify(made.read_bytes(), AT)
        assert verified.certificate == certificate
        assert verified.root.findtext("{urn:m}Text") == "回执 𠮷 & <"
    changed.write_bytes(made.read_bytes().replace("回执".encode(), "回扎".encode()))
    assert refused(changed.read_bytes()) == "signature.digest-mismatch"
    assert not believed_by_xmlsec(changed, pem)


@pytest.mark.requirement("ID-01")
@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize(("method", "name"), [("ecdsa-sha256", "p256"), ("ecdsa-sha384", "p384")])
def test_xmlsec_believes_what_we_sign_on_a_curve_until_it_is_changed(
    tmp_path: Path, method: str, name: str, *, exclusive: bool
) -> None:
    """As with RSA, whatever canonical form the route asks for; the method is that of the key."""
    key, certificate = KEYS[name]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    policy = SignaturePolicy(exclusive=exclusive)
    data = signed(policy, Identity(ENTERPRISE, EcTokenKey(key.public_key(), partial(raw, key)), certificate))
    assert SUITES[method].method.encode() in data
    assert VERIFIER.verify(data, AT).certificate == certificate
    pem, file = tmp_path / "c.pem", tmp_path / "message.xml"
    pem.write_bytes(certificate.public_bytes(Encoding.PEM))
    file.write_bytes(data)
    assert believed_by_xmlsec(file, pem)
    changed = data.replace("深圳".encode(), "广州".encode())
    file.write_bytes(changed)
    assert not believed_by_xmlsec(file, pem)
    assert refused(changed) == "signature.digest-mismatch"


def raw(key: ec.EllipticCurvePrivateKey, _: object, digest: bytes) -> bytes:
    """Sign a digest as a token does."""
    hashed = {32: hashes.SHA256(), 48: hashes.SHA384()}[len(digest)]
    parts = utils.decode_dss_signature(key.sign(digest, ec.ECDSA(utils.Prehashed(hashed))))
    return b"".join(part.to_bytes((key.key_size + 7) // 8) for part in parts)
