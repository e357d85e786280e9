"""One run: partners send, faults strike one after another, then everything comes to rest."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from tests.chaos.books import Books, make_books
from tests.chaos.faults import FAULTS, set_clock
from tests.chaos.partners import Sending, inputs
from tests.chaos.site import Place

# How often the next fault strikes without waiting until documents go through again.
_PILED_UP = 0.25
_LOOK_SECONDS = 0.05
_REST_SECONDS = "300"


@dataclass(frozen=True)
class Struck:
    """A fault that has struck, and how many seconds after its end documents went through again.

    Attributes:
        recovered: None where the next fault struck before, or nothing was left to go through.
    """

    kind: str
    recovered: float | None


@dataclass(frozen=True)
class Asked:
    """What kind of run it is to be.

    Attributes:
        documents: How many files the partners send.
        seconds: So long faults strike, and at least once each.
        seed: What all dice begin with.
        kinds: The kinds of faults.
        patience: So many seconds recovery is waited for before the next fault strikes.
        calm: At most so many seconds lie between two faults.
    """

    documents: int
    seconds: float
    seed: int
    kinds: Sequence[str]
    patience: float = 90.0
    calm: float = 3.0


@dataclass
class Run:
    """What came of it."""

    struck: list[Struck] = field(default_factory=list)
    books: Books = field(default_factory=Books)
    seconds: float = 0.0
    sent_again: int = 0
    starts: int = 0


def play(place: Place, asked: Asked, say: Callable[[str], None]) -> Run:
    """Let it storm, let it come to rest, and make the books."""
    run = Run()
    began = time.monotonic()
    files = inputs(asked.seed, asked.documents, place.volumes)
    chance = Random(asked.seed)
    sending = Sending(place, files, lambda: chance.uniform(0, 2 * asked.seconds / asked.documents))
    place.customs.start()
    for gateway in place.gateways:
        gateway.start()
    sending.start()
    for kind, pressed in _order(asked):
        if time.monotonic() - began > asked.seconds and len(run.struck) >= len(asked.kinds):
            break
        place.struck = chance.randrange(place.several)
        struck = _strike(place, kind, sending, 0.0 if pressed else asked.patience)
        run.struck.append(struck)
        told = "" if struck.recovered is None else f", {struck.recovered:.1f} s"
        say(f"{time.monotonic() - began:.0f} s, {sending.sent} sent: {kind}{told}")
        time.sleep(0 if pressed else chance.uniform(0, asked.calm))
    sending.hurry()
    run.sent_again = sending.repeated
    say(f"{time.monotonic() - began:.0f} s: the faults are over")
    set_clock(place, 0.0)
    for gateway in place.gateways:
        gateway.stop()
    rested = place.site.start("gateway", "run", "--until-idle", "--timeout", _REST_SECONDS)
    code = rested.ended(float(_REST_SECONDS) * 2)
    place.customs.stop()
    run.starts = sum(len(gateway.ends) for gateway in place.gateways)
    run.books = make_books(place, files)
    if code != 0:
        run.books.unexpected.append(f"the gateway never came to rest: {place.site.said('gateway')[-800:]}")
    if place.site.start("gateway", "audit", "verify").ended() != 0:
        run.books.unexpected.append(f"the audit trail: {place.site.said('gateway')[-800:]}")
    run.seconds = time.monotonic() - began
    return run


def _order(asked: Asked) -> Iterator[tuple[str, bool]]:
    """Yield kinds of faults, each as often as any other, and whether the next one strikes at once."""
    dice = Random(asked.seed)
    while True:
        for kind in dice.sample(list(asked.kinds), len(asked.kinds)):
            yield kind, dice.random() < _PILED_UP


def _strike(place: Place, kind: str, sending: Sending, patience: float) -> Struck:
    fault = FAULTS[kind]
    fault.strike(place, Random(f"{kind}{sending.sent}"))
    over = time.monotonic()
    question = f"SELECT count(*) FROM submissions WHERE {fault.sign}"
    before = place.count(question)
    while time.monotonic() - over < patience:
        found = place.count(question)
        before = found if before is None else before
        if found is not None and before is not None and found > before:
            return Struck(kind, time.monotonic() - over)
        if not sending.is_alive() and _nothing_waits(place):
            break
        time.sleep(_LOOK_SECONDS)
    return Struck(kind, None)


def _nothing_waits(place: Place) -> bool:
    return place.count("SELECT count(*) FROM submissions WHERE technical_at IS NULL AND state <> 'held'") == 0
