"""The technical acknowledgement of an EDIFACT interchange: CONTRL, beside the one reply."""

from __future__ import annotations

from gateway.errors import ParkedError
from gateway.formats import acknowledgement, looks_like_edifact
from gateway.steps.containment import contained
from gateway.steps.records import World
from gateway.steps.trouble import values_of
from gateway.store import InterchangeRow, NoticeRow, Unit

CONTRL = "contrl"
_BEGINNING = 100


def acknowledge(world: World, unit: Unit, interchange: InterchangeRow, name: str) -> None:
    """Answer an EDIFACT interchange with CONTRL: whether its syntax is sound, and where it is not (ER-02).

    What its messages ask for is answered by the reply. The same bytes get the same CONTRL.
    """
    if not looks_like_edifact(unit.raw.beginning(interchange.digest, _BEGINNING)):
        return
    encoding = world.partner(interchange.partner).encoding or ""
    try:
        with contained(interchange.name):
            data = acknowledgement(unit.raw.get(interchange.digest), encoding)
    except ParkedError as fault:
        # The reply is not held up: it says more than CONTRL could.
        unit.alerts.open(fault.code, interchange.name, values_of(fault))
        return
    if data is not None:
        unit.notices.add(
            NoticeRow(
                partner=interchange.partner,
                kind=CONTRL,
                name=name,
                digest=unit.raw.put(data),
                created_at=unit.now,
            )
        )
