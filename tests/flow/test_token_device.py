"""The device fails, dawdles, hangs or takes the gateway along: signing pauses, and nothing is lost."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from gateway import pipeline
from gateway.cli import main
from gateway.clock import CHINA
from gateway.errors import RetryError
from gateway.stages import make_workers
from gateway.steps import submitting, token_watch
from gateway.steps.token_watch import HANGING, TokenWatch
from gateway.store import SubmissionState, Unit
from tests.flow import erp
from tests.flow.outside import xmlsec1_faults
from tests.services.faulty_token import CODES, FaultyToken, faulty_library
from tests.services.installation import ENTERPRISE, PATIENCE_SECONDS, Installation, Running

DOCUMENTS = ("ZG-5301", "ZG-5302", "ZG-5304")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Installation, FaultyToken]:
    """An installation whose token does what it is told."""
    configured = {
        '# module = "/usr/lib/softhsm/libsofthsm2.so"': f'module = "{faulty_library()}"',
        "hanging_seconds = 30 ": "hanging_seconds = 0.2",
    }
    installation = Installation(tmp_path, configured)
    faulty = FaultyToken(installation.token)
    for name, value in faulty.environment.items():
        monkeypatch.setenv(name, value)
    return installation, faulty


def file_all(installation: Installation) -> None:
    """Drop a qualification for each of three customs offices."""
    for number in DOCUMENTS:
        filing = erp.qualification(number, customs={"office": number.removeprefix("ZG-")})
        installation.drop(f"{number}.json", filing)


def approved(running: Running) -> bool:
    """Tell whether customs has approved all of them."""
    return Counter(row.state for row in running.documents()) == {"approved": len(DOCUMENTS)}


def told(installation: Installation) -> list[tuple[str, str, bool]]:
    """Return every alert that there ever was, and whether it is over."""
    with closing(sqlite3.connect(installation.folder / "var/gateway.db")) as database:
        found = database.execute("SELECT code, subject, closed_at IS NOT NULL FROM alerts ORDER BY id")
        return [(code, subject, bool(over)) for code, subject, over in found]


def assert_signed_once(running: Running) -> None:
    """See that what was sent is what was kept, once for each document, and good."""
    installation = running.installation
    rows = [row for number in DOCUMENTS for row in running.submissions(number)]
    sent = {file.stem: sha256(file.read_bytes()).hexdigest() for file in installation.sent()}
    assert sent == {row.id: row.signed_digest for row in rows}
    certificate = installation.token.certificate_file
    assert [xmlsec1_faults(file, certificate) for file in installation.sent()] == [""] * len(DOCUMENTS)


@contextmanager
def at_work(
    installation: Installation, faulty: FaultyToken
) -> Iterator[tuple[Running, Callable[[Callable[[], bool]], None]]]:
    """Let each stage work in its own thread, and give a function that waits for what comes of it."""

    def until(reached: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while not reached():
            assert time.monotonic() < end, "it is not reached"
            assert running.office is not None
            running.office.run(Event(), until_idle=True)
            time.sleep(0.02)

    with installation.open() as running:
        workers = make_workers(running.gateway)
        workers.start()
        try:
            yield running, until
        finally:
            faulty.heal()
            workers.stop()


@pytest.mark.requirement("ID-03", "ID-05", "CU-05")
def test_a_device_that_fails_in_the_midst_of_a_batch(installed: tuple[Installation, FaultyToken]) -> None:
    """What was signed before goes on its way; the rest waits under one alert, and follows by itself."""
    installation, faulty = installed
    file_all(installation)
    faulty.befall("return", CODES["CKR_DEVICE_MEMORY"], spared=1)
    with installation.open() as running:
        running.until(lambda: len(running.troubles) > 1)
        assert set(running.troubles) == {"token.session-lost"}
        assert told(installation) == [("token.unusable", "token", False)]
        assert len(installation.sent()) == 1
        faulty.heal()
        running.until(lambda: approved(running))
        assert told(installation) == [("token.unusable", "token", True)]
        assert_signed_once(running)


@pytest.mark.requirement("ID-03", "CU-05")
def test_a_library_that_takes_the_gateway_along(installed: tuple[Installation, FaultyToken]) -> None:
    """In the midst of a batch: what was signed in it was not sent, and the next process signs all of it."""
    installation, faulty = installed
    file_all(installation)
    faulty.befall("crash", spared=2)
    assert installation.gateway("run").returncode == -signal.SIGSEGV
    faulty.heal()
    with installation.open() as running:
        running.until(lambda: approved(running))
        assert_signed_once(running)
        assert told(installation) == []


@pytest.mark.requirement("ID-03")
def test_a_device_that_hangs_keeps_nobody_else_waiting(installed: tuple[Installation, FaultyToken]) -> None:
    """Files are understood and answered; it is told once while it is so, and then goes on by itself."""
    installation, faulty = installed
    faulty.befall("hang")
    with at_work(installation, faulty) as (running, until):
        file_all(installation)
        until(lambda: told(installation) == [("token.hanging", "token", False)])
        until(lambda: len(running.documents()) == len(DOCUMENTS))
        assert [row["outcome"] for row in installation.notices("*.reply.json")] == ["accepted"] * 3
        assert installation.sent() == []
        faulty.heal()
        until(lambda: approved(running))
        until(lambda: told(installation) == [("token.hanging", "token", True)])
        assert_signed_once(running)


@pytest.mark.requirement("ID-03")
def test_what_was_told_before_a_restart_is_over_once_the_token_answers(
    installed: tuple[Installation, FaultyToken],
) -> None:
    """Be it that it fails."""
    installation, faulty = installed
    file_all(installation)
    with installation.open() as running, running.gateway.store.begin() as unit:
        unit.alerts.open(HANGING, "token", {"seconds": "30"})
    faulty.befall("return", CODES["CKR_DEVICE_ERROR"])
    with installation.open() as running:
        running.until(lambda: bool(running.troubles))
        assert told(installation) == [("token.hanging", "token", True), ("token.unusable", "token", False)]


@pytest.mark.requirement("ID-03")
def test_one_machines_token_closes_no_alert_of_anothers(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where several gateways work, its alert names the machine; of one that never comes back it goes."""
    member: Any = SimpleNamespace(shares=True, id="m")
    fault = RetryError("token.absent", label="x", reason="x")
    broken = submitting.Signatures(troubles={"token": fault})
    healthy = submitting.Signatures(usable={ENTERPRISE: datetime(2027, 1, 1, tzinfo=CHINA)})
    machines = iter(("one", "two", "one"))
    monkeypatch.setattr(token_watch, "gethostname", lambda: next(machines))
    for result in (broken, broken, healthy):
        with running.gateway.store.begin() as unit:
            submitting.note_signatures(running.gateway.world, unit, member, result)
    assert [(alert.code, alert.subject) for alert in running.alerts()] == [("token.unusable", "token@two")]
    done = CliRunner().invoke(main, ["--config", str(running.installation.config), "drop", "alert:2"])
    assert running.alerts() == [], done.output


