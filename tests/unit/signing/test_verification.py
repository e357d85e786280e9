"""A receipt is believed only if a pinned certificate signed the whole of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import RejectedError
from gateway.signing import Verifier, fingerprint, load_certificates

FIXTURES = Path(__file__).parents[2] / "fixtures" / "signing"
AT = datetime(2026, 10, 20, tzinfo=UTC)
PINNED = load_certificates([FIXTURES / "customs-rsa.pem", FIXTURES / "customs-ec.pem"])
VERIFIER = Verifier(PINNED)
GOOD = (FIXTURES / "rsa-inclusive.xml").read_bytes()
END = b"</Message>"


def refusal(data: bytes, verifier: Verifier = VERIFIER, at: datetime = AT) -> str:
    """Return the code under which the bytes are refused."""
    with pytest.raises(RejectedError) as caught:
        verifier.verify(data, at)
    assert caught.value.text("en")
    assert caught.value.text("zh")
    assert "{reason}" not in caught.value.text("en")
    return caught.value.code


def signature_of(data: bytes) -> bytes:
    """Cut the signature out of a document."""
    return data[data.index(b"<Signature ") : data.index(b"</Signature>") + len(b"</Signature>")]


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize(
    "name",
    ["rsa-inclusive", "rsa-inclusive-1.1", "rsa-exclusive", "rsa-no-c14n-transform", "ec-inclusive"],
)
def test_a_signature_made_by_xmlsec_with_a_pinned_certificate_is_believed(name: str) -> None:
    """Bytes of a foreign implementation verify, and tell whose they are."""
    verified = VERIFIER.verify((FIXTURES / f"{name}.xml").read_bytes(), AT)
    assert verified.root.findtext(".//{*}ResultText") == "审核通过 & 放行"
    assert verified.fingerprint in {fingerprint(one) for one in PINNED}
    assert "O=Test customs" in verified.subject


@pytest.mark.requirement("CU-02")
def test_only_what_was_signed_is_returned() -> None:
    """Neither the signature nor a comment is among what may be read."""
    verified = VERIFIER.verify(GOOD, AT)
    assert b"Signature" not in verified.data
    assert b"remark" not in verified.data
    assert b"outside" not in verified.data
    assert [child.tag.rpartition("}")[2] for child in verified.root] == ["MessageHead", "Receipt"]


@pytest.mark.requirement("CU-02")
def test_a_comment_changes_nothing_of_what_is_read() -> None:
    """A comment put into a value neither breaks the signature nor cuts the value in two."""
    changed = GOOD.replace("审核通过".encode(), "审核<!-- x -->通过".encode())
    assert VERIFIER.verify(changed, AT).root.findtext(".//{*}ResultText") == "审核通过 & 放行"


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("rsa-stranger", "signature.untrusted-certificate"),
        ("refused-with-comments", "signature.algorithm-refused"),
        ("refused-sha1-digest", "signature.algorithm-refused"),
        ("refused-rsa-sha1", "signature.algorithm-refused"),
        ("refused-xpath", "signature.algorithm-refused"),
        ("refused-part-only", "signature.reference-refused"),
    ],
)
def test_a_good_signature_of_another_kind_is_refused(name: str, code: str) -> None:
    """A valid signature is not enough: who made it, over what and how must be as agreed."""
    assert refusal((FIXTURES / f"{name}.xml").read_bytes()) == code


def _swap_certificate(data: bytes) -> bytes:
    def inside(document: bytes) -> bytes:
        return document.split(b"<X509Certificate>")[1].split(b"</X509Certificate>")[0]

    return data.replace(inside(data), inside((FIXTURES / "ec-inclusive.xml").read_bytes()))


def _replace(old: str, new: str) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        assert old.encode() in data
        return data.replace(old.encode(), new.encode(), 1)

    return change


TRANSFORM = '<Transform Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"/>'
WRAPPED = '<Message xmlns="urn:cn:collective-declaration:1.0"><Receipt/>'

CHANGES: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "a value changed": ("signature.digest-mismatch", _replace("<ResultCode>7", "<ResultCode>9")),
    "an element added": ("signature.digest-mismatch", _replace("</Receipt>", "<X/></Receipt>")),
    "a processing instruction added": (
        "signature.digest-mismatch",
        _replace("<Receipt>", "<Receipt><?x y?>"),
    ),
    "the digest changed": ("signature.invalid", _replace("<DigestValue>", "<DigestValue>AAAA")),
    "the digest emptied": (
        "signature.shape-refused",
        _replace("<DigestValue>", "<DigestValue/><DigestValue>"),
    ),
    "the signature's value changed": (
        "signature.invalid",
        _replace("<SignatureValue>", "<SignatureValue>AAAA"),
    ),
    "not base64": ("signature.invalid", _replace("<SignatureValue>", "<SignatureValue>签")),
    "another pinned certificate named": ("signature.invalid", _swap_certificate),
    "no certificate": (
        "signature.untrusted-certificate",
        lambda data: data.replace(b"X509Certificate>", b"X509SKI>"),
    ),
    "a senseless certificate": (
        "signature.untrusted-certificate",
        _replace("<X509Certificate>", "<X509Certificate>AAAA"),
    ),
    "no signature": ("signature.missing", lambda data: data.replace(signature_of(data), b"")),
    "two signatures": ("signature.many", lambda data: data.replace(END, signature_of(data) + END)),
    "a hidden second signature": (
        "signature.many",
        lambda data: data.replace(b"<Receipt>", b"<Receipt><X>" + signature_of(data) + b"</X>"),
    ),
    "an element after it": ("signature.not-last", _replace("</Message>", "<X/></Message>")),
    "a comment after it": ("signature.not-last", _replace("</Message>", "<!-- --></Message>")),
    "the signature is the root": ("signature.not-last", signature_of),
    "wrapped in a new root": (
        "signature.not-last",
        lambda data: WRAPPED.encode() + data[data.index(b"<Message ") :] + END,
    ),
    "signature moved to a new root": (
        "signature.digest-mismatch",
        lambda data: (
            WRAPPED.encode()
            + data[data.index(b"<Message ") :].replace(signature_of(data), b"")
            + signature_of(data)
            + END
        ),
    ),
    "an object in the signature": (
        "signature.shape-refused",
        _replace("</KeyInfo>", "</KeyInfo><Object><Receipt/></Object>"),
    ),
    "two references": (
        "signature.reference-refused",
        lambda data: data.replace(b"</Reference>", b'</Reference><Reference URI=""/>'),
    ),
    "no URI": ("signature.reference-refused", _replace('<Reference URI="">', "<Reference>")),
    "a foreign URI": ("signature.reference-refused", _replace('URI=""', 'URI="http://example.org/x"')),
    "transforms in another order": (
        "signature.algorithm-refused",
        lambda data: data.replace(TRANSFORM.encode(), b"").replace(
            b"<Transforms>", b"<Transforms>" + TRANSFORM.encode()
        ),
    ),
    "no transforms": ("signature.algorithm-refused", lambda data: data.replace(b"Transforms>", b"Nothing>")),
    "three transforms": ("signature.algorithm-refused", _replace(TRANSFORM, TRANSFORM * 2)),
    "a DTD": ("xml.dtd-refused", _replace("<!-- outside -->", '<!DOCTYPE Message [<!ENTITY a "b">]>')),
    "no canonical form": (
        "signature.invalid",
        _replace("<Receipt>", '<Receipt xmlns:r="relative/namespace">'),
    ),
}


@pytest.mark.requirement("CU-02")
@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_document_is_refused(what: str) -> None:
    """Each way of changing what is signed, or around what, is refused under its own code."""
    code, change = CHANGES[what]
    assert change(GOOD) != GOOD
    assert refusal(change(GOOD)) == code


@pytest.mark.requirement("CU-02")
@given(st.data())
def test_no_single_byte_can_be_changed_in_what_is_read(data: st.DataObject) -> None:
    """Whatever byte is changed, the document is refused with a code, or says exactly the same."""
    place = data.draw(st.integers(0, len(GOOD) - 1))
    changed = GOOD[:place] + bytes([data.draw(st.integers(0, 255))]) + GOOD[place + 1 :]
    try:
        verified = VERIFIER.verify(changed, AT)
    except RejectedError:
        return
    assert verified.data == VERIFIER.verify(GOOD, AT).data


@pytest.mark.requirement("CU-02")
def test_a_certificate_is_believed_only_while_it_is_valid() -> None:
    """The moment of the check decides, not the machine's clock."""
    certificate = PINNED[0]
    assert VERIFIER.verify(GOOD, certificate.not_valid_before_utc).certificate == certificate
    assert VERIFIER.verify(GOOD, certificate.not_valid_after_utc).certificate == certificate
    second = timedelta(seconds=1)
    assert refusal(GOOD, at=certificate.not_valid_after_utc + second) == "signature.certificate-expired"
    before = certificate.not_valid_before_utc - second
    assert refusal(GOOD, at=before) == "signature.certificate-not-yet-valid"


