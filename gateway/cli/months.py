"""Commands about a month and its declarations: aggregate, rehearse, declare."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click

from gateway.cli.session import Session, command
from gateway.cli.show import DONE, REFUSED, Show
from gateway.cli.watching import watch
from gateway.errors import RejectedError, Violation
from gateway.fields import Fields
from gateway.steps.aggregating import aggregate_month, declare_number, month_command
from gateway.steps.rehearsing import rehearsed
from gateway.steps.runs import repeat_run


class Month(click.ParamType[str]):
    """A month such as 2026-10, taken as customs writes it: 202610."""

    name = "month"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Read the month."""
        try:
            return datetime.strptime(str(value), "%Y-%m").strftime("%Y%m")  # noqa: DTZ007 -- it has no zone
        except ValueError:
            self.fail(f"{value} is no month such as 2026-10", param, ctx)


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
    return _aggregate(session, period, asked)


def _retry(session: Session, number: str, *, wait: bool) -> int:
    """Let a run that stopped begin anew."""
    with session.store.begin() as unit:
        run = repeat_run(session.world, unit, number)
    row = {"number": run.number, "client_number": run.client_number, "state": run.state}
    session.show.rows("documents", ("number", "client_number", "state"), [row])
    return watch(session, [number]) if wait else DONE


def _aggregate(session: Session, period: str, asked: Mapping[str, Any]) -> int:
    every = [each.code for each in session.settings.enterprise]
    dry_run, client_number = asked["dry_run"], asked["client_number"]
    told: list[dict[str, Any]] = []
    refused: list[RejectedError] = []
    for code in [asked["enterprise"]] if asked["enterprise"] else every:
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
    waiting = [each["number"] for each in told] if asked["wait"] and not dry_run else []
    return max(watch(session, waiting), REFUSED if refused else DONE)


def _request(session: Session, enterprise: str, period: str, client_number: str) -> dict[str, Any]:
    with session.store.begin() as unit:
        decision = aggregate_month(session.world, unit, enterprise, period, client_number)
    return {
        "number": decision.changes[0].document.number,
        "enterprise": enterprise,
        "month": period,
        "manifests": decision.shown["manifests"],
        "warnings": _texts(decision.warnings, session.show),
    }


def _rehearse(session: Session, enterprise: str, period: str) -> dict[str, Any]:
    with session.store.read() as unit:
        command = month_command(session.world, unit, enterprise, period, "")
        with rehearsed(session.world, unit, command) as rehearsal:
            return {
                "enterprise": enterprise,
                "month": period,
                "manifests": rehearsal.totals.manifests,
                "declarations": [_outlined(body) for body in rehearsal.declarations],
                "left_out": _texts(rehearsal.left_out, session.show),
                "warnings": _texts(rehearsal.warnings, session.show),
            }


def _outlined(body: Fields) -> dict[str, Any]:
    head, lists = body["DecHead"], body["DecLists"]
    assert isinstance(head, dict), "a declaration has a head"
    assert isinstance(lists, dict), "a declaration has items"
    row = {name: head.get(name) for name in ("IEFlag", "IEPort", "TradeMode", "BillNo", "GrossWet")}
    return row | {"items": len(lists["DecList"])}


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
@click.argument("number")
@command
def declare(session: Session, /, *, number: str) -> int:
    """Declare a saved declaration, or once more one that customs did not accept."""
    with session.store.begin() as unit:
        document = declare_number(session.world, unit, number)
    row = {"number": document.number, "client_number": document.client_number, "state": document.state}
    session.show.rows("documents", ("number", "client_number", "state"), [row])
    return DONE
