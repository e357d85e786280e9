"""One gateway among those that run on a database: it lives by its heartbeat, and knows when it has died."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from gateway.errors import GatewayError, UnsentError
from gateway.logs import log
from gateway.store.calls import Calls, Hear
from gateway.store.shares import Shares

if TYPE_CHECKING:
    from gateway.store.unit import Unit


Reach = Callable[[Hear], Calls]
Begin = Callable[[], "AbstractContextManager[Unit]"]
# A third, so that two heartbeats may fail before others take the work.
_BEATS: Final = 3
_SHORTEST_SECONDS: Final = 0.05
# How long the end waits for the database, which may have fallen silent.
_END_SECONDS: Final = 5.0
# As long as what one does alone changes hands, all concerned look so many times as often.
_HASTE: Final = 5


@dataclass(frozen=True, slots=True)
class _Life:
    """What was true when the last heartbeat was committed.

    Attributes:
        id: The gateway's name among all; never the same again after it was lost.
        held: What it does alone.
        until: When nothing of it is sure any more, by the clock of this machine that never stops or jumps.
        others: Whether another gateway lived.
    """

    id: str
    held: frozenset[str] = frozenset()
    until: float = 0.0
    others: bool = False


class Member:
    """A gateway that shares its database with others, or the only one.

    Args:
        begin: Opens a transaction, on a connection that no stage can use up.
        seconds: How long it lives after a heartbeat; None where nobody else can work on the database.
        wanted: What one gateway does at a time; it has about as much of it as any other.
        reach: Begins to hear the other gateways and to call them; None where there can be none.
        close: Closes that connection, at the end.
    """

    def __init__(
        self,
        begin: Begin,
        seconds: float | None,
        wanted: Collection[str],
        reach: Reach | None = None,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self._begin = begin
        self._close = close
        self._seconds = seconds
        self._shares = Shares(wanted, seconds or 0.0)
        self._reach = reach
        self._calls: Calls | None = None
        self._life = _Life(_new_id())
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    @property
    def id(self) -> str:
        """Its id, under which it claims work; after it was held for dead it has another one."""
        return self._life.id

    @property
    def shares(self) -> bool:
        """Whether other gateways may work on the same database."""
        return self._seconds is not None

    def holds(self, name: str) -> bool:
        """Tell whether it does this alone, surely in this moment."""
        life = self._life
        return not self.shares or (name in life.held and _now() < life.until)

    def begins(self, name: str) -> bool:
        """Tell the same to who has ended what it did before: after a no, another gateway may begin."""
        # First, so that no heartbeat between the look and the work finds it resting, and gives it away.
        self._shares.begins(name)
        held = self.holds(name)
        if not held:
            self._shares.rests(name)
        return held

    def check(self, holder: str) -> None:
        """Let nothing leave in the name of a gateway that others may hold for dead.

        Args:
            holder: The id under which the work was claimed.

        Raises:
            UnsentError: `store.lease-lost`.
        """
        life = self._life
        if self.shares and (life.id != holder or _now() >= life.until):
            raise UnsentError("store.lease-lost")

    def call(self, stages: Collection[str]) -> None:
        """Have the other gateways look what these stages find, besides what this one does alone."""
        life = self._life
        if self._calls is not None and life.others:
            self._calls.send(set(stages) - life.held)

    def listen(self, hear: Hear) -> None:
        """Tell from now on which stages other gateways call, until the end."""
        if self._reach is not None:
            self._calls = self._reach(hear)

    def start(self) -> None:
        """Begin to live.

        Raises:
            RetryError: `store.not-now`.
            ParkedError: `store.runs-already`: somebody has the database alone.
        """
        if self._seconds is None:
            with self._begin() as unit:
                unit.leases.bury_all()
                unit.submissions.claims.abandon()
                unit.leases.join(self._life.id, _process(), None)
            return
        with ExitStack() as parts:
            parts.callback(self._close)
            self._beat(self._seconds)
            # From now on it is the thread's to close.
            parts.pop_all()
        self._thread.start()

    def end(self) -> None:
        """Leave everything to the others at once, as far as the database answers."""
        self._stop.set()
        if self._calls is not None:
            self._calls.stop()
        if self.shares:
            self._thread.join(_END_SECONDS)
            if self._thread.is_alive():
                # The others wait until its time has run out.
                log.warning("lease-not-given-up", reason=f"no answer for {_END_SECONDS:.0f} s")
        else:
            self._leave()
        # Last: a database that is silent there keeps nobody from taking over.
        if self._calls is not None:
            self._calls.join()

    def _leave(self) -> None:
        life, self._life = self._life, _Life(_new_id())
        try:
            with self._begin() as unit:
                unit.leases.bury([life.id])
        except GatewayError as fault:
            log.warning("lease-not-given-up", reason=str(fault))
        self._close()

    def _run(self) -> None:
        assert self._seconds is not None
        pause = self._pause(None)
        while not self._stop.wait(pause):
            try:
                pause = self._pause(self._beat(self._seconds))
            except Exception as fault:  # noqa: BLE001 -- a gateway whose heart stands still goes on, and does nothing alone any more
                known = isinstance(fault, GatewayError)
                log.warning("heartbeat-failed", reason=str(fault), exc_info=not known)
                pause = max(_SHORTEST_SECONDS, self._pause(None) / _BEATS)
        # By the thread that alone asks for it: a database that does not answer keeps nobody else waiting.
        self._leave()

    def _pause(self, soonest: float | None) -> float:
        """Return how long to rest: until the next heartbeat, or until another gateway's time runs out."""
        assert self._seconds is not None
        beat = self._seconds / _BEATS
        if not self._shares.settled:
            beat = max(_SHORTEST_SECONDS, beat / _HASTE)
        return beat if soonest is None else max(_SHORTEST_SECONDS, min(beat, soonest))

    def _beat(self, seconds: float) -> float | None:
        """Live on, and take what those leave who did not; return when to look again at the latest."""
        life = self._life
        asked = _now()
        with self._begin() as unit:
            name = life.id
            # First: as long as nobody has taken its work, nothing is lost by being late.
            if not unit.leases.renew(name, seconds):
                name = _new_id() if life.until else name
                unit.leases.join(name, _process(), seconds)
            unit.leases.bury()
            unit.submissions.claims.abandon()
            held = self._shares.settle(unit.leases, name, life.held, asked)
            soonest = unit.leases.soonest(name)
        if life.until and name != life.id:
            log.warning("lease-lost", lost=life.id, now=name)
        if held != life.held:
            log.info("leases", holder=name, held=sorted(held))
        # From before the question on, so that others never think it dead before it does.
        self._life = _Life(name, held, asked + seconds, others=soonest is not None)
        return soonest


def _now() -> float:
    """Return the time since the machine started, the time that it slept included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _new_id() -> str:
    return uuid4().hex


def _process() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
