"""Attempts: every try to send a submission, recorded before and after it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from gateway.store.connection import Connection
from gateway.store.rows import AttemptRow
from gateway.store.statements import columns_of, rows
from gateway.store.states import AttemptOutcome
from gateway.store.tables import attempts

_SELECT = select(*columns_of(attempts, AttemptRow))
_BEGIN = insert(attempts).returning(attempts.c.submission_id, attempts.c.id)
_OPEN = update(attempts).where(
    attempts.c.submission_id == bindparam("_submission"), attempts.c.ended_at.is_(None)
)
_END = (
    update(attempts)
    .where(attempts.c.id == bindparam("_id"), attempts.c.ended_at.is_(None))
    .returning(attempts.c.submission_id)
)


class Attempts:
    """The tries of each submission; an attempt without an end is one that a process is at."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def begin(self, submissions: Collection[str]) -> dict[str, int]:
        """Record that these are being sent; return the attempt of each."""
        if not submissions:
            return {}
        values = [
            {"submission_id": submission, "started_at": self._now, "detail": ""} for submission in submissions
        ]
        return dict(tuple(row) for row in self._connection.library.execute(_BEGIN, values))

    def end(self, attempt: int, outcome: AttemptOutcome, detail: str) -> str | None:
        """Record how one ended; return its submission, None where that is recorded already."""
        values = {"_id": attempt, "ended_at": self._now, "outcome": outcome, "detail": detail}
        submission: str | None = self._connection.execute(_END, values).scalar()
        return submission

    def lost(self, submissions: Collection[str]) -> None:
        """Record that nobody noted how the tries at these ended, and nobody will."""
        self._close(submissions, AttemptOutcome.IN_DOUBT, "not noted")

    def proved(self, submission: str) -> None:
        """Record that an answer has shown how an open try ended."""
        self._close([submission], AttemptOutcome.SENT, "answered")

    def _close(self, submissions: Collection[str], outcome: AttemptOutcome, detail: str) -> None:
        values = {"ended_at": self._now, "outcome": outcome, "detail": detail}
        self._connection.execute_many(
            _OPEN, [{"_submission": each, **values} for each in sorted(submissions)]
        )

    def of(self, submission: str) -> list[AttemptRow]:
        """Return the attempts of a submission, oldest first."""
        found = _SELECT.where(attempts.c.submission_id == submission).order_by(attempts.c.id)
        return rows(self._connection, AttemptRow, found)
