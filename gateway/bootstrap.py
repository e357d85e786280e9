"""The one place that builds real objects: from the configuration to a gateway that can run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

from gateway import pipeline
from gateway.channels import LineLog, Waker
from gateway.clock import Clock
from gateway.codes import CodeLibrary, PartialTables
from gateway.config import AmqpQueue, AmqpTarget, Settings, SftpPlace, Source, Target
from gateway.doors import Doors, channel_places
from gateway.errors import ParkedError, RejectedError, Violation
from gateway.formats import MAX_TABLE_BYTES
from gateway.mapping import MappingSet
from gateway.messages import Catalogue
from gateway.pipeline import Gateway
from gateway.signing import (
    SUITES,
    Binding,
    Encrypter,
    Login,
    Module,
    PinLatch,
    PinSource,
    SignaturePolicy,
    Signer,
    Token,
    Verifier,
    find_softhsm,
    load_certificates,
    load_recipient,
    pin_from_credential,
    pin_from_environment,
    pin_from_file,
)
from gateway.steps.mappings_in_force import Mappings
from gateway.steps.portions import Portions
from gateway.steps.records import World
from gateway.steps.refusals import Refusals
from gateway.steps.replies import OPERATORS
from gateway.steps.rounds import Rounds
from gateway.steps.routing import route_faults, stranded
from gateway.steps.token_watch import TokenWatch
from gateway.steps.trouble import PRINTS, Trouble
from gateway.store import Store
from gateway.workers import Workers

PIN_VARIABLE = "GATEWAY_TOKEN_PIN"

# Which stage may find work after which; every stage looks for itself now and then besides.
WAKES = {
    "intake": ("understand",),
    "understand": ("sign", "make", "notify", "intake"),
    "sign": ("dispatch",),
    "dispatch": (),
    "receive": ("believe",),
    "believe": ("sign", "notify"),
    "make": ("notify",),
    "notify": (),
    "tick": ("sign", "believe", "notify"),
    "seal": (),
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
        ParkedError: `store.unknown-database` or `bootstrap.no-folder`.
    """
    make_private_folder(settings)
    store = Store(settings.database_url, clock)
    store.migrate()
    return store


def make_private_folder(settings: Settings) -> None:
    """Make the folder of business data and keys, into which nobody but the gateway's own user may look.

    Raises:
        ParkedError: `bootstrap.no-folder`.
    """
    var = settings.path(settings.folders.var)
    try:
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as fault:
        raise ParkedError("bootstrap.no-folder", folder=var, reason=fault.strerror) from fault


def make_world(settings: Settings, clock: Clock) -> World:
    """Load schemas and code tables.

    Raises:
        RejectedError: Every fault of the schemas, of the merge keys and routes, or of the tables.
    """
    folders = settings.folders
    catalogue = Catalogue.load(settings.path(folders.schemas))
    faults = list(_unknown_merge_keys(settings, catalogue))
    faults += [fault for fault in route_faults(settings) if not fault.warning]
    if faults:
        raise RejectedError(faults)
    return World(
        settings=settings,
        catalogue=catalogue,
        codes=CodeLibrary.load(
            None if folders.codes is None else settings.path(folders.codes), lambda: clock.now().date()
        ),
        new_message_id=lambda: str(uuid4()).upper(),
        encrypters={
            route.name: Encrypter(load_recipient(settings.path(route.encrypt_for)))
            for route in settings.route
            if route.encrypt_for is not None
        },
    )


def _unknown_merge_keys(settings: Settings, catalogue: Catalogue) -> Iterator[Violation]:
    """A key that is no field is equal in every manifest, and would merge what must stay apart (AG-06)."""
    merge = settings.aggregation
    for table, keys, group in (
        ("header_keys", merge.header_keys, "Manifest"),
        ("item_keys", merge.item_keys, "Manifest/Item"),
    ):
        for key in keys:
            if catalogue.dictionary.find(f"{group}/{key}") is None:
                yield Violation("config.merge-key-unknown", values={"table": table, "key": key})


def make_mappings(settings: Settings, world: World, folder: Path | None = None) -> MappingSet:
    """Load the mappings, of the configuration or of another folder.

    Raises:
        RejectedError: Every fault of every mapping.
    """
    tables = PartialTables(world.codes)
    return MappingSet.load(folder or settings.path(settings.folders.mappings), tables)


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
        pin=make_pin_source(settings),
        latch=make_latch(settings, clock),
        token_reports_failed_logins=token.softhsm_conf is not None,
    )
    return Token(make_module(settings), token.label, make_bindings(settings), login, clock.now)


def make_bindings(settings: Settings) -> list[Binding]:
    """Return whose key and certificate sign for each enterprise (ID-02).

    Where enterprises share a key, its certificate may name any of them.
    """
    codes: dict[str, set[str]] = {}
    for each in settings.enterprise:
        codes.setdefault(each.key_label, set()).update((each.code, each.social_credit_code))
    return [
        Binding(
            enterprise=each.code,
            key_label=each.key_label,
            fingerprints=frozenset(one.replace(":", "").lower() for one in each.certificate_sha256),
            codes=frozenset(codes[each.key_label]),
        )
        for each in settings.enterprise
    ]


