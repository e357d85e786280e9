"""The one place that builds real objects: from the configuration to a gateway that can run."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

from gateway import pipeline
from gateway.channels import FolderInbox, FolderOutbox, LineLog, Outbox, Waker
from gateway.clock import Clock
from gateway.codes import CodeTables, PartialTables
from gateway.config import Settings
from gateway.errors import ParkedError
from gateway.mapping import MappingSet
from gateway.messages import Catalogue
from gateway.pipeline import Gateway
from gateway.records import World
from gateway.replies import OPERATORS
from gateway.signing import (
    Binding,
    Login,
    Module,
    PinLatch,
    PinSource,
    Signer,
    Token,
    Verifier,
    find_softhsm,
    load_certificates,
    pin_from_credential,
    pin_from_environment,
    pin_from_file,
)
from gateway.store import Store
from gateway.trouble import Trouble
from gateway.workers import Workers

PIN_VARIABLE = "GATEWAY_TOKEN_PIN"

# Which stage may find work after which; every stage looks for itself now and then besides.
WAKES = {
    "intake": ("understand",),
    "understand": ("sign", "notify", "intake"),
    "sign": ("dispatch",),
    "dispatch": (),
    "receive": ("sign", "notify"),
    "notify": (),
    "tick": ("sign", "notify"),
}


class Bell:
    """Carries the call of a folder that changed to the stage that reads it, once there is one."""

    def __init__(self) -> None:
        self.answer: Callable[[str], None] = _nobody

    def ring(self, stage: str) -> None:
        """Call a stage."""
        self.answer(stage)


def make_store(settings: Settings, clock: Clock) -> Store:
    """Open the database, its tables brought to the newest form.

    Raises:
        RetryError: `store.not-now`.
        ParkedError: `store.unknown-database`.
    """
    settings.path(settings.folders.var).mkdir(parents=True, exist_ok=True)
    store = Store(settings.database_url, clock)
    store.migrate()
    return store


def make_world(settings: Settings, clock: Clock) -> World:
    """Load schemas and code tables.

    Raises:
        RejectedError: Every fault of the schemas, or of the tables.
    """
    folders = settings.folders
    return World(
        settings=settings,
        catalogue=Catalogue.load(settings.path(folders.schemas)),
        codes=CodeTables.load(
            None if folders.codes is None else settings.path(folders.codes), clock.now().date()
        ),
        new_message_id=lambda: str(uuid4()).upper(),
    )


def make_mappings(settings: Settings, world: World) -> MappingSet:
    """Load the mappings.

    Raises:
        RejectedError: Every fault of every mapping.
    """
    tables = PartialTables(world.codes)
    return MappingSet.load(settings.path(settings.folders.mappings), tables)


def make_latch(settings: Settings, clock: Clock) -> PinLatch:
    """Return the memory of refused PINs (ID-05)."""
    return PinLatch(settings.path(settings.folders.var) / "pin-latch.json", clock.now)


def make_module(settings: Settings) -> Module:
    """Return the PKCS#11 module of the configuration, or SoftHSM2 where none is named.

    Raises:
        RetryError: `token.softhsm-absent`.
    """
    token = settings.token
    environment = {}
    if token.softhsm_conf is not None:
        environment["SOFTHSM2_CONF"] = str(settings.path(token.softhsm_conf))
    return Module(token.module or find_softhsm(), environment)


def make_token(settings: Settings, clock: Clock) -> Token:
    """Return the token, which is opened by the thread that signs first (ID-01).

    Raises:
        RetryError: `token.softhsm-absent`.
    """
    token = settings.token
    login = Login(
        pin=_pin(settings),
        latch=make_latch(settings, clock),
        token_reports_failed_logins=token.softhsm_conf is not None,
    )
    bindings = [Binding(enterprise.code, enterprise.key_label) for enterprise in settings.enterprise]
    return Token(make_module(settings), token.label, bindings, login)


def make_verifier(settings: Settings) -> Verifier:
    """Return the verifier of customs' receipts, with the pinned certificates (CU-02).

    Raises:
        RejectedError: Every certificate that cannot be read.
    """
    route = settings.route[0]
    return Verifier(load_certificates(settings.path(file) for file in route.trusted_certificates))


def stages(gateway: Gateway) -> dict[str, Callable[[], int]]:
    """Return the stages of the pipeline by name, each bound to its gateway."""
    return {name: partial(getattr(pipeline, name), gateway) for name in WAKES}


def make_workers(gateway: Gateway) -> Workers:
    """Return the threads that run the stages."""
    return Workers(stages(gateway), WAKES)


@contextmanager
def open_gateway(settings: Settings, clock: Clock, bell: Bell) -> Iterator[Gateway]:
    """Build a gateway that can run, and take it apart at the end.

    Raises:
        RejectedError: Every fault of schemas, tables, mappings or certificates.
        ParkedError: `bootstrap.runs-already`: another gateway works on the same SQLite database.
        RetryError: The database or the module cannot be used now.
    """
    with ExitStack() as parts:
        store = make_store(settings, clock)
        parts.callback(store.close)
        world = make_world(settings, clock)
        route = settings.route[0]
        parts.enter_context(_alone(settings))
        waker = parts.enter_context(Waker())
        token = make_token(settings, clock)
        parts.callback(token.close)
        with store.begin() as unit:
            unit.submissions.recover()
        inboxes = {
            each.name: _inbox(settings.path(each.inbox), waker, bell, "intake") for each in settings.partner
        }
        customs_inbox = _inbox(settings.path(route.receipts), waker, bell, "receive")
        for inbox in (*inboxes.values(), customs_inbox):
            parts.callback(inbox.close)
        outboxes: dict[str, Outbox] = {
            each.name: FolderOutbox(_folder(settings.path(each.receipts))) for each in settings.partner
        }
        outboxes[OPERATORS] = LineLog(settings.path(settings.folders.receipt_log))
        yield Gateway(
            world=world,
            store=store,
            mappings=make_mappings(settings, world),
            signer=Signer(token, clock.now),
            verifier=make_verifier(settings),
            partner_inboxes=inboxes,
            customs_inbox=customs_inbox,
            customs_outbox=FolderOutbox(_folder(settings.path(route.outbox))),
            notice_outboxes=outboxes,
            trouble=Trouble(store),
        )


def _inbox(folder: Path, waker: Waker, bell: Bell, stage: str) -> FolderInbox:
    return FolderInbox(_folder(folder), watch=waker.watch(folder, partial(bell.ring, stage)))


def _folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _pin(settings: Settings) -> PinSource:
    """Return where the PIN comes from: the environment, a systemd credential, or a private file."""
    if os.environ.get(PIN_VARIABLE):
        return pin_from_environment(PIN_VARIABLE)
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (file := Path(credentials) / "token-pin").is_file():
        return pin_from_credential(file)
    return pin_from_file(settings.path(settings.token.pin_file))


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Keep a second gateway off the same SQLite database; the lock dies with its process."""
    if not settings.database.startswith("sqlite"):
        yield
        return
    file = settings.path(settings.folders.var) / "gateway.lock"
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as fault:
            raise ParkedError("bootstrap.runs-already", file=file) from fault
        yield
    finally:
        os.close(handle)


def _nobody(stage: str) -> None:
    """Let a call go unheard before the workers are there; their first look is due anyway."""
