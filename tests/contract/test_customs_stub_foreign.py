"""Submissions signed by a foreign program, xmlsec1, are believed by the stub."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree

from tests.unit.customs_stub.messages import (
    DS,
    EXCLUSIVE,
    INCLUSIVE,
    Signer,
    make_signer,
    message,
    qualification,
)
from tests.unit.customs_stub.trial import QUALIFICATION, Trial

TEMPLATE = (
    '<{p}Signature xmlns{d}="{ds}"><{p}SignedInfo><{p}CanonicalizationMethod Algorithm="{c14n}"/>'
    '<{p}SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#{method}-sha256"/>'
    '<{p}Reference URI=""><{p}Transforms><{p}Transform Algorithm="{ds}enveloped-signature"/></{p}Transforms>'
    '<{p}DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><{p}DigestValue/></{p}Reference>'
    "</{p}SignedInfo><{p}SignatureValue/></{p}Signature>"
)


def by_xmlsec1(folder: Path, signer: Signer, template: str) -> bytes:
    """Let xmlsec1 fill a template at the end of a filing."""
    root = message(QUALIFICATION, qualification(), "A0-1", "ID1")
    root.append(etree.fromstring(template))
    key, unsigned, signed = folder / "key.pem", folder / "unsigned.xml", folder / "signed.xml"
    key.write_bytes(signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    unsigned.write_bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
    command = ["xmlsec1", "--sign", "--privkey-pem", str(key), "--output", str(signed), str(unsigned)]
    subprocess.run(command, check=True, capture_output=True)
    return signed.read_bytes()


@pytest.mark.parametrize("curve", [False, True], ids=["rsa", "ecdsa"])
@pytest.mark.parametrize("canonical", [INCLUSIVE, EXCLUSIVE], ids=["inclusive", "exclusive"])
@pytest.mark.parametrize("prefix", ["ds", ""], ids=["prefixed", "unprefixed"])
def test_what_xmlsec1_signs_is_believed(tmp_path: Path, curve: bool, canonical: str, prefix: str) -> None:
    """Either algorithm, either canonicalization, with and without a prefix."""
    signer = make_signer(curve=curve)
    trial = Trial(tmp_path / "trial", signer)
    names = {"p": f"{prefix}:" if prefix else "", "d": f":{prefix}" if prefix else "", "ds": DS}
    template = TEMPLATE.format(**names, c14n=canonical, method="ecdsa" if curve else "rsa")
    trial.put("filing.xml", by_xmlsec1(tmp_path, signer, template))
    trial.work()
    assert trial.told("ID1") == ["T 0", "B A"]
