"""Certificates as evidence shows them: what a signature states, whether it is true or not."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509

from gateway.errors import RejectedError
from gateway.signing import fingerprint, pinned_certificates, stated_certificates
from tests.services.softhsm import private_token

_DS = 'xmlns="http://www.w3.org/2000/09/xmldsig#"'


def _signed(*certificates: str) -> bytes:
    stated = "".join(f"<X509Certificate>{each}</X509Certificate>" for each in certificates)
    return (
        f"<Message><Signature {_DS}><KeyInfo><X509Data>{stated}</X509Data></KeyInfo></Signature></Message>"
    ).encode()


def _text(certificate_file: Path) -> str:
    return "".join(certificate_file.read_text("ascii").splitlines()[1:-1])


def test_a_certificate_is_told_as_it_is_pinned_and_as_it_is_stated(tmp_path: Path) -> None:
    """By fingerprint, subject and time; the PEM text is the same wherever it came from."""
    token = private_token(tmp_path)
    (stated,) = stated_certificates(_signed(_text(token.certificate_file)))
    assert (stated,) == pinned_certificates([token.certificate_file])
    assert stated.fingerprint == fingerprint(token.certificate)
    assert "OU=TRIAL ONLY" in stated.subject
    assert stated.since < datetime(2026, 10, 20, tzinfo=UTC) < stated.until
    assert x509.load_pem_x509_certificate(stated.pem) == token.certificate


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no XML",
        b"<Message/>",
        b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        _signed(),
        _signed(""),
        _signed("AAAA"),
        _signed("-----END CERTIFICATE-----"),
        _signed("鲑鱼"),
    ],
)
def test_what_states_none_has_none(data: bytes) -> None:
    """Evidence is handed out all the same."""
    assert stated_certificates(data) == ()


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    """As at the start of the gateway."""
    with pytest.raises(RejectedError) as refused:
        pinned_certificates([tmp_path / "none.pem"])
    assert refused.value.code == "signature.certificate-file"
