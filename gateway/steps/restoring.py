"""After a restore: no number twice, nothing sent twice, and what the backup does not know, found outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, Protocol, TypeVar

from gateway.config import FolderPlace, ImportClientPlace, Settings, Source, Target
from gateway.errors import ParkedError
from gateway.steps.records import LETTERS
from gateway.store import Store, Unit

P = ParamSpec("P")

HELD: Final = "restore.held"
# What takes in, makes or sends rests until an operator has looked; customs' answers and replies go their way.
RESTING: Final = frozenset({"intake", "understand", "sign", "dispatch", "tick"})


class Stored(Protocol):
    """What a stage works with, as far as holding it is concerned."""

    @property
    def store(self) -> Store:
        """The database."""
        ...


G = TypeVar("G", bound=Stored)


@dataclass(frozen=True, slots=True)
class Found:
    """Something outside that the restored database does not know as it is.

    Attributes:
        kind: `input` of an ERP, `message` to customs, `receipt` of customs, or a `place` to be looked at.
        channel: Where it was found.
        name: Its file, or the place.
    """

    kind: str
    channel: str
    name: str


def is_held(store: Store) -> bool:
    """Tell whether the gateway waits for the word of an operator."""
    with store.read() as unit:
        return bool(unit.alerts.opened(HELD))


def unless_held(stage: Callable[Concatenate[G, P], int]) -> Callable[Concatenate[G, P], int]:
    """Let a stage find nothing to do while the gateway is held; `--release` needs no restart."""

    def looked(gateway: G, /, *given: P.args, **options: P.kwargs) -> int:
        return 0 if is_held(gateway.store) else stage(gateway, *given, **options)

    return looked


def begin_anew(settings: Settings, unit: Unit, at: datetime) -> int:
    """Count on beyond every number that may have been given, hold, and leave what is unsent to a person.

    What the backup does not know as sent may have been sent since: an answer of customs settles it, else
    a person decides. Returns how many these are.

    Args:
        settings: Where messages leave.
        unit: A transaction on the restored database.
        at: The present moment by the machine's own clock.

    Raises:
        ParkedError: `store.clock-behind`.
    """
    newest = unit.restoring.newest()
    unit.restoring.go_beyond(at, LETTERS.values())
    unsent = unit.restoring.unsent()
    for message in unsent:
        _take_back(settings, unit, message)
        unit.submissions.park(message, str(ParkedError("restore.perhaps-sent")))
    known = f"{newest:%F %T}" if newest else ""
    unit.alerts.open(HELD, "", {"known": known, "unsent": len(unsent)})
    return len(unsent)


def _take_back(settings: Settings, unit: Unit, message: str) -> None:
    """Keep the signed bytes that still lie where they left: customs' answer names their digest."""
    submission = unit.submissions.by_message_id(message)
    for route in settings.route:
        if submission is None or route.name != submission.route or route.dxp or route.encrypt_for:
            continue
        for folder in _left_in(settings, route.outbox):
            file = folder / f"{message}.xml"
            if file.is_file():
                unit.submissions.signed(message, unit.raw.put(file.read_bytes()))


def release(unit: Unit) -> None:
    """Let all stages work again.

    Raises:
        ParkedError: `restore.not-held`.
    """
    if not unit.alerts.close(HELD, ""):
        raise ParkedError("restore.not-held")


def unknown_outside(settings: Settings, unit: Unit) -> Iterator[Found]:
    """Yield what lies in the folders of this machine and happened after the backup; name all other places."""
    for partner in settings.partner:
        channel = f"inbox {partner.name}"
        yield from _unknown(settings, unit, "input", channel, partner.inbox)
    for route in settings.route:
        yield from _unsent(settings, unit, f"outbox {route.name}", route.outbox)
        yield from _unknown(settings, unit, "receipt", f"receipts {route.name}", route.receipts)


def _unknown(settings: Settings, unit: Unit, kind: str, channel: str, place: Source) -> Iterator[Found]:
    """Yield what was taken and put away, and whose bytes are not kept here."""
    if isinstance(place, FolderPlace):
        folder = settings.path(place.folder) / ".done"
    elif isinstance(place, ImportClientPlace):
        folder = settings.path(place.import_client) / "InBox/.done"
    else:
        yield Found("place", channel, str(place))
        return
    for file in _files(folder):
        if not unit.restoring.knows_bytes(sha256(file.read_bytes()).hexdigest()):
            yield Found(kind, channel, file.name)


def _unsent(settings: Settings, unit: Unit, channel: str, place: Target) -> Iterator[Found]:
    """Yield messages that left, of which nothing is known or not that they left."""
    folders = _left_in(settings, place)
    if not folders:
        yield Found("place", channel, str(place))
    for folder in folders:
        for file in _files(folder):
            submission = unit.submissions.by_message_id(file.stem)
            if submission is None or submission.sent_at is None:
                yield Found("message", channel, file.name)


def _left_in(settings: Settings, place: Target) -> list[Path]:
    """Return the folders of this machine in which messages lie once they have left, if there are any."""
    if isinstance(place, FolderPlace):
        return [settings.path(place.folder)]
    if isinstance(place, ImportClientPlace):
        return [settings.path(place.import_client) / box for box in ("OutBox", "SentBox", "FailBox")]
    return []


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
