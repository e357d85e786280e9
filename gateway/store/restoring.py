"""What a restored database does not know: which numbers were given after the backup, and what was sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Column, Table, func, select, text

from gateway.errors import ParkedError
from gateway.store.columns import Moment
from gateway.store.connection import Connection
from gateway.store.numbers import go_on_from, highest
from gateway.store.statements import one_of
from gateway.store.states import SubmissionState
from gateway.store.tables import history, interchanges, metadata, raw, receipts, submissions
from gateway.store.work_tables import acts

# A counter never goes up faster on average, so it has never reached what this pace gives for the present
# moment: whoever goes on from there meets no number of anybody before, however often a backup is restored.
# Thirteen digits last for three centuries.
PACE: Final = 1000
_BEGINNING: Final = datetime(2020, 1, 1, tzinfo=UTC)
_LEFT: Final = [
    SubmissionState.HELD,
    SubmissionState.TO_SIGN,
    SubmissionState.TO_SEND,
    SubmissionState.SENDING,
    SubmissionState.IN_DOUBT,
]


class Restoring:
    """Counters beyond everything that was given out, and what may have been sent since the backup."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def go_beyond(self, at: datetime, letters: Iterable[str]) -> int:
        """Let every number from now on be one that was never given; return the last that might have been.

        Args:
            at: The present moment by the machine's clock.
            letters: The letters of unified numbers, whether one was ever given or not.

        Raises:
            ParkedError: `store.clock-behind`: the clock is wrong, so that it proves nothing.
        """
        reached = int((at - _BEGINNING).total_seconds() * PACE)
        counted = (self._connection.scalar(select(func.max(_own(table)))) or 0 for table in _counting())
        given = max(highest(self._connection), *counted)
        if given >= reached:
            raise ParkedError("store.clock-behind", now=f"{at:%F %T}", highest=given)
        go_on_from(self._connection, letters, reached)
        for table in _counting():
            self._count_on(table, reached)
        return reached

    def _count_on(self, table: Table, value: int) -> None:
        values = {"table": table.name, "column": _own(table).name, "value": value}
        if self._connection.dialect.name == "postgresql":
            asked = "SELECT setval(pg_get_serial_sequence(:table, :column), :value)"
            self._connection.execute(text(asked), values)
            return
        for asked in (
            "DELETE FROM sqlite_sequence WHERE name = :table",
            "INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :value)",
        ):
            self._connection.execute(text(asked), values)

    def unsent(self) -> list[str]:
        """Return the message ids of what was not sent yet, as far as the backup knows."""
        found = select(submissions.c.id).where(one_of(submissions.c.state, _LEFT))
        return list(self._connection.scalars(found.order_by(submissions.c.seq)))

    def newest(self) -> datetime | None:
        """Return when anything happened here last."""
        moments = (acts.c.at, history.c.at, interchanges.c.received_at, receipts.c.received_at)
        found = [self._connection.scalar(select(func.max(each, type_=Moment))) for each in moments]
        return max((moment for moment in found if moment is not None), default=None)

    def knows_bytes(self, digest: str) -> bool:
        """Tell whether these bytes were ever kept."""
        return self._connection.scalar(select(raw.c.digest).where(raw.c.digest == digest)) is not None


def _counting() -> Iterator[Table]:
    """Yield the tables whose rows are numbered as they come."""
    for table in metadata.sorted_tables:
        if table.dialect_options["sqlite"]["autoincrement"]:
            yield table


def _own(table: Table) -> Column[int]:
    (column,) = table.primary_key.columns
    return column
