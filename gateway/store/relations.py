"""The merge relation: which manifest item went into which declaration item (AG-09, QR-04)."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, func, insert, or_, select

from gateway.store.rows import RelationRow
from gateway.store.statements import columns_of, rows, values_of
from gateway.store.tables import relations

_SELECT = select(*columns_of(relations, RelationRow))


class Relations:
    """Manifest items and the declaration items that they were merged into."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, made: Iterable[RelationRow]) -> None:
        """Keep the relation of an aggregation.

        Raises:
            ParkedError: `store.refused`: a manifest item is in a declaration already.
        """
        values = [values_of(row) for row in made]
        if values:
            self._connection.execute(insert(relations), values)

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
        return int(self._connection.execute(found).scalar_one())

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
