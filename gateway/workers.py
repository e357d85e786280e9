"""Who runs which stage when: one thread a stage, woken by the stage before it or by its channel."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from time import monotonic, thread_time

from gateway.errors import GatewayError, RetryError
from gateway.logs import log

# How long a stage sleeps when nobody wakes it: commands leave work in the database without a call, and the
# call of another gateway may get lost. After a minute in which no stage had any, all look less often.
POLL_SECONDS = 0.5
REST_SECONDS = 2.0
RESTLESS_SECONDS = 60.0
RETRY_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
# How long the stages may take to end, such as one whose token does not answer.
STOP_SECONDS = 45.0
# How long a stage may compute before the next one does; who takes longer may be waiting for something.
BATON_SECONDS = 2.0
# Who waited longer in its last look, for a slow folder or a database far away, is in nobody's way now.
WAITED_SECONDS = 0.5

Stage = Callable[[], int]
Call = Callable[[Collection[str]], None]


@dataclass
class Board:
    """What the workers share: whether to stop, when one was last called or had work, how much was done."""

    stop: threading.Event = field(default_factory=threading.Event)
    done: int = 0
    busy_at: float = field(default_factory=monotonic)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, items: int) -> None:
        """Note that so many items went through a stage."""
        with self.lock:
            self.done += items
            self.busy_at = monotonic()


class Baton:
    """Lets stages that compute do so one after the other, in the order in which they come.

    Python runs one thread at a time. Stages that fight for it at each file and each statement take longer
    than stages that wait for each other. It only spares: no stage relies on being alone.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._queue: deque[threading.Lock] = deque()
        self._holder: threading.Lock | None = None
        self._since = 0.0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for it, but for nobody who keeps it too long, and who has lost it then."""
        called = self._take()
        try:
            yield
        finally:
            with self._guard:
                if self._holder is called:
                    self._pass_on()

    def _take(self) -> threading.Lock:
        called = threading.Lock()
        called.acquire()
        with self._guard:
            self._queue.append(called)
            if self._holder is None:
                self._pass_on()
        while not called.acquire(timeout=max(0.0, self._since + BATON_SECONDS - monotonic())):
            with self._guard:
                # Another one may have been called while this one grew impatient.
                if monotonic() >= self._since + BATON_SECONDS:
                    self._pass_on()
        return called

    def _pass_on(self) -> None:
        self._holder = self._queue.popleft() if self._queue else None
        if self._holder is not None:
            self._since = monotonic()
            self._holder.release()


class Worker(threading.Thread):
    """Runs one stage over and over; it outlives every error of the stage."""

    def __init__(self, name: str, stage: Stage, board: Board, call: Call, baton: Baton | None = None) -> None:
        super().__init__(name=name, daemon=True)
        self._stage = stage
        self._baton = baton
        self._waited = False
        self._board = board
        self._call = call
        self._wake = threading.Event()
        self._failures = 0
        self.wakes: tuple[Worker, ...] = ()
        self.quiet_at = -1

    def wake(self) -> None:
        """Make the stage look for work now."""
        self._board.busy_at = monotonic()
        self.hear()

    def hear(self) -> None:
        """Look for work that another gateway has left; until some is found here, nobody need be restless."""
        self._wake.set()

    def run(self) -> None:
        """Run the stage until the board says stop."""
        while not self._board.stop.is_set():
            # Until it has ended, nobody knows what this look finds.
            self.quiet_at = -1
            try:
                with self._in_turn():
                    if self._board.stop.is_set():
                        return
                    self._wake.clear()
                    seen = self._board.done
                    done = self._stage()
            except RetryError as fault:
                self._failed(fault.code, fault)
            # Whatever it was: a stage's transaction is already rolled back, and a gateway that
            # stops helps nobody.
            except Exception as fault:  # noqa: BLE001
                self._failed(fault.code if isinstance(fault, GatewayError) else "worker.unexpected", fault)
            else:
                self._went_well(done, seen)

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        with self._baton.held() if self._baton and not self._waited else nullcontext():
            begun, computed = monotonic(), thread_time()
            try:
                yield
            finally:
                self._waited = monotonic() - begun - (thread_time() - computed) > WAITED_SECONDS

    def _went_well(self, done: int, seen: int) -> None:
        self._failures = 0
        if done:
            self._board.count(done)
            for worker in self.wakes:
                worker.wake()
            self._call([worker.name for worker in self.wakes])
        else:
            self.quiet_at = seen
            rested = monotonic() - self._board.busy_at > RESTLESS_SECONDS
            self._wake.wait(REST_SECONDS if rested else POLL_SECONDS)

    def _failed(self, code: str, fault: Exception) -> None:
        pause = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        known = isinstance(fault, RetryError)
        log.warning("stage-failed", stage=self.name, code=code, again_in_seconds=pause, exc_info=not known)
        self._board.stop.wait(pause)


class Workers:
    """All stages of one gateway, each in a thread of its own; the token's stays with `sign` alone.

    Args:
        stages: By name.
        wakes: Which stages may find work after which.
        call: Has other gateways look what such stages find there.
        computing: Which stages compute, and mostly wait for nothing but disk and database.
    """

    def __init__(
        self,
        stages: Mapping[str, Stage],
        wakes: Mapping[str, Sequence[str]],
        call: Call,
        computing: Collection[str] = (),
    ) -> None:
        self.board, baton = Board(), Baton()
        self._workers = {
            name: Worker(name, stage, self.board, call, baton if name in computing else None)
            for name, stage in stages.items()
        }
        for name, followers in wakes.items():
            self._workers[name].wakes = tuple(self._workers[follower] for follower in followers)

    def start(self) -> None:
        """Start every stage."""
        for worker in self._workers.values():
            worker.start()

    def wake(self, name: str) -> None:
        """Make a stage look for work now, for example because its folder changed."""
        self._workers[name].wake()

    def hear(self, names: Collection[str]) -> None:
        """Make stages look that another gateway calls, and which may not be there in this one."""
        for name in names:
            if name in self._workers:
                self._workers[name].hear()

    def quiet(self) -> bool:
        """Whether every stage has looked since the last item was done, found nothing, and rests."""
        return all(worker.quiet_at == self.board.done for worker in self._workers.values())

    def stop(self) -> None:
        """Let each stage finish its batch, then end its thread; one that hangs ends with the process."""
        self.board.stop.set()
        for worker in self._workers.values():
            worker.wake()
        end = monotonic() + STOP_SECONDS
        for worker in self._workers.values():
            worker.join(max(0, end - monotonic()))
            if worker.is_alive():
                log.warning("stage-hangs", stage=worker.name)
