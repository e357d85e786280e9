"""Evidence of what went another way: encrypted, in envelopes, under a certificate that was let go."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from tests.flow import erp
from tests.flow.test_evidence import Desk
from tests.flow.test_routes import client_route, door
from tests.services.installation import Installation
from tests.services.softhsm import private_token

ENCRYPTED = {"\ndxp = ": '\nencrypt_for = "var/customs/customs.pem"\ndxp = '}


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Leave this process's own logging alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(import_module("gateway.cli.main"), "configure_logs", lambda *_, **__: None)
        yield


def _route() -> dict[str, str]:
    ((line, route),) = client_route(documents=["QualificationFiling"]).items()
    for old, new in ENCRYPTED.items():
        route = route.replace(old, new, 1)
    return {line: route}


def test_what_left_encrypted_and_came_in_an_envelope_is_proved(tmp_path: Path) -> None:
    """The envelope with what was opened of it, what left as it left, and a certificate that was let go."""
    desk = Desk(tmp_path / "desk", Installation(tmp_path / "gateway", _route(), customs=door()))
    with desk.installation.open() as running:
        running.send("q.json", erp.qualification())
        running.until(lambda: running.document(erp.QUALIFICATION).state == "approved")
        running.settle()
    folder = desk.unpack(erp.QUALIFICATION, tmp_path / "first")
    code, said = desk.verify(folder)
    assert code == 0, said
    assert said.count(": has receipts/") == 2
    (left,) = folder.glob("messages/*/encrypted.xml")
    assert b"EncryptedData" in left.read_bytes()
    assert b"QualificationFiling" not in left.read_bytes()

    opened = next(iter(sorted(folder.glob("receipts/*/opened.xml"))))
    opened.write_bytes(opened.read_bytes() + b"\n")
    code, said = desk.verify(folder)
    assert code == 1
    assert f"has not {opened.relative_to(folder)} in it" in said

    pinned = desk.installation.folder / "var/customs/customs.pem"
    pinned.write_bytes(desk.installation.token.certificate_file.read_bytes())
    folder = desk.unpack(erp.QUALIFICATION, tmp_path / "second")
    code, said = desk.verify(folder)
    assert code == 1
    assert said.count("the certificate that signed it is not pinned") == 2
    assert not list(folder.glob("certificates/customs/*"))


def test_another_key_and_form_and_text_that_xml_writes_otherwise_are_proved(tmp_path: Path) -> None:
    """P-256, the exclusive form, and a line break that canonical XML spells in its own way."""
    at = Installation(tmp_path / "gateway", more='\n[route.signature]\ncanonicalization = "exclusive"\n')
    shutil.rmtree(at.folder / "var/token")
    shutil.copy(private_token(at.folder / "var/token", "ec").certificate_file, at.register)
    desk = Desk(tmp_path / "desk", at)
    with at.open() as running:
        person = {"name": "李\r\n敏 & <co>", "phone": "0755-82000003"}
        running.send("q.json", erp.qualification(contact=person))
        assert running.document(erp.QUALIFICATION).state == "approved"
    folder = desk.unpack(erp.QUALIFICATION, tmp_path / "evidence")
    code, said = desk.verify(folder)
    assert code == 0, said
    (signed,) = folder.glob("messages/*/signed.xml")
    assert b"ecdsa-sha256" in signed.read_bytes()
    assert b"xml-exc-c14n" in signed.read_bytes()
    assert f"{signed.relative_to(folder)}: what was signed is " in said
