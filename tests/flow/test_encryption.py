"""A route that encrypts: nobody on the way reads a message, customs does, and nobody has to do anything."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.flow import erp
from tests.services.installation import Installation

_ON = {'# encrypt_for = "etc/customs-encryption.pem"': 'encrypt_for = "var/customs/customs.pem"'}


def _opened(installation: Installation, file: Path) -> bytes:
    """Decrypt with an independent program and the office's key."""
    key = installation.folder / "var/customs/customs.key"
    command = ["xmlsec1", "--decrypt", "--privkey-pem", str(key), str(file)]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.requirement("ID-04")
def test_customs_reads_what_nobody_else_can(installation: Installation) -> None:
    """Signed first, then encrypted for customs' certificate; the answer comes as ever."""
    installation.write_config(_ON)
    with installation.open() as running:
        assert running.send("q.json", erp.qualification())["outcome"] == "accepted"
        running.until(lambda: running.document(erp.QUALIFICATION).state == "approved")
    (file,) = installation.sent()
    sent = file.read_bytes()
    assert b"EncryptedData" in sent
    assert b"QualificationFiling" not in sent
    assert b"SignatureValue" not in sent
    plain = file.with_name("plain.xml")
    plain.write_bytes(_opened(installation, file))
    assert b"QualificationFiling" in plain.read_bytes()
    command = ["xmlsec1", "--verify", "--trusted-pem", str(installation.token.certificate_file), str(plain)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.requirement("ID-04", "CU-05")
def test_what_is_sent_again_is_encrypted_as_before(installation: Installation) -> None:
    """The same bytes, although each encryption gives others."""
    installation.write_config(_ON)
    with installation.open(customs=False) as running:
        away = installation.outbox.with_name("away")
        running.send("q.json", erp.qualification())
        (file,) = installation.sent()
        first = file.read_bytes()
        (row,) = running.submissions(erp.QUALIFICATION)
        assert row.sent_digest is not None
        assert row.sent_digest != row.signed_digest
        installation.outbox.rename(away)
        installation.outbox.mkdir()
        with running.gateway.store.begin() as unit:
            # As if nobody knew whether it arrived.
            unit._connection.library.exec_driver_sql(
                "UPDATE submissions SET state = 'in_doubt', due_at = NULL"
            )
        running.settle()
    assert installation.sent()[0].read_bytes() == first


def test_a_certificate_that_cannot_be_used_is_told_at_the_start(installation: Installation) -> None:
    """Not when the first message is to leave."""
    for text, code in [
        ("no certificate", "signature.certificate-file"),
        (installation.token.certificate_file.read_text(), ""),
    ]:
        (installation.folder / "for.pem").write_text(text)
        installation.write_config({'# encrypt_for = "etc/customs-encryption.pem"': 'encrypt_for = "for.pem"'})
        said = installation.gateway("check").stdout
        assert ("signature.certificate-file" in said) == bool(code)
