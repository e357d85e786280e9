"""Processes that a command looks after: started again when they die, ended with it in good order."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.cli.crew import Crew
from gateway.cli.processes import Supervised
from gateway.cli.session import Session
from gateway.clock import Clock, parse_moment
from gateway.config import load_settings
from gateway.errors import RejectedError
from tests.source import ROOT

PATIENCE = 30.0


def until(reached: Callable[[], bool]) -> None:
    """Wait for a condition; what never comes makes the test fail."""
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end, "it is not reached"
        time.sleep(0.01)


def shell(script: str) -> Callable[[], list[str]]:
    """Return what starts a shell with a script."""
    return lambda: ["sh", "-c", script]


def test_a_process_that_dies_is_started_again_until_it_may_rest(tmp_path: Path) -> None:
    """Whoever looks after it is asked each time, with the code that it ended with."""
    log, codes = tmp_path / "log", list[int]()

    def ended(code: int) -> bool:
        codes.append(code)
        return len(codes) < 2

    with Supervised(shell("echo started; exit 3"), ended, log):
        until(lambda: codes == [3, 3])
    assert log.read_text("utf-8") == "started\n" * 2


def test_a_process_is_asked_to_end_with_its_command(tmp_path: Path) -> None:
    """It is not started again then."""
    log = tmp_path / "log"
    script = "trap 'echo ended; exit 0' TERM; echo started; while :; do sleep 0.01; done"
    with Supervised(shell(script), lambda code: code != 0, log):
        until(lambda: log.exists() and log.read_text("utf-8") == "started\n")
    assert log.read_text("utf-8") == "started\nended\n"


def session(database: str, clock: Clock | None = None) -> Session:
    """Return the call of a command with a configuration that names a database."""
    made = Session(ROOT / "gateway.toml", clock or Clock(), "zh")
    made.__dict__["settings"] = load_settings(made.file).model_copy(update={"database": database})
    return made


def test_several_workers_need_a_database_for_several() -> None:
    """SQLite has one writer; that is told before anything is started."""
    with pytest.raises(RejectedError) as refused:
        Crew(session("sqlite:///var/gateway.db"), []).run(2, threading.Event())
    assert refused.value.code == "cli.one-worker"


def test_each_worker_is_the_same_command_at_its_own_time() -> None:
    """One that is started again later begins at a later moment of a clock that was set."""
    clock = Clock(parse_moment("2026-10-20T09:00:00+08:00"))
    crew = Crew(session("postgresql://host/name", clock), ["--until-idle"])
    program, *given = crew._command()
    assert program == sys.executable
    assert given[:6] == ["-m", "gateway", "--config", str(ROOT / "gateway.toml"), "--lang", "zh"]
    assert given[6] == "--now"
    assert given[8:] == ["run", "--until-idle"]
    later = Crew(replace(crew._session, clock=replace(clock, _origin=clock._origin - 60)), [])
    later._session.__dict__["settings"] = crew._session.settings
    assert parse_moment(later._command()[8]) > parse_moment(given[7])


@pytest.mark.parametrize(("ends", "worst"), [("0", 0), ("1", 1)])
def test_workers_that_have_come_to_rest_end_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ends: str, worst: int
) -> None:
    """With the worst that any of them had to tell; one that was killed goes on first."""
    once = f'test -e "{tmp_path}/$PPID" && exit {ends}; touch "{tmp_path}/$PPID"; kill -9 $$'
    monkeypatch.setattr(Crew, "_command", lambda _crew: ["sh", "-c", once])
    crew = Crew(session("postgresql://host/name"), ["--until-idle"])
    assert crew.run(2, threading.Event()) == worst


def test_workers_end_when_the_command_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them are asked at once."""
    monkeypatch.setattr(Crew, "_command", lambda _crew: ["sleep", "600"])
    stopped = threading.Event()
    stopped.set()
    assert Crew(session("postgresql://host/name"), []).run(2, stopped) == 0
