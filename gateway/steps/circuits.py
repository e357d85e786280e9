"""Each route's circuit as it is kept: what may go over it, and what attempts and answers tell of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import reduce
from typing import Final

from gateway.customs import Circuit, CircuitState, Outage
from gateway.errors import GatewayError, RetryError
from gateway.logs import log
from gateway.steps.records import World
from gateway.steps.trouble import ALERT, reasons_of
from gateway.store import CircuitRow, SubmissionRow, Unit

SILENT: Final = "exchange.silent"
# So long after nothing is heard of a pilot at all, whoever sent it is held to be gone.
_GONE = timedelta(minutes=2)


def take(unit: Unit, route: str, limit: int, lost: Collection[str]) -> list[SubmissionRow]:
    """Take what may go over a route now, in order: all, nothing, or the pilot (CU-07).

    Args:
        unit: The transaction.
        route: The route.
        limit: At most so many.
        lost: What this gateway was sending before and never noted the end of.
    """
    before = unit.circuits.lock(route)
    circuit = _of(before).left(lost, unit.now)
    if circuit.closed:
        return unit.submissions.take_to_send(route, limit)
    if not circuit.wants_pilot(unit.now):
        return []
    rows = unit.submissions.take_pilot(route)
    for row in rows:
        circuit = circuit.tried(row.id, unit.now + _GONE)
    _keep(unit, route, before, circuit)
    return rows


def note(
    world: World, unit: Unit, tried: Sequence[SubmissionRow], faults: Mapping[str, GatewayError]
) -> None:
    """Learn from attempts over one route: where all failed that need no person, the route did (CU-07).

    Args:
        world: What stays the same.
        unit: The transaction.
        tried: What was to be sent, at least one.
        faults: By message id, what went wrong.
    """
    route, now = tried[0].route, unit.now
    before = unit.circuits.lock(route)
    circuit = _of(before)
    sent = {row.id for row in tried if row.id not in faults}
    failed = [fault for fault in faults.values() if isinstance(fault, RetryError)]
    exchange = world.settings.exchanged(route, tried[0].message_type)
    if sent:
        answered_by = now + timedelta(minutes=exchange.technical.fail_minutes)
        circuit = circuit.passed(sent, answered_by)
    elif failed:
        circuit = circuit.failed(now, exchange.pause)
        if circuit.outage is Outage.CHANNEL:
            unit.alerts.open(ALERT, _subject(route, Outage.CHANNEL), reasons_of(failed[0]))
    else:
        circuit = circuit.left({row.id for row in tried}, now)
    _keep(unit, route, before, circuit)


def missed(world: World, unit: Unit, row: SubmissionRow) -> None:
    """Learn that a message has got no technical receipt in time; so many in a row are an outage (CU-07)."""
    exchange = world.settings.exchanged(row.route, row.message_type)
    before = unit.circuits.lock(row.route)
    circuit = _of(before).missed(row.id, exchange.outage_after, unit.now, exchange.pause)
    if circuit.outage is Outage.SILENCE:
        values = {"route": row.route, "number": row.number, "sent_at": f"{row.sent_at:%F %T}"}
        unit.alerts.open(SILENT, _subject(row.route, Outage.SILENCE), values)
    _keep(unit, row.route, before, circuit)


def heard(unit: Unit, answered: Iterable[SubmissionRow]) -> None:
    """Learn that customs has answered these messages."""
    routes = defaultdict[str, list[str]](list)
    for sent in answered:
        routes[sent.route].append(sent.id)
    # Messages are locked before circuits, and these by their names, so that no two wait for each other.
    for route, messages in sorted(routes.items()):
        before = unit.circuits.lock(route)
        _keep(unit, route, before, reduce(Circuit.heard, messages, _of(before)))


def try_again(unit: Unit, routes: Iterable[str]) -> None:
    """Let what waits for its next attempt be due now, and let a pilot find out of each route that is held."""
    for route in sorted(routes):
        try_route(unit, route)
        unit.submissions.send_now(route)


def try_route(unit: Unit, route: str) -> None:
    """Let a pilot find out of a route that is held, now; to be called before messages are moved.

    Due is a moment that is past by the clock of the gateway, too, which need not be that of whoever asks.
    """
    row = unit.circuits.lock(route)
    if row is not None and not _of(row).closed:
        unit.circuits.put(replace(row, due_at=min(row.since, unit.now)))


def _keep(unit: Unit, route: str, before: CircuitRow | None, circuit: Circuit) -> None:
    known = _of(before)
    if circuit == known:
        return
    if circuit.state is not known.state:
        log.warning("circuit", route=route, state=str(circuit.state), failures=circuit.failures)
    if circuit.closed and known.outage is not None:
        unit.alerts.close(ALERT if known.outage is Outage.CHANNEL else SILENT, _subject(route, known.outage))
        unit.submissions.send_now(route)
    if circuit == Circuit():
        unit.circuits.remove(route)
        return
    unit.circuits.put(
        CircuitRow(
            route=route,
            state=circuit.state,
            since=before.since if before and known.closed == circuit.closed else unit.now,
            failures=circuit.failures,
            due_at=circuit.due_at,
            outage=circuit.outage,
            pilot=circuit.pilot or None,
        )
    )


def _of(row: CircuitRow | None) -> Circuit:
    if row is None:
        return Circuit()
    return Circuit(
        state=CircuitState(row.state),
        failures=row.failures,
        due_at=row.due_at,
        outage=Outage(row.outage) if row.outage else None,
        pilot=row.pilot or "",
    )


def _subject(route: str, outage: Outage) -> str:
    """Return what an alert is about: the channel as operators know it, or the route."""
    return f"outbox {route}" if outage is Outage.CHANNEL else route
