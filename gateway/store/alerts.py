"""Alerts: what a person must see, told once and open until it is over (ID-03)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, Update, bindparam, select, update

from gateway.store.connection import Connection
from gateway.store.rows import AlertRow
from gateway.store.statements import added_once, columns_of, one_of, rows
from gateway.store.work_tables import alerts

_SELECT = select(*columns_of(alerts, AlertRow))
_CLOSE = update(alerts).where(alerts.c.subject == bindparam("_subject"), alerts.c.closed_at.is_(None))


class Alerts:
    """Open and closed alerts, at most one open for each code and subject."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def open(self, code: str, subject: str, values: Mapping[str, Any]) -> bool:
        """Open an alert; return whether it is new, False while the same one is open already."""
        row = {"code": code, "subject": subject, "opened_at": self._now, "values": dict(values)}
        return added_once(self._connection, alerts, row, "id") is not None

    def close(self, code: str, subject: str) -> bool:
        """Close the open alert; return whether there was one."""
        return self.close_all((code,), subject)

    def close_all(self, codes: Collection[str], subject: str) -> bool:
        """Close what is open of one subject under any of these codes; return whether anything was."""
        values = {"_subject": subject, "closed_at": self._now}
        return bool(codes) and self._connection.execute(_close(*sorted(codes)), values).rowcount > 0

    def opened(self, *codes: str) -> list[AlertRow]:
        """Return the open alerts, of some codes or of all, by code and subject."""
        return rows(self._connection, AlertRow, _opened(*codes))


@cache
def _opened(*codes: str) -> Select[Any]:
    # Every look of every stage asks for some.
    found = _SELECT.where(alerts.c.closed_at.is_(None))
    if codes:
        found = found.where(one_of(alerts.c.code, codes))
    return found.order_by(alerts.c.code, alerts.c.subject)


@cache
def _close(*codes: str) -> Update:
    # By this index each code is looked for, and nothing else is read.
    return _CLOSE.where(one_of(alerts.c.code, codes))
