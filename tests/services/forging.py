"""Receipts and signatures taken apart: a customs of the tests' own, which signs whatever it is told to."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from lxml import etree

from customs_stub.keys import Identity
from customs_stub.letters import Letter, add, sealed
from gateway.errors import RejectedError
from gateway.signing import Verifier

DS: Final = "http://www.w3.org/2000/09/xmldsig#"
C14N: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ECDSA: Final = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
SHA256: Final = "http://www.w3.org/2001/04/xmlenc#sha256"
AT: Final = datetime(2026, 10, 20, tzinfo=UTC)
Change = Callable[[str], str]
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def certificate_for(key: Key, name: str) -> x509.Certificate:
    """Return a certificate of the key, signed by itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 12, 31, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )


def encoded(certificate: x509.Certificate) -> str:
    """Return a certificate as it stands in a signature."""
    return b64encode(certificate.public_bytes(Encoding.DER)).decode()


CUSTOMS_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CUSTOMS: Final = certificate_for(CUSTOMS_KEY, "customs")
CURVE_KEY: Final = ec.generate_private_key(ec.SECP256R1())
CURVE: Final = certificate_for(CURVE_KEY, "customs on a curve")
STRANGER_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)
STRANGER: Final = certificate_for(STRANGER_KEY, "customs")
VERIFIER: Final = Verifier([CUSTOMS, CURVE])


def receipt() -> bytes:
    """Return a receipt as the customs office for trials signs it."""
    root, body = Letter("Receipt", "5301", AT, "4453ABCDEF", "C-1", "M-1", message_id="R-1").begin()
    add(body, "ReceiptType", "B")
    add(body, "DocumentType", "Manifest")
    add(body, "CustomMaster", "5301")
    add(body, "ResultCode", "7")
    add(body, "ResultText", "审核通过 & 放行")
    return sealed(root, Identity(CUSTOMS_KEY, CUSTOMS))


BODY: Final = (
    '<Message xmlns="urn:cn:collective-declaration:1.0"><MessageHead><MessageId>R-1</MessageId></MessageHead>'
    "<Receipt><ResultCode>7</ResultCode><ResultText>审核通过 &amp; 放行</ResultText></Receipt>"
)
SIGNATURE: Final = (
    f'<ds:Signature xmlns:ds="{DS}"><ds:SignedInfo>'
    f'<ds:CanonicalizationMethod Algorithm="{C14N}"/><ds:SignatureMethod Algorithm="{RSA}"/>'
    '<ds:Reference URI=""><ds:Transforms>'
    f'<ds:Transform Algorithm="{DS}enveloped-signature"/><ds:Transform Algorithm="{C14N}"/>'
    f'</ds:Transforms><ds:DigestMethod Algorithm="{SHA256}"/><ds:DigestValue>@DIGEST@</ds:DigestValue>'
    "</ds:Reference></ds:SignedInfo><ds:SignatureValue>@VALUE@</ds:SignatureValue>"
    "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>@CERTIFICATE@</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    "</ds:Signature>"
)
WHOLE: Final = f"{BODY}{SIGNATURE}</Message>"
CONTENT: Final = etree.tostring(etree.fromstring(f"{BODY}</Message>".encode()), method="c14n")


def signed(template: str = WHOLE, key: Key = CUSTOMS_KEY, certificate: x509.Certificate = CUSTOMS) -> str:
    """Fill in digest, value and certificate: customs itself signs SignedInfo as the template has it."""
    template = template.replace("@CERTIFICATE@", encoded(certificate))
    root = etree.fromstring(template.encode())
    signature = root.find(f"{{{DS}}}Signature")
    if signature is not None:
        root.remove(signature)
    digest = hashlib.sha256(etree.tostring(root, method="c14n", with_comments=False)).digest()
    template = template.replace("@DIGEST@", b64encode(digest).decode())
    info = etree.fromstring(template.encode()).find(f".//{{{DS}}}SignedInfo")
    value = b"" if info is None else value_over(info, key)
    return template.replace("@VALUE@", b64encode(value).decode())


def value_over(info: etree._Element, key: Key) -> bytes:
    """Return the key's true signature over SignedInfo in the canonical form that it names."""
    method = info.find(f"{{{DS}}}CanonicalizationMethod")
    exclusive = method is not None and method.get("Algorithm") == EXCLUSIVE
    alone = etree.fromstring(etree.tostring(info, encoding="utf-8", with_tail=False))
    kept = alone.find(f"{{{DS}}}CanonicalizationMethod/{{{EXCLUSIVE}}}InclusiveNamespaces")
    prefixes = None if kept is None else kept.get("PrefixList", "").split()
    data = etree.tostring(
        alone, method="c14n", exclusive=exclusive, with_comments=False, inclusive_ns_prefixes=prefixes
    )
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32) + s.to_bytes(32)


def outcome(data: bytes | str, content: bytes = CONTENT, verifier: Verifier = VERIFIER) -> str:
    """Return the code of the refusal, or nothing where exactly what was signed came back; all else fails."""
    try:
        verified = verifier.verify(data.encode() if isinstance(data, str) else data, AT)
    except RejectedError as fault:
        refused = fault
    else:
        assert verified.data == content, "something else is returned than what customs signed"
        assert etree.tostring(verified.root, method="c14n") == content
        return ""
    assert refused.code.startswith(("signature.", "xml.")), refused.code
    told = refused.text("en") + refused.text("zh")
    assert not re.search(r"\{[a-z_]+\}", told), told
    return refused.code
