"""Messages: the commands of an interchange, each with its outcome, found again by the client's number."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select

from gateway.store.rows import MessageRow
from gateway.store.statements import added, columns_of, first, rows
from gateway.store.tables import messages

_SELECT = select(*columns_of(messages, MessageRow))
_FIND = _SELECT.where(
    messages.c.partner == bindparam("partner"),
    messages.c.message_type == bindparam("message_type"),
    messages.c.client_number == bindparam("client_number"),
    messages.c.operation == bindparam("operation"),
).order_by(messages.c.id)


class Messages:
    """Every command that was understood, and what was answered."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, row: MessageRow) -> MessageRow:
        """Keep a message and return it with its id."""
        return added(self._connection, messages, row)

    def find(self, partner: str, message_type: str, client_number: str, operation: str) -> list[MessageRow]:
        """Return the messages of a client's number, oldest first: what ER-04 calls the same or a conflict."""
        asked = {
            "partner": partner,
            "message_type": message_type,
            "client_number": client_number,
            "operation": operation,
        }
        return rows(self._connection, MessageRow, _FIND, **asked)

    def of_interchange(self, interchange: int) -> list[MessageRow]:
        """Return the messages of an interchange in their order there."""
        found = _SELECT.where(messages.c.interchange_id == interchange).order_by(messages.c.position)
        return rows(self._connection, MessageRow, found)

    def last_accepted(self, number: str) -> MessageRow | None:
        """Return the newest message about a document that was obeyed."""
        found = _SELECT.where(messages.c.document_number == number).order_by(messages.c.id.desc()).limit(1)
        return first(self._connection, MessageRow, found)
