"""What an aggregation works with: lines of manifests, merged in the database, and drafts of declarations."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any, Protocol

from sqlalchemy import bindparam, cast, delete, func, insert, select, update

from gateway.fields import Fields
from gateway.store.columns import Count, storable
from gateway.store.connection import Connection
from gateway.store.statements import CHUNK, LIMIT, columns_of, rows, values_of
from gateway.store.tables import aggregation_drafts as drafts
from gateway.store.tables import aggregation_goods as goods
from gateway.store.tables import aggregation_lines as lines


@dataclass(frozen=True, slots=True)
class LineRow:
    """One manifest item on its way into a declaration; figures are whole numbers of 0.00001."""

    manifest: str
    position: int
    part: str
    item: str
    words: str
    rank: str
    quantity: int
    total: int
    first_quantity: int | None
    second_quantity: int | None
    net: int
    tare: int
    packages: int
    freight: int | None
    insurance: int | None
    other: int | None
    wrap: str
    contract: str


FIGURES = tuple(each.name for each in fields(LineRow))[6:-2]


@dataclass(frozen=True, slots=True)
class MergedRow:
    """The lines of one item, merged: their ranks, what they have in common, their figures in order."""

    part: str
    item: str
    first: str
    last: str
    wraps: tuple[str, str]
    contracts: tuple[str, str]
    figures: Sequence[Any]


@dataclass(frozen=True, slots=True)
class SumRow:
    """What was put into one item of a declaration, added up by the database."""

    declaration: int
    position: int
    lines: int
    words: tuple[str, str]
    figures: Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftRow:
    """A declaration that is composed and not a document yet; its number, once it has been given one."""

    declaration: int
    office: str
    nature: str
    ie_flag: str
    state: str
    content: Fields
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceRow:
    """Which item of which declaration a merged item is."""

    item: str
    declaration: int
    position: int


_SUMS = [cast(func.sum(lines.c[name]), Count) for name in FIGURES]
_OLDEST = func.min(lines.c.rank)
_MERGED = (
    select(
        *(lines.c.part, lines.c.item, _OLDEST, func.max(lines.c.rank)),
        *(func.min(lines.c.wrap), func.max(lines.c.wrap)),
        *(func.min(lines.c.contract), func.max(lines.c.contract)),
        *_SUMS,
    )
    .where(lines.c.run == bindparam("run"))
    .group_by(lines.c.part, lines.c.item)
    .order_by(func.min(_OLDEST).over(partition_by=lines.c.part), _OLDEST)
)
_PLACED = lines.join(goods, (goods.c.run == lines.c.run) & (goods.c.item == lines.c.item))
_SUMMED = (
    select(
        *(goods.c.declaration, goods.c.position, func.count()),
        *(func.min(lines.c.words), func.max(lines.c.words)),
        *_SUMS,
    )
    .select_from(_PLACED)
    .where(lines.c.run == bindparam("run"))
    .group_by(goods.c.declaration, goods.c.position)
    .order_by(goods.c.declaration, goods.c.position)
)
_BETWEEN = (
    lines.c.run == bindparam("run"),
    lines.c.manifest > bindparam("after"),
    lines.c.manifest <= bindparam("upto"),
)
_LINES = select(*columns_of(lines, LineRow)).where(*_BETWEEN).order_by(lines.c.manifest, lines.c.position)
_MANIFESTS = (
    select(lines.c.manifest)
    .distinct()
    .where(lines.c.run == bindparam("run"), lines.c.manifest > bindparam("after"))
    .order_by(lines.c.manifest)
    .limit(LIMIT)
)
_DRAFTS = (
    select(*columns_of(drafts, DraftRow))
    .where(drafts.c.run == bindparam("run"), drafts.c.declaration > bindparam("after"))
    .order_by(drafts.c.declaration)
    .limit(LIMIT)
)
_WENT_INTO = (
    select(lines.c.manifest, lines.c.position, goods.c.position)
    .select_from(_PLACED)
    .join(drafts, (drafts.c.run == goods.c.run) & (drafts.c.declaration == goods.c.declaration))
    .where(lines.c.run == bindparam("run"), drafts.c.number == bindparam("number"))
    .order_by(goods.c.position, lines.c.manifest, lines.c.position)
)
_NUMBER = (
    update(drafts)
    .where(drafts.c.run == bindparam("_run"), drafts.c.declaration == bindparam("_declaration"))
    .values(number=bindparam("_number"))
)
_REMOVE = delete(lines).where(lines.c.run == bindparam("run"), lines.c.manifest <= bindparam("upto"))
# The order of the table, without the run before these and the texts of others after them.
_VALUES = attrgetter(*(column.name for column in lines.c if column.name not in {"run", "wrap", "contract"}))


class Line(Protocol):
    """A line of whatever class; its further attributes are those of `LineRow`."""

    @property
    def wrap(self) -> str:
        """The kind of packing, as others wrote it."""
        ...

    @property
    def contract(self) -> str:
        """The contract, as others wrote it."""
        ...


class Lines:
    """Lines, goods and drafts of runs; a rehearsal has them in a store of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, run: str, made: Iterable[Line]) -> None:
        """Keep lines: any objects with the attributes of a `LineRow`."""
        values = [(run, *_VALUES(line), storable(line.wrap), storable(line.contract)) for line in made]
        if values:
            self._connection.library.exec_driver_sql(_insert(self._connection.dialect.name), values)

    def between(self, run: str, after: str, upto: str) -> list[LineRow]:
        """Return the lines of the manifests after one and up to another, in their order."""
        asked = {"run": run, "after": after, "upto": upto}
        return [LineRow(*row) for row in self._connection.execute(_LINES, asked)]

    def count(self, run: str) -> int:
        """Count all lines."""
        found = select(func.count()).select_from(lines).where(lines.c.run == run)
        return int(self._connection.execute(found).scalar())

    def manifests(self, run: str, *, after: str, limit: int) -> list[str]:
        """Return the numbers of the next manifests that have lines."""
        asked = {"run": run, "after": after, "limit": limit}
        return list(self._connection.scalars(_MANIFESTS, asked))

    def merged(self, run: str) -> Generator[MergedRow, None, None]:
        """Yield the lines merged by item: the part with the oldest line first, and so the items of each.

        The database does the sorting; only a piece of it is ever in memory here. Whoever may not come to
        the end closes it.
        """
        for part, item, first, last, wrap, wraps, contract, contracts, *sums in self._stream(_MERGED, run):
            yield MergedRow(part, item, first, last, (wrap, wraps), (contract, contracts), sums)

    def place(self, run: str, places: Iterable[PlaceRow], made: Iterable[DraftRow]) -> None:
        """Keep drafts, and which item of which draft each merged item is."""
        for table, found in ((goods, places), (drafts, made)):
            values = [values_of(each) | {"run": run} for each in found]
            if values:
                self._connection.execute_many(insert(table), values)

    def drafts(self, run: str, *, after: int, limit: int) -> list[DraftRow]:
        """Return the next drafts, in their order."""
        return rows(self._connection, DraftRow, _DRAFTS, run=run, after=after, limit=limit)

    def went_into(self, run: str, number: str) -> list[tuple[str, int, int]]:
        """Return what goes into a declaration of an open run: manifest, its item, the declaration's item."""
        return [tuple(row) for row in self._connection.execute(_WENT_INTO, {"run": run, "number": number})]

    def number(self, run: str, numbers: Iterable[tuple[int, str]]) -> None:
        """Note the unified numbers that declarations were given."""
        values = [
            {"_run": run, "_declaration": declaration, "_number": number} for declaration, number in numbers
        ]
        if values:
            self._connection.execute_many(_NUMBER, values)

    def sums(self, run: str) -> Generator[SumRow, None, None]:
        """Yield what was put into each item of each declaration, in their order; to be closed as `merged`."""
        for declaration, position, count, least, most, *sums in self._stream(_SUMMED, run):
            yield SumRow(declaration, position, count, (least, most), sums)

    def remove(self, run: str, upto: str) -> None:
        """Throw away the lines of the manifests up to one."""
        self._connection.execute(_REMOVE, {"run": run, "upto": upto})

    def _stream(self, statement: Any, run: str) -> Iterator[Any]:
        result = self._connection.library.execute(
            statement, {"run": run}, execution_options={"yield_per": CHUNK}
        )
        try:
            yield from result
        finally:
            result.close()


@cache
def _insert(dialect: str) -> str:
    """Return the insert of a line for the driver itself: a month has millions of values to be passed on."""
    mark = {"sqlite": "?", "postgresql": "%s"}[dialect]
    names, marks = ", ".join(column.name for column in lines.c), ", ".join(mark for _ in lines.c)
    return f"INSERT INTO {lines.name} ({names}) VALUES ({marks})"  # noqa: S608 -- names of our own alone
