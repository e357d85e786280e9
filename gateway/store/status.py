"""What `gateway status` tells: how many documents are in which state, and what waits where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, text

from gateway.store.connection import Connection
from gateway.store.parking import IN_QUARANTINE
from gateway.store.states import InterchangeState, NoticeState, ReceiptState, SubmissionState
from gateway.store.tables import AWAITED, documents, interchanges, notices, receipts, submissions
from gateway.store.work_tables import alerts


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much is where.

    Attributes:
        documents: How many documents, by kind and state, in that order.
        queues: How many items wait, by the name of the queue; all queues are there, also empty ones.
        awaited: How many submissions wait for a receipt.
        alerts: How many alerts are open.
    """

    documents: dict[tuple[str, str], int]
    queues: dict[str, int]
    awaited: int
    alerts: int


_WAITING: tuple[tuple[str, ColumnElement[bool]], ...] = (
    ("interchanges", interchanges.c.state == InterchangeState.STORED),
    ("interchanges.begun", interchanges.c.state == InterchangeState.BEGUN),
    ("interchanges.quarantined", IN_QUARANTINE),
    *(
        (f"submissions.{state}", submissions.c.state == state)
        for state in SubmissionState
        if state not in {SubmissionState.SENT, SubmissionState.RECALLED}
    ),
    ("receipts", receipts.c.state == ReceiptState.STORED),
    ("receipts.orphan", receipts.c.state == ReceiptState.ORPHAN),
    ("notices.to_make", notices.c.state == NoticeState.TO_MAKE),
    ("notices", notices.c.state == NoticeState.TO_DELIVER),
    ("notices.parked", notices.c.state == NoticeState.PARKED),
)


class Status:
    """Counts over the whole store, each found by an index."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def counts(self) -> Counts:
        """Count everything that `gateway status` tells."""
        by_state = select(documents.c.kind, documents.c.state, func.count()).group_by(
            documents.c.kind, documents.c.state
        )
        found = self._connection.execute(by_state.order_by(documents.c.kind, documents.c.state))
        return Counts(
            documents={(kind, state): count for kind, state, count in found},
            queues=self.queues(),
            awaited=self._count(select(func.count()).select_from(submissions).where(text(AWAITED))),
            alerts=self._count(select(func.count()).where(alerts.c.closed_at.is_(None))),
        )

    def queues(self) -> dict[str, int]:
        """Count what waits for a stage or for a person, by the name of its queue."""
        return dict(self._lengths())

    def _lengths(self) -> Iterator[tuple[str, int]]:
        for name, waits in _WAITING:
            yield name, self._count(select(func.count()).where(waits))

    def _count(self, statement: Select[Any]) -> int:
        return int(self._connection.execute(statement).scalar())
