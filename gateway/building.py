"""From the configuration to real objects: world, mappings, token and policies, each by itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gateway.clock import Clock
from gateway.codes import CodeLibrary, PartialTables
from gateway.config import Settings
from gateway.errors import RejectedError, Violation
from gateway.latch import make_latch
from gateway.mapping import MappingSet
from gateway.messages import Catalogue, new_message_id
from gateway.signing import (
    SUITES,
    Binding,
    Encrypter,
    Login,
    Module,
    SignaturePolicy,
    Token,
    find_softhsm,
    load_recipient,
    pin_source,
)
from gateway.steps.records import World
from gateway.steps.routing import route_faults


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
        new_message_id=lambda: new_message_id(clock.now()),
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
        pin=pin_source(settings.path(token.pin_file)),
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


def make_policies(settings: Settings) -> dict[str, SignaturePolicy]:
    """Return how the messages of each route are signed."""
    return {
        route.name: SignaturePolicy(
            suite=SUITES.get(route.signature.method),
            exclusive=route.signature.canonicalization == "exclusive",
        )
        for route in settings.route
    }
