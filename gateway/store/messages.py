"""Messages: the commands of an interchange, each with its outcome, found again by the client's number."""

from __future__ import annotations

from sqlalchemy import bindparam, func, select

from gateway.store.connection import Connection
from gateway.store.rows import MessageRow
from gateway.store.statements import LIMIT, added, columns_of, first, rows
from gateway.store.tables import messages

_SELECT = select(*columns_of(messages, MessageRow))
_FIND = _SELECT.where(
    messages.c.partner == bindparam("partner"),
    messages.c.message_type == bindparam("message_type"),
    messages.c.client_number == bindparam("client_number"),
    messages.c.operation == bindparam("operation"),
).order_by(messages.c.id)

_OF = _SELECT.where(messages.c.interchange_id == bindparam("interchange"))
_AT = _OF.where(messages.c.position == bindparam("position"))
_LAST_OF = _OF.order_by(messages.c.position.desc()).limit(1)
_PAGE = _OF.where(messages.c.position > bindparam("after")).order_by(messages.c.position).limit(LIMIT)
_OUTCOMES = select(messages.c.outcome).where(messages.c.interchange_id == bindparam("interchange")).distinct()
_newer = messages.alias("newer")
_LAST_WORD = (
    select(_newer.c.content_digest)
    .where(_newer.c.document_number == messages.c.document_number)
    .order_by(_newer.c.id.desc())
    .limit(1)
    .correlate(messages)
    .scalar_subquery()
)
_STANDS = select(
    func.count(),
    func.count().filter(
        messages.c.outcome == bindparam("accepted"),
        func.coalesce(_LAST_WORD, messages.c.content_digest) == messages.c.content_digest,
    ),
).where(messages.c.interchange_id == bindparam("interchange"))


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

    def at(self, interchange: int, position: int) -> MessageRow | None:
        """Return the message at a position of an interchange."""
        return first(self._connection, MessageRow, _AT, interchange=interchange, position=position)

    def last_of(self, interchange: int) -> MessageRow | None:
        """Return the last message of an interchange so far: this is how far it is obeyed."""
        return first(self._connection, MessageRow, _LAST_OF, interchange=interchange)

    def outcomes(self, interchange: int) -> set[str]:
        """Return what became of the messages of an interchange."""
        return set(self._connection.scalars(_OUTCOMES, {"interchange": interchange}))

    def page(self, interchange: int, after: int, limit: int) -> list[MessageRow]:
        """Return the messages of an interchange behind a position, in their order there, so many at most."""
        asked = {"interchange": interchange, "after": after, "limit": limit}
        return rows(self._connection, MessageRow, _PAGE, **asked)

    def stands(self, interchange: int, accepted: str) -> bool:
        """Tell whether each message of an interchange was accepted and is the last word about its document.

        An interchange without messages does not stand: nothing of it was obeyed.
        """
        asked = {"interchange": interchange, "accepted": accepted}
        ((every, standing),) = self._connection.execute(_STANDS, asked)
        return bool(every) and every == standing

    def about(self, number: str) -> list[MessageRow]:
        """Return the messages that made or changed a document, oldest first."""
        found = _SELECT.where(messages.c.document_number == number).order_by(messages.c.id)
        return rows(self._connection, MessageRow, found)

    def last_accepted(self, number: str) -> MessageRow | None:
        """Return the newest message about a document that was obeyed."""
        found = _SELECT.where(messages.c.document_number == number).order_by(messages.c.id.desc()).limit(1)
        return first(self._connection, MessageRow, found)