@pytest.mark.requirement("CU-02")
def test_nothing_is_believed_when_nothing_is_pinned() -> None:
    """The system's certificate authorities have no say."""
    assert refusal(GOOD, Verifier([])) == "signature.untrusted-certificate"


def test_a_verification_leaves_no_trace_in_the_next() -> None:
    """A refused document does not spoil the verifier, and a good one does not soften it."""
    assert refusal(GOOD.replace(b"<ResultCode>7", b"<ResultCode>8")) == "signature.digest-mismatch"
    assert VERIFIER.verify(GOOD, AT).data
    assert refusal(GOOD.replace(b"<ResultCode>7", b"<ResultCode>8")) == "signature.digest-mismatch"


def test_documents_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Not even at DEBUG does business data reach a log."""
    with caplog.at_level("DEBUG"):
        VERIFIER.verify(GOOD, AT)
    assert "ResultCode" not in caplog.text


def test_every_unreadable_certificate_file_is_told(tmp_path: Path) -> None:
    """All faults of the pinned certificates are told at once."""
    (tmp_path / "bad.pem").write_text("not a certificate")
    with pytest.raises(RejectedError) as caught:
        load_certificates([tmp_path / "bad.pem", FIXTURES / "customs-ec.pem", tmp_path / "gone.pem"])
    assert [one.code for one in caught.value.violations] == ["signature.certificate-file"] * 2


def test_a_file_may_hold_several_certificates(tmp_path: Path) -> None:
    """The next certificate of customs can be pinned before it is used."""
    both = tmp_path / "both.pem"
    both.write_bytes((FIXTURES / "customs-rsa.pem").read_bytes() + (FIXTURES / "customs-ec.pem").read_bytes())
    found: tuple[x509.Certificate, ...] = load_certificates([both])
    assert found == PINNED
