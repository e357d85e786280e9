"""When a manifest comes too late for this procedure, so that an ordinary declaration is needed."""

from __future__ import annotations

from datetime import date

from customs_stub.checks import cargo
from customs_stub.checks.figures import day
from customs_stub.facts import Facts
from customs_stub.faults import Fault
from customs_stub.xmltree import Record

EXPORT = "E"
A_WEEK, FRIDAY = 7, 4


def in_time(body: Record, path: str, facts: Facts) -> list[Fault]:
    """Check the declaration's day against that of entry or loading.

    A day is all that is told of loading: what is declared on that same day is certainly not 24 hours before.
    """
    declared, limits = day(body.get("DeclDate")), facts.limits
    if declared is None:
        return [Fault("G04", f"{path}/DeclDate", body.get("DeclDate"))]
    if declared > facts.today:
        return [Fault("M16", f"{path}/DeclDate", body.get("DeclDate"))]
    moved = day(body.get("IEDate"))
    if moved is None:
        return [Fault("G04", f"{path}/IEDate", body.get("IEDate"))]
    listed = cargo.find(body, facts)
    if listed is not None:
        moved = day(listed.get("IEDate")) or moved
    if body.get("IEFlag") == EXPORT:
        late = (moved - declared).days < limits.export_days
        return [Fault("T02", f"{path}/IEDate", f"{moved:%Y-%m-%d}")] if late else []
    late = (declared - moved).days > limits.import_days + _rest(moved, limits.import_days)
    return [Fault("T01", f"{path}/IEDate", f"{moved:%Y-%m-%d}，{limits.import_days}天")] if late else []


def _rest(entry: date, days: int) -> int:
    """Return the days until Monday when the last day is on a weekend: a term ends with a working day."""
    last = (entry.weekday() + days) % A_WEEK
    return A_WEEK - last if last > FRIDAY else 0
