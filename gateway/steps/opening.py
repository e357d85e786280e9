"""From the bytes of an interchange to its messages, one by one, however many files and messages it holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.errors import RejectedError, refuse
from gateway.formats import ReadOptions, Source, Unreadable, read_all
from gateway.mapping import Mapped, Mapping, MappingSet
from gateway.steps.records import World
from gateway.store import InterchangeRow

# So many messages one interchange may hold: each of them has its entry in the one reply.
MOST_MESSAGES = 25_000


@dataclass(frozen=True, slots=True)
class Opening:
    """What it takes to open an interchange.

    Attributes:
        pinned: The mapping by which a part of it was obeyed already; it holds for the rest as well.
    """

    world: World
    mappings: MappingSet
    interchange: InterchangeRow
    data: bytes
    pinned: Mapping | None = None


def messages_of(opening: Opening, skip: int = 0) -> Iterator[Mapped | Unreadable]:
    """Yield the messages of an interchange; what is to be skipped is not mapped.

    Raises:
        RejectedError: It cannot be read, or no mapping or more than one fits; before the first message.
            Of a file in a ZIP this is yielded, and stands for the messages that it would have.
    """
    for source in _sources(opening):
        count = _count(opening, source) if skip else 0
        if count and skip >= count:
            skip -= count
            continue
        yield from _messages_of_file(opening, source, skip)
        skip = 0


def count_messages(opening: Opening) -> int:
    """Go through a whole interchange before anything of it is obeyed, and count its messages.

    Raises:
        RejectedError: As `messages_of`, and `command.too-many-messages`.
    """
    found = sum(_count(opening, source) for source in _sources(opening))
    if found > MOST_MESSAGES:
        raise refuse("command.too-many-messages", count=found, limit=MOST_MESSAGES)
    return found


def _count(opening: Opening, source: Source | Unreadable) -> int:
    if isinstance(source, Unreadable):
        return 1
    try:
        return _mapping(opening, source).count(source)
    except RejectedError:
        if source.name == opening.interchange.name:
            raise
        return 1


def _messages_of_file(
    opening: Opening, source: Source | Unreadable, skip: int
) -> Iterator[Mapped | Unreadable]:
    if isinstance(source, Unreadable):
        yield source
        return
    try:
        messages = _mapping(opening, source).messages_of(source, skip)
        first = next(messages)
    except RejectedError as fault:
        if source.name == opening.interchange.name:
            raise
        yield Unreadable(source.name, fault)
        return
    yield first
    yield from messages


def _sources(opening: Opening) -> Iterator[Source | Unreadable]:
    partner = opening.world.partner(opening.interchange.partner)
    return read_all(opening.interchange.name, opening.data, ReadOptions(encoding=partner.encoding or ""))


def _mapping(opening: Opening, source: Source) -> Mapping:
    partner = opening.world.partner(opening.interchange.partner)
    chosen = opening.mappings.choose(source, partner.mappings)
    pinned = opening.pinned
    return pinned if pinned is not None and pinned.name == chosen.name else chosen
