"""What an aggregation takes of a month, and why a manifest is left out (AG-01, AG-02)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

from gateway.documents.calendar import GENERAL
from gateway.documents.core import Document, Facts
from gateway.documents.manifest_states import ManifestState
from gateway.errors import Violation
from gateway.fields import Fields

_CRITERIA: Final = ("CustomMaster", "IEFlag", "ManualNo")
_OVER: Final = {ManifestState.AGGREGATED, ManifestState.WITHDRAWN, ManifestState.DELETED}


@dataclass(frozen=True, slots=True)
class Closed:
    """Manifests of a month that are too late: all of one nature at one customs office (AG-01).

    Attributes:
        office: The declaring customs.
        nature: The nature of the goods.
        deadline: Their last day, `yyyyMMdd`.
        manifests: How many are cleared and left.
    """

    office: str
    nature: str
    deadline: str
    manifests: int = 0


@dataclass(frozen=True)
class Selection:
    """The criteria of a run.

    Attributes:
        enterprise: Whose manifests.
        period: The month, `yyyyMM`.
        natures: The natures of goods; without a word, general trade and what is treated as such.
        criteria: What must be equal, by field of the manifest.
        days: First and last declaration date, where given.
        listed: The manifests that were named; empty means all.
        closed: What is too late, and is not taken.
    """

    enterprise: str
    period: str
    natures: frozenset[str]
    criteria: tuple[tuple[str, str], ...]
    days: tuple[str, str]
    listed: frozenset[str]
    closed: tuple[Closed, ...] = ()

    @cached_property
    def deadlines(self) -> dict[tuple[str, str], str]:
        """Return the deadlines that are over, by declaring customs and nature of goods."""
        return {(each.office, each.nature): each.deadline for each in self.closed}

    def left_out(self, facts: Facts) -> Iterator[Violation]:
        """Yield each manifest that fits and is not taken, with the reason."""
        states = set(ManifestState) - _OVER
        amended = facts.amended(self.enterprise, self.period)
        for manifest in facts.manifests(self.enterprise, self.period, states):
            if self.fits(manifest) and not self.takes(manifest, amended):
                yield self.refused(manifest, amended, "")

    def fits(self, manifest: Document) -> bool:
        """Tell whether a manifest of the enterprise's month meets the criteria."""
        day = str(manifest.content.get("DeclDate", ""))
        first, last = self.days
        return (
            manifest.nature in self.natures
            and (not self.listed or manifest.number in self.listed)
            and all(manifest.content.get(name) == wanted for name, wanted in self.criteria)
            and (not first or day >= first)
            and (not last or day <= last)
        )

    def takes(self, manifest: Document, amended: Collection[str]) -> bool:
        """Tell whether a manifest that fits can be taken: cleared, not being amended, in time (AM-07)."""
        return (
            manifest.state == ManifestState.CLEARED
            and manifest.number not in amended
            and (manifest.office, manifest.nature) not in self.deadlines
        )

    def refused(self, manifest: Document, amended: Collection[str], path: str) -> Violation:
        """Say why a manifest cannot be taken."""
        state = ManifestState(manifest.state)
        values = {"number": manifest.number, "state_en": state.en, "state_zh": state.zh}
        if manifest.number in amended:
            return Violation("aggregation.amendment-open", path, values)
        if manifest.state == ManifestState.AWAITING:
            return Violation("aggregation.in-another-run", path, {**values, "run": manifest.parent})
        if manifest.state == ManifestState.CLEARED:
            last = self.deadlines[manifest.office, manifest.nature]
            return Violation("aggregation.manifest-late", path, {**values, "deadline": last})
        return Violation("aggregation.not-cleared", path, values)


def selection_of(enterprise: str, fields: Fields) -> Selection:
    """Return the criteria of a request, as it came in or as its run keeps it."""
    text = partial(_text, fields)
    return Selection(
        enterprise=enterprise,
        period=text("Month"),
        natures=frozenset({text("GoodsNature")}) if text("GoodsNature") else GENERAL,
        criteria=tuple((name, text(name)) for name in _CRITERIA if text(name)),
        days=(text("DeclDateFrom"), text("DeclDateTo")),
        listed=frozenset(_text(row, "SeqNo") for row in _rows(fields, "Manifest")),
        closed=tuple(
            Closed(_text(row, "CustomMaster"), _text(row, "GoodsNature"), _text(row, "Deadline"))
            for row in _rows(fields, "Late")
        ),
    )


def _rows(fields: Fields, name: str) -> list[Fields]:
    value = fields.get(name, [])
    return value if isinstance(value, list) else []


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""
