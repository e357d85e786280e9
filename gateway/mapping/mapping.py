"""A loaded mapping: whether a source fits it, and the messages that it makes of the source."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import chain, islice
from pathlib import PurePath
from typing import Any

from gateway.errors import Place, RejectedError, Violation, refuse
from gateway.fields import Fields
from gateway.mapping.bodies import Group, fill
from gateway.mapping.dialect import Dialect, Part, Reading, Split
from gateway.mapping.lineage import Lineage, Mapped
from gateway.mapping.lookup import CodeLookup, SourceLike, TableLike
from gateway.mapping.rules import Frame, Rule
from gateway.mapping.step_model import StepError
from gateway.mapping.unread import Reads, Unread
from gateway.mapping.untaken import Shares, untaken
from gateway.mapping.verbatim import Verbatim

_HEAD = "MessageHead"
MESSAGE_TYPE = f"{_HEAD}/MessageType"
CLIENT_NUMBER = f"{_HEAD}/ClientSeqNo"
OPERATION = f"{_HEAD}/Operation"


MakeFrame = Callable[[Reading[Any, Any], CodeLookup, Any, list[Violation]], Frame]


@dataclass(frozen=True, slots=True)
class Need:
    """A column that a table must have for a rule; of several one is enough."""

    key: str
    target: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """What a source must have to fit.

    Attributes:
        columns: Those of a table among what is needed.
    """

    files: tuple[str, ...] = ()
    needed: tuple[tuple[str, Any], ...] = ()
    values: tuple[tuple[str, Any, frozenset[str]], ...] = ()
    columns: frozenset[str] = frozenset()

    def told(self) -> Iterator[str]:
        """Yield each thing that a source must have, as the mapping file has it."""
        yield from filter(None, [" | ".join(self.files)])
        yield from (text for text, _ in self.needed)
        yield from (f"{text} = {' | '.join(sorted(wanted))}" for text, _, wanted in self.values)


@dataclass(frozen=True, slots=True)
class Mapping:
    """One mapping file, compiled.

    Attributes:
        name: Folder and file without suffix, for example `acme-csv/manifest`.
        version: The beginning of the SHA-256 of its bytes.
        messages: The types of the messages that it makes; none where the file itself says which.
        format: The format whose expressions it is written in.
        formats: The formats of the sources that it reads.
        data: The bytes of its file.
        frame: Makes what each message is mapped in; another one can look on.
        reads: What it reads, and what is to become of everything else.
        shares: How its groups share the records out.
    """

    name: str
    version: str
    messages: tuple[str, ...]
    format: str
    dialect: Dialect[Any, Any]
    tables: CodeLookup
    match: Match
    split: Split[Any]
    head: tuple[Rule, ...]
    bodies: Table[str, Group]
    data: bytes = b""
    kind: Rule | None = None
    verbatim: Verbatim | None = None
    needs: tuple[Need, ...] = ()
    by_target: Table[str, Rule] = field(default_factory=dict)
    formats: tuple[str, ...] = ()
    frame: MakeFrame = Frame
    reads: Reads = field(default_factory=Reads)
    shares: Shares = field(default_factory=Shares)

    def every_rule(self) -> Iterator[Rule]:
        """Yield each rule, those of several types of message for each of them."""
        yield from self.head if self.kind is None else (self.kind, *self.head)
        for body in self.bodies.values():
            for group in body.walk():
                yield from group.rules

    def fits(self, source: SourceLike, columns: frozenset[str]) -> bool:
        """Tell whether the source, whose columns these are, fits; why it does not takes longer to tell."""
        likely = source.format in self.formats and self.match.columns <= columns
        return likely and next(self._reasons(source), None) is None

    def misfits(self, source: SourceLike) -> list[Violation]:
        """Return every reason why the source does not fit; none if it does."""
        return list(self._reasons(source))

    def _reasons(self, source: SourceLike) -> Iterator[Violation]:
        place = Place(source.name)
        values = {"mapping": self.name}
        if source.format not in self.formats:
            formats = " / ".join(self.formats).upper()
            values |= {"wanted": formats, "found": source.format.upper()}
            yield Violation("mapping.other-format", values=values, place=place)
            return
        name = PurePath(source.name).name.lower() if self.match.files else ""
        if name and not any(fnmatchcase(name, each.lower()) for each in self.match.files):
            more = {"wanted": ", ".join(self.match.files), "found": name}
            yield Violation("mapping.other-file-name", values=values | more, place=place)
        reading = self.dialect.open(source)
        for text, expression in self.match.needed:
            if reading.lacks(expression):
                more = {"column": text, "near": ", ".join(reading.near(expression)) or "–"}
                yield Violation("mapping.lacks-column", values=values | more, place=place)
            elif self.format != "csv" and not self._present(reading, expression):
                yield Violation("mapping.lacks-path", values=values | {"path": text}, place=place)
        for text, expression, wanted in self.match.values:
            texts = self._texts(reading, expression)
            if not wanted.intersection(texts):
                more = {
                    "path": text,
                    "wanted": ", ".join(sorted(wanted)),
                    "found": ", ".join(texts[:5]) or "–",
                }
                yield Violation("mapping.other-value", values=values | more, place=place)

    def apply(self, source: SourceLike) -> list[Mapped]:
        """Make the messages of a source; what is wrong with one is in its `violations`.

        Raises:
            RejectedError: `map.no-message`, or rows before any message.
        """
        return list(self.messages_of(source))

    def messages_of(self, source: SourceLike, skip: int = 0) -> Iterator[Mapped]:
        """Make the messages of a source one by one, each when it is asked for; the first ones may be skipped.

        Raises:
            RejectedError: `map.no-message`, or rows before any message; with the first message.
        """
        reading = self.dialect.open(source)
        missing, meant = self._missing_columns(reading)
        for part in islice(self._watched(reading, meant), skip, None):
            yield self._message(reading, part, source.warnings, missing)

    def messages_at(self, source: SourceLike, positions: Collection[int]) -> Iterator[tuple[int, Mapped]]:
        """Make some messages of a source, counted from 1; the others are gone past without being made."""
        reading = self.dialect.open(source)
        missing, meant = self._missing_columns(reading)
        for position, part in enumerate(islice(self._watched(reading, meant), max(positions, default=0)), 1):
            if position in positions:
                yield position, self._message(reading, part, source.warnings, missing)

    def count(self, source: SourceLike) -> int:
        """Count the messages of a source without making them.

        Raises:
            RejectedError: `map.no-message`, or rows before any message.
        """
        return sum(1 for _ in self._parts(self.dialect.open(source)))

    def _watched(self, reading: Reading[Any, Any], meant: Collection[str]) -> Iterator[Part[Any]]:
        """Cut the file into messages, and look what each carries that no rule reads and nothing has named."""
        unread = None if self.reads.policy == "left" else Unread(self.reads, reading, meant)
        for part in self._parts(reading):
            if unread is not None:
                part.faults += unread.of(part.node)
            yield part

    def _parts(self, reading: Reading[Any, Any]) -> Iterator[Part[Any]]:
        place = Place(reading.name)
        try:
            parts = iter(reading.parts(self.split))
            first = next(parts, None)
        except StepError as fault:
            raise RejectedError([Violation(fault.code, values=fault.values, place=place)]) from fault
        if first is None:
            raise refuse("map.no-message", place=place, mapping=self.name)
        return chain((first,), parts)

    def unused_columns(self, source: SourceLike) -> list[str]:
        """Return the columns of a table that no rule looks at, for a person who writes a mapping."""
        if not isinstance(source.content, TableLike):
            return []
        read = self.reads.within.below
        return [column for column in source.content.columns if column and column not in read]

    @staticmethod
    def _texts(reading: Reading[Any, Any], expression: Any) -> list[str]:
        try:
            return [text for text, _ in reading.find(reading.root, expression)]
        except StepError:
            return []

    @staticmethod
    def _present(reading: Reading[Any, Any], expression: Any) -> bool:
        try:
            return bool(reading.find(reading.root, expression))
        except StepError:
            return True  # an element or object with something in it

    def _missing_columns(self, reading: Reading[Any, Any]) -> tuple[list[tuple[str, Violation]], set[str]]:
        """Return each missing column with the type of message that needs it, or its head; and what was meant.

        What was meant are columns that no rule reads and that each message is told of in this way.
        """
        missing = []
        meant: set[str] = set()
        for need in self.needs:
            if all(map(reading.lacks, need.columns)):
                near = dict.fromkeys(name for column in need.columns for name in reading.near(column))
                # A column that a rule reads is not one that was misspelt.
                unread = [name for name in near if name not in self.reads.within.below]
                if self.kind is None:
                    meant.update(unread[:1])
                values = {"column": " / ".join(need.columns), "rule": need.key}
                values["near"] = ", ".join(unread or near) or "–"
                place = reading.expected(reading.root, need.columns[0])
                kind = need.target.partition("/")[0]
                missing.append((kind, Violation("map.missing-column", need.target, values, place)))
        return missing, meant

    def _message(
        self,
        reading: Reading[Any, Any],
        part: Part[Any],
        warnings: tuple[Violation, ...],
        missing: list[tuple[str, Violation]],
    ) -> Mapped:
        frame = self.frame(reading, self.tables, part.node, [*warnings, *part.faults])
        kind = self.messages[0] if self.kind is None else frame.evaluate(self.kind, part.node, MESSAGE_TYPE)
        frame.violations += [fault for needed, fault in missing if needed in {"", _HEAD, kind}]
        frame.nodes[""] = frame.nodes[kind] = part.node
        lineage = Lineage(reading, frame.entries, frame.nodes, self.by_target)
        head = {rule.target: frame.evaluate(rule, part.node, rule.target) for rule in self.head}
        if not head[CLIENT_NUMBER] and CLIENT_NUMBER not in {each.path for each in frame.violations}:
            place = lineage.expected(CLIENT_NUMBER)
            frame.fault("map.no-client-number", CLIENT_NUMBER, {}, place)
        body: Fields = {}
        if self.verbatim is not None:
            body = self.verbatim.take(frame, part.node, kind)
        elif kind in self.bodies:
            body = fill(frame, self.bodies[kind], part.node, kind)
            if frame.passed:
                untaken(frame, self.shares)
        frame.violations += reading.remarks(part.node, frame.entries)
        return Mapped(
            message_type=kind,
            operation=head.get(OPERATION, ""),
            client_seq_no=head[CLIENT_NUMBER],
            body=body,
            lineage=lineage,
            mapping=self.name,
            version=self.version,
            violations=tuple(frame.violations),
        )
