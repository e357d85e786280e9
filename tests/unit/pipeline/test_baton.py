"""The baton: stages that compute do so one after the other, and nobody who stands still keeps the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from time import monotonic, sleep

import pytest

from gateway import workers
from gateway.config import SftpPlace
from gateway.stages import computing
from gateway.workers import Baton, Workers
from tests.unit.documents.world import settings

PATIENCE = 30.0
_TURN = 0.01


class Computing:
    """Somebody who takes the baton in a thread of its own, and computes until told."""

    def __init__(self, baton: Baton, name: str, log: list[str]) -> None:
        self.begun, self._end = threading.Event(), threading.Event()
        self._baton, self._name, self._log = baton, name, log
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with self._baton.held():
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
def baton() -> Baton:
    """A baton that nobody has."""
    return Baton()


@pytest.fixture
def begin(baton: Baton, log: list[str]) -> Iterator[Begin]:
    """Begins somebody's work; all ends with the test."""
    with ExitStack() as parts:

        def one_more(name: str) -> Computing:
            made = Computing(baton, name, log)
            parts.callback(made.end)
            return made

        yield one_more


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes long is waited for, unless a test says otherwise; and no stage looks by itself."""
    monkeypatch.setattr(workers, "BATON_SECONDS", PATIENCE * 2)
    monkeypatch.setattr(workers, "POLL_SECONDS", PATIENCE * 2)
    monkeypatch.setattr(workers, "RETRY_SECONDS", (0.0,))


def _until(reached: Callable[[], bool]) -> None:
    end = monotonic() + PATIENCE
    while not reached():
        assert monotonic() < end, "it is not reached"
        sleep(0.001)


@contextmanager
def _at_work(stages: Mapping[str, Callable[[], int]], computing: Collection[str]) -> Iterator[Workers]:
    threads = Workers(stages, dict.fromkeys(stages, ()), lambda _names: None, computing)
    threads.start()
    try:
        yield threads
    finally:
        threads.stop()


def test_each_computes_alone_in_the_order_in_which_they_came(
    baton: Baton, log: list[str], begin: Begin
) -> None:
    """Nobody who comes back at once gets before those who wait."""
    everybody = []
    for waiting, name in enumerate("abcd"):
        everybody.append(begin(name))
        assert everybody[0].begun.wait(PATIENCE)
        _until(lambda most=waiting: len(baton._queue) == most)
    for each in everybody:
        each.end()
    assert log == [f"{name} {what}" for name in "abcd" for what in ("begins", "ends")]


def test_who_keeps_the_baton_loses_it_to_the_next_and_those_after_still_go_one_by_one(
    baton: Baton, log: list[str], begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who stands still has to be waited for once; that it goes on in the end takes the baton from nobody."""
    monkeypatch.setattr(workers, "BATON_SECONDS", _TURN)
    standing = begin("standing")
    assert standing.begun.wait(PATIENCE)
    second = begin("second")
    assert second.begun.wait(PATIENCE)
    monkeypatch.setattr(workers, "BATON_SECONDS", PATIENCE * 2)
    third = begin("third")
    _until(lambda: len(baton._queue) == 1)
    standing.end()
    assert len(baton._queue) == 1
    second.end()
    assert third.begun.wait(PATIENCE)
    third.end()
    assert log == [
        *("standing begins", "second begins", "standing ends", "second ends", "third begins", "third ends"),
    ]


def test_who_is_called_while_growing_impatient_has_the_baton(
    baton: Baton, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However short the patience, it is never lost: who comes when all have gone has it at once."""
    monkeypatch.setattr(workers, "BATON_SECONDS", 0.0)

    def compute() -> None:
        for _ in range(200):
            with baton.held():
                pass

    threads = [threading.Thread(target=compute, daemon=True) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
        assert not each.is_alive()
    monkeypatch.setattr(workers, "BATON_SECONDS", PATIENCE * 2)
    compute()


def test_a_stage_that_fails_gives_the_baton_back() -> None:
    """The one after it goes on."""
    failed, done = threading.Event(), threading.Event()

    def fails() -> int:
        if failed.is_set():
            return 0
        failed.set()
        raise ZeroDivisionError

    def works() -> int:
        if failed.is_set():
            done.set()
        return 0

    stages = {"fails": fails, "works": works}
    with _at_work(stages, computing=stages) as threads:
        assert failed.wait(PATIENCE)
        threads.wake("works")
        assert done.wait(PATIENCE)


def test_only_who_computes_waits() -> None:
    """A stage that waits for a token or a server neither waits for others nor has them wait."""
    going, other = threading.Event(), threading.Event()

    def waits() -> int:
        going.set()
        assert other.wait(PATIENCE)
        return 0

    def signs() -> int:
        if going.is_set():
            other.set()
        return 0

    with _at_work({"notify": waits, "sign": signs}, computing={"notify"}) as threads:
        assert going.wait(PATIENCE)
        threads.wake("sign")
        assert other.wait(PATIENCE / 2)


def test_who_waited_in_its_last_look_keeps_nobody_waiting_in_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A folder that answers late at each look costs the others one look; computing as long is no waiting."""
    monkeypatch.setattr(workers, "WAITED_SECONDS", _TURN)
    looked, again, other = threading.Event(), threading.Event(), threading.Event()

    def slow() -> int:
        if not looked.is_set():
            sleep(_TURN * 2)
            looked.set()
            return 1
        again.set()
        assert other.wait(PATIENCE)
        return 0

    def works() -> int:
        if again.is_set():
            other.set()
        return 0

    stages = {"slow": slow, "works": works}
    with _at_work(stages, computing=stages) as threads:
        assert again.wait(PATIENCE)
        threads.wake("works")
        assert other.wait(PATIENCE / 2)


def test_who_waits_for_the_baton_when_all_is_to_stop_begins_nothing_more() -> None:
    """The batch that is under way is finished, and no other begun."""
    begun, ended = threading.Event(), threading.Event()
    looks: list[str] = []

    def first() -> int:
        begun.set()
        assert ended.wait(PATIENCE)
        return 0

    def second() -> int:
        looks.append("second")
        return 0

    stages = {"first": first, "second": second}
    with _at_work(stages, computing=stages) as threads:
        assert begun.wait(PATIENCE)
        looks.clear()
        threads.wake("second")
        threads.board.stop.set()
        ended.set()
    assert looks == []


def test_what_waits_for_a_server_or_the_token_is_not_among_those_that_compute() -> None:
    """Neither which way it goes there, nor which database there is, makes a difference to the others."""
    folders = settings()
    (route,) = folders.route
    away = SftpPlace(sftp="hub", folder="out")
    main, sent, heard = {"intake", "understand", "believe", "notify"}, "dispatch customs", "receive customs"
    assert computing(folders) == main | {sent, heard}
    for place, left in (("outbox", heard), ("receipts", sent)):
        served = folders.model_copy(update={"route": (route.model_copy(update={place: away}),)})
        assert computing(served) == main | {left}
