"""An aggregation run, phase by phase: each look does a small piece of it and commits (AG-04, AG-09, AG-10).

    marking ─► waiting ─► spreading ─► composing ─► proving ─► declaring ─► closing ─► clearing
                  ▲            │            │           │
                  └─ restarting ◄───────────┴───────────┘

Reading and reckoning are done between the transactions that write, and those are short, so that the gateway
works on meanwhile. Until the set is proved nothing of it can be seen, and it may begin anew; the proof gives
it its moment, and from then on it only goes on, from the piece that was committed last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from itertools import groupby, islice
from operator import attrgetter
from typing import Final

from gateway.documents import (
    Decision,
    Document,
    Event,
    ManifestState,
    moved,
    prove_manifest,
    selection_of,
    spread,
)
from gateway.errors import ParkedError, RejectedError, refuse
from gateway.steps import taking
from gateway.steps.composing import composed, keep_drafts, prove_drafts
from gateway.steps.containment import contained
from gateway.steps.kept import document_of, to_document
from gateway.steps.phases import Phase
from gateway.steps.publishing import clear_next, close_next, declare_next, end
from gateway.steps.records import Cause, World, carry_out
from gateway.steps.trouble import reasons_of
from gateway.store import RunRow, Store, Unit

ALERT: Final = "aggregation.stopped"
# So much fits into a transaction that keeps nobody waiting.
_MANIFESTS: Final = 200
_DECLARATIONS: Final = 20
_BREATH_SECONDS: Final = 0.002
# Comes after every unified number.
_END: Final = "~"


def advance_runs(world: World, store: Store) -> int:
    """Do the next piece of the oldest run that is not stopped; return whether there was one.

    A run that cannot be proved stops and waits for a person; nothing of it is published.

    Raises:
        RetryError: The database cannot be used now, or another was faster.
    """
    with store.read() as unit:
        stopped = {alert.subject for alert in unit.alerts.opened(ALERT)}
        row = next((row for row in unit.runs.under_way() if row.run not in stopped), None)
    if row is None:
        return 0
    try:
        with contained(row.run):
            _PHASES[Phase(row.phase)](world, store, row)
    except (RejectedError, ParkedError) as fault:
        with store.begin() as unit:
            _stop(world, unit, row, fault)
    # Whoever waits for the one writer meanwhile goes first; without it the next piece mostly would.
    time.sleep(_BREATH_SECONDS)
    return 1


def repeat_run(world: World, unit: Unit, number: str) -> Document:
    """Let a run that stopped begin anew, or go on where it was being published, by an operator's word.

    Raises:
        RejectedError: `aggregation.not-stopped`.
    """
    row = unit.runs.get(number)
    if row is None or not unit.alerts.close(ALERT, number):
        raise refuse("aggregation.not-stopped", number=number)
    if document_of(unit, number).state == "stopped":
        _begin_anew(world, unit, row, Cause("operator", "retry"))
    return document_of(unit, number)


def _mark(_world: World, store: Store, row: RunRow) -> None:
    with store.begin() as unit:
        run = document_of(unit, row.run)
        taking.mark(unit, row, selection_of(run.enterprise, run.content))


def _restart(_world: World, store: Store, row: RunRow) -> None:
    with store.begin() as unit:
        if clear_next(unit, row.run):
            unit.runs.step(row, phase=Phase.WAITING)


def _wait(world: World, store: Store, row: RunRow) -> None:
    """Begin: from now on no manifest leaves the run (AM-07)."""
    with store.begin() as unit:
        begun = Decision((moved(document_of(unit, row.run), Event.MAKE),))
        carry_out(world, unit, begun, Cause("clock", row.run))
        unit.runs.step(row, phase=Phase.SPREADING, keys=_keys(world))


def _spread(world: World, store: Store, row: RunRow) -> None:
    """Spread the next manifests into lines."""
    if row.keys != _keys(world):
        _begin_anew_alone(world, store, row)
        return
    with store.read() as unit:
        rows = unit.months.of_run(row.run, ManifestState.AWAITING, after=row.last, limit=_MANIFESTS)
    lines = [line for each in rows for line in spread(to_document(each), world.settings.aggregation)]
    manifests, count = row.done + len(rows), row.lines + len(lines)
    with store.begin() as unit:
        unit.lines.add(row.run, lines)
        if len(rows) == _MANIFESTS:
            unit.runs.step(row, last=rows[-1].number, done=manifests, lines=count)
        elif manifests:
            after = Phase.COMPOSING
            unit.runs.step(row, phase=after, last="", done=0, manifests=manifests, lines=count)
        else:
            end(world, unit, unit.runs.step(row, manifests=0))


def _compose(world: World, store: Store, row: RunRow) -> None:
    """Compose all declarations as drafts.

    Sorting is the database's work and costs the same for one declaration as for all, so they are one look.
    What somebody composed who died in it is thrown away first.
    """
    if row.last:
        with store.begin() as unit:
            if clear_next(unit, row.run, lines=False):
                unit.runs.step(row, last="", done=0)
        return
    with store.read() as reading, closing(reading.lines.merged(row.run)) as merged:
        run = document_of(reading, row.run)
        made = enumerate(composed(world, reading, run, merged), 1)
        while batch := list(islice(made, _DECLARATIONS)):
            with store.begin() as unit:
                keep_drafts(unit, row.run, batch)
                row = unit.runs.step(row, last=str(batch[-1][0]), done=batch[-1][0])
    with store.begin() as unit:
        unit.runs.step(row, phase=Phase.PROVING, last="", done=0, declarations=row.done)


def _prove(world: World, store: Store, row: RunRow) -> None:
    """Prove the next manifests against their lines, and after the last all declarations (AG-09)."""
    with store.read() as unit:
        rows = unit.months.of_run(row.run, ManifestState.AWAITING, after=row.last, limit=_MANIFESTS)
        upto = rows[-1].number if len(rows) == _MANIFESTS else _END
        lines = unit.lines.between(row.run, row.last, upto)
    of_manifest = {number: list(group) for number, group in groupby(lines, attrgetter("manifest"))}
    if of_manifest.keys() - {each.number for each in rows}:
        # Customs withdrew one by its own word, meanwhile.
        _begin_anew_alone(world, store, row)
        return
    for each in rows:
        prove_manifest(row.run, to_document(each), of_manifest.get(each.number, []))
    if upto != _END:
        with store.begin() as unit:
            unit.runs.step(row, last=upto, done=row.done + len(rows))
        return
    with store.read() as unit:
        prove_drafts(world, unit, document_of(unit, row.run))
    with store.begin() as unit:
        unit.runs.step(row, phase=Phase.DECLARING, last="", done=0, moment=unit.now)


def _declare(world: World, store: Store, row: RunRow) -> None:
    with store.begin() as unit:
        declare_next(world, unit, row)


def _close(world: World, store: Store, row: RunRow) -> None:
    with store.begin() as unit:
        close_next(world, unit, row)


def _clear(_world: World, store: Store, row: RunRow) -> None:
    with store.begin() as unit:
        if clear_next(unit, row.run):
            unit.runs.end(row.run)


_PHASES: Final[Mapping[Phase, Callable[[World, Store, RunRow], None]]] = {
    Phase.MARKING: _mark,
    Phase.RESTARTING: _restart,
    Phase.WAITING: _wait,
    Phase.SPREADING: _spread,
    Phase.COMPOSING: _compose,
    Phase.PROVING: _prove,
    Phase.DECLARING: _declare,
    Phase.CLOSING: _close,
    Phase.CLEARING: _clear,
}
_UNPUBLISHED: Final = {Phase.SPREADING, Phase.COMPOSING, Phase.PROVING}


def _stop(world: World, unit: Unit, row: RunRow, fault: RejectedError | ParkedError) -> None:
    """Leave a run to a person; while nothing is published its manifests may leave it."""
    if row.phase in _UNPUBLISHED:
        stopped = Decision((moved(document_of(unit, row.run), Event.STOP),))
        carry_out(world, unit, stopped, Cause("clock", row.run))
    unit.alerts.open(ALERT, row.run, reasons_of(fault))


def _begin_anew_alone(world: World, store: Store, row: RunRow) -> None:
    with store.begin() as unit:
        _begin_anew(world, unit, row, Cause("clock", row.run))


def _begin_anew(world: World, unit: Unit, row: RunRow, cause: Cause) -> None:
    """Throw away what was worked out, and begin with the manifests as they are now."""
    carry_out(world, unit, Decision((moved(document_of(unit, row.run), Event.REPEAT),)), cause)
    unit.runs.step(row, phase=Phase.RESTARTING, last="", done=0, lines=0, declarations=0)


def _keys(world: World) -> str:
    return world.settings.aggregation.model_dump_json(include={"header_keys", "item_keys", "max_items"})
