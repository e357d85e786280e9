"""The workers go on: after errors of every kind, when woken, and to the end of their batch when stopped."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from gateway import workers
from gateway.errors import ParkedError, RetryError
from gateway.workers import Call, Worker, Workers

# What never comes makes the test fail; what comes is not waited for a moment longer.
PATIENCE = 30.0


class Stage:
    """A stage that does what it is told, one thing a look, and then finds nothing."""

    def __init__(self, *turns: int | Exception) -> None:
        self.turns = list(turns)
        self.looks = 0
        self.threads: set[int] = set()
        self.idle = threading.Event()

    def __call__(self) -> int:
        """Look once."""
        self.looks += 1
        self.threads.add(threading.get_ident())
        if not self.turns:
            self.idle.set()
            return 0
        turn = self.turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return turn


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once; and look by themselves only if the test would hang otherwise."""
    monkeypatch.setattr(workers, "RETRY_SECONDS", (0.0,))
    monkeypatch.setattr(workers, "POLL_SECONDS", PATIENCE)


def _nobody(_stages: Collection[str]) -> None:
    """Call no other gateway."""


@contextmanager
def _running(
    stages: dict[str, Stage], wakes: dict[str, tuple[str, ...]], call: Call = _nobody
) -> Iterator[Workers]:
    threads = Workers(stages, wakes, call)
    threads.start()
    try:
        yield threads
    finally:
        threads.stop()


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (RetryError("store.not-now", reason="busy"), "store.not-now"),
        (ParkedError("store.refused", reason="why"), "store.refused"),
        (ZeroDivisionError("why"), "worker.unexpected"),
    ],
)
@pytest.mark.requirement("ID-03")
def test_a_stage_outlives_its_errors(fault: Exception, code: str) -> None:
    """Each is logged with its code, and the stage goes on where it was."""
    stage = Stage(1, fault, 1)
    with capture_logs() as log, _running({"one": stage}, {"one": ()}) as threads:
        assert stage.idle.wait(PATIENCE)
    assert [(line["stage"], line["code"]) for line in log] == [("one", code)]
    assert threads.board.done == 2


def test_pauses_grow_and_end_with_the_first_success(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last one stays."""
    monkeypatch.setattr(workers, "RETRY_SECONDS", (0.0, 0.001, 0.002))
    again = RetryError("store.not-now", reason="busy")
    stage = Stage(again, again, again, again, 1, again)
    with capture_logs() as log, _running({"one": stage}, {"one": ()}):
        assert stage.idle.wait(PATIENCE)
    assert [line["again_in_seconds"] for line in log] == [0.0, 0.001, 0.002, 0.002, 0.0]


def test_a_stage_that_did_something_wakes_those_after_it() -> None:
    """And looks again itself at once."""
    first, second = Stage(), Stage()
    with _running({"first": first, "second": second}, {"first": ("second",), "second": ()}) as threads:
        assert first.idle.wait(PATIENCE)
        assert second.idle.wait(PATIENCE)
        second.idle.clear()
        first.turns.append(3)
        threads.wake("first")
        assert second.idle.wait(PATIENCE)
        assert threads.board.done == 3


def test_a_stage_that_did_something_has_other_gateways_look_too() -> None:
    """What may find work after it; not itself, and nobody when it found nothing."""
    first, called = Stage(), threading.Event()
    told: list[Collection[str]] = []

    def call(names: Collection[str]) -> None:
        told.append(names)
        called.set()

    with _running({"first": first, "second": Stage()}, {"first": ("second",), "second": ()}, call) as threads:
        assert first.idle.wait(PATIENCE)
        assert told == []
        first.turns.append(3)
        threads.wake("first")
        assert called.wait(PATIENCE)
    assert told == [["second"]]


def test_a_call_of_another_gateway_makes_one_stage_look_and_no_other_restless(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Only what is found here does; and a stage that this gateway does not have is left to others."""
    stages = {"notify": Stage(), "make": Stage()}
    woken: list[str] = []
    real = Worker.hear

    def hear(worker: Worker) -> None:
        woken.append(worker.name)
        real(worker)

    monkeypatch.setattr(Worker, "hear", hear)
    with _running(stages, {}) as threads:
        assert all(stage.idle.wait(PATIENCE) for stage in stages.values())
        busy_at = threads.board.busy_at
        stages["notify"].idle.clear()
        threads.hear(["notify", "notify sftp elsewhere"])
        assert stages["notify"].idle.wait(PATIENCE)
        assert threads.board.busy_at == busy_at
        # Of a stage that was woken nobody knows when it looks.
        assert woken == ["notify"]


def test_each_stage_stays_in_a_thread_of_its_own() -> None:
    """The token belongs to one."""
    stages = {"sign": Stage(1, 1), "notify": Stage(1, 1)}
    with _running(stages, {"sign": (), "notify": ()}):
        assert all(stage.idle.wait(PATIENCE) for stage in stages.values())
    assert [len(stage.threads) for stage in stages.values()] == [1, 1]
    assert stages["sign"].threads != stages["notify"].threads


def test_once_stopped_nothing_looks_any_more() -> None:
    """All threads have ended."""
    stage = Stage()
    with _running({"one": stage}, {"one": ()}):
        assert stage.idle.wait(PATIENCE)
    looks = stage.looks
    assert not any(thread.name == "one" for thread in threading.enumerate())
    assert stage.looks == looks
