"""The command that works: one gateway in this process, or a crew of processes, of which it needs nothing."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import click

from gateway.cli.crew import Crew
from gateway.cli.loading import loaded
from gateway.cli.session import Session, command
from gateway.operations import keep_memory_private


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
    stopped = threading.Event()
    _stop_on_signals(stopped)
    if workers > 1:
        given = ["--until-idle"] if until_idle else []
        given += [] if timeout is None else ["--timeout", str(timeout)]
        return Crew(session, given).run(workers, stopped)
    code: int = loaded("gateway.cli.running").run_gateway(
        session, stopped, until_idle=until_idle, timeout=timeout
    )
    return code


def _stop_on_signals(stopped: threading.Event) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        # Not in this thread: the signal may have come while it held the event's lock.
        threading.Thread(target=stopped.set).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