def make_verifiers(settings: Settings) -> dict[str, Verifier]:
    """Return the verifier of each route's receipts, with the pinned certificates (CU-02).

    Raises:
        RejectedError: Every certificate that cannot be read.
    """
    return {
        route.name: Verifier(
            load_certificates(settings.path(file) for file in route.trusted_certificates),
            accept_sha1=route.signature.allow_broken_sha1,
        )
        for route in settings.route
    }


def make_policies(settings: Settings) -> dict[str, SignaturePolicy]:
    """Return how the messages of each route are signed."""
    return {
        route.name: SignaturePolicy(
            suite=SUITES.get(route.signature.method),
            exclusive=route.signature.canonicalization == "exclusive",
        )
        for route in settings.route
    }


def stages(gateway: Gateway) -> dict[str, Callable[[], int]]:
    """Return the stages of the pipeline by name, each bound to its gateway and to its channels.

    A server that hangs keeps only its own channels waiting: a stage that meets it is there once more.
    """
    settings = gateway.world.settings
    found: dict[str, Callable[[], int]] = {}
    for name in WAKES:
        stage = getattr(pipeline, name)
        if name in {"intake", "notify"}:
            for group, partners in _groups(settings, name).items():
                found[name + group] = partial(stage, gateway, partners)
        elif name in {"dispatch", "receive"}:
            found |= {f"{name} {route.name}": partial(stage, gateway, route.name) for route in settings.route}
        else:
            found[name] = partial(stage, gateway)
    return found


def _groups(settings: Settings, stage: str) -> dict[str, list[str]]:
    """Return the partners by the server that they share, and together those with folders of this machine."""
    groups: dict[str, list[str]] = {"": [] if stage == "intake" else [OPERATORS]}
    for partner in settings.partner:
        place = partner.inbox if stage == "intake" else partner.receipts
        groups.setdefault(_server(place), []).append(partner.name)
    return groups


def _server(place: Source | Target) -> str:
    if isinstance(place, SftpPlace):
        return f" sftp {place.sftp}"
    if isinstance(place, AmqpQueue | AmqpTarget):
        return f" amqp {place.amqp}"
    return ""


def make_workers(gateway: Gateway) -> Workers:
    """Return the threads that run the stages."""
    names = stages(gateway)
    wakes = {
        name: [each for each in names if each.partition(" ")[0] in WAKES[name.partition(" ")[0]]]
        for name in names
    }
    return Workers(names, wakes)


@contextmanager
def open_gateway(settings: Settings, clock: Clock, bell: Bell) -> Iterator[Gateway]:
    """Build a gateway that can run, and take it apart at the end.

    Raises:
        RejectedError: Every fault of schemas, tables, mappings or certificates, or `routing.in-use`.
        ParkedError: `store.runs-already`: another gateway works on the same database.
        RetryError: The database or the module cannot be used now.
    """
    with ExitStack() as parts:
        store = make_store(settings, clock)
        parts.callback(store.close)
        world = make_world(settings, clock)
        with store.read() as unit:
            if faults := stranded(settings, unit):
                raise RejectedError(faults)
        parts.enter_context(store.alone())
        waker = parts.enter_context(Waker())
        token = make_token(settings, clock)
        parts.callback(token.close)
        doors = Doors(settings, waker)
        parts.callback(doors.close)
        inboxes = {
            each.name: doors.inbox(
                each.inbox, partial(bell.ring, "intake" + _server(each.inbox)), limit_bytes=MAX_TABLE_BYTES
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
            mappings=Mappings(world, store, partial(make_mappings, settings, world)),
            signer=Signer(token, clock.now, make_policies(settings)),
            token_watch=TokenWatch(store, settings.token.hanging_seconds),
            verifiers=make_verifiers(settings),
            partner_inboxes=inboxes,
            customs_inboxes=customs_inboxes,
            customs_outboxes={each.name: doors.outbox(each.outbox) for each in settings.route},
            notice_outboxes=outboxes,
            trouble=_trouble(settings, store),
            months=Rounds(world, store),
            portions=Portions(world, store),
            refusals=Refusals(world, store),
        )


def _trouble(settings: Settings, store: Store) -> Trouble:
    trouble = Trouble(store)
    trouble.keep([*(name for name, _ in channel_places(settings)), f"notices {OPERATORS}", PRINTS])
    return trouble


def make_pin_source(settings: Settings) -> PinSource:
    """Return where the PIN comes from: the environment, a systemd credential, or a private file."""
    if os.environ.get(PIN_VARIABLE):
        return pin_from_environment(PIN_VARIABLE)
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if credentials and (file := Path(credentials) / "token-pin").is_file():
        return pin_from_credential(file)
    return pin_from_file(settings.path(settings.token.pin_file))


def _nobody(stage: str) -> None:
    """Let a call go unheard before the workers are there; their first look is due anyway."""
