"""A device that fails, dawdles, hangs or takes its library along: the owner heals, and spends no PIN."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.errors import GatewayError, RetryError
from gateway.latch import LatchState
from gateway.signing import Login, Token, pin_source
from tests.services.faulty_token import CODES, FaultyToken, aside
from tests.services.softhsm import private_token, refusal, sign

DEVICE = [name for name in CODES if name != "CKR_PIN_INCORRECT"]


@pytest.fixture
def faulty(tmp_path: Path) -> FaultyToken:
    """Return a token of this test's own, nothing wrong with it yet."""
    return FaultyToken(private_token(tmp_path / "token"))


@pytest.fixture(params=["inside", "aside"])
def opened(request: pytest.FixtureRequest, faulty: FaultyToken) -> Iterator[Token]:
    """Return the token's owner, with the library in this process or in one of its own."""
    if request.param == "inside":
        token = faulty.open()
        yield token
        token.close()
        return
    with aside(faulty) as other:
        token = faulty.open(other.module())
        yield token
        token.close()


@pytest.mark.requirement("ID-03", "ID-05")
def test_signing_resumes_after_every_fault_of_the_device(faulty: FaultyToken, opened: Token) -> None:
    """In the midst of a batch, a few times over: the key is found again, and signs the same bytes."""
    before = sign(opened)
    for name in DEVICE:
        faulty.befall("return", CODES[name], spared=1)
        assert sign(opened) == before
        for _ in range(2):
            assert refusal(lambda: sign(opened)).code == "token.session-lost"
        faulty.heal()
        assert sign(opened) == before
    assert faulty.private.latch().read().state is LatchState.CLEAR


@pytest.mark.requirement("ID-05")
@pytest.mark.parametrize("code", ["CKR_PIN_INCORRECT", "CKR_DEVICE_ERROR"])
def test_a_pin_whose_login_failed_is_given_once(faulty: FaultyToken, code: str) -> None:
    """Nor is it given again where a device failed in the login that does not tell of failed logins."""
    trial = faulty.private.trial
    token = faulty.open(login=Login(pin_source(trial.pin_file), faulty.private.latch()))
    faulty.befall("return", CODES[code], function="C_Login")
    for _ in range(3):
        assert isinstance(refusal(lambda: sign(token)), RetryError)
    assert faulty.calls("C_Login") == 1
    faulty.heal()
    assert refusal(lambda: sign(token)).code == "token.pin-latched"
    assert faulty.calls("C_Login") == 1
    faulty.private.latch().unlock()
    assert sign(token)
    token.close()


@pytest.mark.requirement("ID-03", "ID-05")
def test_a_library_in_a_process_of_its_own_may_crash(faulty: FaultyToken) -> None:
    """Its crash is a fault like any other, and the next attempt finds a library that has just begun."""
    with aside(faulty) as other:
        token = faulty.open(other.module())
        before = sign(token)
        for what in ("crash", "abort"):
            faulty.befall(what)
            assert refusal(lambda: sign(token)).code == "token.session-lost"
            faulty.heal()
            assert sign(token) == before
        token.close()
    assert faulty.private.latch().read().state is LatchState.CLEAR


@pytest.mark.requirement("ID-03")
def test_a_library_in_a_process_of_its_own_may_hang_and_be_killed(faulty: FaultyToken) -> None:
    """Without a restart of who asked it; meanwhile this process goes on."""
    outcome: list[bytes | GatewayError] = []

    def work(token: Token) -> None:
        outcome.append(sign(token))
        faulty.befall("hang")
        outcome.append(refusal(lambda: sign(token)))
        faulty.heal()
        outcome.append(sign(token))

    with aside(faulty) as other:
        token = faulty.open(other.module())
        worker = threading.Thread(target=work, args=(token,))
        worker.start()
        while faulty.calls("C_Sign") < 2:
            worker.join(0.01)
        token.close()
        assert worker.is_alive(), "who does not come back from a call is not disturbed by a close"
        other.kill()
        worker.join()
        token.close()
    before, fault, after = outcome
    assert isinstance(fault, RetryError)
    assert before == after


@pytest.mark.requirement("ID-01")
def test_a_forked_process_does_not_speak_on_the_session(faulty: FaultyToken) -> None:
    """Nor does it end the session of the other."""
    token = faulty.open()
    before = sign(token)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            sign(token)
        except RuntimeError:
            token.close()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert sign(token) == before
    assert faulty.calls("C_Login") == 1
    token.close()
