"""The manifests of a month, of whatever size: counted, read and moved a piece at a time (AG-02)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, bindparam, func, insert, or_, select, update

from gateway.store.connection import Connection
from gateway.store.rows import DocumentRow
from gateway.store.statements import LIMIT, at_path, columns_of, pieces, rows
from gateway.store.tables import documents, history

_OF_RUN = (
    select(*columns_of(documents, DocumentRow))
    .where(
        documents.c.parent == bindparam("run"),
        documents.c.number > bindparam("after"),
        documents.c.kind == "manifest",
        documents.c.state == bindparam("state"),
    )
    .order_by(documents.c.number)
    .limit(LIMIT)
)
_MANY = (
    select(*columns_of(documents, DocumentRow))
    .where(documents.c.number.in_(bindparam("numbers", expanding=True)))
    .order_by(documents.c.number)
)
_MOVE = (
    update(documents)
    .where(
        documents.c.number.in_(bindparam("_numbers", expanding=True)),
        documents.c.state == bindparam("_from"),
    )
    .values(
        state=bindparam("_to"),
        parent=bindparam("_parent"),
        version=documents.c.version + 1,
        updated_at=bindparam("_at"),
    )
    .returning(documents.c.number, documents.c.version)
)
_INSERT_HISTORY = insert(history)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Which manifests of a month are asked for.

    Attributes:
        state: The state in which they are.
        natures: Any of these.
        without: A manifest with an amendment in one of these states is not among them.
        content: What must stand in the content, by name.
        days: The first and last declaration date, each may be empty.
        listed: Only these; empty is all.
        closed: Offices and natures of which none are asked for.
    """

    enterprise: str
    period: str
    state: str
    natures: Collection[str]
    without: Collection[str]
    office: str = ""
    ie_flag: str = ""
    content: Mapping[str, str] = field(default_factory=dict)
    days: tuple[str, str] = ("", "")
    listed: Collection[str] = ()
    closed: Collection[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What becomes of documents that a run moves; the rest of each stays as it is.

    Attributes:
        parent: Their parent from now on.
        cause_id: The run.
    """

    from_state: str
    to_state: str
    parent: str
    event: str
    cause_kind: str
    cause_id: str


class Months:
    """The manifests of a month, by criteria or by the run that took them."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def count(self, asked: Offered) -> int:
        """Count the manifests that are asked for."""
        found = select(func.count()).select_from(documents).where(*self._conditions(asked))
        return sum(int(self._connection.execute(found.where(*listed)).scalar()) for listed in _pieces(asked))

    def numbers(self, asked: Offered, *, after: str, limit: int) -> list[str]:
        """Return the numbers of a piece of the manifests that are asked for, in rising order."""
        found = select(documents.c.number).where(*self._conditions(asked), documents.c.number > after)
        found = found.order_by(documents.c.number).limit(limit)
        # The pieces of a list rise: what one gives is before what the next one gives.
        numbers: list[str] = []
        for listed in _pieces(asked, after):
            numbers += self._connection.scalars(found.where(*listed))
            if len(numbers) >= limit:
                break
        return numbers[:limit]

    def many(self, numbers: Collection[str]) -> list[DocumentRow]:
        """Return documents by their numbers, in rising order."""
        return rows(self._connection, DocumentRow, _MANY, numbers=sorted(numbers))

    def of_run(self, run: str, state: str, *, after: str, limit: int) -> list[DocumentRow]:
        """Return a piece of the manifests of a run that are in a state, in rising order."""
        asked = {"run": run, "state": state, "after": after, "limit": limit}
        return rows(self._connection, DocumentRow, _OF_RUN, **asked)

    def move(self, numbers: Sequence[str], move: Move) -> list[str]:
        """Move those of the documents that are in the expected state, with their history; return which."""
        asked = {
            "_numbers": list(numbers),
            "_from": move.from_state,
            "_to": move.to_state,
            "_parent": move.parent,
            "_at": self._now,
        }
        moved = sorted(map(tuple, self._connection.execute(_MOVE, asked))) if numbers else []
        if moved:
            told = {
                "at": self._now,
                "event": move.event,
                "from_state": move.from_state,
                "to_state": move.to_state,
                "cause_kind": move.cause_kind,
                "cause_id": move.cause_id,
            }
            self._connection.execute_many(
                _INSERT_HISTORY,
                [{"number": number, "version": version, **told} for number, version in moved],
            )
        return [number for number, _ in moved]

    def _conditions(self, asked: Offered) -> Iterator[ColumnElement[bool]]:
        columns = documents.c
        yield columns.enterprise == asked.enterprise
        yield columns.kind == "manifest"
        yield columns.period == asked.period
        yield columns.state == asked.state
        yield columns.nature.in_(sorted(asked.natures))
        amendments = documents.alias()
        yield columns.number.not_in(
            select(amendments.c.parent).where(
                amendments.c.enterprise == asked.enterprise,
                amendments.c.kind == "amendment",
                amendments.c.period == asked.period,
                amendments.c.state.in_(sorted(asked.without)),
                amendments.c.parent.is_not(None),
            )
        )
        for office, nature in sorted(asked.closed):
            yield or_(columns.office != office, columns.nature != nature)
        if asked.office:
            yield columns.office == asked.office
        if asked.ie_flag:
            yield columns.ie_flag == asked.ie_flag
        dialect = self._connection.dialect.name
        for name, value in asked.content.items():
            yield at_path(dialect, columns.content, name) == value
        first, last = asked.days
        if first:
            yield at_path(dialect, columns.content, "DeclDate") >= first
        if last:
            yield at_path(dialect, columns.content, "DeclDate") <= last


def _pieces(asked: Offered, after: str = "") -> Iterator[tuple[ColumnElement[bool], ...]]:
    """Yield the conditions of a list, as many numbers at a time as fit into a statement."""
    if not asked.listed:
        yield ()
        return
    listed = sorted(number for number in asked.listed if number > after)
    for piece in pieces(listed):
        yield (documents.c.number.in_(piece),)
