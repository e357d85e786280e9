"""Which gateways run on the database, for `gateway status`: who lives until when, and does what alone."""

from __future__ import annotations

from typing import Any

from gateway.cli.show import Show
from gateway.store import LeaseRow, Unit


def running(unit: Unit) -> list[dict[str, Any]]:
    """Return the gateways that run, the oldest first."""
    leases = unit.leases.all()
    return [_told(row, leases) for row in leases if row.process]


def show_running(show: Show, rows: list[dict[str, Any]]) -> None:
    """Print them; one that shares its database with nobody does all there is."""
    shown = [
        {
            **row,
            "lives until": row["until"],
            "alone": ", ".join(row["alone"]) if row["until"] else show.word("everything"),
        }
        for row in rows
    ]
    show.rows("gateways", ("gateway", "process", "since", "lives until", "alone"), shown)


def _told(row: LeaseRow, leases: list[LeaseRow]) -> dict[str, Any]:
    return {
        "gateway": row.holder,
        "process": row.process,
        "since": f"{row.since:%F %T}",
        "until": f"{row.until:%F %T}" if row.until else "",
        "alone": [each.name for each in leases if each.holder == row.holder and not each.process],
    }
