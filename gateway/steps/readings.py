"""Messages of ERPs read once more from the bytes that came, to say where a field stood there (EN-05)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from gateway.documents import Command
from gateway.errors import ParkedError, RejectedError
from gateway.formats import ReadOptions, Source, Unreadable, read_all
from gateway.mapping import Mapped, Mapping
from gateway.steps.commands import digest_of
from gateway.steps.mapping_versions import mapping_of
from gateway.steps.records import World
from gateway.store import InterchangeRow, MessageRow, Unit

# Whole files are held as long as all of them together are not larger; one is held however large it is.
_MOST_BYTES: Final = 16 * 1024 * 1024
_MOST_MESSAGES: Final = 1000
_MANY: Final = 20
_MOST_MAPPINGS: Final = 50


@dataclass(frozen=True, slots=True)
class Reading:
    """A message as it was obeyed, with what is needed to say where each of its fields stood.

    Attributes:
        mapped: The message.
        row: What became of it.
    """

    mapped: Mapped
    row: MessageRow

    @property
    def command(self) -> Command:
        """What the ERP asked for."""
        made = self.mapped
        return Command(made.message_type, made.operation, made.client_seq_no, self.row.partner, made.body)

    @property
    def documents(self) -> list[str]:
        """The numbers of the documents that it made or changed, where it made several, in their order."""
        told = self.row.reply.get("documents", ()) if isinstance(self.row.reply, dict) else ()
        return [each["number"] for each in told] or [self.row.document_number or ""]


@dataclass(slots=True)
class _File:
    """What is held of one interchange."""

    size: int = 0
    messages: OrderedDict[int, Reading | None] = field(default_factory=OrderedDict)


class Readings:
    """Reads messages again, many of a file in one go, and holds the latest of them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._files: OrderedDict[int, _File] = OrderedDict()
        self._mappings: OrderedDict[tuple[str, str], Mapping | None] = OrderedDict()

    def get(self, unit: Unit, cause: str) -> Reading | None:
        """Return a message by what the history of a document has of it: interchange and position.

        None is returned for one that would not be made the same today: bytes or mapping are no longer
        there, or a code table has changed.
        """
        interchange, position = _parted(cause)
        file = self._files.get(interchange)
        if file is None or position not in file.messages:
            self._read(unit, interchange, {position})
            file = self._files[interchange]
        self._files.move_to_end(interchange)
        return file.messages[position]

    def prepare(self, unit: Unit, causes: Iterable[str]) -> None:
        """Read what will be asked for, each file once."""
        wanted: dict[int, set[int]] = {}
        for cause in causes:
            interchange, position = _parted(cause)
            file = self._files.get(interchange)
            if file is None or position not in file.messages:
                wanted.setdefault(interchange, set()).add(position)
        for interchange, positions in wanted.items():
            if len(positions) >= _MANY:
                # Of a file refused in bulk more will be asked for, most likely those that follow.
                first = min(positions)
                positions.update(range(first, first + _MOST_MESSAGES - len(positions)))
            self._read(unit, interchange, positions)

    def _read(self, unit: Unit, interchange: int, positions: Collection[int]) -> None:
        row = unit.interchanges.get(interchange)
        file = self._files.setdefault(interchange, _File())
        found: dict[int, Reading] = {}
        try:
            data = unit.raw.get(row.digest)
            file.size = len(data)
            found = dict(self._messages(unit, row, data, positions))
        except (RejectedError, ParkedError):
            # The bytes are no longer kept, or are refused by the readers of today.
            found = {}
        file.messages.update((position, found.get(position)) for position in positions)
        while len(file.messages) > max(_MOST_MESSAGES, len(positions)):
            file.messages.popitem(last=False)
        self._files.move_to_end(interchange)
        while len(self._files) > 1 and sum(each.size for each in self._files.values()) > _MOST_BYTES:
            self._files.popitem(last=False)

    def _messages(
        self, unit: Unit, row: InterchangeRow, data: bytes, positions: Collection[int]
    ) -> Iterator[tuple[int, Reading]]:
        """Yield the messages at some positions; each file in a ZIP goes on counting where the last ended."""
        encoding = next((p.encoding for p in self._world.settings.partner if p.name == row.partner), None)
        done, last = 0, max(positions)
        for source in read_all(row.name, data, ReadOptions(encoding=encoding or "")):
            if done >= last:
                return
            mapping = self._mapping(unit, row.id, done + 1)
            if isinstance(source, Unreadable) or mapping is None:
                done += 1
                continue
            within = {position - done for position in positions if position > done}
            for position, mapped in mapping.messages_at(source, within):
                kept = _kept(unit, row.id, done + position)
                if kept is not None and kept.content_digest == digest_of(mapped):
                    yield done + position, Reading(mapped, kept)
            done += _count(mapping, source, row)

    def _mapping(self, unit: Unit, interchange: int, position: int) -> Mapping | None:
        kept = _kept(unit, interchange, position)
        if kept is None or not kept.mapping or not kept.mapping_version:
            return None
        key = kept.mapping, kept.mapping_version
        if key not in self._mappings:
            self._mappings[key] = mapping_of(self._world, unit, *key)
            if len(self._mappings) > _MOST_MAPPINGS:
                self._mappings.popitem(last=False)
        return self._mappings[key]


def _count(mapping: Mapping, source: Source, row: InterchangeRow) -> int:
    """Count the messages of a file in a ZIP; one that came alone has nothing behind it."""
    return 0 if source.name == row.name else mapping.count(source)


def _kept(unit: Unit, interchange: int, position: int) -> MessageRow | None:
    return next(iter(unit.messages.page(interchange, position - 1, 1)), None)


def _parted(cause: str) -> tuple[int, int]:
    interchange, _, position = cause.partition("/")
    return int(interchange), int(position)
