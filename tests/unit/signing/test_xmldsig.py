"""A signature is the last child of the root, covers all of the document, and names its certificate."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pkcs11 import Mechanism

from gateway.errors import ParkedError, RetryError
from gateway.signing import SUITES, Identity, SignaturePolicy, Signer, Verifier
from gateway.signing.keys import EcTokenKey, RsaTokenKey

NOW = datetime(2026, 10, 20, tzinfo=UTC)
DAY = timedelta(days=1)
DS = {"ds": "http://www.w3.org/2000/09/xmldsig#"}
DOCUMENT = (
    '<DecMessage xmlns="http://www.chinaport.gov.cn/dec" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' Version="3.1"><DecHead><GName>电容器 &amp; 电阻</GName><Note xsi:nil="true"/></DecHead></DecMessage>'
)


@cache
def identity(kind: str) -> Identity:
    """Return an identity whose key is in memory, behind the token's interface."""
    soft = rsa.generate_private_key(65537, 2048) if kind == "rsa" else ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "4403180001")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(soft.public_key())
        .serial_number(0x1A2B3C)
        .not_valid_before(NOW - DAY)
        .not_valid_after(NOW + DAY)
        .sign(soft, hashes.SHA256())
    )

    def on_token(_: Mechanism, data: bytes) -> bytes:
        if isinstance(soft, rsa.RSAPrivateKey):
            return soft.sign(data, padding.PKCS1v15(), hashes.SHA256())
        der = soft.sign(data, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
        return b"".join(part.to_bytes(32) for part in utils.decode_dss_signature(der))

    public = soft.public_key()
    if isinstance(public, rsa.RSAPublicKey):
        return Identity("4403180001", RsaTokenKey(public, on_token, [Mechanism.SHA256_RSA_PKCS]), certificate)
    return Identity("4403180001", EcTokenKey(public, on_token), certificate)


class Keys:
    """Knows one enterprise."""

    def __init__(self, kind: str = "rsa") -> None:
        self.kind = kind

    def identity(self, enterprise: str) -> Identity:
        """Return the enterprise's identity, or refuse."""
        if enterprise != "4403180001":
            raise ParkedError("token.enterprise-not-bound", enterprise=enterprise)
        return identity(self.kind)


def sign(document: str = DOCUMENT, kind: str = "rsa") -> bytes:
    """Sign a document and write it as it would be sent."""
    signed = Signer(Keys(kind), lambda: NOW).sign(etree.fromstring(document), "4403180001")
    return etree.tostring(signed, xml_declaration=True, encoding="UTF-8")


@pytest.mark.requirement("ID-01", "CU-02")
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_what_is_signed_here_is_believed_here(kind: str) -> None:
    """Signing and verifying are each other's counterparts, and the content survives."""
    verified = Verifier([identity(kind).certificate]).verify(sign(kind=kind), NOW)
    assert verified.root.findtext(".//{*}GName") == "电容器 & 电阻"
    assert verified.certificate == identity(kind).certificate


@pytest.mark.requirement("ID-01")
def test_the_signature_has_the_agreed_form() -> None:
    """Enveloped, last child, one reference to all, inclusive form, SHA-256, serial number and certificate."""
    root = etree.fromstring(sign())
    assert root[-1].tag == f"{{{DS['ds']}}}Signature"

    def algorithms(name: str) -> list[str | None]:
        return [one.get("Algorithm") for one in root.iterfind(f".//ds:{name}", DS)]

    inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
    assert [one.get("URI") for one in root.iterfind(".//ds:Reference", DS)] == [""]
    assert algorithms("CanonicalizationMethod") == [inclusive]
    assert algorithms("SignatureMethod") == ["http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"]
    assert algorithms("DigestMethod") == ["http://www.w3.org/2001/04/xmlenc#sha256"]
    assert algorithms("Transform") == [DS["ds"] + "enveloped-signature", inclusive]
    assert root.findtext(".//ds:KeyName", namespaces=DS) == "1A2B3C"
    assert root.findtext(".//ds:X509Certificate", namespaces=DS)


def test_an_ec_key_signs_with_ecdsa() -> None:
    """The method follows the kind of the key."""
    assert b"xmldsig-more#ecdsa-sha256" in sign(kind="ec")


def test_the_same_document_gives_the_same_bytes() -> None:
    """With RSA a resend after a crash is the same message (CU-05)."""
    assert sign() == sign()


def test_a_document_that_could_not_be_signed_is_left_as_it_was() -> None:
    """It is signed when the token is back."""
    root = etree.fromstring(DOCUMENT)
    before = etree.tostring(root)
    wrong = replace(identity("rsa"), certificate=identity("ec").certificate, key=identity("ec").key)

    class Failing:
        def identity(self, _: str) -> Identity:
            return wrong

    policies = {"old": SignaturePolicy(SUITES["rsa-sha256"])}
    with pytest.raises(ParkedError) as caught:
        Signer(Failing(), lambda: NOW, policies).sign(root, "4403180001", "old")
    assert caught.value.code == "signature.key-does-not-fit"
    assert etree.tostring(root) == before


@pytest.mark.requirement("ID-02")
def test_an_unbound_enterprise_is_refused() -> None:
    """Nothing is signed in the name of an enterprise whose key is not there."""
    with pytest.raises(ParkedError) as caught:
        Signer(Keys(), lambda: NOW).sign(etree.fromstring(DOCUMENT), "9999999999")
    assert caught.value.code == "token.enterprise-not-bound"


@pytest.mark.parametrize("moment", [NOW - 2 * DAY, NOW + 2 * DAY])
def test_nothing_is_signed_outside_the_certificates_validity(moment: datetime) -> None:
    """Customs would refuse it; the message waits for a new certificate."""
    with pytest.raises(RetryError) as caught:
        Signer(Keys(), lambda: moment).sign(etree.fromstring(DOCUMENT), "4403180001")
    assert caught.value.code == "token.certificate-not-valid"
    assert "2026-10-19" in caught.value.text("zh")


def test_a_document_without_canonical_form_is_parked() -> None:
    """A relative namespace has no canonical form; nothing half-signed leaves."""
    with pytest.raises(ParkedError) as caught:
        sign('<a xmlns="relative/namespace"/>')
    assert caught.value.code == "signature.not-canonical"


@pytest.mark.parametrize("document", ['<a xml:lang="zh"/>', f'<a><Signature xmlns="{DS["ds"]}"/></a>'])
def test_a_document_that_the_gateway_does_not_build_is_a_fault_of_the_program(document: str) -> None:
    """Its language would be part of what is signed in one reading; a second signature is senseless."""
    with pytest.raises(AssertionError):
        sign(document)


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]) | st.sampled_from("\t\n\r"))


@pytest.mark.requirement("CU-02")
@given(st.dictionaries(st.sampled_from("ABCDEFG"), TEXT), TEXT)
def test_any_content_is_signed_verified_and_read_back(values: dict[str, str], attribute: str) -> None:
    """Whatever characters XML can carry come back as they were."""
    root = etree.Element(
        "{urn:cn:collective-declaration:1.0}Message", nsmap={None: "urn:cn:collective-declaration:1.0"}
    )
    root.set("note", attribute)
    for name, value in values.items():
        etree.SubElement(root, f"{{urn:cn:collective-declaration:1.0}}{name}").text = value
    signed = etree.tostring(
        Signer(Keys(), lambda: NOW).sign(root, "4403180001"), xml_declaration=True, encoding="UTF-8"
    )
    found = Verifier([identity("rsa").certificate]).verify(signed, NOW).root
    assert {etree.QName(child).localname: child.text or "" for child in found} == values
    assert found.get("note") == attribute
