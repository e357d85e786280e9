"""`gateway check`: every fault of an installation at once, each by building the real thing and looking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from gateway.building import make_bindings, make_mappings, make_module, make_world
from gateway.clock import Clock
from gateway.codes import About
from gateway.config import Settings
from gateway.database import make_store
from gateway.documents.identifiers import is_social_credit_code
from gateway.doors import check_place
from gateway.errors import GatewayError, RejectedError, RetryError, Violation
from gateway.latch import make_latch
from gateway.operations import check_secret, check_space
from gateway.reports import check_drawing
from gateway.rights import check_rights
from gateway.signing import TokenStatus, inspect_token, pin_source
from gateway.steps.mappings_in_force import check_mappings
from gateway.steps.records import World
from gateway.steps.routing import route_faults, stranded
from gateway.steps.trust import make_trust, unheard


@dataclass(frozen=True, slots=True)
class Checked:
    """One part of the installation and what is wrong with it.

    Attributes:
        part: Which part.
        violations: What is wrong, or should be known.
        facts: What a program may want to know of it besides.
    """

    part: str
    violations: tuple[Violation, ...]
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        """Whether nothing but warnings was found."""
        return all(violation.warning for violation in self.violations)


def check_installation(settings: Settings, clock: Clock) -> list[Checked]:
    """Look at every part, from the database to the rights of files."""
    checked = [_try("database", lambda: _database(settings, clock))]
    worlds: list[World] = []
    checked.append(_try("schemas and codes", lambda: _world(settings, clock, worlds)))
    if worlds:
        checked += _tables(settings, clock, worlds[0])
        checked.append(_try("mappings", lambda: _mappings(settings, worlds[0])))
    checked.append(_try("enterprises", lambda: _profiles(settings)))
    checked.append(_try("channels", lambda: _channels(settings)))
    checked.append(_try("prints", check_drawing))
    checked.append(_try("customs certificates", lambda: _customs(settings)))
    checked.append(_try("token", lambda: _token(settings, clock)))
    checked.append(_try("rights", lambda: check_rights(settings)))
    return checked


def _try(part: str, look: Callable[[], Iterable[Violation]]) -> Checked:
    try:
        return Checked(part, tuple(look()))
    except RejectedError as fault:
        return Checked(part, fault.violations)
    except GatewayError as fault:
        return Checked(part, (Violation(fault.code, values=fault.values),))


def _customs(settings: Settings) -> Iterator[Violation]:
    make_trust(settings)
    for route in settings.route:
        if missing := unheard(route):
            values = {"route": route.name, "offices": ", ".join(missing)}
            yield Violation("config.office-unheard", values=values, warning=True)
        if route.signature.allow_broken_sha1:
            yield Violation("config.sha1-allowed", values={"route": route.name}, warning=True)


def _database(settings: Settings, clock: Clock) -> Iterator[Violation]:
    store = make_store(settings, clock)
    with store.read() as unit:
        unit.status.counts()
        faults = stranded(settings, unit)
    unproven = store.unproven_server()
    store.close()
    if unproven:
        yield Violation("store.server-unproven", values=unproven, warning=True)
    yield from faults
    yield from check_space(settings.path(settings.folders.var))


def _world(settings: Settings, clock: Clock, worlds: list[World]) -> Iterator[Violation]:
    worlds.append(make_world(settings, clock))
    yield from (fault for fault in route_faults(settings) if fault.warning)


def _tables(settings: Settings, clock: Clock, world: World) -> Iterator[Checked]:
    """Yield each code table: how many entries, from where, how old (EN-03)."""
    today = clock.now().date()
    for about in world.codes.about:
        warnings = about.warnings(today, settings.rules.code_table_days)
        yield Checked("code table", tuple(warnings), _facts(about, today))


def _facts(about: About, today: date) -> Mapping[str, object]:
    return {
        "table": about.table,
        "name_en": about.names["en"],
        "name_zh": about.names["zh"],
        "entries": about.entries,
        "shipped": about.shipped,
        "file": about.file,
        "source": about.source,
        "as_of": about.as_of,
        "days": about.age(today),
        "complete": about.complete,
    }


def _mappings(settings: Settings, world: World) -> Iterator[Violation]:
    yield from check_mappings(world, make_mappings(settings, world))


def _channels(settings: Settings) -> Iterator[Violation]:
    told: list[Violation] = []
    for _, place in settings.channel_places():
        # Both ends of a channel may be one server or one folder, with the same fault.
        new = [fault for fault in check_place(settings, place) if fault not in told]
        told += new
        yield from new


def _token(settings: Settings, clock: Clock) -> Iterator[Violation]:
    yield from check_secret(settings.path(settings.token.pin_file))
    status = inspect_token(make_module(settings), settings.token.label, make_latch(settings, clock))
    if status.fault is not None:
        yield Violation(status.fault.code, values=status.fault.values)
    if status.model:
        yield from _bindings(settings, status, clock.now())
    pin_source(settings.path(settings.token.pin_file))()


def _bindings(settings: Settings, status: TokenStatus, now: datetime) -> Iterator[Violation]:
    """Yield the enterprises for which no certificate on the token may stand, or soon none will (ID-02)."""
    for binding in make_bindings(settings):
        try:
            found = status.certificate_of(binding, now)
        except RetryError as fault:
            yield Violation(fault.code, values=fault.values)
            continue
        since, until = found.not_valid_before_utc, found.not_valid_after_utc
        values = {"enterprise": binding.enterprise, "since": f"{since:%F}", "until": f"{until:%F}"}
        if not since <= now <= until:
            yield Violation("token.certificate-not-valid", values=values)
        elif until - now < timedelta(days=settings.token.certificate_days):
            yield Violation("token.certificate-expiring", values=values, warning=True)


def _profiles(settings: Settings) -> Iterator[Violation]:
    for each in settings.enterprise:
        if not is_social_credit_code(each.social_credit_code):
            values = {"enterprise": each.code, "given": each.social_credit_code}
            yield Violation("config.credit-code", values=values)
