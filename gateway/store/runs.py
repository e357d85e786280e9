"""The progress of aggregations: which phase a run is in, how far, and what is cleared away after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update

from gateway.errors import RetryError
from gateway.store.connection import Connection
from gateway.store.statements import columns_of, first, rows, values_of
from gateway.store.tables import (
    aggregation_drafts,
    aggregation_goods,
    aggregation_lines,
    aggregation_runs,
    documents,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """How far a run is.

    Attributes:
        run: The unified number of its document.
        phase: The word of the steps for what is being done.
        last: The last manifest or declaration that is done in this phase.
        done: How many are.
        manifests: How many manifests it has taken.
        lines: How many items these have.
        declarations: How many declarations it makes.
        keys: By what keys it merges.
        moment: When it was proved.
    """

    run: str
    phase: str
    last: str = ""
    done: int = 0
    manifests: int = 0
    lines: int = 0
    declarations: int = 0
    keys: str = ""
    moment: datetime | None = None


_SELECT = select(*columns_of(aggregation_runs, RunRow))
_ONE = _SELECT.where(aggregation_runs.c.run == bindparam("run"))
_ALL = _SELECT.order_by(aggregation_runs.c.run)
_MARKING = (
    select(aggregation_runs.c.run)
    .join(documents, documents.c.number == aggregation_runs.c.run)
    .where(
        aggregation_runs.c.phase == bindparam("phase"),
        documents.c.enterprise == bindparam("enterprise"),
        documents.c.period == bindparam("period"),
    )
    .order_by(aggregation_runs.c.run)
    .limit(1)
)
_CHANGING = [column.name for column in aggregation_runs.c if column.name != "run"]
_STEP = (
    update(aggregation_runs)
    .where(
        aggregation_runs.c.run == bindparam("_run"),
        aggregation_runs.c.phase == bindparam("_phase"),
        aggregation_runs.c.last == bindparam("_last"),
    )
    .values({name: bindparam(name) for name in _CHANGING})
)


class Runs:
    """The runs that are under way; a run that is done has no row."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, row: RunRow) -> None:
        """Keep a new run."""
        self._connection.execute(insert(aggregation_runs), values_of(row))

    def get(self, run: str) -> RunRow | None:
        """Return how far a run is, None when it is done or there is none."""
        return first(self._connection, RunRow, _ONE, run=run)

    def under_way(self) -> list[RunRow]:
        """Return all runs that are under way, the oldest first."""
        return rows(self._connection, RunRow, _ALL)

    def in_phase(self, phase: str, enterprise: str, period: str) -> str | None:
        """Return the oldest run of an enterprise's month that is in a phase."""
        asked = {"phase": phase, "enterprise": enterprise, "period": period}
        run: str | None = self._connection.scalar(_MARKING, asked)
        return run

    def step(self, row: RunRow, **changes: Any) -> RunRow:
        """Note how far a run is now, if nobody else has brought it on since.

        Raises:
            RetryError: `store.changed-meanwhile`.
        """
        changed = replace(row, **changes)
        expected = {"_run": row.run, "_phase": row.phase, "_last": row.last}
        result = self._connection.execute(_STEP, values_of(changed, without="run") | expected)
        if result.rowcount != 1:
            raise RetryError(
                "store.changed-meanwhile", number=row.run, expected=row.phase, version=row.last or "-"
            )
        return changed

    def clear(self, run: str, limit: int, *, lines: bool = True) -> int:
        """Throw away some of what a run has worked with; return how much, at the end less than the limit.

        Args:
            run: The run.
            limit: How much may be thrown away at a time.
            lines: The lines, too, not only what was composed of them.
        """
        cleared = 0
        for table in (aggregation_goods, aggregation_drafts, *([aggregation_lines] if lines else [])):
            key = table.c[table.primary_key.columns.keys()[1]]
            ours = table.c.run == run
            end = select(key).where(ours).order_by(key).offset(limit).limit(1)
            bound = self._connection.execute(end).scalar()
            piece = delete(table).where(ours) if bound is None else delete(table).where(ours, key <= bound)
            cleared += self._connection.execute(piece).rowcount
            if cleared >= limit:
                break
        return cleared

    def end(self, run: str) -> None:
        """Forget a run that is done."""
        self._connection.execute(delete(aggregation_runs).where(aggregation_runs.c.run == run))
