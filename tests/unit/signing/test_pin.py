"""A wrong PIN is tried once, whatever happens to the process."""

from __future__ import annotations

import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pkcs11
import pytest
from pkcs11.constants import TokenFlag

from gateway.errors import RetryError
from gateway.latch import LatchState, PinLatch
from gateway.signing import Login, pin_source
from gateway.signing.pin import Pin

MOMENT = datetime(2026, 10, 20, 9, 30, tzinfo=UTC)
CLEAN = TokenFlag.LOGIN_REQUIRED
SECRET = "7391-geheim"


class FakeToken:
    """A token at python-pkcs11's edge: counts the PINs that it is given."""

    def __init__(self, *faults: BaseException, flags: TokenFlag = CLEAN, absent: bool = False) -> None:
        self.flags = flags
        self.pins: list[str] = []
        self._faults = list(faults)
        self._absent = absent

    def open(self, user_pin: str | None = None) -> FakeToken:
        """Open a session; with a PIN, log in or fail as planned."""
        if self._absent:
            raise pkcs11.TokenNotPresent
        if user_pin is not None:
            self.pins.append(user_pin)
            if self._faults:
                raise self._faults.pop(0)
        return self

    def close(self) -> None:
        """Close the session."""


class KilledError(BaseException):
    """The process ends here."""


@pytest.fixture
def latch_file(tmp_path: Path) -> Path:
    """Return where the latch lives."""
    return tmp_path / "var" / "pin-latch"


def login(file: Path, *, reports: bool = False) -> Login:
    """Return the login of a process that has just started."""
    return Login(lambda: Pin(SECRET), PinLatch(file, lambda: MOMENT), token_reports_failed_logins=reports)


def refusal(entry: Login, token: FakeToken) -> RetryError:
    """Return the error of a login that must not succeed."""
    with pytest.raises(RetryError) as caught:
        entry.open(lambda: token)
    assert caught.value.text("en")
    assert caught.value.text("zh")
    return caught.value


@pytest.mark.requirement("ID-05")
@pytest.mark.parametrize(
    "fault", [pkcs11.PinIncorrect, pkcs11.PinLocked, pkcs11.PinInvalid, pkcs11.PinLenRange]
)
def test_a_wrong_pin_is_never_tried_twice(latch_file: Path, fault: type[Exception]) -> None:
    """Neither the same process nor the next one sends it again."""
    token = FakeToken(fault())
    assert refusal(login(latch_file), token).code == "token.pin-latched"
    again = refusal(login(latch_file), token)
    assert again.code == "token.pin-latched"
    assert again.values["reason"] == fault.__name__
    assert token.pins == [SECRET]


@pytest.mark.requirement("ID-05")
def test_an_operator_unlocks_the_latch(latch_file: Path) -> None:
    """After the explicit word the PIN is tried once more."""
    token = FakeToken(pkcs11.PinIncorrect())
    refusal(login(latch_file), token)
    PinLatch(latch_file, lambda: MOMENT).unlock()
    assert login(latch_file).open(lambda: token) is token
    assert len(token.pins) == 2


@pytest.mark.requirement("ID-05")
def test_the_mark_is_on_the_disk_before_the_pin_is_sent(latch_file: Path) -> None:
    """A process killed while the token judges the PIN leaves the mark behind."""
    with pytest.raises(KilledError):
        login(latch_file).open(lambda: FakeToken(KilledError()))
    assert PinLatch(latch_file, lambda: MOMENT).read().state is LatchState.ATTEMPTED


@pytest.mark.requirement("ID-05")
def test_a_login_whose_end_was_not_seen_counts_as_failed(latch_file: Path) -> None:
    """Of a token that is not known to report failures, the worst is assumed."""
    token = FakeToken(KilledError())
    with pytest.raises(KilledError):
        login(latch_file).open(lambda: token)
    assert refusal(login(latch_file), token).values["reason"] == "interrupted"
    assert len(token.pins) == 1


@pytest.mark.requirement("ID-05")
@pytest.mark.parametrize(
    ("flags", "goes_on"),
    [
        (CLEAN, True),
        (CLEAN | TokenFlag.USER_PIN_COUNT_LOW, False),
        (CLEAN | TokenFlag.USER_PIN_FINAL_TRY, False),
        (CLEAN | TokenFlag.USER_PIN_LOCKED, False),
    ],
)
def test_a_token_that_reports_failures_tells_how_a_killed_login_ended(
    latch_file: Path, flags: TokenFlag, *, goes_on: bool
) -> None:
    """No failure on the token means that the PIN was right or never arrived: work goes on."""
    with pytest.raises(KilledError):
        login(latch_file, reports=True).open(lambda: FakeToken(KilledError()))
    token = FakeToken(flags=flags)
    if goes_on:
        assert login(latch_file, reports=True).open(lambda: token) is token
    else:
        assert refusal(login(latch_file, reports=True), token).code == "token.pin-latched"
        assert token.pins == []


@pytest.mark.requirement("ID-05")
def test_the_last_try_waits_for_an_explicit_word(latch_file: Path) -> None:
    """The plain unlocking is not that word; and the word counts for one try."""
    final = CLEAN | TokenFlag.USER_PIN_FINAL_TRY
    token = FakeToken(pkcs11.PinIncorrect(), flags=final)
    latch = PinLatch(latch_file, lambda: MOMENT)
    assert refusal(login(latch_file), token).code == "token.pin-final-try"
    latch.unlock()
    assert refusal(login(latch_file), token).code == "token.pin-final-try"
    assert token.pins == []
    latch.unlock(allow_final_try=True)
    assert refusal(login(latch_file), token).code == "token.pin-latched"
    latch.unlock()
    assert refusal(login(latch_file), token).code == "token.pin-final-try"
    assert len(token.pins) == 1


