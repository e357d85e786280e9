"""Other algorithms, other keys, other references: as an impostor would write them into a signature."""

from __future__ import annotations

import hmac
from base64 import b64encode
from itertools import product

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from lxml import etree

from tests.services.forging import (
    C14N,
    CURVE,
    CURVE_KEY,
    CUSTOMS,
    CUSTOMS_KEY,
    DS,
    ECDSA,
    EXCLUSIVE,
    RSA,
    SHA256,
    STRANGER,
    STRANGER_KEY,
    VERIFIER,
    WHOLE,
    encoded,
    outcome,
    signed,
)

MORE = "http://www.w3.org/2001/04/xmldsig-more#"
NEWER = "http://www.w3.org/2007/05/xmldsig-more#"
CHINAPORT = "http://www.chinaport.gov.cn/2022/04/xmldsig#"
URIS = (
    *("", " ", "none", "urn:none", "null", "http://example.org/unknown", RSA.upper(), f" {RSA}", f"{RSA} "),
    *(f"{DS}{name}" for name in ("dsa-sha1", "rsa-sha1", "hmac-sha1", "sha1", "base64", "minimal")),
    *(
        f"{MORE}{name}"
        for name in ("rsa-md5", "md5", "hmac-md5", "hmac-sha256", "hmac-sha384", "hmac-sha512")
    ),
    *(f"{MORE}{name}" for name in ("rsa-ripemd160", "ecdsa-sha1", "ecdsa-sha224", "ecdsa-sha512", "sha224")),
    *(f"{MORE}{name}" for name in ("rsa-sha384", "rsa-sha512", "ecdsa-sha384", "rsa-sha224")),
    *(f"{NEWER}{name}" for name in ("sha256-rsa-MGF1", "sha1-rsa-MGF1", "rsa-pss", "sha3-256", "sha3-512")),
    *("http://www.w3.org/2009/xmldsig11#dsa-sha256", "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519"),
    *(f"{CHINAPORT}{name}" for name in ("sm2-sm3", "sm3", "sm4")),
    *(RSA, ECDSA, SHA256, C14N, EXCLUSIVE, f"{C14N}#WithComments", f"{EXCLUSIVE}WithComments"),
    *("http://www.w3.org/2006/12/xml-c14n11#WithComments", "http://www.w3.org/2010/xml-c14n2"),
    *("http://www.w3.org/TR/1999/REC-xslt-19991116", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
    *("http://www.w3.org/2002/06/xmldsig-filter2", "http://www.w3.org/2001/10/xptr"),
    *("http://www.w3.org/2002/07/decrypt#XML", "http://www.w3.org/2002/07/decrypt#Binary"),
    f"{DS}enveloped-signature",
)
# Each place of an algorithm with what stands there in a good signature.
PLACES = {
    "CanonicalizationMethod": f'CanonicalizationMethod Algorithm="{C14N}"',
    "SignatureMethod": f'SignatureMethod Algorithm="{RSA}"',
    "first Transform": f'Transform Algorithm="{DS}enveloped-signature"',
    "second Transform": f'Transform Algorithm="{C14N}"',
    "DigestMethod": f'DigestMethod Algorithm="{SHA256}"',
}
# What is good in its place, all the others as they are; the exclusive form of this document is the same.
GOOD = {
    *(("CanonicalizationMethod", uri) for uri in (C14N, EXCLUSIVE)),
    *(("second Transform", uri) for uri in (C14N, EXCLUSIVE)),
    *(("SignatureMethod", RSA), ("DigestMethod", SHA256), ("first Transform", f"{DS}enveloped-signature")),
}


def with_algorithm(place: str, uri: str) -> str:
    """Return the unsigned receipt with another algorithm in one place."""
    name = PLACES[place].partition(" ")[0]
    assert PLACES[place] in WHOLE
    return WHOLE.replace(PLACES[place], f'{name} Algorithm="{uri}"')


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("place", PLACES)
def test_no_other_algorithm_is_taken_in_any_place(place: str) -> None:
    """Every known and unknown algorithm in every place, before and after customs signed: refused."""
    good = signed()
    for uri in URIS:
        changed = good.replace(PLACES[place], f'{PLACES[place].partition(" ")[0]} Algorithm="{uri}"')
        assert bool(outcome(changed)) is (changed != good), uri
        assert bool(outcome(signed(with_algorithm(place, uri)))) is ((place, uri) not in GOOD), uri


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("hash_name", ["md5", "sha1", "sha224", "sha256", "sha384", "sha512"])
def test_what_all_can_read_is_no_secret_to_sign_with(hash_name: str) -> None:
    """An HMAC keyed with the certificate or its key, in any writing, under any name: refused."""
    public = CUSTOMS.public_key()
    secrets = [
        CUSTOMS.public_bytes(Encoding.DER),
        CUSTOMS.public_bytes(Encoding.PEM),
        encoded(CUSTOMS).encode(),
        *(
            public.public_bytes(form, PublicFormat.SubjectPublicKeyInfo)
            for form in (Encoding.DER, Encoding.PEM)
        ),
        b"",
    ]
    spaces = DS if hash_name == "sha1" else MORE
    for secret, method in product(secrets, (f"{spaces}hmac-{hash_name}", RSA, ECDSA)):
        template = with_algorithm("SignatureMethod", method)
        info = etree.fromstring(signed(template).encode()).find(f".//{{{DS}}}SignedInfo")
        data = etree.tostring(etree.fromstring(etree.tostring(info)), method="c14n")
        value = b64encode(hmac.digest(secret, data, hash_name)).decode()
        assert outcome(signed(template.replace("@VALUE@", value)))


def _data(*inside: str) -> str:
    return f"<ds:X509Data>{''.join(inside)}</ds:X509Data>"


def _named(certificate: str) -> str:
    return f"<ds:X509Certificate>{certificate}</ds:X509Certificate>"


OURS, THEIRS = _named(encoded(CUSTOMS)), _named(encoded(STRANGER))
NUMBERS = STRANGER_KEY.public_key().public_numbers()
KEY_VALUE = (
    "<ds:KeyValue><ds:RSAKeyValue>"
    f"<ds:Modulus>{b64encode(NUMBERS.n.to_bytes(256)).decode()}</ds:Modulus><ds:Exponent>AQAB</ds:Exponent>"
    "</ds:RSAKeyValue></ds:KeyValue>"
)
SPKI = b64encode(
    STRANGER_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
ISSUER = (
    "<ds:X509IssuerSerial><ds:X509IssuerName>CN=customs</ds:X509IssuerName>"
    f"<ds:X509SerialNumber>{CUSTOMS.serial_number}</ds:X509SerialNumber></ds:X509IssuerSerial>"
)
METHOD = '<ds:RetrievalMethod URI="{}" Type="http://www.w3.org/2000/09/xmldsig#X509Data"/>'
KEYS = {
    "the stranger's certificate": _data(THEIRS),
    "the stranger's before customs'": _data(THEIRS, OURS),
    "customs' before the stranger's": _data(OURS, THEIRS),
    "another pinned one before customs'": _data(_named(encoded(CURVE)), OURS),
    "two lists, the stranger's first": _data(THEIRS) + _data(OURS),
    "two lists, customs' first": _data(OURS) + _data(THEIRS),
    "two certificates in one element": _data(_named(encoded(CUSTOMS) + encoded(STRANGER))),
    "a second PEM within": _data(
        _named(
            f"{encoded(CUSTOMS)}\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n{encoded(STRANGER)}"
        )
    ),
    "bytes behind the certificate": _data(
        _named(b64encode(CUSTOMS.public_bytes(Encoding.DER) + b"\0").decode())
    ),
    "an empty certificate": _data(_named("")),
    "no certificate": "<ds:X509Data/>",
    "issuer and number alone": _data(ISSUER),
    "the subject alone": _data("<ds:X509SubjectName>CN=customs</ds:X509SubjectName>"),
    "the key's name alone": "<ds:KeyName>customs</ds:KeyName>",
    "a key beside the certificate": KEY_VALUE + _data(OURS),
    "a key behind the certificate": _data(OURS) + KEY_VALUE,
    "a key alone": KEY_VALUE,
    "an encoded key": _data(OURS)
    + f'<d:DEREncodedKeyValue xmlns:d="http://www.w3.org/2009/xmldsig11#">{SPKI}</d:DEREncodedKeyValue>',
    "a key by reference": METHOD.format("#customs") + _data(OURS),
    "a key by address": METHOD.format("http://127.0.0.1:9/customs.der"),
    "a key by file": METHOD.format("file:///etc/ssl/certs/ca-certificates.crt"),
    "a key by digest": _data('<X509Digest xmlns="http://www.w3.org/2009/xmldsig11#">AAAA</X509Digest>'),
    "a list of withdrawn ones": _data(OURS, "<ds:X509CRL>AAAA</ds:X509CRL>"),
    "a PGP key": "<ds:PGPData><ds:PGPKeyID>AAAA</ds:PGPKeyID></ds:PGPData>" + _data(OURS),
    "nothing": "",
}
KEY_INFO = _data(_named("@CERTIFICATE@"))


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("what", KEYS)
def test_a_strangers_key_never_verifies(what: str) -> None:
    """Whatever certificates and keys a signature by the stranger names: refused."""
    assert KEY_INFO in WHOLE
    template = WHOLE.replace(KEY_INFO, KEYS[what])
    assert outcome(signed(template, STRANGER_KEY))


CHAINS = {"the stranger's before customs'", "customs' before the stranger's"}


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("what", KEYS)
def test_beside_customs_certificate_only_a_chain_may_stand(what: str) -> None:
    """Customs' own signature with these is refused too; certificates that nobody pinned count for nothing."""
    template = WHOLE.replace(KEY_INFO, KEYS[what])
    assert bool(outcome(signed(template))) is (what not in CHAINS)


@pytest.mark.requirement("CU-02")
def test_the_pinned_key_decides_which_method_can_be_true() -> None:
    """RSA under the name of ECDSA and the other way round, with each certificate: only true pairs pass."""
    methods = {RSA: (CUSTOMS_KEY, CUSTOMS), ECDSA: (CURVE_KEY, CURVE)}
    for method, signer, named in product(methods, methods, methods):
        text = signed(with_algorithm("SignatureMethod", method), methods[signer][0], methods[named][1])
        assert bool(outcome(text)) is not (method == signer == named), (method, signer, named)


REFERENCES = (
    *("#", "#R-1", "#/Message", "#xpointer(/)", "#xpointer(id('R-1'))", "#xmlns(x=urn:x)xpointer(/x:y)"),
    *("#element(/1)", "?", ".", "./", "/", " ", "\t", "%23", "&#35;R-1", "receipt.xml", "../receipt.xml"),
    *("file:///etc/passwd", "FILE:///etc/passwd", "http://127.0.0.1:9/x", "https://example.org/x"),
    *("ftp://example.org/x", "cid:receipt@example.org", "data:text/xml,&lt;Message/&gt;", "jar:file:///x!/y"),
    *("urn:x", "about:blank", "\\\\host\\share", "//example.org/x", "expect://id", "php://input"),
)
STYLESHEET = (
    '<xsl:stylesheet xmlns:xsl="http://www.w3.org/1999/XSL/Transform" version="1.0"><xsl:template match="/">'
    "<xsl:value-of select=\"document('file:///etc/passwd')\"/></xsl:template></xsl:stylesheet>"
)
TRANSFORMS = {
    "XSLT": ("http://www.w3.org/TR/1999/REC-xslt-19991116", STYLESHEET),
    "XPath": (
        "http://www.w3.org/TR/1999/REC-xpath-19991116",
        "<ds:XPath>ancestor-or-self::Receipt</ds:XPath>",
    ),
    "XPath filter": (
        "http://www.w3.org/2002/06/xmldsig-filter2",
        '<x:XPath xmlns:x="http://www.w3.org/2002/06/xmldsig-filter2" Filter="intersect">/</x:XPath>',
    ),
    "XPointer": ("http://www.w3.org/2001/10/xptr", "<ds:XPath>/</ds:XPath>"),
    "base64": (f"{DS}base64", ""),
    "decryption": ("http://www.w3.org/2002/07/decrypt#XML", ""),
    "an expression within an allowed one": (C14N, "<ds:XPath>not(self::Receipt)</ds:XPath>"),
    "a stylesheet within an allowed one": (C14N, STYLESHEET),
    "prefixes for the inclusive form": (
        C14N,
        f'<e:InclusiveNamespaces xmlns:e="{EXCLUSIVE}" PrefixList="ds"/>',
    ),
    "prefixes without a list": (EXCLUSIVE, f'<e:InclusiveNamespaces xmlns:e="{EXCLUSIVE}"/>'),
    "two lists of prefixes": (
        EXCLUSIVE,
        f'<e:InclusiveNamespaces xmlns:e="{EXCLUSIVE}" PrefixList="ds"/>' * 2,
    ),
}


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("uri", REFERENCES)
def test_only_the_whole_document_can_be_referred_to(uri: str) -> None:
    """Parts, files, addresses and expressions are refused, and nothing is fetched."""
    template = WHOLE.replace('URI=""', f'URI="{uri}"')
    assert outcome(signed(template)) == "signature.reference-refused"


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("what", TRANSFORMS)
def test_nothing_is_executed_to_find_out_what_was_signed(what: str) -> None:
    """A transform that computes is refused as an algorithm or by its shape, in each of the places."""
    uri, inside = TRANSFORMS[what]
    transform = f'<ds:Transform Algorithm="{uri}">{inside}</ds:Transform>'
    enveloped, canonical = (f"<ds:{PLACES[place]}/>" for place in ("first Transform", "second Transform"))
    for old, new in (
        (canonical, transform),
        (enveloped, transform),
        (canonical, transform + canonical),
        (canonical, canonical + transform),
        (enveloped, transform + enveloped),
    ):
        assert old in WHOLE
        assert outcome(signed(WHOLE.replace(old, new)))


def test_a_verifier_of_nobody_believes_nobody() -> None:
    """The tests' own customs is believed for being pinned, and for nothing else."""
    assert outcome(signed(), verifier=VERIFIER) == ""
    assert outcome(signed(WHOLE, STRANGER_KEY, STRANGER)) == "signature.untrusted-certificate"
