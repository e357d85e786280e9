"""Circuits: how the exchange over each route goes; a route without a row goes well (CU-07)."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from gateway.store.connection import Connection
from gateway.store.rows import CircuitRow
from gateway.store.statements import columns_of, first, rows, upsert, values_of
from gateway.store.work_tables import circuits

_SELECT = select(*columns_of(circuits, CircuitRow))
_GET = _SELECT.where(circuits.c.route == bindparam("route"))
_LOCK = _GET.with_for_update()
_HELD = _SELECT.where(circuits.c.state != "closed").order_by(circuits.c.route)
_REMOVE = delete(circuits).where(circuits.c.route == bindparam("_route"))


class Circuits:
    """The routes that do not go well, each with what is known of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, route: str) -> CircuitRow | None:
        """Return how a route goes, None where it goes well."""
        return first(self._connection, CircuitRow, _GET, route=route)

    def lock(self, route: str) -> CircuitRow | None:
        """Return the same; nobody else changes it until the transaction ends."""
        return first(self._connection, CircuitRow, _LOCK, route=route)

    def put(self, row: CircuitRow) -> None:
        """Keep how a route goes."""
        values = values_of(row)
        made = upsert(circuits, self._connection.dialect.name).values(values)
        changed = {name: value for name, value in values.items() if name != "route"}
        self._connection.execute(made.on_conflict_do_update(index_elements=["route"], set_=changed))

    def remove(self, route: str) -> None:
        """Note that a route goes well."""
        self._connection.execute(_REMOVE, {"_route": route})

    def held(self) -> list[CircuitRow]:
        """Return the routes over which not everything goes, by name."""
        return rows(self._connection, CircuitRow, _HELD)
