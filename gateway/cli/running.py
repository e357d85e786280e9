"""One gateway in this process, until it is stopped or idle."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, suppress

from gateway.bootstrap import Bell, open_gateway
from gateway.cli.loading import loaded, staying
from gateway.cli.session import Session
from gateway.cli.show import DONE, REFUSED
from gateway.errors import RetryError
from gateway.logs import log
from gateway.parts import Gateway
from gateway.stages import make_workers
from gateway.steps.waiting import awaited_documents
from gateway.workers import Workers

_LOOK_SECONDS = 0.1
_SIGNAL_SECONDS = 1.0


def run_gateway(session: Session, stopped: threading.Event, *, until_idle: bool, timeout: int | None) -> int:
    """Run all stages until stopped, or until nothing is due and no receipt is awaited."""
    bell = Bell()
    with ExitStack() as parts:
        # Schemas, mappings and tables.
        with staying():
            log.open()
            gateway = parts.enter_context(open_gateway(session.settings, session.clock, bell))
            threads = make_workers(gateway)
        with gateway.store.begin() as unit:
            session.note_act(unit, "run")
        bell.answer = threads.wake
        gateway.member.listen(threads.hear)
        threads.start()
        log.info("gateway-ready", now=session.clock.now().isoformat(timespec="seconds"))
        try:
            if until_idle:
                return _until_idle(session, gateway, threads, stopped, timeout)
            # A signal that comes just before the thread sleeps wakes nobody.
            while not stopped.wait(_SIGNAL_SECONDS):
                pass
        finally:
            threads.stop()
            log.info("gateway-stopped")
    return DONE


def _until_idle(
    session: Session, gateway: Gateway, threads: Workers, stopped: threading.Event, timeout: int | None
) -> int:
    """Wait until nothing moves and nothing is awaited; tell what is still awaited when time is over."""
    end = None if timeout is None else time.monotonic() + timeout
    with loaded("gateway.cli.bars").progress(session.show.word("waiting")) as show_progress:
        while not stopped.wait(_LOOK_SECONDS):
            # A folder or a database that is away now is looked at again: nobody knows that it is idle.
            with suppress(RetryError):
                if threads.quiet() and not _anything_awaited(gateway) and threads.quiet():
                    return DONE
                show_progress(lambda: _progress(gateway))
            if end is not None and time.monotonic() > end:
                break
    with gateway.store.read() as unit:
        rows = [
            {"number": row.number, "kind": row.kind, "state": row.state, "client_number": row.client_number}
            for row in awaited_documents(unit)
        ]
    session.show.rows("awaited", ("number", "kind", "state", "client_number"), rows)
    return REFUSED


def _progress(gateway: Gateway) -> tuple[int, int]:
    """Return how many documents there are, and how many of them customs is expected to move."""
    with gateway.store.read() as unit:
        counts = unit.status.counts()
    return sum(counts.documents.values()), counts.awaited


def _anything_awaited(gateway: Gateway) -> bool:
    inboxes = (*gateway.partner_inboxes.values(), *gateway.customs_inboxes.values())
    if any(inbox.waiting() for inbox in inboxes):
        return True
    with gateway.store.read() as unit:
        return bool(awaited_documents(unit, limit=1))
