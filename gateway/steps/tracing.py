"""Follows a field of a document back to the ERP's file that made it, whatever was done since (EN-05)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from gateway.documents import (
    Document,
    Kind,
    Making,
    Trail,
    Where,
    trail_of_decision,
    trail_of_modification,
)
from gateway.errors import Place, RejectedError, Violation
from gateway.fields import Fields
from gateway.mapping import Mapped
from gateway.steps.filling import BY_CUSTOMS, LED_BY, at, filled_by, parts_of
from gateway.steps.pasts import Past, Pasts
from gateway.steps.readings import Reading, Readings
from gateway.steps.records import StoredFacts, World
from gateway.store import HistoryRow, Unit

# Nobody copies copies of copies so often; what is stranger than that is not followed to its end.
_MOST_STEPS: Final = 1000
_DECIDED: Final = frozenset({"change", "extend", "modify"})
_DECLARATION: Final = "Declaration"
CLIENT_NUMBER: Final = "MessageHead/ClientSeqNo"


@dataclass(frozen=True, slots=True)
class Source:
    """What of an ERP's file made a field.

    Attributes:
        place: Where it stands, or would have stood.
        given: The text that stood there.
        field: The field that it made, where that is another one, which led to the one in question.
        rule: The mapping's rule.
        mapping: The mapping's name and version.
        number: The document with which it came.
        partner: Whose file it is.
    """

    place: Place
    given: str
    field: str
    rule: str
    mapping: str
    number: str
    partner: str


@dataclass(frozen=True, slots=True)
class Traced:
    """Where a field comes from.

    Attributes:
        source: The place in a file, if it comes from there.
        because: Why it comes from nowhere in a file, or what is to be known of the place.
        merged: A field of a declaration that comes of manifests; those are told beside it.
    """

    source: Source | None = None
    because: Violation | None = None
    merged: bool = False


class Spot(NamedTuple):
    """A field of a document as it was in one of its versions."""

    number: str
    version: int
    path: str

    def to(self, path: str) -> Spot:
        """Return the same version of the same document at another field."""
        return self._replace(path=path)


@dataclass
class Tracer:
    """Follows fields within one transaction."""

    world: World
    unit: Unit
    readings: Readings
    pasts: Pasts

    def files_of(self, number: str) -> str:
        """Return what is alike for documents that were made by the same files, the newest first."""
        return ",".join(cause.partition("/")[0] for cause in reversed(self._causes(number)))

    def prepare(self, numbers: Iterable[str]) -> None:
        """Read the messages that have made some documents, each file once."""
        self.readings.prepare(self.unit, (cause for number in numbers for cause in self._causes(number)))

    def _causes(self, number: str) -> list[str]:
        history = self.pasts.of(number).history
        changes = (history[version] for version in sorted(history))
        return [change.cause_id for change in changes if change.cause_kind == "message"]

    def trace(self, spot: Spot) -> Traced:
        """Follow a field back."""
        for _ in range(_MOST_STEPS):
            step = self._step(spot)
            if isinstance(step, Traced):
                return step
            spot = step
        return Traced(because=Violation("origin.too-far"))

    def _step(self, spot: Spot) -> Spot | Traced:
        past = self.pasts.of(spot.number)
        change = past.history.get(spot.version)
        if change is None or (spot.path.startswith("MessageHead/") and spot.path != CLIENT_NUMBER):
            return self._filled(spot)
        if past.row.kind == Kind.DECLARATION:
            return self._of_declaration(spot, past, change)
        if change.cause_kind == "message":
            return self._of_message(spot, past, change)
        if change.cause_kind == "receipt" and change.event in _DECIDED:
            return self._of_decision(spot, past, change)
        before, now = (at(past.content(version), spot.path) for version in (spot.version - 1, spot.version))
        if spot.path.rpartition("/")[2] in BY_CUSTOMS and before != now:
            return Traced(because=Violation("origin.customs"))
        return self._before(spot)

    def _of_message(self, spot: Spot, past: Past, change: HistoryRow) -> Spot | Traced:
        reading = self.readings.get(self.unit, change.cause_id)
        if reading is None:
            return Traced(because=Violation("origin.not-read-again"))
        if reading.mapped.message_type != past.row.message_type:
            # What is done to another document moves this one and leaves its content.
            return self._before(spot)
        try:
            trail = self._trail(spot, past, change, reading)
        except RejectedError:
            return Traced(because=Violation("origin.not-read-again"))
        if trail.where is Where.COMMAND:
            return self._given(spot.to(trail.path), reading, asked=spot)
        return self._go_on(spot, trail, reading, change)

    def _trail(self, spot: Spot, past: Past, change: HistoryRow, reading: Reading) -> Trail:
        made, own = reading.mapped, past.content(spot.version)
        if spot.path == CLIENT_NUMBER:
            return Trail(Where.COMMAND, spot.path)
        if past.row.message_type == "ManifestModification" and made.operation != "declare":
            manifest = self._as_it_was(past.row.parent or "", change)
            facts = StoredFacts(self.world, self.unit)
            return trail_of_modification(spot.path, own, reading.command, manifest, facts)
        number = made.body.get("SeqNo")
        is_copy = made.operation == "copy" and isinstance(number, str)
        making = Making(
            message_type=made.message_type,
            operation=made.operation,
            body=made.body,
            before=self._content_before(reading, change),
            copied=self._as_it_was(str(number), change) if is_copy else None,
            earlier=self._earlier_items(spot, reading, change),
            dictionary=self.world.catalogue.dictionary,
        )
        return making.trail(spot.path)

    def _go_on(self, spot: Spot, trail: Trail, reading: Reading, change: HistoryRow) -> Spot | Traced:
        """Take the next step back, into this document's past or into another document."""
        spot = spot.to(trail.path)
        if trail.where is Where.BEFORE:
            first = reading.documents[0]
            version = self.pasts.of(first).caused_by(change) or spot.version
            return Spot(first, version - 1, spot.path) if version > 1 else self._filled(spot)
        if trail.where is Where.COPIED:
            number = str(reading.mapped.body["SeqNo"])
            return Spot(number, self.pasts.of(number).before(change), spot.path)
        if trail.where is Where.PARENT:
            number = self.pasts.of(spot.number).row.parent or ""
            return Spot(number, self.pasts.of(number).before(change), spot.path)
        return self._filled(spot)

    def _given(self, spot: Spot, reading: Reading, asked: Spot) -> Traced:
        """Say where in the ERP's file a field stood, or that the gateway filled it in."""
        mapped = reading.mapped
        given = mapped.lineage.given(spot.path)
        if given:
            origin = mapped.lineage[given]
            source = self._source(spot, reading, origin.place, origin.value, origin.rule)
            if origin.value:
                return Traced(replace(source, field="" if given == spot.path else given))
            return Traced(source, Violation("origin.constant", values={"rule": origin.rule}))
        if isinstance(at(mapped.body, spot.path), dict) or spot.path == mapped.message_type:
            return Traced(self._source(spot, reading, mapped.lineage.expected(spot.path)))
        if at(self.pasts.of(asked.number).content(asked.version), asked.path):
            return self._filled(asked)
        absent = self._source(spot, reading, mapped.lineage.expected(spot.path))
        return Traced(absent, Violation("origin.absent"))

    def _source(self, spot: Spot, reading: Reading, place: Place, given: str = "", rule: str = "") -> Source:
        mapped: Mapped = reading.mapped
        mapping = f"{mapped.mapping}@{mapped.version}"
        return Source(place, given, "", rule, mapping, spot.number, reading.row.partner)

    def _of_decision(self, spot: Spot, past: Past, change: HistoryRow) -> Spot | Traced:
        """Go on in the application whose approval changed a filing or manifest (CH-04, AM-06)."""
        for child in self.unit.documents.children(spot.number):
            decided = self.pasts.of(child.number)
            version = decided.caused_by(change)
            if version is None:
                continue
            application = decided.as_of(version)
            trail = trail_of_decision(spot.path, past.content(spot.version - 1), application)
            if trail.where is Where.DECIDED:
                return Spot(child.number, version, trail.path)
            return self._before(spot.to(trail.path))
        return self._before(spot)

    def _of_declaration(self, spot: Spot, past: Past, change: HistoryRow) -> Spot | Traced:
        """A declaration is made of manifests; some of its fields may have been corrected since (DC-01)."""
        before, now = (at(past.content(version), spot.path) for version in (spot.version - 1, spot.version))
        if spot.path.startswith("DecMessage/DecSign"):
            return Traced(because=Violation("origin.filled"))
        if spot.version == 1 or isinstance(now, dict):
            return Traced(merged=True)
        if before == now:
            return self._before(spot)
        if change.cause_kind != "message":
            return Traced(because=Violation("origin.operator"))
        reading = self.readings.get(self.unit, change.cause_id)
        path = reading and _correction_of(spot.path, reading.mapped.body)
        if reading is None or not path:
            return Traced(because=Violation("origin.filled" if reading else "origin.not-read-again"))
        return self._given(spot.to(path), reading, asked=spot)

    def _before(self, spot: Spot) -> Spot | Traced:
        return spot._replace(version=spot.version - 1) if spot.version > 1 else self._filled(spot)

    def _filled(self, spot: Spot) -> Traced:
        """Say that the gateway filled a field in, from what, and what of the file led to it (EN-02)."""
        content = self.pasts.of(spot.number).content(spot.version)
        because = filled_by(spot.path, content, self.pasts.of(spot.number).row)
        leading = LED_BY.get(because.code)
        led = leading(spot.path) if leading else spot.path
        if led == spot.path:
            return Traced(because=because)
        source = self.trace(spot.to(led)).source
        return Traced(source and replace(source, field=source.field or led), because)

    def _as_it_was(self, number: str, change: HistoryRow) -> Document:
        """Return another document as it was when a change was made."""
        past = self.pasts.of(number)
        return past.as_of(past.before(change))

    def _content_before(self, reading: Reading, change: HistoryRow) -> Fields:
        first = reading.documents[0]
        return self.pasts.of(first).content((self.pasts.of(first).caused_by(change) or 1) - 1)

    def _earlier_items(self, spot: Spot, reading: Reading, change: HistoryRow) -> int:
        """Count the items of a command that went into volumes before this one (GF-02)."""
        earlier = 0
        for number in reading.documents:
            if number == spot.number:
                return earlier
            version = self.pasts.of(number).caused_by(change)
            items = self.pasts.of(number).content(version or 1).get("Item", [])
            earlier += len(items) if isinstance(items, list) else 0
        return 0


def _correction_of(path: str, body: Fields) -> str | None:
    """Return where a correction names a field of a declaration."""
    name = path.rpartition("/")[2]
    items = body.get("Item", [])
    item = parts_of(path)[-2][1] if "/DecList[" in path else 0
    if item:
        for place, group in enumerate(items if isinstance(items, list) else [], 1):
            if group.get("GNo") == str(item) and name in group:
                return f"{_DECLARATION}/Item[{place}]/{name}"
        return None
    if name in {"AgentName", "DeclareName"} and "AgentCode" in body:
        name = "AgentCode"
    return f"{_DECLARATION}/{name}" if name in body else None
