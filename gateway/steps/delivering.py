"""Notices on their way: what is to be told leaves at its channel, and what came of that is noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from gateway.channels import Outbox
from gateway.errors import GatewayError, ParkedError
from gateway.steps.replies import LOG
from gateway.steps.submitting import raise_one
from gateway.steps.trouble import values_of
from gateway.store import Member, NoticeRow, Store, Unit


def deliver(store: Store, member: Member, outbox: Outbox, partner: str, limit: int) -> int:
    """Send what a partner is to be told, and return how much is over and done with.

    The channel is used outside of any transaction: one that hangs keeps nobody from the database.

    Raises:
        RetryError: As it came from the channel; what was delivered before is noted. `store.lease-lost`:
            another gateway may have delivered it meanwhile.
    """
    holder = member.id
    with store.begin() as unit:
        rows = unit.notices.take(partner, limit)
        files = unit.raw.many((_name(row), row.digest) for row in rows)
    if not rows:
        return 0
    faults = outbox.send_many(files, partial(member.check, holder))
    with store.begin() as unit:
        done = _note(unit, rows, faults)
    raise_one(faults)
    return done


def _note(unit: Unit, rows: Sequence[NoticeRow], faults: Mapping[str, GatewayError]) -> int:
    """Note which notices have reached their channel; one that cannot is left to a person."""
    unit.notices.delivered([row.id for row in rows if _name(row) not in faults])
    parked = [row for row in rows if isinstance(faults.get(_name(row)), ParkedError)]
    for row in parked:
        fault = faults[_name(row)]
        unit.notices.park(row.id)
        unit.alerts.open(fault.code, f"notice {row.id}", values_of(fault))
    return len(rows) - len(faults) + len(parked)


def _name(row: NoticeRow) -> str:
    """Return the name under which a notice is delivered; a line of the log goes by its number."""
    return str(row.id) if row.kind == LOG else row.name
