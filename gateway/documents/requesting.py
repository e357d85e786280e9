"""The request for an aggregation: criteria, agent, deadlines and the ERP's own totals, read and checked."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Final

from gateway.documents import identifiers
from gateway.documents.agents import NONE, named_agent
from gateway.documents.calendar import deadline
from gateway.documents.checks import check_mandatory, check_values
from gateway.documents.core import Command, Facts, Kind
from gateway.documents.draft import Draft, Level, resolve_enterprise
from gateway.documents.selection import Closed, Selection, selection_of
from gateway.documents.totals import Totals, check_rows, compare, is_given
from gateway.errors import RejectedError, Violation, refuse

_AGENT: Final = "AgentCode"


def read_request(command: Command, facts: Facts) -> tuple[Draft, Selection]:
    """Read and check the criteria; the faults are in the draft, to be settled by the caller."""
    draft = Draft.of(command, command.body, Level.SAVE, facts)
    agent = draft.take(_AGENT)
    check_values(draft)
    profile = resolve_enterprise(draft)
    check_mandatory(draft)
    if agent:
        named = named_agent(draft, agent, profile)
        draft.head.fields[_AGENT] = agent
        if named is not None and agent != NONE:
            draft.fill(draft.head, "AgentName", named[1])
    check_rows(draft)
    if command.forced:
        draft.head.fields["ForcedReason"] = command.forced
    selection = selection_of(profile.code if profile else "", draft.head.fields)
    if _check_month(draft, selection.period):
        selection = _close(draft, selection, forced=bool(command.forced))
    _check_listed(draft, selection)
    return draft, selection


def nothing_to_take(draft: Draft, selection: Selection) -> RejectedError:
    """Say why a request finds nothing: all that fits is too late, or nothing fits."""
    path, month = draft.head.at("Month"), selection.period
    late = draft.facts.offered(replace(selection, closed=()))
    if late:
        last = max(each.deadline for each in selection.closed)
        return refuse("aggregation.late", path, given=month, deadline=last, manifests=late)
    natures: Counter[str] = Counter()
    for (_, nature), count in draft.facts.cleared(selection.enterprise, month).items():
        natures[nature] += count
    told = ", ".join(f"{nature} ({count})" for nature, count in sorted(natures.items()))
    return refuse("aggregation.nothing-cleared", path, month=month, natures=told or "–")


def check_totals(draft: Draft, selection: Selection) -> None:
    """Compare the ERP's own totals with those of the manifests that a run takes (AG-11).

    Raises:
        RejectedError: `aggregation.total-differs` for each that differs.
    """
    if not is_given(draft.head.fields):
        return
    found = Totals()
    for manifest in draft.facts.offering(selection):
        found.add(manifest.content)
    differing = [each for each in compare(draft.head.fields, found) if each.differs]
    if differing:
        faults = [Violation("aggregation.total-differs", each.path, each.values) for each in differing]
        raise RejectedError([*faults, *draft.warnings])


def _check_month(draft: Draft, period: str) -> bool:
    """Tell whether there is such a month, and it has begun."""
    path = draft.head.at("Month")
    if not period:
        return False
    if not identifiers.is_month(period):
        draft.fault("rule.not-a-month", path, given=period)
        return False
    present = draft.today[:6]
    if period > present:
        draft.fault("aggregation.month-not-begun", path, given=period, present=present)
        return False
    if period == present:
        draft.warn("aggregation.month-not-over", path, given=period)
    return True


def _close(draft: Draft, selection: Selection, *, forced: bool) -> Selection:
    """Leave out what is too late, by office and nature; only an operator's word takes it (AG-01)."""
    facts, today = draft.facts, draft.facts.now.date()
    office = dict(selection.criteria).get("CustomMaster")
    closed = []
    for (place, nature), count in sorted(facts.cleared(selection.enterprise, selection.period).items()):
        last = deadline(facts.settings, place, nature, selection.period)
        if nature in selection.natures and office in {None, place} and today > last:
            closed.append(Closed(place, nature, f"{last:%Y%m%d}", count))
    code = "aggregation.late-forced" if forced else "aggregation.late-left-out"
    for each in closed:
        values = {"office": each.office, "nature": each.nature, "deadline": each.deadline}
        draft.warn(code, draft.head.at("Month"), manifests=each.manifests, **values)
    if forced or not closed:
        return selection
    draft.head.fields["Late"] = [
        {"CustomMaster": each.office, "GoodsNature": each.nature, "Deadline": each.deadline}
        for each in closed
    ]
    return replace(selection, closed=tuple(closed))


def _check_listed(draft: Draft, selection: Selection) -> None:
    """Check each manifest that the request names."""
    rows = draft.head.fields.get("Manifest", [])
    own, period = draft.facts.enterprises_of(draft.partner), selection.period
    amended = {number for code in own for number in draft.facts.amended(code, period)} if rows else set()
    for count, row in enumerate(rows if isinstance(rows, list) else [], 1):
        number = str(row.get("SeqNo", ""))
        path = f"{draft.head.path}/Manifest[{count}]/SeqNo"
        found = draft.facts.document(number)
        if found is None or found.kind is not Kind.MANIFEST or found.enterprise not in own:
            draft.fault("rule.unknown-document", path, given=number)
        elif found.period != period:
            draft.fault("aggregation.other-month", path, given=number, expected=period, month=found.period)
        elif not selection.takes(found, amended):
            draft.violations.append(selection.refused(found, amended, path))
        elif not selection.fits(found):
            draft.fault("aggregation.does-not-fit", path, given=number)
