"""A token that fails, with a real SoftHSM2: faults heal by themselves, a wrong PIN is tried once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pkcs11
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from gateway.durable import write_private
from gateway.errors import RetryError
from gateway.latch import LatchState
from gateway.signing import (
    Binding,
    Login,
    Module,
    Token,
    find_softhsm,
    inspect_token,
    make_trial_token,
    module,
    pin_source,
)
from gateway.signing.keys import RsaTokenKey
from tests.services.softhsm import ENTERPRISE, NOON, PrivateToken, private_token, refusal, sign


@pytest.fixture
def private(tmp_path: Path) -> PrivateToken:
    """Return a token of this test's own, with an RSA key."""
    return private_token(tmp_path / "token")


@pytest.fixture
def opened(private: PrivateToken) -> Iterator[Token]:
    """Return the token's owner, and let go of it in the end."""
    token = private.open()
    yield token
    token.close()


@pytest.mark.requirement("ID-03")
def test_signing_resumes_by_itself_when_the_token_is_back(private: PrivateToken, opened: Token) -> None:
    """Pulled out in the midst of work: each attempt says so, and the first one after its return succeeds."""
    before = sign(opened)
    private.tokens.rename(private.trial.folder / "pulled-out")
    assert refusal(lambda: sign(opened)).code == "token.session-lost"
    for _ in range(2):
        error = refusal(lambda: sign(opened))
        assert isinstance(error, RetryError)
        assert error.code == "token.absent"
    (private.trial.folder / "pulled-out").rename(private.tokens)
    assert sign(opened) == before
    assert private.latch().read().state is LatchState.CLEAR


@pytest.mark.requirement("ID-03")
def test_a_library_that_was_reset_is_opened_anew(private: PrivateToken, opened: Token) -> None:
    """Whatever the library says when its sessions are gone, the next attempt begins from the start."""
    before = sign(opened)
    pkcs11.lib(str(find_softhsm())).finalize()
    assert refusal(lambda: sign(opened)).code == "token.session-lost"
    assert sign(opened) == before


@pytest.mark.requirement("ID-03")
def test_a_token_that_was_never_there_is_absent(private: PrivateToken) -> None:
    """Neither another label, nor a missing library, nor a missing folder ends the gateway."""
    for library, label, code in [
        (private.trial.module(), "another", "token.absent"),
        (Module(Path("/no/such/module.so")), private.trial.label, "token.module-absent"),
        (Module(private.trial.pin_file), private.trial.label, "token.absent"),
    ]:
        token = Token(library, label, [Binding(ENTERPRISE, "declarant")], private.login(), lambda: NOON)
        for _ in range(2):
            assert refusal(lambda token=token: token.identity(ENTERPRISE)).code == code
        token.close()


def test_two_tokens_of_one_label_are_not_guessed_between(private: PrivateToken, tmp_path: Path) -> None:
    """Signing with the wrong one would be worse than not signing."""
    other = replace(private.trial, folder=tmp_path / "other", algorithm="ec")
    make_trial_token(other, tmp_path / "other.pem")
    (made,) = (other.folder / "tokens").iterdir()
    made.rename(private.tokens / made.name)
    token = private.open()
    assert refusal(lambda: sign(token)).code == "token.label-not-unique"
    token.close()


def test_a_key_of_before_is_not_used_after_the_token_was_closed(opened: Token) -> None:
    """Its handle may be another key's by now."""
    stale = opened.identity(ENTERPRISE).key
    opened.close()
    assert sign(opened)
    assert isinstance(stale, RsaTokenKey)
    error = refusal(lambda: stale.sign(b"data", padding.PKCS1v15(), hashes.SHA256()))
    assert error.code == "token.session-lost"


def test_the_token_belongs_to_one_thread(opened: Token) -> None:
    """The library was told that one thread calls it; any other is refused until the owner closes."""
    sign(opened)
    outcome: list[BaseException | bytes] = []

    def elsewhere() -> None:
        try:
            outcome.append(sign(opened))
        except RuntimeError as fault:
            outcome.append(fault)

    def run() -> None:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()

    run()
    opened.close()
    run()
    assert isinstance(outcome[0], RuntimeError)
    assert isinstance(outcome[1], bytes)


@pytest.mark.requirement("ID-05")
def test_a_really_wrong_pin_is_tried_once(private: PrivateToken) -> None:
    """After a restart not even the right one is tried, until an operator unlocks."""
    right = private.trial.pin_file.read_text()
    write_private(private.trial.pin_file, "0000")
    token = private.open()
    assert refusal(lambda: sign(token)).code == "token.pin-latched"
    token.close()
    assert inspect_token(private.trial.module(), private.trial.label, private.latch()).pin_tried_wrong

    write_private(private.trial.pin_file, right)
    restarted = private.open()
    for _ in range(2):
        assert refusal(lambda: sign(restarted)).code == "token.pin-latched"
    private.latch().unlock()
    assert sign(restarted)
    restarted.close()
    assert not inspect_token(private.trial.module(), private.trial.label, private.latch()).pin_tried_wrong


@pytest.mark.requirement("ID-05")
def test_a_gateway_killed_while_it_logged_in_goes_on(private: PrivateToken) -> None:
    """SoftHSM2 reports failed logins, so that a mark without failure stops nothing; a strict login stops."""
    private.latch().attempt()
    token = private.open()
    assert sign(token)
    token.close()
    private.latch().attempt()
    strict = private.open(login=Login(pin_source(private.trial.pin_file), private.latch()))
    assert refusal(lambda: sign(strict)).code == "token.pin-latched"
    strict.close()


def test_an_operator_sees_the_token_without_a_pin(private: PrivateToken) -> None:
    """Serial, flags and certificates are public; a fault is told instead of raised."""
    library, label = private.trial.module(), private.trial.label
    status = inspect_token(library, label, private.latch())
    assert status.fault is None
    assert status.serial
    assert "SoftHSM" in status.model
    assert status.certificates == (("declarant", private.certificate),)
    assert not any([status.pin_tried_wrong, status.pin_final_try, status.pin_locked])
    private.tokens.rename(private.trial.folder / "pulled-out")
    private.latch().fail("PinIncorrect")
    gone = inspect_token(library, label, private.latch())
    assert gone.fault is not None
    assert gone.fault.code == "token.absent"
    assert gone.latch.state is LatchState.FAILED


def test_a_token_that_fails_while_it_is_looked_at_is_told(
    private: PrivateToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library's own word is the reason."""

    class Failing:
        def open(self) -> None:
            raise pkcs11.DeviceError

    library = private.trial.module()
    monkeypatch.setattr(library, "open", lambda _: Failing())
    status = inspect_token(library, private.trial.label, private.latch())
    assert status.fault is not None
    assert "DeviceError" in status.fault.text("zh")


def test_a_machine_without_softhsm_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual places are searched, and the refusal names the package."""
    assert find_softhsm().is_file()
    monkeypatch.setattr(module, "_SOFTHSM_PLACES", ("/no/such/*",))
    error = refusal(find_softhsm)
    assert error.code == "token.softhsm-absent"
    assert "softhsm2" in error.text("zh")
