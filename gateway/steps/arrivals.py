"""What comes in at the channels: kept whole before anything is read, and put away once it is safe."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.channels import Arrival, Inbox, Refusal, reason_of
from gateway.customs import lane_of
from gateway.errors import RetryError
from gateway.steps.records import World
from gateway.steps.replies import line_about, log_receipts, refuse_unread
from gateway.steps.trouble import reasons_of
from gateway.store import InterchangeRow, ReceiptRow, Store, Unit

NOT_TAKEN = "receipt.not-taken"


def keep_arrivals(
    world: World, unit: Unit, partner: str, arrivals: Sequence[Arrival], refusals: Sequence[Refusal]
) -> None:
    """Store what a channel brought, and tell what it could not read (ER-05)."""
    digests = unit.raw.put_many([arrival.data for arrival in arrivals])
    for arrival, digest in zip(arrivals, digests, strict=True):
        _keep_interchange(unit, partner, arrival, digest)
    for refusal in refusals:
        _keep_refusal(world, unit, partner, refusal)


def _keep_interchange(unit: Unit, partner: str, arrival: Arrival, digest: str) -> None:
    """Keep what arrived, whole and unread; a delivery that comes again is known (ER-05)."""
    row = unit.interchanges.add(
        InterchangeRow(
            channel=f"inbox/{partner}",
            partner=partner,
            name=arrival.name,
            digest=digest,
            delivery=arrival.delivery,
            received_at=unit.now,
        )
    )
    if row.received_at != unit.now:
        unit.interchanges.came_again(row.id)


def _keep_refusal(world: World, unit: Unit, partner: str, refusal: Refusal) -> None:
    """Keep that a delivery could not be read, and why; what comes again is known and told once (ER-05)."""
    row = unit.interchanges.add(
        InterchangeRow(
            channel=f"inbox/{partner}",
            partner=partner,
            name=refusal.name,
            # None of its bytes were had.
            digest=unit.raw.put(b""),
            delivery=refusal.delivery,
            received_at=unit.now,
        )
    )
    if row.received_at != unit.now:
        unit.interchanges.came_again(row.id)
        return
    digest = refuse_unread(world, unit, row, refusal.violation)
    reason = reason_of(refusal.name, refusal.violation)
    unit.interchanges.quarantined(row.id, reason=reason, reply=digest)


def put_away_understood(store: Store, partner: str, inbox: Inbox, limit: int) -> int:
    """Settle what is understood at its channel, and return how much that was.

    The channel is asked outside of any transaction: a folder that hangs keeps nobody from the database.
    One file that cannot be put away keeps no other.

    Raises:
        RetryError: `channels.not-settled`, of the first; what was put away is noted.
    """
    with store.begin() as unit:
        rows = unit.interchanges.take_to_settle(partner, limit)
    done: list[int] = []
    faults: list[RetryError] = []
    for row in rows:
        try:
            inbox.settle(row.delivery, row.outcome, row.reason)
            done.append(row.id)
        except RetryError as fault:
            faults.append(fault)
    if done:
        with store.begin() as unit:
            unit.interchanges.settled(done)
    if faults:
        raise faults[0]
    return len(done)


def keep_receipts(unit: Unit, route: str, arrivals: Sequence[Arrival], refusals: Sequence[Refusal]) -> None:
    """Store what customs sent, whole and unread, and tell what could not be had (CU-03)."""
    not_taken = {alert.subject for alert in unit.alerts.opened(NOT_TAKEN)}
    digests = unit.raw.put_many([arrival.data for arrival in arrivals])
    came = [
        ReceiptRow(
            digest=digest,
            channel=route,
            name=arrival.name,
            received_at=unit.now,
            lane=lane_of(arrival.data),
        )
        for arrival, digest in zip(arrivals, digests, strict=True)
    ]
    # No stage takes a copy, so that its line is written here.
    copies = unit.receipts.add(came)
    log_receipts(unit, [line_about(unit, copy, {}, {"outcome": str(copy.state)}) for copy in copies])
    for name in sorted(not_taken.intersection(arrival.name for arrival in arrivals)):
        unit.alerts.close(NOT_TAKEN, name)
    for refusal in refusals:
        values = {"name": refusal.name, **reasons_of(refusal.violation)}
        unit.alerts.open(NOT_TAKEN, refusal.name, values)


def put_away(inbox: Inbox, arrivals: Sequence[Arrival], refusals: Sequence[Refusal]) -> int:
    """Settle what is stored or told, and return how much that was.

    Raises:
        RetryError: `channels.not-settled`; what is not put away comes again and is known.
    """
    for arrival in arrivals:
        inbox.settle(arrival.delivery, "done")
    for refusal in refusals:
        inbox.settle(refusal.delivery, "quarantined", reason_of(refusal.name, refusal.violation))
    # One that cannot even be claimed stays where it is, and was told.
    inbox.stored(refusals)
    return len(arrivals) + len(refusals)
