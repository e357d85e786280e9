"""How a route's messages may be signed besides the usual way, each checked by an independent program."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import new
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from gateway.errors import ParkedError, RejectedError
from gateway.signing import SUITES, Identity, SignaturePolicy, Signer, Verifier
from tests.contract.test_signature import manifest
from tests.services.softhsm import ENTERPRISE, NOON, PrivateToken, private_token, refusal

_CHINAPORT = "http://www.chinaport.gov.cn/2022/04/xmldsig#"


def signed(policy: SignaturePolicy, identity: Identity) -> bytes:
    """Sign a manifest by the policy of its route and write it as it leaves."""

    class One:
        def identity(self, _: str) -> Identity:
            return identity

    signer = Signer(One(), lambda: identity.certificate.not_valid_before_utc, {"customs": policy})
    return etree.tostring(signer.sign(manifest(3), ENTERPRISE, "customs"), encoding="UTF-8")


def altered(data: bytes, name: str, text: str) -> bytes:
    """Return the message with another text in an element of its signature."""
    root = etree.fromstring(data)
    found = root.find(f".//{{*}}{name}")
    assert found is not None
    found.text = text
    return etree.tostring(root, encoding="UTF-8")


def xmlsec(data: bytes, certificate: Path) -> bool:
    """Let xmlsec1 say whether the signature is good."""
    file = certificate.with_name("message.xml")
    file.write_bytes(data)
    command = ["xmlsec1", "--verify", "--trusted-pem", str(certificate), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode == 0 and "References (ok/all): 1/1" in done.stdout + done.stderr


@pytest.fixture
def private(tmp_path: Path) -> PrivateToken:
    """Return a token with an RSA key."""
    return private_token(tmp_path / "token")


@pytest.fixture
def identity(private: PrivateToken) -> Iterator[Identity]:
    """Return the enterprise's key on it."""
    token = private.open()
    yield token.identity(ENTERPRISE)
    token.close()


@pytest.mark.requirement("ID-01")
@pytest.mark.parametrize("exclusive", [False, True])
@pytest.mark.parametrize("name", ["rsa-sha256", "rsa-sha384", "rsa-sha512", "rsa-sha1"])
def test_xmlsec_verifies_every_way_of_signing(
    private: PrivateToken, identity: Identity, name: str, *, exclusive: bool
) -> None:
    """Whatever hash and canonical form the route asks for; the changed one is refused by both."""
    data = signed(SignaturePolicy(SUITES[name], exclusive=exclusive), identity)
    assert SUITES[name].method.encode() in data
    assert xmlsec(data, private.certificate_file)
    verifier = Verifier([private.certificate], accept_sha1=name == "rsa-sha1")
    assert len(verifier.verify(data, NOON).root.findall(".//{*}Item")) == 3
    changed = data.replace("深圳".encode(), "广州".encode())
    assert not xmlsec(changed, private.certificate_file)
    assert refusal(lambda: verifier.verify(changed, NOON)).code == "signature.digest-mismatch"


@pytest.mark.requirement("CU-02")
def test_sha1_is_believed_only_where_the_route_says_so(private: PrivateToken, identity: Identity) -> None:
    """Others can make a second document with the same digest."""
    data = signed(SignaturePolicy(SUITES["rsa-sha1"]), identity)
    assert refusal(lambda: Verifier([private.certificate]).verify(data, NOON)).code == (
        "signature.algorithm-refused"
    )


@pytest.mark.parametrize("name", ["ecdsa-sha256", "ecdsa-sha384"])
def test_a_method_for_another_kind_of_key_is_told(identity: Identity, name: str) -> None:
    """Nothing is signed in another way than the route says."""
    error = refusal(lambda: signed(SignaturePolicy(SUITES[name]), identity))
    assert isinstance(error, ParkedError)
    assert error.code == "signature.key-does-not-fit"


