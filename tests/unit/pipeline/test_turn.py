"""Stages that compute do so one after the other, and none of them waits for one that stands still."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep

import pytest

from gateway import workers
from gateway.config import SftpPlace
from gateway.stages import computing
from gateway.workers import Turn, Workers
from tests.unit.documents.world import settings

PATIENCE = 30.0


class Computing:
    """Somebody who takes a turn in a thread of its own, and keeps it until told."""

    def __init__(self, turn: Turn, name: str, log: list[str]) -> None:
        self.begun, self._end = threading.Event(), threading.Event()
        self._turn, self._name, self._log = turn, name, log
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with self._turn.taken():
            self._log.append(f"{self._name} begins")
            self.begun.set()
            assert self._end.wait(PATIENCE)
            self._log.append(f"{self._name} ends")

    def end(self) -> None:
        """Let it end, and wait until it has."""
        self._end.set()
        self._thread.join(PATIENCE)


Begin = Callable[[str], Computing]


@pytest.fixture
def log() -> list[str]:
    """What happened, in order."""
    return []


@pytest.fixture
def turn() -> Turn:
    """A turn that nobody has."""
    return Turn()


@pytest.fixture
def begin(turn: Turn, log: list[str]) -> Iterator[Begin]:
    """Begins somebody's work; all ends with the test."""
    with ExitStack() as parts:

        def one_more(name: str) -> Computing:
            made = Computing(turn, name, log)
            parts.callback(made.end)
            return made

        yield one_more


def _until(reached: Callable[[], bool]) -> None:
    end = monotonic() + PATIENCE
    while not reached():
        assert monotonic() < end, "it is not reached"
        sleep(0.001)


@contextmanager
def _at_work(stages: Mapping[str, Callable[[], int]], in_turn: Collection[str]) -> Iterator[Workers]:
    threads = Workers(stages, dict.fromkeys(stages, ()), lambda _names: None, in_turn)
    threads.start()
    try:
        yield threads
    finally:
        threads.stop()


def test_each_has_its_turn_in_the_order_in_which_they_came(
    turn: Turn, log: list[str], begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody who comes back at once gets before those who wait."""
    monkeypatch.setattr(workers, "TURN_SECONDS", PATIENCE)
    first = begin("a")
    assert first.begun.wait(PATIENCE)
    others = []
    for waiting, name in enumerate("bcd", 1):
        others.append(begin(name))
        _until(lambda most=waiting: turn.waiting == most)
    for each in (first, *others):
        each.end()
    assert log == [f"{name} {what}" for name in "abcd" for what in ("begins", "ends")]


def test_who_keeps_the_turn_keeps_nobody_from_working(
    turn: Turn, log: list[str], begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One waits for a while; those who come after it do not, until the turn is given back."""
    monkeypatch.setattr(workers, "TURN_SECONDS", 0.01)
    standing = begin("standing")
    assert standing.begun.wait(PATIENCE)
    second = begin("second")
    assert second.begun.wait(PATIENCE)
    monkeypatch.setattr(workers, "TURN_SECONDS", PATIENCE * 2)
    third = begin("third")
    assert third.begun.wait(PATIENCE)
    for each in (second, third, standing):
        each.end()
    fourth = begin("fourth")
    assert fourth.begun.wait(PATIENCE)
    begin("fifth")
    _until(lambda: turn.waiting == 1)
    fourth.end()
    _until(lambda: log[-1] == "fifth begins")
    assert log[-3:] == ["fourth begins", "fourth ends", "fifth begins"]


def test_a_stage_that_fails_gives_its_turn_back() -> None:
    """The one after it goes on."""
    failed, done = threading.Event(), threading.Event()

    def fails() -> int:
        failed.set()
        raise ZeroDivisionError

    def works() -> int:
        if failed.is_set():
            done.set()
        return 0

    stages = {"fails": fails, "works": works}
    with _at_work(stages, in_turn=stages) as threads:
        assert failed.wait(PATIENCE)
        threads.wake("works")
        assert done.wait(PATIENCE)


def test_only_what_is_in_turn_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage that waits for a token or a server neither waits for others nor has them wait."""
    monkeypatch.setattr(workers, "TURN_SECONDS", PATIENCE * 2)
    going, other = threading.Event(), threading.Event()

    def waits() -> int:
        going.set()
        assert other.wait(PATIENCE)
        return 0

    def signs() -> int:
        if going.is_set():
            other.set()
        return 0

    with _at_work({"notify": waits, "sign": signs}, in_turn={"notify"}) as threads:
        assert going.wait(PATIENCE)
        threads.wake("sign")
        assert other.wait(PATIENCE)


def test_what_waits_for_a_server_or_the_token_takes_no_turn() -> None:
    """Nor does anything on PostgreSQL, where a stage that waits for the database lets others compute."""
    folders = settings()
    (route,) = folders.route
    away = SftpPlace(sftp="hub", folder="out")
    served = folders.model_copy(update={"route": (route.model_copy(update={"outbox": away}),)})
    shared = folders.model_copy(update={"database": "postgresql://db/gateway"})
    both = {"intake", "understand", "believe", "notify", "receive customs"}
    assert computing(folders) == both | {"dispatch customs"}
    assert computing(served) == both
    assert computing(shared) == set()