def test_an_answer_that_comes_while_it_is_told_leaves_nothing_open(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who notes the answer may have been faster than who tells that there is none."""
    store = running.gateway.store
    watch = TokenWatch(store, "token", 0)
    with ExitStack() as question:
        question.enter_context(watch.asking())
        begin = store.begin

        def answered() -> AbstractContextManager[Unit]:
            question.close()
            return begin()

        monkeypatch.setattr(store, "begin", answered)
        assert watch.look() == 1
    assert running.alerts() == []
    assert told(running.installation) == [("token.hanging", "token", True)]


@pytest.mark.requirement("ID-03")
def test_what_a_slow_device_signs_is_kept_before_it_has_signed_all(
    installed: tuple[Installation, FaultyToken], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quarter of a second for each is waited for message by message, not batch by batch."""
    installation, faulty = installed
    monkeypatch.setattr(submitting, "SOON_SECONDS", 0.1)
    file_all(installation)
    faulty.befall("delay", 240)
    with installation.open() as running:
        running.until(lambda: len(running.documents()) == len(DOCUMENTS))
        states = [row.state for number in DOCUMENTS for row in running.submissions(number)]
        assert states.count(SubmissionState.TO_SIGN) == len(DOCUMENTS) - 1
        assert pipeline.sign(running.gateway) == 1
        running.until(lambda: approved(running))
        assert faulty.calls("C_Sign") == len(DOCUMENTS)
        assert_signed_once(running)
