"""The office's key, and the register of enterprises."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from customs_stub.config import ConfigError
from customs_stub.keys import Register, load_identity, make_identity
from customs_stub.seal import StrangerError
from tests.unit.customs_stub.messages import ENTERPRISE, Signer, make_signer


def test_key_and_certificate_are_made_once(tmp_path: Path) -> None:
    """A second time changes nothing, and nobody else can read them."""
    key, certificate = tmp_path / "var" / "customs.key", tmp_path / "var" / "customs.pem"
    assert make_identity(key, certificate)
    before = key.read_bytes(), certificate.read_bytes()
    assert not make_identity(key, certificate)
    assert (key.read_bytes(), certificate.read_bytes()) == before
    assert {file.stat().st_mode & 0o777 for file in (key, certificate)} == {0o600}
    assert load_identity(key, certificate).key.key_size == 2048


def test_a_certificate_alone_is_never_overwritten(tmp_path: Path) -> None:
    """Enterprises may have pinned it."""
    key, certificate = tmp_path / "customs.key", tmp_path / "customs.pem"
    make_identity(key, certificate)
    key.unlink()
    with pytest.raises(ConfigError, match=r"customs\.pem"):
        make_identity(key, certificate)


def test_a_key_whose_maker_died_gets_its_certificate(tmp_path: Path) -> None:
    """The key stays as it is; a draft that was left behind is in nobody's way."""
    key, certificate = tmp_path / "customs.key", tmp_path / "customs.pem"
    make_identity(key, certificate)
    before = key.read_bytes()
    certificate.unlink()
    (tmp_path / ".customs.pem.new").write_text("half")
    assert make_identity(key, certificate)
    assert key.read_bytes() == before
    assert load_identity(key, certificate).key.key_size == 2048


def test_a_missing_or_foreign_key_is_told(tmp_path: Path, signer: Signer) -> None:
    """With the way to make one."""
    key, certificate = tmp_path / "customs.key", tmp_path / "customs.pem"
    with pytest.raises(ConfigError, match="customs-stub init"):
        load_identity(key, certificate)
    make_identity(key, certificate)
    certificate.write_bytes(signer.pem)
    with pytest.raises(ConfigError, match="not the certificate of"):
        load_identity(key, certificate)


def test_an_enterprise_may_have_several_certificates_and_come_later(tmp_path: Path, signer: Signer) -> None:
    """The folder is read while the office is open."""
    register = Register(tmp_path)
    assert register.certificates(ENTERPRISE) == []
    second = make_signer(curve=True)
    (tmp_path / f"{ENTERPRISE}.pem").write_bytes(signer.pem)
    (tmp_path / f"{ENTERPRISE}-new.pem").write_bytes(second.pem)
    (tmp_path / "4403180002.pem").write_bytes(make_signer(curve=True).pem)
    assert set(register.certificates(ENTERPRISE)) == {signer.certificate, second.certificate}


def test_a_replaced_certificate_is_noticed(tmp_path: Path, signer: Signer) -> None:
    """The file's time tells."""
    file = tmp_path / f"{ENTERPRISE}.pem"
    register = Register(tmp_path)
    file.write_bytes(signer.pem)
    register.certificates(ENTERPRISE)
    second = make_signer(curve=True)
    file.write_bytes(second.pem)
    os.utime(file, (1, 1))
    assert register.certificates(ENTERPRISE) == [second.certificate]


@pytest.mark.parametrize("enterprise", ["", "*", "../x", "4403180001*"])
def test_a_code_that_is_none_finds_nothing(tmp_path: Path, signer: Signer, enterprise: str) -> None:
    """No pattern from a message reaches the file system."""
    (tmp_path / f"{ENTERPRISE}.pem").write_bytes(signer.pem)
    assert Register(tmp_path).certificates(enterprise) == []


def test_a_registered_file_without_a_certificate_is_told(tmp_path: Path) -> None:
    """It is named, and nobody is believed by it."""
    (tmp_path / f"{ENTERPRISE}.pem").write_text("nothing")
    with pytest.raises(StrangerError, match=ENTERPRISE):
        Register(tmp_path).certificates(ENTERPRISE)


def test_the_office_signs_with_rsa_only(tmp_path: Path) -> None:
    """Another kind of key is told at the start."""
    curve = make_signer(curve=True)
    key, certificate = tmp_path / "customs.key", tmp_path / "customs.pem"
    key.write_bytes(curve.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate.write_bytes(curve.pem)
    with pytest.raises(ConfigError, match="RSA"):
        load_identity(key, certificate)
