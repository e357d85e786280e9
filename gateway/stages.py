"""The stages of a gateway: which there are, which wakes which, and which only one gateway runs at a time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from gateway import pipeline
from gateway.config import AmqpQueue, AmqpTarget, Settings, SftpPlace, Source, Target
from gateway.parts import Gateway
from gateway.steps.portions import PORTIONS
from gateway.steps.replies import OPERATORS
from gateway.steps.restoring import RESTING, unless_held
from gateway.workers import Workers

# Which stage may find work after which; every stage looks for itself now and then besides.
WAKES = {
    "intake": ("understand",),
    "understand": ("sign", "make", "notify", "intake"),
    "sign": ("dispatch",),
    "dispatch": (),
    "receive": ("believe",),
    "believe": ("sign", "make", "notify"),
    "make": ("notify",),
    "notify": (),
    "tick": ("sign", "believe", "notify"),
    "watch": (),
    "seal": (),
}


def stages(gateway: Gateway) -> dict[str, Callable[[], int]]:
    """Return the stages of the pipeline by name, each bound to its gateway and to its channels.

    A server that hangs keeps only its own channels waiting: a stage that meets it is there once more.
    """
    settings = gateway.world.settings
    found: dict[str, Callable[[], int]] = {}
    for name in WAKES:
        stage = getattr(pipeline, name)
        if name in RESTING:
            stage = unless_held(stage)
        if name in {"intake", "notify"}:
            for group, partners in _groups(settings, name).items():
                found[name + group] = partial(stage, gateway, partners)
        elif name in {"dispatch", "receive"}:
            found |= {f"{name} {route.name}": partial(stage, gateway, route.name) for route in settings.route}
        else:
            found[name] = partial(stage, gateway)
    if gateway.member.shares:
        found |= {name: Alone(gateway, name, found[name]) for name in done_alone(settings) & found.keys()}
    return found


def done_alone(settings: Settings) -> set[str]:
    """Return what only one of several gateways does at a time.

    A channel has one reader, so that what comes stays in order, and one who tells an ERP, so that nothing
    is told twice; the rest is little.
    """
    alone = {"make", "tick", "seal", PORTIONS}
    for stage in ("intake", "notify"):
        alone |= {stage + group for group in _groups(settings, stage)}
    return alone | {f"receive {route.name}" for route in settings.route}


def computing(settings: Settings) -> set[str]:
    """Return what computes and waits for neither server nor token, so that one after the other is fastest."""
    routes = {f"dispatch {route.name}" for route in settings.route if not _server(route.outbox)}
    routes |= {f"receive {route.name}" for route in settings.route if not _server(route.receipts)}
    return routes | {"intake", "understand", "believe", "notify"}


class Alone:
    """A stage that finds nothing to do while another gateway runs it."""

    def __init__(self, gateway: Gateway, name: str, stage: Callable[[], int]) -> None:
        self._gateway = gateway
        self._name = name
        self._stage = stage
        self._ours = False

    def __call__(self) -> int:
        """Look if it is ours; let go of the channels when it is so no more."""
        if self._ours and not self._gateway.member.holds(self._name):
            self._ours = False
            self._let_go()
        if not self._gateway.member.begins(self._name):
            return 0
        if not self._ours:
            # What the one before us has told of is ours to take back.
            self._gateway.trouble.look_again()
            self._ours = True
        return self._stage()

    def _let_go(self) -> None:
        kind, _, route = self._name.partition(" ")
        if kind == "receive":
            self._gateway.customs_inboxes[route].close()
        elif kind == "intake":
            for partner in self._gateway.world.settings.partner:
                if intake_of(partner.inbox) == self._name:
                    self._gateway.partner_inboxes[partner.name].close()


def _groups(settings: Settings, stage: str) -> dict[str, list[str]]:
    """Return the partners by the server that they share, and together those with folders of this machine."""
    groups: dict[str, list[str]] = {"": [] if stage == "intake" else [OPERATORS]}
    for partner in settings.partner:
        place = partner.inbox if stage == "intake" else partner.receipts
        groups.setdefault(_server(place), []).append(partner.name)
    return groups


def intake_of(place: Source) -> str:
    """Return the name of the stage that takes in what comes to a place."""
    return "intake" + _server(place)


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
    return Workers(names, wakes, gateway.member.call, computing(gateway.world.settings))
