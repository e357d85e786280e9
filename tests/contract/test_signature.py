"""What the token signs, xmlsec1 verifies, and so do we."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from gateway.signing import Signer, Verifier
from gateway.signing.trial import Algorithm
from tests.services.softhsm import ENTERPRISE, NOON, PrivateToken, private_token

NS = "urn:cn:collective-declaration:1.0"


@dataclass
class Desk:
    """A signer with its token, and a folder to write to."""

    private: PrivateToken
    signer: Signer
    folder: Path

    def sign(self, root: etree._Element) -> bytes:
        """Sign and write as the gateway sends it."""
        signed = self.signer.sign(root, ENTERPRISE)
        return etree.tostring(signed, xml_declaration=True, encoding="UTF-8")

    def xmlsec(self, data: bytes) -> bool:
        """Let xmlsec1 say whether the signature is good."""
        file = self.folder / "message.xml"
        file.write_bytes(data)
        command = ["xmlsec1", "--verify", "--trusted-pem", str(self.private.certificate_file), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode == 0 and "References (ok/all): 1/1" in done.stdout + done.stderr


@pytest.fixture(params=["rsa", "ec"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """Return a signer on a token with an RSA or an EC key."""
    algorithm: Algorithm = request.param
    private = private_token(tmp_path / "token", algorithm)
    token = private.open()
    yield Desk(private, Signer(token, lambda: NOON), tmp_path)
    token.close()


def manifest(items: int) -> etree._Element:
    """Build a manifest as the gateway does: one namespace without prefix, no white space between."""
    root = etree.Element(f"{{{NS}}}Message", nsmap={None: NS})
    head = etree.SubElement(root, f"{{{NS}}}MessageHead")
    etree.SubElement(head, f"{{{NS}}}MessageId").text = "6F1C6F3E-0000-4000-8000-000000000001"
    body = etree.SubElement(root, f"{{{NS}}}Manifest")
    etree.SubElement(body, f"{{{NS}}}TradeName").text = "深圳示例进出口有限公司"
    for number in range(1, items + 1):
        item = etree.SubElement(body, f"{{{NS}}}Item")
        etree.SubElement(item, f"{{{NS}}}GNo").text = str(number)
        etree.SubElement(item, f"{{{NS}}}GName").text = f"片式多层瓷介电容器 <{number}> & “𠮷”"
        etree.SubElement(item, f"{{{NS}}}GModel").text = "行一\r\n行二\t\u3000Ω"
    return root


DECLARATION = (
    '<DecMessage xmlns="http://www.chinaport.gov.cn/dec" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" Version="3.1"><!-- remark --><DecHead>'
    '<Type xsi:nil="true"/><NoteS xmlns="">无</NoteS></DecHead></DecMessage>'
)


@pytest.mark.requirement("ID-01", "CU-02")
@pytest.mark.parametrize("items", [1, 10, 99])
def test_xmlsec_verifies_a_signed_manifest(desk: Desk, items: int) -> None:
    """Chinese text, characters beyond the first plane, line ends and 99 items included."""
    data = desk.sign(manifest(items))
    assert desk.xmlsec(data)
    verified = Verifier([desk.private.certificate]).verify(data, NOON)
    assert len(verified.root.findall(".//{*}Item")) == items


@pytest.mark.requirement("ID-01", "CU-02")
def test_xmlsec_verifies_a_signed_declaration(desk: Desk) -> None:
    """Several namespaces, an undeclared one and a comment make no difference."""
    data = desk.sign(etree.fromstring(DECLARATION))
    assert desk.xmlsec(data)
    assert Verifier([desk.private.certificate]).verify(data, NOON).root.findtext(".//NoteS") == "无"


@pytest.mark.requirement("CU-02")
def test_a_changed_message_is_refused_by_xmlsec_too(desk: Desk) -> None:
    """What our verifier refuses is no matter of taste."""
    data = desk.sign(manifest(2))
    assert not desk.xmlsec(data.replace("深圳".encode(), "广州".encode()))


def test_an_rsa_signature_is_the_same_after_a_restart(tmp_path: Path) -> None:
    """A message signed again after a crash has the same bytes (CU-05)."""
    private = private_token(tmp_path / "token")
    signatures = set()
    for _ in range(2):
        token = private.open()
        signed = Signer(token, lambda: NOON).sign(manifest(3), ENTERPRISE)
        signatures.add(etree.tostring(signed))
        token.close()
    assert len(signatures) == 1
