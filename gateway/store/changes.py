"""Changing documents by compare-and-set, each change with its row of history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, type_coerce, update

from gateway.errors import RetryError
from gateway.store.columns import Words, encode
from gateway.store.connection import Connection
from gateway.store.rows import ChangeRow, DocumentRow
from gateway.store.statements import CHUNK, values_of
from gateway.store.tables import document_versions, documents, history

_CHANGING = [c.name for c in documents.c if c.name not in ("number", "content", "created_at")]
_UPDATE_STATE = (
    update(documents)
    .where(documents.c.number == bindparam("_number"))
    .values({name: bindparam(name) for name in _CHANGING})
)
_FOUND = (
    select(
        documents.c.number,
        documents.c.state,
        documents.c.version,
        type_coerce(documents.c.content, Words).label("content"),
    )
    .order_by(documents.c.number)
    .with_for_update()
)
_FOUND_ONE = _FOUND.where(documents.c.number == bindparam("number"))
_FOUND_MANY = _FOUND.where(documents.c.number.in_(bindparam("numbers", expanding=True)))
_UPDATE_ALL = _UPDATE_STATE.values(content=bindparam("content"))
_INSERT_DOCUMENT, _INSERT_VERSION, _INSERT_HISTORY = map(insert, (documents, document_versions, history))


@dataclass(frozen=True, slots=True)
class _Found:
    state: str
    version: int
    content: str


@dataclass(slots=True)
class _Writes:
    """What a piece of changes comes to, gathered so that each kind of row is one call."""

    created: list[dict[str, Any]] = field(default_factory=list)
    state_only: list[dict[str, Any]] = field(default_factory=list)
    with_content: list[dict[str, Any]] = field(default_factory=list)
    contents: list[dict[str, Any]] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)


def apply_changes(connection: Connection, changes: Iterable[ChangeRow], now: datetime) -> list[DocumentRow]:
    """Write the documents, their history and each content that is new; return them with their version.

    The rows are locked before they are compared, in rising order so that two transactions cannot
    lock each other out: nobody gets in between comparing and writing.

    Raises:
        RetryError: `store.changed-meanwhile`.
    """
    written: list[DocumentRow] = []
    for piece in _pieces(changes):
        found = _lock(connection, piece)
        writes = _Writes()
        for number, change in piece.items():
            document = _checked(change, found.get(number))
            _plan(writes, change, document, found.get(number), now)
            written.append(document)
        _execute(connection, writes)
    return written


def _pieces(changes: Iterable[ChangeRow]) -> Iterator[dict[str, ChangeRow]]:
    # A document that changes twice is in two pieces, so that the order of its changes is kept.
    piece: dict[str, ChangeRow] = {}
    for change in changes:
        if change.document.number in piece or len(piece) == CHUNK:
            yield piece
            piece = {}
        piece[change.document.number] = change
    if piece:
        yield piece


def _lock(connection: Connection, piece: Mapping[str, ChangeRow]) -> dict[str, _Found]:
    numbers = sorted(number for number, change in piece.items() if change.expected_state is not None)
    if not numbers:
        return {}
    if len(numbers) == 1:
        found = connection.execute(_FOUND_ONE, {"number": numbers[0]})
    else:
        found = connection.execute(_FOUND_MANY, {"numbers": numbers})
    return {number: _Found(*rest) for number, *rest in found}


def _checked(change: ChangeRow, found: _Found | None) -> DocumentRow:
    state, version = (None, 0) if found is None else (found.state, found.version)
    if (state, version) != (change.expected_state, change.expected_version):
        raise RetryError(
            "store.changed-meanwhile",
            number=change.document.number,
            expected=change.expected_state,
            version=change.expected_version,
        )
    return replace(change.document, version=version + 1)


def _plan(
    writes: _Writes, change: ChangeRow, document: DocumentRow, found: _Found | None, now: datetime
) -> None:
    new_content = found is None or encode(document.content) != found.content
    values = values_of(document) | {"updated_at": now}
    if found is None:
        writes.created.append(values | {"created_at": now})
    else:
        values["_number"] = values.pop("number")
        if new_content:
            writes.with_content.append(values)
        else:
            del values["content"]
            writes.state_only.append(values)
    identity = {"number": document.number, "version": document.version, "at": now}
    if new_content:
        writes.contents.append(identity | {"content": document.content})
    writes.history.append(
        identity
        | {
            "event": change.event,
            "from_state": change.expected_state,
            "to_state": document.state,
            "cause_kind": change.cause_kind,
            "cause_id": change.cause_id,
        }
    )


def _execute(connection: Connection, writes: _Writes) -> None:
    for statement, values in (
        (_INSERT_DOCUMENT, writes.created),
        (_UPDATE_STATE, writes.state_only),
        (_UPDATE_ALL, writes.with_content),
        (_INSERT_VERSION, writes.contents),
        (_INSERT_HISTORY, writes.history),
    ):
        connection.execute_many(statement, values)
