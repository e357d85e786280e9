"""The faults of a receipt as people are told them: customs' words, our field, the place in the ERP's file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.customs import Finder, read_pointer
from gateway.errors import Violation
from gateway.fields import FieldDictionary, plain
from gateway.steps.filling import at, parts_of
from gateway.steps.tracing import Source, Spot, Traced, Tracer
from gateway.store import SubmissionRow

# Of what a declaration was merged from, so much is told; a query for the merge relation brings all.
_MOST_MANIFESTS: Final = 10
_LIST: Final = "DecMessage/DecLists/DecList["


@dataclass
class Teller:
    """Tells the faults of receipts within one transaction."""

    tracer: Tracer
    _merged: dict[str, list[tuple[str, int, int]]] = field(default_factory=dict)

    def tell(self, sent: SubmissionRow, faults: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
        """Add to each fault of a submission the field that it means, and where that comes from (EN-05)."""
        past = self.tracer.pasts.of(sent.number)
        version = past.sent_at(sent.created_at)
        body = past.content(version)
        finder = Finder(sent.message_type, body, self._dictionary)
        return [self._tell(Spot(sent.number, version, ""), finder, fault) for fault in faults]

    @property
    def _dictionary(self) -> FieldDictionary:
        return self.tracer.world.catalogue.dictionary

    def _tell(self, spot: Spot, finder: Finder, fault: Mapping[str, str]) -> dict[str, Any]:
        path, text = fault.get("pointer", ""), fault.get("text", "")
        pointer = read_pointer(path, text)
        found = finder.find(pointer)
        if len(found) != 1:
            code = "origin.several" if found else "origin.nothing-fits" if path else "origin.no-pointer"
            return {**fault, **_because(Violation(code, values={"given": path or text}))}
        told: dict[str, Any] = {**fault, "field": found[0]}
        if pointer is not None and pointer.in_text:
            told["read_from"] = "text"
        if spec := self._dictionary.find(found[0]):
            told |= {"field_en": spec.en, "field_zh": spec.zh}
        value = at(finder.body, found[0])
        if isinstance(value, str):
            told["value"] = value
        traced = self.tracer.trace(spot.to(found[0]))
        if traced.merged:
            return told | self._of_manifests(spot.to(found[0]))
        return told | self._traced(traced, spot.number)

    def _traced(self, traced: Traced, number: str) -> dict[str, Any]:
        told: dict[str, Any] = {}
        if traced.source is not None:
            told["source"] = self._source(traced.source, number)
        return told | (_because(traced.because) if traced.because is not None else {})

    def _source(self, source: Source, number: str) -> dict[str, Any]:
        own = self.tracer.unit.documents.get(number)
        place = source.place
        told = {
            "file": place.file,
            "row": place.row,
            "column": place.column,
            "path": place.path,
            "given": source.given,
            "field": source.field,
            "rule": source.rule,
            "mapping": source.mapping,
            "document": source.number if source.number != number else None,
            "partner": source.partner if own is None or source.partner != own.partner else None,
        }
        return {name: value for name, value in told.items() if value or name == "given"}

    def _of_manifests(self, spot: Spot) -> dict[str, Any]:
        """Tell of which manifests a field of a declaration comes, and where they come from (AG-09)."""
        item = parts_of(spot.path)[2][1] if spot.path.startswith(_LIST) else 0
        pairs = [
            (manifest, position if item else 0)
            for manifest, position, declared in self._went_into(spot.number)
            if item in {0, declared}
        ]
        distinct = list(dict.fromkeys(pairs))
        told = [self._of_manifest(*pair, spot.path, item) for pair in distinct[:_MOST_MANIFESTS]]
        values = {"manifests": len({number for number, _ in distinct}), "items": len(pairs)}
        return {**_because(Violation("origin.merged", values=values)), "manifests": told}

    def _of_manifest(self, number: str, item: int, path: str, declared: int) -> dict[str, Any]:
        tracer = self.tracer
        version = tracer.pasts.of(number).newest
        group = f"Manifest/Item[{item}]" if declared else "Manifest"
        below = f"{group}/{plain(path).rpartition('/')[2]}"
        spot = Spot(number, version, below if self._dictionary.find(below) else group)
        row = tracer.unit.documents.get(number)
        told = {"number": number, "client_number": row.client_number if row else "", "item": item}
        shown = {name: value for name, value in told.items() if value}
        return shown | self._traced(tracer.trace(spot), number)

    def _went_into(self, number: str) -> list[tuple[str, int, int]]:
        """Return each manifest item that went into a declaration, and the item that it went into."""
        if number not in self._merged:
            unit = self.tracer.unit
            row, kept = unit.documents.get(number), unit.relations.of_declaration(number)
            found = [(r.manifest_number, r.manifest_item, r.declaration_item) for r in kept]
            # Until its run is closed, what is not among the relations yet is still among the lines.
            waiting = unit.lines.went_into(row.parent, number) if row and row.parent else []
            self._merged[number] = list(dict.fromkeys([*found, *waiting]))
        return self._merged[number]


def _because(reason: Violation) -> dict[str, Any]:
    return {
        "because": {"code": reason.code, "text_en": reason.text("en"), "text_zh": reason.text("zh")},
    }
