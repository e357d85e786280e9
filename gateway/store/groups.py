"""The manifests of all months, counted by what deadlines depend on (AG-01, AG-12)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select

from gateway.store.connection import Connection
from gateway.store.statements import rows
from gateway.store.tables import documents

_GROUPS = ("enterprise", "period", "office", "nature", "state")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """How many manifests of an enterprise's month are alike in what a deadline depends on."""

    enterprise: str
    period: str
    office: str
    nature: str
    state: str
    manifests: int


class Groups:
    """Counts over manifests; only reads."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count(
        self, states: Collection[str], enterprise: str | None = None, period: str | None = None
    ) -> list[GroupRow]:
        """Count the manifests that are in one of the states, of all enterprises and months or of one."""
        groups = [documents.c[name] for name in _GROUPS]
        found = select(*groups, func.count()).where(
            documents.c.kind == "manifest",
            documents.c.state.in_(sorted(states)),
            documents.c.period.is_not(None),
        )
        for column, value in ((documents.c.enterprise, enterprise), (documents.c.period, period)):
            if value is not None:
                found = found.where(column == value)
        return rows(self._connection, GroupRow, found.group_by(*groups).order_by(*groups))