@dataclass(frozen=True)
class Sm2Suite:
    """The sample of a suite that no library here knows: SM2 with SM3, by the published names.

    The key is a file of openssl, where a token with these mechanisms would be.
    """

    key: Path
    certificate_file: Path
    method: str = _CHINAPORT + "sm2-sm3"
    digest_method: str = _CHINAPORT + "sm3"

    def digest(self, data: bytes) -> bytes:
        """Return the SM3 of the document."""
        return new("sm3", data).digest()

    def sign(self, key: object, data: bytes) -> bytes:
        """Sign with SM2."""
        assert key == "sm2"
        return self._openssl(data, "-sign", "-inkey", str(self.key))

    def verify(self, certificate: x509.Certificate, value: bytes, data: bytes) -> bool:
        """Verify with SM2."""
        file, pem = self.key.with_name("value"), self.key.with_name("pinned.pem")
        file.write_bytes(value)
        pem.write_bytes(certificate.public_bytes(Encoding.PEM))
        try:
            self._openssl(data, "-verify", "-certin", "-inkey", str(pem), "-sigfile", str(file))
        except subprocess.CalledProcessError:
            return False
        return True

    def _openssl(self, data: bytes, *arguments: str) -> bytes:
        file = self.key.with_name("data")
        file.write_bytes(data)
        more = ["-rawin", "-digest", "sm3", "-in", str(file), "-pkeyopt", "distid:1234567812345678"]
        done = subprocess.run(["openssl", "pkeyutl", *arguments, *more], capture_output=True, check=True)
        return done.stdout


@pytest.fixture
def sm2(tmp_path: Path) -> Sm2Suite:
    """Return the sample suite with a key and a certificate of its own."""
    suite = Sm2Suite(tmp_path / "sm2.key", tmp_path / "sm2.pem")
    made = ["openssl", "req", "-x509", "-new", "-sm3", "-subj", "/CN=4403180001", "-key", str(suite.key)]
    for command in (
        ["openssl", "genpkey", "-algorithm", "SM2", "-out", str(suite.key)],
        [*made, "-out", str(suite.certificate_file)],
    ):
        subprocess.run(command, capture_output=True, check=True)
    return suite


class TestAnotherSuite:
    """SM2 with SM3 can be added without a change of signer or verifier."""

    @pytest.fixture
    def certificate(self, sm2: Sm2Suite) -> x509.Certificate:
        """Return the certificate, whose key no library here can use."""
        return x509.load_pem_x509_certificate(sm2.certificate_file.read_bytes())

    @pytest.fixture
    def data(self, sm2: Sm2Suite, certificate: x509.Certificate, identity: Identity) -> bytes:
        """Return a message signed by it."""
        return signed(SignaturePolicy(sm2), replace(identity, key="sm2", certificate=certificate))

    def test_it_signs_and_verifies(self, sm2: Sm2Suite, certificate: x509.Certificate, data: bytes) -> None:
        """What comes back is what was signed, and nothing else."""
        at = certificate.not_valid_before_utc
        verified = Verifier([certificate], foreign=[sm2]).verify(data, at)
        assert len(verified.root.findall(".//{*}Item")) == 3
        assert verified.root.find(".//{*}Signature") is None

    def test_another_document_is_refused(
        self, sm2: Sm2Suite, certificate: x509.Certificate, data: bytes
    ) -> None:
        """Each by its code: content, signed information, and the value itself."""
        at = certificate.not_valid_before_utc
        verifier = Verifier([certificate], foreign=[sm2])
        codes = {
            name: refusal(lambda each=each: verifier.verify(each, at)).code
            for name, each in {
                "content": data.replace("深圳".encode(), "广州".encode()),
                "digest": altered(data, "DigestValue", "AAAA"),
                "not base64": altered(data, "DigestValue", "!"),
                "value": altered(data, "SignatureValue", "AAAA"),
                "canonical form": data.replace(
                    b"http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
                    b"http://www.w3.org/2006/12/xml-c14n11",
                ),
            }.items()
        }
        assert codes == {
            "content": "signature.digest-mismatch",
            "digest": "signature.invalid",
            "not base64": "signature.invalid",
            "value": "signature.invalid",
            "canonical form": "signature.invalid",
        }

    def test_who_was_not_given_it_refuses_it(self, certificate: x509.Certificate, data: bytes) -> None:
        """An algorithm is believed only where it was named."""
        with pytest.raises(RejectedError) as refused:
            Verifier([certificate]).verify(data, certificate.not_valid_before_utc)
        assert refused.value.code == "signature.algorithm-refused"
