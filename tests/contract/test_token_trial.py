"""The trial token is made where there is none, left where there is one, and completed after a kill."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from pkcs11 import PKCS11Error

from gateway.errors import RetryError
from gateway.latch import PinLatch
from gateway.signing import Binding, Login, Token, Trial, make_trial_token, pin_source, trial
from gateway.signing.trial import Algorithm
from tests.services.softhsm import ENTERPRISE, NOON, private_token


class KilledError(BaseException):
    """The process ends here."""


def plan(folder: Path, algorithm: Algorithm = "ec") -> Trial:
    """Return the plan of a token; an EC key is made fastest."""
    return Trial(folder / "token", ENTERPRISE, "深圳示例进出口有限公司", algorithm=algorithm)


@pytest.mark.requirement("ID-01")
@pytest.mark.parametrize("algorithm", ["rsa", "ec"])
def test_the_certificate_names_the_enterprise_and_is_signed_by_the_token(
    tmp_path: Path, algorithm: Algorithm
) -> None:
    """It is valid for every rehearsal, and says that it is for trial only."""
    certificate = private_token(tmp_path, algorithm).certificate
    certificate.verify_directly_issued_by(certificate)
    assert certificate.subject.rfc4514_string() == (
        f"CN={ENTERPRISE},OU=TRIAL ONLY,O=深圳示例进出口有限公司,C=CN"
    )
    assert certificate.not_valid_before_utc < NOON < certificate.not_valid_after_utc


def test_an_existing_token_is_left(tmp_path: Path) -> None:
    """Neither key nor PIN changes; a lost certificate file is written again."""
    file = tmp_path / "certificates" / "enterprise.pem"
    first = make_trial_token(plan(tmp_path), file)
    pin = plan(tmp_path).pin_file.read_text()
    file.unlink()
    assert make_trial_token(plan(tmp_path), file) == first
    assert x509.load_pem_x509_certificate(file.read_bytes()) == first
    assert plan(tmp_path).pin_file.read_text() == pin


def test_the_pin_is_random_and_private(tmp_path: Path) -> None:
    """Two tokens have two PINs, each in a file for its owner only."""
    pins = set()
    for name in ("a", "b"):
        made = plan(tmp_path / name)
        make_trial_token(made, tmp_path / name / "enterprise.pem")
        assert made.pin_file.stat().st_mode & 0o777 == 0o600
        pins.add(made.pin_file.read_text())
    assert len(pins) == 2
    assert all(len(pin) >= 8 for pin in pins)


@pytest.mark.parametrize(
    "step", ["write_private", "_configure", "_initialise", "_generate", "_self_signed", "_read_certificate"]
)
def test_a_run_that_was_killed_is_completed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """At whichever step it ended, nothing half-made is taken for a token."""

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(trial, step, killed)
        with pytest.raises(KilledError):
            make_trial_token(plan(tmp_path), tmp_path / "enterprise.pem")
    made = make_trial_token(plan(tmp_path), tmp_path / "enterprise.pem")
    assert made == make_trial_token(plan(tmp_path), tmp_path / "enterprise.pem")


def test_a_refusal_of_the_library_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is the library's own word."""

    def refuse(*_: object) -> None:
        raise PKCS11Error

    monkeypatch.setattr(trial, "_generate", refuse)
    with pytest.raises(RetryError) as caught:
        make_trial_token(plan(tmp_path), tmp_path / "enterprise.pem")
    assert caught.value.code == "token.trial-failed"


def test_a_label_that_the_library_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An officer's PIN that is too short makes C_InitToken fail with its number."""
    monkeypatch.setattr(trial.secrets, "token_hex", lambda _: "1")
    with pytest.raises(RetryError) as caught:
        make_trial_token(plan(tmp_path), tmp_path / "enterprise.pem")
    assert "C_InitToken: 0x" in caught.value.text("en")


@pytest.mark.requirement("ID-02", "QF-02")
def test_each_enterprise_gets_a_key_of_its_own_on_the_same_token(tmp_path: Path) -> None:
    """A further key is added to the token that is there; each certificate names its own enterprise."""
    first, second = plan(tmp_path), replace(plan(tmp_path), enterprise="4403180002", key_label="declarant-2")
    made = make_trial_token(first, tmp_path / "1.pem")
    added = make_trial_token(second, tmp_path / "2.pem")
    assert make_trial_token(second, tmp_path / "2.pem") == added
    assert make_trial_token(first, tmp_path / "1.pem") == made
    names = [one.subject.rfc4514_string().partition(",")[0] for one in (made, added)]
    assert names == [f"CN={ENTERPRISE}", "CN=4403180002"]
    assert made.public_key() != added.public_key()


@pytest.mark.parametrize("step", ["_generate", "_self_signed", "_read_certificate"])
def test_a_further_key_that_was_left_half_made_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """A key without its certificate is cleared away, so that the label finds one key only."""
    make_trial_token(plan(tmp_path), tmp_path / "1.pem")
    second = replace(plan(tmp_path), enterprise="4403180002", key_label="declarant-2")

    def killed(*_: object) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(trial, step, killed)
        with pytest.raises(KilledError):
            make_trial_token(second, tmp_path / "2.pem")
    made = make_trial_token(second, tmp_path / "2.pem")
    login = Login(
        pin_source(second.pin_file),
        PinLatch(tmp_path / "latch", lambda: NOON),
        token_reports_failed_logins=True,
    )
    token = Token(second.module(), second.label, [Binding("4403180002", "declarant-2")], login, lambda: NOON)
    try:
        assert token.identity("4403180002").certificate == made
    finally:
        token.close()
