"""Commands that work: run the stages, aggregate a month, check the installation."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import FrameType
from typing import Any

import click
import structlog

from gateway.aggregating import aggregate_month, rehearse_month
from gateway.bootstrap import Bell, make_workers, open_gateway
from gateway.checking import check_installation
from gateway.cli.session import Session, command
from gateway.cli.show import DONE, REFUSED, Show
from gateway.errors import RejectedError, Violation
from gateway.pipeline import Gateway
from gateway.waiting import awaited_documents
from gateway.workers import Workers

log = structlog.get_logger("gateway")
_LOOK_SECONDS = 0.1


@click.command()
@click.option("--until-idle", is_flag=True, help="Stop when nothing is due and no receipt is awaited.")
@click.option("--timeout", type=float, default=None, help="With --until-idle: give up after so many seconds.")
@click.option(
    "--workers",
    type=click.IntRange(1, 1),
    default=1,
    help="Processes that share the work; as yet one.",
    expose_value=False,
)
@command
def run(session: Session, /, *, until_idle: bool, timeout: float | None) -> int:
    """Run all stages until stopped."""
    bell = Bell()
    stopped = threading.Event()
    _stop_on_signals(stopped)
    with open_gateway(session.settings, session.clock, bell) as gateway:
        threads = make_workers(gateway)
        bell.answer = threads.wake
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
    session: Session, gateway: Gateway, threads: Workers, stopped: threading.Event, timeout: float | None
) -> int:
    """Wait until nothing moves and nothing is awaited; tell what is still awaited when time is over."""
    end = None if timeout is None else time.monotonic() + timeout
    with session.show.progress("waiting") as show_progress:
        while not stopped.wait(_LOOK_SECONDS):
            if threads.quiet() and not _anything_awaited(gateway) and threads.quiet():
                return DONE
            if end is not None and time.monotonic() > end:
                break
            show_progress(lambda: _progress(gateway))
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
    inboxes = (*gateway.partner_inboxes.values(), gateway.customs_inbox)
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
@click.option("--month", required=True, help="The month whose manifests become declarations: 2026-10.")
@click.option("--dry-run", is_flag=True, help="Show what would be made and what not, and why.")
@click.option("--enterprise", default=None, help="Only this enterprise; default: each of the configuration.")
@click.option("--client-number", default="", help="The run's own number, at most 16 characters.")
@command
def aggregate(
    session: Session, /, *, month: str, dry_run: bool, enterprise: str | None, client_number: str
) -> int:
    """Aggregate a month: its cleared manifests become declarations."""
    try:
        period = datetime.strptime(month, "%Y-%m").strftime("%Y%m")  # noqa: DTZ007 -- a month has no zone
    except ValueError as fault:
        raise click.BadParameter(f"{month} is no month such as 2026-10") from fault
    enterprises = [enterprise] if enterprise else [each.code for each in session.settings.enterprise]
    told: list[dict[str, Any]] = []
    refused: list[RejectedError] = []
    for code in enterprises:
        try:
            told.append(
                _rehearse(session, code, period)
                if dry_run
                else _request(session, code, period, client_number)
            )
        except RejectedError as fault:
            refused.append(fault)
    show = session.show
    if show.json:
        show.data(told)
    elif dry_run:
        _show_rehearsals(show, told)
    else:
        _show_warnings(show, told)
        show.rows("aggregation requested", ("number", "enterprise", "month", "manifests"), told)
    for each in refused:
        show.error(each)
    return REFUSED if refused else DONE


def _request(session: Session, enterprise: str, period: str, client_number: str) -> dict[str, Any]:
    with session.store.begin() as unit:
        decision = aggregate_month(session.world, unit, enterprise, period, client_number)
    return {
        "number": decision.changes[0].document.number,
        "enterprise": enterprise,
        "month": period,
        "manifests": len(decision.changes) - 1,
        "warnings": _texts(decision.warnings, session.show),
    }


def _rehearse(session: Session, enterprise: str, period: str) -> dict[str, Any]:
    with session.store.begin() as unit:
        rehearsal = rehearse_month(session.world, unit, enterprise, period)
    declarations = []
    for body in rehearsal.declarations:
        head, lists = body["DecHead"], body["DecLists"]
        assert isinstance(head, dict), "a declaration has a head"
        assert isinstance(lists, dict), "a declaration has items"
        row = {name: head.get(name) for name in ("IEFlag", "IEPort", "TradeMode", "BillNo", "GrossWet")}
        declarations.append(row | {"items": len(lists["DecList"])})
    return {
        "enterprise": enterprise,
        "month": period,
        "manifests": rehearsal.manifests,
        "declarations": declarations,
        "left_out": _texts(rehearsal.left_out, session.show),
        "warnings": _texts(rehearsal.warnings, session.show),
    }


def _show_rehearsals(show: Show, told: Sequence[Mapping[str, Any]]) -> None:
    _show_warnings(show, told)
    columns = ("IEFlag", "IEPort", "TradeMode", "BillNo", "GrossWet", "items")
    for each in told:
        show.rows("declarations that would be made", columns, each["declarations"])
        show.rows("left out", ("code", "text"), each["left_out"])


def _show_warnings(show: Show, told: Sequence[Mapping[str, Any]]) -> None:
    if warnings := [warning for each in told for warning in each["warnings"]]:
        show.rows("warnings", ("code", "text"), warnings)


def _texts(violations: Iterable[Violation], show: Show) -> list[dict[str, str]]:
    return [{"code": each.code, "text": each.text(show.language)} for each in violations]


@click.command()
@command
def check(session: Session, /) -> int:
    """Check configuration, token, schemas, mappings, channels, database: every fault, one line each."""
    parts = check_installation(session.settings, session.clock)
    show = session.show
    rows = [
        {
            "part": part.part if show.json else f"part.{part.part}",
            "result": ("warning" if violation.warning else "fault") if violation else "ok",
            "code": violation.code if violation else "",
            "place": str(violation.place or "") if violation else "",
            "text": violation.text(show.language) if violation else "",
        }
        for part in parts
        for violation in (part.violations or (None,))
    ]
    show.rows("installation", ("part", "result", "code", "place", "text"), rows)
    return DONE if all(part.sound for part in parts) else REFUSED
