"""The deadlines of a manifest: after them the goods need an ordinary declaration (MF-13)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final

from gateway.config import Rules
from gateway.documents import identifiers
from gateway.documents.core import Reference
from gateway.documents.draft import Draft

IMPORT: Final = "I"
EXPORT: Final = "E"
_DAY: Final = timedelta(days=1)
_SATURDAY: Final = 5


def check_deadline(draft: Draft, cargo: Reference | None) -> None:
    """Refuse a manifest that is certainly late, warn of one that may be.

    The cargo manifest's day of entry or exit goes before the manifest's own. Days are all that is known,
    so that the hours before loading are certainly too few, surely enough, or in between.
    """
    if not draft.declaring or draft.amends:
        return
    text = str(cargo.content.get("IEDate") or "") if cargo else ""
    day = identifiers.parse_date(text or draft.head.text("IEDate"))
    if day is None:
        return
    flag = draft.head.text("IEFlag")
    if flag == IMPORT:
        _check_import(draft, day)
    elif flag == EXPORT:
        _check_export(draft, day)


def _check_import(draft: Draft, entry: date) -> None:
    rules = draft.facts.settings.rules
    today, last = draft.facts.now.date(), entry + rules.import_days * _DAY
    if today <= last:
        return
    code = "rule.import-late" if today > next_working_day(last, rules) else "rule.import-may-be-late"
    values = {"given": f"{entry:%Y%m%d}", "days": rules.import_days, "last": f"{last:%Y%m%d}"}
    (draft.fault if code == "rule.import-late" else draft.warn)(code, draft.head.at("IEDate"), **values)


def _check_export(draft: Draft, loading: date) -> None:
    hours = draft.facts.settings.rules.export_hours
    now = draft.facts.now
    before = timedelta(hours=hours)
    begins = datetime.combine(loading, time(), now.tzinfo)
    values = {"given": f"{loading:%Y%m%d}", "hours": hours}
    if now + before >= begins + _DAY:
        draft.fault("rule.export-late", draft.head.at("IEDate"), **values)
    elif now + before > begins:
        draft.warn("rule.export-may-be-late", draft.head.at("IEDate"), **values)


def next_working_day(day: date, rules: Rules) -> date:
    """Return the day itself, or the first after it that is neither on a weekend nor a holiday."""
    while day.weekday() >= _SATURDAY or day in rules.holidays:
        day += _DAY
    return day
