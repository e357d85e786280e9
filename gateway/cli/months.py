"""Commands about a month and its declarations: aggregate, rehearse, declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from getpass import getuser
from typing import Any

import click

from gateway.cli.dates import Month
from gateway.cli.month_options import criteria, fields_of
from gateway.cli.month_tables import show_month
from gateway.cli.session import Session, command
from gateway.cli.show import DONE, REFUSED, Show
from gateway.cli.watching import watch
from gateway.errors import RejectedError, Violation
from gateway.steps.aggregating import MonthRequest, command_of, declare_number, request_month
from gateway.steps.month_view import month_view
from gateway.steps.records import Cause
from gateway.steps.runs import repeat_run


@click.command()
@click.option(
    "--month",
    "period",
    type=Month(),
    default=None,
    help="The manifests of this month: 2026-10.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be made and what not, and why.")
@click.option("--enterprise", default=None, help="Only this enterprise; default: each of the configuration.")
@click.option("--client-number", default="", help="The run's own number, at most 16 characters.")
@criteria
@click.option("--force", is_flag=True, help="Aggregate what is too late, too; needs --reason.")
@click.option("--reason", default="", help="Why it is forced; kept with the run and in its history.")
@click.option("--wait", is_flag=True, help="Show how far it is until all is made.")
@click.option("--retry", "stopped", default=None, help="Let a run that stopped begin anew: its number.")
@command
def aggregate(session: Session, /, *, period: str | None, stopped: str | None, **asked: Any) -> int:
    """Aggregate a month: its cleared manifests become declarations."""
    if (period is None) == (stopped is None):
        raise click.UsageError("--month or --retry, one of the two")
    if stopped is not None:
        return _retry(session, stopped, wait=asked["wait"])
    assert period is not None, "asked above"
    if asked["force"] != bool(asked["reason"].strip()):
        raise click.UsageError("--force and --reason, both or none")
    return _aggregate(session, period, asked)


def _retry(session: Session, number: str, *, wait: bool) -> int:
    """Let a run that stopped begin anew."""
    with session.store.begin() as unit:
        run = repeat_run(session.world, unit, number)
        session.note_act(unit, "aggregate --retry", run.number)
    row = {"number": run.number, "client_number": run.client_number, "state": run.state}
    session.show.rows("documents", ("number", "client_number", "state"), [row])
    return watch(session, [number]) if wait else DONE


def _aggregate(session: Session, period: str, asked: Mapping[str, Any]) -> int:
    every = [each.code for each in session.settings.enterprise]
    dry_run = asked["dry_run"]
    told: list[dict[str, Any]] = []
    refused: list[RejectedError] = []
    for code in [asked["enterprise"]] if asked["enterprise"] else every:
        request = MonthRequest(
            enterprise=code,
            month=period,
            client_number=asked["client_number"],
            criteria=fields_of(asked),
            forced=asked["reason"].strip(),
        )
        try:
            told.append(_view(session, request) if dry_run else _request(session, request))
        except RejectedError as fault:
            refused.append(fault)
    show = session.show
    if show.json:
        show.data(told)
    elif dry_run:
        for month in told:
            show_month(show, month)
    else:
        _show_requests(show, told)
    for each in refused:
        show.error(each)
    waiting = [each["number"] for each in told] if asked["wait"] and not dry_run else []
    return max(watch(session, waiting), REFUSED if refused else DONE)


def _request(session: Session, request: MonthRequest) -> dict[str, Any]:
    cause = f"aggregate --force ({getuser()}): {request.forced}" if request.forced else "aggregate"
    with session.store.begin() as unit:
        decision = request_month(session.world, unit, request, Cause("operator", cause))
        asked = {"enterprise": request.enterprise, "month": request.month, "forced": request.forced}
        session.note_act(unit, "aggregate", decision.document.number, **asked)
    told = {
        "number": decision.document.number,
        "enterprise": request.enterprise,
        "month": request.month,
        **decision.shown,
        "warnings": _texts(decision.warnings, session.show),
    }
    return told | ({"forced": request.forced} if request.forced else {})


def _view(session: Session, request: MonthRequest) -> dict[str, Any]:
    with session.readable.read() as unit:
        return month_view(session.world, unit, command_of(session.world, unit, request))


def _show_requests(show: Show, told: Sequence[Mapping[str, Any]]) -> None:
    if warnings := [warning for each in told for warning in each["warnings"]]:
        show.rows("warnings", ("code", "text"), warnings)
    rows = [{**each, "agent": each.get("agent", {}).get("name", "")} for each in told]
    columns = ["number", "enterprise", "month", "manifests", "agent", "forced"]
    shown = [name for name in columns if any(row.get(name) for row in rows) or name == "number"]
    show.rows("aggregation requested", shown, rows)


def _texts(violations: Iterable[Violation], show: Show) -> list[dict[str, str]]:
    return [{"code": each.code, "text": each.text(show.language)} for each in violations]


@click.command()
@click.argument("number")
@command
def declare(session: Session, /, *, number: str) -> int:
    """Declare a saved declaration, or once more one that customs did not accept."""
    with session.store.begin() as unit:
        document = declare_number(session.world, unit, number)
        session.note_act(unit, "declare", document.number)
    row = {"number": document.number, "client_number": document.client_number, "state": document.state}
    session.show.rows("documents", ("number", "client_number", "state"), [row])
    return DONE
