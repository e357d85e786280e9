"""What customs has not answered in time: told once, until the answer comes."""

from __future__ import annotations

from datetime import timedelta

from gateway.records import World
from gateway.store import Unit

OVERDUE = "waiting.overdue"


def tell_overdue(world: World, unit: Unit) -> int:
    """Open an alert for each submission whose technical or business receipt is late (CU-01)."""
    waiting = world.settings.waiting
    overdue = unit.submissions.overdue(
        technical_before=unit.now - timedelta(minutes=waiting.technical_minutes),
        business_before=unit.now - timedelta(minutes=waiting.business_minutes),
    )
    return sum(
        unit.alerts.open(OVERDUE, row.id, {"number": row.number, "sent_at": row.sent_at}) for row in overdue
    )
