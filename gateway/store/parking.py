"""What waits for a person: found wherever it lies, and moved on or put away by one's word."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Table, and_, func, select, update

from gateway.store.connection import Connection
from gateway.store.rows import InterchangeRow, NoticeRow, ReceiptRow, SubmissionRow
from gateway.store.statements import columns_of, one_of, rows
from gateway.store.states import InterchangeState, NoticeState, ReceiptState, SubmissionState
from gateway.store.tables import interchanges, notices, receipts, submissions

_quarantined = interchanges.alias()
_same = interchanges.alias()
# The same file that came once more stands for the one before. Were that asked of each file by itself,
# thousands with the same bytes, such as none, would each go through all the others.
_LAST = (
    select(func.max(_same.c.id))
    .where(
        _same.c.digest.in_(
            select(_quarantined.c.digest).where(_quarantined.c.state == InterchangeState.QUARANTINED)
        )
    )
    .group_by(_same.c.partner, _same.c.digest, _same.c.name)
)
IN_QUARANTINE = and_(interchanges.c.state == InterchangeState.QUARANTINED, interchanges.c.id.in_(_LAST))
_NOT_APPLIED = (ReceiptState.REFUSED, ReceiptState.UNEXPECTED, ReceiptState.ORPHAN)
_UNTOLD = (NoticeState.TO_MAKE, NoticeState.TO_DELIVER)
_UNREAD = (InterchangeState.STORED, InterchangeState.BEGUN)


class Parking:
    """Rows of all areas that no stage takes by itself."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def submissions(self, state: SubmissionState) -> list[SubmissionRow]:
        """Return the submissions in a state that no stage leaves, in order."""
        found = select(*columns_of(submissions, SubmissionRow)).where(submissions.c.state == state)
        return rows(self._connection, SubmissionRow, found.order_by(submissions.c.seq))

    def interchanges(self) -> list[InterchangeRow]:
        """Return what lies in quarantine."""
        found = select(*columns_of(interchanges, InterchangeRow)).where(IN_QUARANTINE)
        return rows(self._connection, InterchangeRow, found.order_by(interchanges.c.id))

    def receipts(self) -> list[ReceiptRow]:
        """Return the receipts that moved nothing although they were to: not believed, unfit, of nobody."""
        found = select(*columns_of(receipts, ReceiptRow)).where(one_of(receipts.c.state, _NOT_APPLIED))
        return rows(self._connection, ReceiptRow, found.order_by(receipts.c.id))

    def notices(self, partners: Collection[str]) -> list[NoticeRow]:
        """Return the notices that cannot be delivered, and those for somebody else than these partners."""
        selected = select(*columns_of(notices, NoticeRow)).order_by(notices.c.id)
        parked = rows(self._connection, NoticeRow, selected.where(notices.c.state == NoticeState.PARKED))
        nobodys = selected.where(one_of(notices.c.state, _UNTOLD), notices.c.partner.not_in(sorted(partners)))
        return parked + rows(self._connection, NoticeRow, nobodys)

    def stranded(self, partners: Collection[str]) -> dict[str, int]:
        """Count the files and notices that wait of somebody else than these partners, by partner."""
        counts: dict[str, int] = {}
        for table, states in ((interchanges, _UNREAD), (notices, _UNTOLD)):
            found = select(table.c.partner, func.count()).where(
                one_of(table.c.state, states), table.c.partner.not_in(sorted(partners))
            )
            for partner, count in self._connection.execute(found.group_by(table.c.partner)):
                counts[partner] = counts.get(partner, 0) + count
        return counts

    def move_submission(self, row: SubmissionRow, state: SubmissionState) -> bool:
        """Put a submission into another state, due now; False where it is no longer as it was read."""
        expected = (
            submissions.c.id == row.id,
            submissions.c.state == row.state,
            submissions.c.business_at.is_(None)
            if row.business_at is None
            else submissions.c.business_at.is_not(None),
        )
        due_at = row.awaited_since if state is SubmissionState.SENT else None
        changed = update(submissions).where(*expected).values(state=state, due_at=due_at, holder=None)
        return self._connection.execute(changed).rowcount > 0

    def move(self, row: InterchangeRow | ReceiptRow | NoticeRow, state: str) -> bool:
        """Put any other row into another state; False where it is no longer as it was read."""
        table = _TABLES[type(row)]
        changed = update(table).where(table.c.id == row.id, table.c.state == row.state)
        return self._connection.execute(changed.values(state=state)).rowcount > 0


_TABLES: dict[type[Any], Table] = {
    InterchangeRow: interchanges,
    ReceiptRow: receipts,
    NoticeRow: notices,
}
