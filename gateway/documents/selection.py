"""What an aggregation takes: month, criteria, deadline, and why a manifest is left out (AG-01, AG-02)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Final

from gateway.documents import identifiers
from gateway.documents.checks import check_mandatory, check_values
from gateway.documents.core import Command, Document, Facts, Kind, Nature
from gateway.documents.draft import Draft, Level, resolve_enterprise
from gateway.documents.manifest_states import ManifestState
from gateway.errors import Violation
from gateway.fields import Fields

# Border trade and contracted exports are treated as general trade (QF-06).
GENERAL: Final = frozenset({Nature.GENERAL, Nature.BORDER, Nature.CONTRACT})
# General trade is aggregated before this day of the next month.
DAY_OF_NEXT_MONTH: Final = 10

_CRITERIA: Final = ("CustomMaster", "IEFlag", "ManualNo")
_OVER: Final = {ManifestState.AGGREGATED, ManifestState.WITHDRAWN, ManifestState.DELETED}


@dataclass(frozen=True, slots=True)
class Selection:
    """The criteria of a run.

    Attributes:
        enterprise: Whose manifests.
        period: The month, `yyyyMM`.
        natures: The natures of goods; without a word, general trade and what is treated as such.
        criteria: What must be equal, by field of the manifest.
        days: First and last declaration date, where given.
        listed: The manifests that were named; empty means all.
    """

    enterprise: str
    period: str
    natures: frozenset[str]
    criteria: tuple[tuple[str, str], ...]
    days: tuple[str, str]
    listed: frozenset[str]

    def left_out(self, facts: Facts) -> Iterator[Violation]:
        """Yield each manifest that fits and is not taken, with the reason."""
        states = set(ManifestState) - _OVER
        amended = facts.amended(self.enterprise, self.period)
        for manifest in facts.manifests(self.enterprise, self.period, states):
            if self.fits(manifest) and not is_offered(manifest, amended):
                yield not_offered(manifest, amended, "")

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


def read_request(command: Command, facts: Facts) -> tuple[Draft, Selection]:
    """Read and check the criteria; the faults are in the draft, to be settled by the caller."""
    draft = Draft.of(command, command.body, Level.SAVE, facts)
    check_values(draft)
    profile = resolve_enterprise(draft)
    check_mandatory(draft)
    head = draft.head
    nature, period, agent = head.text("GoodsNature"), head.text("Month"), head.text("AgentCode")
    natures = frozenset({nature}) if nature else GENERAL
    _check_month(draft, period, natures)
    if agent and facts.enterprise(agent) is None:
        draft.fault("aggregation.unknown-agent", head.at("AgentCode"), given=agent)
    _check_listed(draft, period)
    return draft, selection_of(profile.code if profile else "", head.fields)


def selection_of(enterprise: str, fields: Fields) -> Selection:
    """Return the criteria of a request, as it came in or as its run keeps it."""
    text = partial(_text, fields)
    rows = fields.get("Manifest", [])
    return Selection(
        enterprise=enterprise,
        period=text("Month"),
        natures=frozenset({text("GoodsNature")}) if text("GoodsNature") else GENERAL,
        criteria=tuple((name, text(name)) for name in _CRITERIA if text(name)),
        days=(text("DeclDateFrom"), text("DeclDateTo")),
        listed=frozenset(_text(row, "SeqNo") for row in (rows if isinstance(rows, list) else [])),
    )


def is_offered(manifest: Document, amended: Collection[str]) -> bool:
    """Tell whether a manifest can be taken into a run (AG-02, AM-07)."""
    return manifest.state == ManifestState.CLEARED and manifest.number not in amended


def not_offered(manifest: Document, amended: Collection[str], path: str) -> Violation:
    """Say why a manifest cannot be taken."""
    state = ManifestState(manifest.state)
    values = {"number": manifest.number, "state_en": state.en, "state_zh": state.zh}
    if manifest.number in amended:
        return Violation("aggregation.amendment-open", path, values)
    if manifest.state == ManifestState.AWAITING:
        return Violation("aggregation.in-another-run", path, {**values, "run": manifest.parent})
    return Violation("aggregation.not-cleared", path, values)


def deadline(period: str, natures: frozenset[str]) -> date:
    """Return the last day of a month's aggregation (AG-01).

    General trade: before the 10th of the next month, and December's within its own year. Bonded: by the
    end of the next month.
    """
    year, month = int(period[:4]), int(period[4:])
    next_month = date(year + month // 12, month % 12 + 1, 1)
    if natures & GENERAL:
        if month == 12:
            return date(year, 12, 31)
        return next_month.replace(day=DAY_OF_NEXT_MONTH) - timedelta(days=1)
    return date(next_month.year + next_month.month // 12, next_month.month % 12 + 1, 1) - timedelta(days=1)


def _check_month(draft: Draft, period: str, natures: frozenset[str]) -> None:
    path = draft.head.at("Month")
    if not period:
        return
    if not identifiers.is_month(period):
        draft.fault("rule.not-a-month", path, given=period)
        return
    present = draft.today[:6]
    if period > present:
        draft.fault("aggregation.month-not-begun", path, given=period, present=present)
        return
    last = deadline(period, natures)
    if draft.facts.now.date() > last:
        draft.warn("aggregation.late", path, given=period, deadline=f"{last:%Y%m%d}")
    elif period == present:
        draft.warn("aggregation.month-not-over", path, given=period)


def _check_listed(draft: Draft, period: str) -> None:
    """Check each manifest that the request names."""
    rows = draft.head.fields.get("Manifest", [])
    own = draft.facts.enterprises_of(draft.partner)
    amended = {number for code in own for number in draft.facts.amended(code, period)} if rows else set()
    for count, row in enumerate(rows if isinstance(rows, list) else [], 1):
        number = str(row.get("SeqNo", ""))
        path = f"{draft.head.path}/Manifest[{count}]/SeqNo"
        found = draft.facts.document(number)
        if found is None or found.kind is not Kind.MANIFEST or found.enterprise not in own:
            draft.fault("rule.unknown-document", path, given=number)
        elif found.period != period:
            draft.fault("aggregation.other-month", path, given=number, expected=period, month=found.period)
        elif not is_offered(found, amended):
            draft.violations.append(not_offered(found, amended, path))


def _text(fields: Fields, name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""
