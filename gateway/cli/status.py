"""The command that shows what waits and what needs a person."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import click

from gateway.cli.aggregations import under_way
from gateway.cli.gateways import running, show_running
from gateway.cli.session import Session, command
from gateway.cli.show import DONE, Show
from gateway.config import FolderPlace, Settings, Source, Target
from gateway.errors import Violation
from gateway.latch import make_latch
from gateway.operations import check_folder
from gateway.steps.token_watch import HANGING, UNUSABLE
from gateway.steps.trouble import ALERT
from gateway.store import Unit


@click.command()
@command
def status(session: Session, /) -> int:
    """Show what waits and what needs a person.

    Documents by kind and state, what waits at which stage, open alerts, token and channels.
    """
    with session.readable.read() as unit:
        counts = unit.status.counts()
        alerts = unit.alerts.opened()
        runs = under_way(unit)
        routes = _held_routes(unit)
        gateways = running(unit)
    show, settings = session.show, session.settings
    # Who may only look at the database sees neither the latch nor into folders.
    own = session.as_gateway
    latch = make_latch(settings, session.clock).read().state.value if own else "hidden"
    unusable = any(alert.code in {UNUSABLE, HANGING} for alert in alerts)
    token = {"label": settings.token.label, "result": "fault" if unusable else "ok", "latch": latch}
    troubled = {alert.subject for alert in alerts if alert.code == ALERT}
    channels = [
        {"channel": name, "place": str(place), "result": _health(settings, name, place, troubled, own=own)}
        for name, place in settings.channel_places()
    ]
    documents = [
        {"kind": kind, "state": state, "count": count} for (kind, state), count in counts.documents.items()
    ]
    told = [
        {
            "since": f"{alert.opened_at:%F %T}",
            "code": alert.code,
            "about": alert.subject,
            "text": Violation(alert.code, values=alert.values).text(show.language),
        }
        for alert in alerts
    ]
    if show.json:
        show.data(
            {
                "documents": documents,
                "queues": counts.queues,
                "awaited": counts.awaited,
                "aggregations": runs,
                "gateways": gateways,
                "token": token,
                "channels": channels,
                "held_routes": routes,
                "alerts": told,
            }
        )
        return DONE
    show.rows("documents", ("kind", "state", "count"), documents)
    queues = {f"queue.{name}": count for name, count in counts.queues.items()}
    show.pairs("queues", {**queues, "awaited": counts.awaited})
    if runs:
        phases = [{**run, "phase": f"phase.{run['phase']}"} for run in runs]
        show.rows("aggregations", ("number", "phase", "done", "of", "manifests", "declarations"), phases)
    show_running(show, gateways)
    show.pairs("token", {**token, "latch": f"latch.{latch}"})
    named = [{**each, "channel": _channel(show, str(each["channel"]))} for each in channels]
    show.rows("channels", ("channel", "place", "result"), named)
    if routes:
        held = [{**each, "state": f"circuit.{each['state']}"} for each in routes]
        show.rows("held routes", ("route", "state", "since", "failures", "due", "pilot"), held)
    show.rows("alerts", ("since", "code", "about", "text"), told)
    return DONE


def _channel(show: Show, channel: str) -> str:
    """Return a channel's name as a person reads it; programs and alerts have it as it is."""
    end, _, name = channel.partition(" ")
    return show.word(f"channel.{end}", name=name)


def _held_routes(unit: Unit) -> list[dict[str, Any]]:
    """Return the routes over which not everything goes now (CU-07)."""
    return [
        {
            "route": row.route,
            "state": row.state,
            "outage": row.outage,
            "since": f"{row.since:%F %T}",
            "failures": row.failures,
            "due": row.due_at and f"{row.due_at:%F %T}",
            "pilot": row.pilot,
        }
        for row in unit.circuits.held()
    ]


def _health(
    settings: Settings, channel: str, place: Source | Target, troubled: Collection[str], *, own: bool
) -> str:
    """Tell what a look shows where it costs nothing, else what the gateway found when it last tried."""
    if own and isinstance(place, FolderPlace) and any(check_folder(settings.path(place.folder))):
        return "fault"
    return "fault" if channel in troubled else "ok"
