"""Finds submissions: by what a receipt may name, and by what is still awaited."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, exists, select, text

from gateway.store.connection import Connection
from gateway.store.rows import SubmissionRow
from gateway.store.statements import columns_of, first, rows
from gateway.store.tables import AWAITED, documents, submissions

SELECT = select(*columns_of(submissions, SubmissionRow))
_BY_MESSAGE_ID = SELECT.where(submissions.c.id == bindparam("id")).limit(1)


def _latest(*conditions: ColumnElement[bool]) -> Select[Any]:
    return SELECT.where(*conditions).order_by(submissions.c.seq.desc()).limit(1)


_OF_NUMBER = _latest(submissions.c.number == bindparam("number"))
# Client numbers are each partner's own: of two partners with the same one, both are found.
_own, _later, _its = documents.alias(), submissions.alias(), documents.alias()
_OVERTAKEN = exists().where(
    _later.c.client_number == submissions.c.client_number,
    _later.c.message_type == submissions.c.message_type,
    _later.c.seq > submissions.c.seq,
    _its.c.number == _later.c.number,
    _its.c.partner == _own.c.partner,
)
_OF_CLIENT_NUMBER = SELECT.where(
    submissions.c.client_number == bindparam("client_number"),
    submissions.c.message_type == bindparam("message_type"),
    _own.c.number == submissions.c.number,
    ~_OVERTAKEN,
).order_by(submissions.c.seq.desc())
_OF_CUSTOMS_NUMBER = _latest(
    submissions.c.number.in_(
        select(documents.c.number).where(documents.c.customs_number == bindparam("customs_number"))
    )
)


class Finding:
    """What was made for customs, found again; nothing is changed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def by_message_id(self, message_id: str) -> SubmissionRow | None:
        """Return the submission of a message id."""
        return first(self._connection, SubmissionRow, _BY_MESSAGE_ID, id=message_id)

    def by_number(self, number: str) -> list[SubmissionRow]:
        """Return the submissions of a document, in order."""
        found = SELECT.where(submissions.c.number == number)
        return rows(self._connection, SubmissionRow, found.order_by(submissions.c.seq))

    def latest_of_number(self, number: str) -> SubmissionRow | None:
        """Return the newest submission of a document."""
        return first(self._connection, SubmissionRow, _OF_NUMBER, number=number)

    def latest_of_client_number(self, message_type: str, client_number: str) -> list[SubmissionRow]:
        """Return each partner's newest submission of that type under the client's number, newest first."""
        asked = {"client_number": client_number, "message_type": message_type}
        return rows(self._connection, SubmissionRow, _OF_CLIENT_NUMBER, **asked)

    def latest_of_customs_number(self, customs_number: str) -> SubmissionRow | None:
        """Return the newest submission of the document that customs gave the number."""
        return first(self._connection, SubmissionRow, _OF_CUSTOMS_NUMBER, customs_number=customs_number)

    def awaited(self) -> list[SubmissionRow]:
        """Return what was sent and waits for its technical or its business receipt, in order (CU-01)."""
        return rows(
            self._connection,
            SubmissionRow,
            SELECT.where(text(AWAITED)).order_by(submissions.c.seq),
        )

    def sent_before(self, moment: datetime) -> list[SubmissionRow]:
        """Return what was sent before a moment and is still awaited, in order (CU-01)."""
        found = SELECT.where(text(AWAITED), submissions.c.sent_at < moment)
        return rows(self._connection, SubmissionRow, found.order_by(submissions.c.seq))
