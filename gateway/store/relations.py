"""The merge relation: which manifest item went into which declaration item (AG-09, QR-04)."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Text, bindparam, cast, func, insert, or_, select

from gateway.store.connection import Connection
from gateway.store.rows import RelationRow
from gateway.store.statements import columns_of, rows
from gateway.store.tables import aggregation_drafts as drafts
from gateway.store.tables import aggregation_goods as goods
from gateway.store.tables import aggregation_lines as lines
from gateway.store.tables import relations

_SELECT = select(*columns_of(relations, RelationRow))


def _plain(units: ColumnElement[int]) -> ColumnElement[str]:
    """Write whole numbers of 0.00001 as a plain decimal without trailing zeros."""
    fraction = func.substr(cast(_SCALE + units % _SCALE, Text), 2)
    return func.rtrim(func.rtrim(cast(units // _SCALE, Text) + "." + fraction, "0"), ".")


_SCALE = 100_000
_TAKE = insert(relations).from_select(
    [column.name for column in relations.c],
    select(
        *(lines.c.manifest, lines.c.position, drafts.c.number, goods.c.position),
        *(_plain(lines.c.quantity), _plain(lines.c.total)),
    )
    .join(goods, (goods.c.run == lines.c.run) & (goods.c.item == lines.c.item))
    .join(drafts, (drafts.c.run == goods.c.run) & (drafts.c.declaration == goods.c.declaration))
    .where(
        lines.c.run == bindparam("run"),
        lines.c.manifest > bindparam("after"),
        lines.c.manifest <= bindparam("upto"),
    )
    .order_by(lines.c.manifest, lines.c.position),
)


class Relations:
    """Manifest items and the declaration items that they were merged into."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def take(self, run: str, after: str, upto: str) -> None:
        """Keep where the items of a run's manifests after one and up to another go.

        Raises:
            ParkedError: `store.refused`: a manifest item is in a declaration already.
        """
        self._connection.execute(_TAKE, {"run": run, "after": after, "upto": upto})

    def page(self, number: str, *, offset: int, limit: int) -> list[RelationRow]:
        """Return a page of what became of a manifest or a declaration (QR-04)."""
        order = (
            *(relations.c.declaration_number, relations.c.declaration_item),
            *(relations.c.manifest_number, relations.c.manifest_item),
        )
        found = _SELECT.where(_about(number)).order_by(*order)
        return rows(self._connection, RelationRow, found.offset(offset).limit(limit))

    def count(self, number: str) -> int:
        """Count the items that a manifest or a declaration shares with the other."""
        found = select(func.count()).select_from(relations).where(_about(number))
        return int(self._connection.execute(found).scalar())

    def of_manifest(self, number: str) -> list[RelationRow]:
        """Return where each item of a manifest went, in the manifest's order."""
        found = _SELECT.where(relations.c.manifest_number == number)
        return rows(self._connection, RelationRow, found.order_by(relations.c.manifest_item))

    def of_declaration(self, number: str) -> list[RelationRow]:
        """Return what each item of a declaration was made of, in the declaration's order."""
        found = _SELECT.where(relations.c.declaration_number == number)
        order = (relations.c.declaration_item, relations.c.manifest_number, relations.c.manifest_item)
        return rows(self._connection, RelationRow, found.order_by(*order))


def _about(number: str) -> ColumnElement[bool]:
    return or_(relations.c.manifest_number == number, relations.c.declaration_number == number)
