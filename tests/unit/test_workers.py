"""The threads that run the stages: when they rest, and when nothing is left for any of them."""

from __future__ import annotations

import threading
from collections.abc import Collection

import pytest

from gateway import workers as workers_module
from gateway.workers import Workers

PATIENCE = 30.0


class Gate:
    """A stage whose looks a test lets end one by one."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)
        self.found = 0

    def __call__(self) -> int:
        """Look, and wait for the test before telling what was found."""
        self.begun.release()
        assert self.may_end.acquire(timeout=PATIENCE)
        return self.found

    def look(self, found: int) -> None:
        """Let the look that has begun end."""
        self.found = found
        self.may_end.release()

    def wait(self) -> None:
        """Wait until a look has begun."""
        assert self.begun.acquire(timeout=PATIENCE)


def nobody(_stages: Collection[str]) -> None:
    """Call no other gateway."""


@pytest.fixture
def gate() -> Gate:
    """The only stage."""
    return Gate()


def test_while_a_stage_looks_it_is_not_quiet(gate: Gate) -> None:
    """An earlier look that found nothing says nothing about this one: it may hold something already."""
    workers = Workers({"gate": gate}, {}, nobody)
    workers.start()
    gate.wait()
    assert not workers.quiet(), "it has never looked"
    gate.look(0)
    gate.wait()
    assert not workers.quiet(), "it is looking again"
    gate.look(1)
    gate.wait()
    assert not workers.quiet(), "it has found something"
    workers.board.stop.set()
    gate.look(0)
    workers.stop()
    assert workers.quiet()


def test_a_stage_that_hangs_does_not_keep_the_gateway_from_ending(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one does whose token never answers; it ends with the process."""
    monkeypatch.setattr(workers_module, "STOP_SECONDS", 0.01)
    workers = Workers({"gate": gate}, {}, nobody)
    workers.start()
    gate.wait()
    workers.stop()
    assert any(thread.name == "gate" for thread in threading.enumerate())
    gate.look(0)
