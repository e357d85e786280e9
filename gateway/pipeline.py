"""READ FIRST: the way of a message, stage by stage; each arrow between two stages is a committed row.

    channel ──► intake ──► understand ─┬─► sign ──► dispatch ──► customs ──► receive ──► believe ─┐
                                       └─► make ──► notify ──► ERP  ◄────────────────────────────┘
    clock ────► tick: months to be aggregated, deadlines, overdue receipts; watch: mappings, token

A stage takes a batch, does each item under a savepoint of its own, and commits once: one bad message harms
no other, and a process may die between any two commits. Each route and each server's channels have a thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from gateway.errors import ParkedError, RejectedError
from gateway.parts import Gateway
from gateway.steps import delivering, making, runs, sealing, submitting
from gateway.steps.arrivals import keep_arrivals, keep_receipts, put_away, put_away_understood
from gateway.steps.commands import understand_one
from gateway.steps.containment import contained
from gateway.steps.receiving import conclude, weigh
from gateway.steps.replies import quarantine
from gateway.steps.turns import take_interchanges, take_receipts

BATCH = 50
SIGN_BATCH = 20


def intake(gateway: Gateway, partners: Iterable[str]) -> int:
    """Claim each ERP's bytes and store them; put a file away once it is understood (ER-05)."""
    done = 0
    for partner in partners:
        inbox = gateway.partner_inboxes[partner]
        with gateway.trouble.at(f"inbox {partner}"):
            arrivals, refusals = inbox.receive(BATCH), inbox.refusals()
            with gateway.store.begin() as unit:
                keep_arrivals(gateway.world, unit, partner, arrivals, refusals)
            inbox.stored((*arrivals, *refusals))
            done += len(arrivals) + len(refusals) + put_away_understood(gateway.store, partner, inbox, BATCH)
    return done


def understand(gateway: Gateway) -> int:
    """Read, map and check each interchange, let documents decide, and write its one reply (ER-04)."""
    with gateway.store.begin() as unit:
        for interchange in (batch := take_interchanges(gateway.world, unit, BATCH)):
            try:
                with unit.savepoint(), contained(interchange.name):
                    understand_one(gateway.world, gateway.mappings.current(), unit, interchange)
            except (RejectedError, ParkedError) as fault:
                quarantine(gateway.world, unit, interchange, fault)
    return len(batch) + gateway.portions.advance(gateway.mappings.current())


def sign(gateway: Gateway) -> int:
    """Sign with the token what waits for it; nothing else waits for the token (ID-01, ID-03)."""
    with gateway.store.begin() as unit:
        batch = submitting.take_to_sign(unit, gateway.member, SIGN_BATCH)
    if not batch:
        return 0
    result = submitting.sign_batch(gateway.signer, gateway.token_watch, batch)
    with gateway.store.begin() as unit:
        submitting.note_signatures(gateway.world, unit, gateway.member, result)
    result.raise_trouble()
    return result.done


def dispatch(gateway: Gateway, route: str) -> int:
    """Send the stored signed bytes of a route; each attempt is noted before and after (CU-05, CU-07)."""
    with gateway.store.begin() as unit:
        batch = submitting.begin_attempts(gateway.world, unit, gateway.member, route, BATCH)
    if not batch:
        return 0
    still_ours = partial(gateway.member.check, batch[0].holder)
    faults = gateway.customs_outboxes[route].send_many([attempt.file for attempt in batch], still_ours)
    return submitting.note_attempts(gateway.world, gateway.store, batch, faults)


def receive(gateway: Gateway, route: str) -> int:
    """Store what customs sends, raw and unread, before it is put away at its channel (CU-03)."""
    inbox = gateway.customs_inboxes[route]
    with gateway.trouble.at(f"receipts {route}", pausing=True):
        arrivals, refusals = inbox.receive(BATCH), inbox.refusals()
        with gateway.store.begin() as unit:
            keep_receipts(unit, route, arrivals, refusals)
        return put_away(inbox, arrivals, refusals)


def believe(gateway: Gateway) -> int:
    """Verify and correlate each stored receipt, and let its document decide (CU-02, CU-03)."""
    with gateway.store.begin() as unit:
        batch = take_receipts(unit, BATCH)
        conclude(unit, [weigh(gateway.world, gateway.trust, unit, receipt) for receipt in batch])
    return len(batch)


def make(gateway: Gateway) -> int:
    """Make, where nobody waits for it: results, exports, prints; where faults come from (QR-09, EN-05)."""
    return making.make_ordered(gateway.world, gateway.store, gateway.trouble) + gateway.refusals.make()


def notify(gateway: Gateway, partners: Iterable[str]) -> int:
    """Deliver replies and notices to each ERP, and lines to the receipt log (ER-06)."""
    done = 0
    for partner in partners:
        with gateway.trouble.at(f"notices {partner}"):
            outbox = gateway.notice_outboxes[partner]
            done += delivering.deliver(gateway.store, gateway.member, outbox, partner, BATCH)
    return done


def tick(gateway: Gateway) -> int:
    """Do what is due by now: aggregate months, tell what is late (AG-04, AG-12)."""
    done = runs.advance_runs(gateway.world, gateway.store)
    done += gateway.months.look(busy=done > 0)
    return done + gateway.waits.look()


def watch(gateway: Gateway) -> int:
    """Take changed mappings, all of them or none, and tell of a token that hangs (ER-03, ID-03)."""
    return gateway.mappings.look() + gateway.token_watch.look()


def seal(gateway: Gateway) -> int:
    """Seal what the audit trail has been given, so that no change to it stays unseen."""
    return sealing.seal_trail(gateway.world.settings, gateway.store)
