"""Commands that work: run the stages, aggregate a month, check the installation."""

from __future__ import annotations

import gc
import signal
import threading
import time
from contextlib import suppress
from types import FrameType

import click
import structlog

from gateway.bootstrap import Bell, open_gateway
from gateway.checking import Checked, check_installation
from gateway.cli.crew import Crew
from gateway.cli.session import Session, command
from gateway.cli.show import DONE, REFUSED, Show
from gateway.errors import RetryError, Violation
from gateway.operations import keep_memory_private
from gateway.parts import Gateway
from gateway.stages import make_workers
from gateway.steps.waiting import awaited_documents
from gateway.workers import Workers

log = structlog.get_logger("gateway")
_LOOK_SECONDS = 0.1


@click.command()
@click.option("--until-idle", is_flag=True, help="Stop when nothing is due and no receipt is awaited.")
@click.option(
    "--timeout",
    type=click.IntRange(0),
    default=None,
    help="With --until-idle: give up after seconds.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    help="Processes that share the work; more than one on PostgreSQL only.",
)
@command
def run(session: Session, /, *, until_idle: bool, timeout: int | None, workers: int) -> int:
    """Run all stages until stopped."""
    if timeout is not None and not until_idle:
        raise click.UsageError("--timeout goes with --until-idle")
    keep_memory_private()
    bell = Bell()
    stopped = threading.Event()
    _stop_on_signals(stopped)
    if workers > 1:
        given = ["--until-idle"] if until_idle else []
        given += [] if timeout is None else ["--timeout", str(timeout)]
        return Crew(session, given).run(workers, stopped)
    with open_gateway(session.settings, session.clock, bell) as gateway:
        threads = make_workers(gateway)
        with gateway.store.begin() as unit:
            session.note_act(unit, "run")
        bell.answer = threads.wake
        gateway.member.listen(threads.hear)
        # Schemas, mappings and tables stay until the end; no later collection is to look through them.
        gc.freeze()
        threads.start()
        log.info("gateway-ready", now=session.clock.now().isoformat(timespec="seconds"))
        try:
            if until_idle:
                return _until_idle(session, gateway, threads, stopped, timeout)
            stopped.wait()
        finally:
            threads.stop()
            log.info("gateway-stopped")
    return DONE


def _until_idle(
    session: Session, gateway: Gateway, threads: Workers, stopped: threading.Event, timeout: int | None
) -> int:
    """Wait until nothing moves and nothing is awaited; tell what is still awaited when time is over."""
    end = None if timeout is None else time.monotonic() + timeout
    with session.show.progress("waiting") as show_progress:
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


def _stop_on_signals(stopped: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        # Not in this thread: the signal may have come while it held the event's lock.
        threading.Thread(target=stopped.set).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)


@click.command()
@command
def check(session: Session, /) -> int:
    """Check the whole installation.

    Configuration, token, schemas, code tables, mappings, channels, database: every fault, one line each.
    """
    parts = check_installation(session.settings, session.clock)
    show = session.show
    rows = [_checked(show, part, violation) for part in parts for violation in (part.violations or (None,))]
    show.rows("installation", ("part", "result", "code", "place", "text"), rows)
    return DONE if all(part.sound for part in parts) else REFUSED


def _checked(show: Show, part: Checked, violation: Violation | None) -> dict[str, object]:
    """Return one line of the check; a person is told of a code table in words, a program in values."""
    row: dict[str, object] = {
        "part": part.part if show.json else f"part.{part.part}",
        "result": ("warning" if violation.warning else "fault") if violation else "ok",
        "code": violation.code if violation else "",
        "place": str(violation.place or "") if violation else str(part.facts.get("file", "")),
        "text": violation.text(show.language) if violation else "",
    }
    if show.json:
        return {**row, **part.facts}
    if part.facts:
        told = show.word("table-told", **part.facts, name=part.facts[f"name_{show.language}"])
        row["text"] = f"{told} {row['text']}".rstrip() if show.language == "en" else f"{told}{row['text']}"
    return row