@pytest.mark.requirement("ID-05")
def test_a_locked_token_is_not_tried(latch_file: Path) -> None:
    """The issuer must unlock it first."""
    token = FakeToken(flags=CLEAN | TokenFlag.USER_PIN_LOCKED)
    assert refusal(login(latch_file), token).code == "token.pin-locked"
    assert token.pins == []


@pytest.mark.requirement("ID-05")
def test_no_pin_is_tried_that_could_not_be_remembered(latch_file: Path) -> None:
    """Where the latch cannot be written, or not be forgotten by an operator's word, that is told."""
    latch_file.with_name("pin-latch.new").mkdir(parents=True)
    token = FakeToken()
    assert refusal(login(latch_file), token).code == "token.latch-unwritable"
    assert token.pins == []
    latch_file.mkdir()
    with pytest.raises(RetryError) as caught:
        PinLatch(latch_file, lambda: MOMENT).unlock()
    assert caught.value.code == "token.latch-unwritable"


@pytest.mark.requirement("ID-05")
@pytest.mark.parametrize("content", ["", "{}", "null", '{"state": "open", "at": "", "reason": ""}', "\0"])
def test_a_latch_that_cannot_be_understood_is_shut(latch_file: Path, content: str) -> None:
    """A damaged file never opens the way."""
    latch_file.parent.mkdir()
    latch_file.write_text(content)
    token = FakeToken()
    assert refusal(login(latch_file), token).code == "token.pin-latched"
    assert token.pins == []


def test_a_good_login_leaves_no_mark(latch_file: Path) -> None:
    """Success forgets, and an earlier login of the process is no failure."""
    assert login(latch_file).open(FakeToken)
    assert not latch_file.exists()
    assert login(latch_file).open(lambda: FakeToken(pkcs11.UserAlreadyLoggedIn()))
    assert not latch_file.exists()


def test_an_absent_token_leaves_no_mark(latch_file: Path) -> None:
    """Pulling the token out is not a failed login."""
    with pytest.raises(pkcs11.TokenNotPresent):
        login(latch_file).open(lambda: FakeToken(absent=True))
    assert not latch_file.exists()


@pytest.mark.requirement("ID-05")
def test_the_pin_is_nowhere_to_be_seen(latch_file: Path) -> None:
    """Not in the mark, not in the error, not in a traceback that shows all variables."""
    error = refusal(login(latch_file), FakeToken(pkcs11.PinIncorrect()))
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "Pin(***)" in shown
    assert SECRET not in shown.replace(repr([SECRET]), "")
    assert SECRET not in latch_file.read_text()
    assert latch_file.stat().st_mode & 0o777 == 0o600


def test_a_pin_file_is_for_its_owner_only(tmp_path: Path) -> None:
    """The file is read each time it is wanted, without the line's end, if nobody else can read it."""
    file = tmp_path / "pin"
    file.write_text(SECRET + "\n")
    file.chmod(0o600)
    source = pin_source(file)
    assert source() == SECRET
    file.chmod(0o640)
    with pytest.raises(RetryError, match=r"config\.secret-open"):
        source()


def test_a_credential_of_systemd_may_show_the_mask_of_its_access_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Systemd gives 0400 or, with an access control list for the service's user, 0440."""
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "token-pin").write_text(SECRET)
    for mode in (0o400, 0o440):
        (tmp_path / "token-pin").chmod(mode)
        assert pin_source(tmp_path / "absent")() == SECRET


@pytest.mark.parametrize("content", [None, b"", b" \n"])
def test_a_missing_pin_is_told_with_all_places_where_it_may_be(tmp_path: Path, content: bytes | None) -> None:
    """No file and an empty one are the same to an operator."""
    file = tmp_path / "pin"
    if content is not None:
        file.write_bytes(content)
        file.chmod(0o600)
    with pytest.raises(RetryError, match=r"token\.pin-absent") as caught:
        pin_source(file)()
    for place in ("GATEWAY_TOKEN_PIN", "token-pin", str(file)):
        assert place in caught.value.text("en")
        assert place in caught.value.text("zh")


def test_a_pin_comes_from_the_environment_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is read when the PIN is wanted; nobody looks at the file then."""
    source = pin_source(tmp_path / "pin")
    monkeypatch.setenv("GATEWAY_TOKEN_PIN", SECRET)
    assert source() == SECRET
    assert isinstance(source(), Pin)


@pytest.mark.requirement("ID-05")
def test_two_gateways_of_a_machine_try_a_wrong_pin_once(latch_file: Path) -> None:
    """The second looks at the latch when the first has been refused."""
    both = threading.Barrier(2)

    class SlowToken(FakeToken):
        def open(self, user_pin: str | None = None) -> FakeToken:
            # Where nothing keeps them apart, both are here at the same moment.
            with suppress(threading.BrokenBarrierError):
                both.wait(0.5)
            return super().open(user_pin)

    token = SlowToken(pkcs11.PinIncorrect(), pkcs11.PinIncorrect())
    with ThreadPoolExecutor(2) as gateways:
        told = [*gateways.map(lambda _: refusal(login(latch_file), token).code, range(2))]
    assert told == ["token.pin-latched", "token.pin-latched"]
    assert token.pins == [SECRET]
