"""What a gateway consists of: the real things that the stages work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.channels import Inbox, Outbox
from gateway.signing import Signer
from gateway.steps.mappings_in_force import Mappings
from gateway.steps.portions import Portions
from gateway.steps.records import World
from gateway.steps.refusals import Refusals
from gateway.steps.rounds import Rounds
from gateway.steps.token_watch import TokenWatch
from gateway.steps.trouble import Trouble
from gateway.steps.trust import Trust
from gateway.steps.waiting import Waits
from gateway.store import Member, Store


@dataclass(frozen=True)
class Gateway:
    """The real things that the stages work with, put together in `bootstrap`."""

    world: World
    store: Store
    member: Member
    mappings: Mappings
    signer: Signer
    token_watch: TokenWatch
    trust: Trust
    customs_inboxes: Mapping[str, Inbox]
    customs_outboxes: Mapping[str, Outbox]
    partner_inboxes: Mapping[str, Inbox]
    notice_outboxes: Mapping[str, Outbox]  # by partner; that of the operators is the receipt log
    trouble: Trouble
    months: Rounds
    waits: Waits
    portions: Portions
    refusals: Refusals
