"""The one place that opens a gateway: everything that it works with, put together and taken apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

from gateway.building import make_mappings, make_policies, make_token, make_world
from gateway.channels import LineLog, Waker, owner_of, take_owner
from gateway.clock import Clock
from gateway.config import Settings
from gateway.database import make_store
from gateway.doors import Doors
from gateway.errors import RejectedError
from gateway.formats import MAX_TABLE_BYTES
from gateway.parts import Gateway
from gateway.signing import Signer
from gateway.stages import done_alone, intake_of
from gateway.steps.mappings_in_force import Mappings
from gateway.steps.portions import Portions
from gateway.steps.refusals import Refusals
from gateway.steps.replies import OPERATORS
from gateway.steps.rounds import Rounds
from gateway.steps.routing import stranded
from gateway.steps.sealing import check_newest
from gateway.steps.token_watch import TokenWatch, device_of
from gateway.steps.trouble import PRINTS, Trouble
from gateway.steps.trust import make_trust
from gateway.steps.waiting import Waits
from gateway.store import Store


class Bell:
    """Carries the call of a folder that changed to the stage that reads it, once there is one."""

    def __init__(self) -> None:
        self.answer: Callable[[str], None] = _nobody

    def ring(self, stage: str) -> None:
        """Call a stage."""
        self.answer(stage)


@contextmanager
def open_gateway(settings: Settings, clock: Clock, bell: Bell) -> Iterator[Gateway]:
    """Build a gateway that can run, and take it apart at the end.

    Raises:
        RejectedError: Every fault of schemas, tables, mappings or certificates, or `routing.in-use`.
        ParkedError: `store.runs-already`: another gateway has the same database alone; or `restore.put-back`.
        RetryError: The database or the module cannot be used now.
    """
    with ExitStack() as parts:
        store = make_store(settings, clock)
        parts.callback(store.close)
        world = make_world(settings, clock)
        with store.read() as unit:
            if faults := stranded(settings, unit):
                raise RejectedError(faults)
        check_newest(settings, store)
        member = parts.enter_context(store.join(settings.workers.lease_seconds, done_alone(settings)))
        _be_one_installation(settings, store)
        waker = parts.enter_context(Waker())
        token = make_token(settings, clock)
        parts.callback(token.close)
        doors = Doors(settings, waker)
        parts.callback(doors.close)
        inboxes = {
            each.name: doors.inbox(
                each.inbox, partial(bell.ring, intake_of(each.inbox)), limit_bytes=MAX_TABLE_BYTES
            )
            for each in settings.partner
        }
        customs_inboxes = {
            each.name: doors.inbox(each.receipts, partial(bell.ring, f"receive {each.name}"))
            for each in settings.route
        }
        outboxes = {each.name: doors.outbox(each.receipts) for each in settings.partner}
        outboxes[OPERATORS] = LineLog(settings.path(settings.folders.receipt_log))
        yield Gateway(
            world=world,
            store=store,
            member=member,
            mappings=Mappings(world, store, partial(make_mappings, settings, world)),
            signer=Signer(token, clock.now, make_policies(settings)),
            token_watch=TokenWatch(store, device_of(member), settings.token.hanging_seconds),
            trust=make_trust(settings),
            partner_inboxes=inboxes,
            customs_inboxes=customs_inboxes,
            customs_outboxes={each.name: doors.outbox(each.outbox) for each in settings.route},
            notice_outboxes=outboxes,
            trouble=_trouble(settings, store),
            months=Rounds(world, store),
            waits=Waits(world, store),
            portions=Portions(world, store, member),
            refusals=Refusals(world, store),
        )


def _be_one_installation(settings: Settings, store: Store) -> None:
    """Claim at servers under one name with all gateways of the database, so that each is the others' heir."""
    if not settings.sftp:
        return
    var = settings.path(settings.folders.var)
    own = owner_of(var)
    with store.begin() as unit:
        common = unit.leases.installation(own)
    if common != own:
        take_owner(var, common)


def _trouble(settings: Settings, store: Store) -> Trouble:
    trouble = Trouble(store)
    trouble.keep([*(name for name, _ in settings.channel_places()), f"notices {OPERATORS}", PRINTS])
    return trouble


def _nobody(stage: str) -> None:
    """Let a call go unheard before the workers are there; their first look is due anyway."""
