"""The calendar of aggregation: until which day a month's manifests become declarations (AG-01, AG-12)."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection
from datetime import date, timedelta
from typing import Final

from gateway.config import Calendar, OffDays, Settings
from gateway.documents.core import Nature
from gateway.documents.manifest_states import ManifestState

# Border trade and contracted exports are treated as general trade (QF-06).
GENERAL: Final = frozenset({Nature.GENERAL, Nature.BORDER, Nature.CONTRACT})
# What customs has, or has cleared, and what is in no declaration yet.
AT_RISK: Final = frozenset(
    {
        *(ManifestState.DECLARED, ManifestState.SENT, ManifestState.APPROVED, ManifestState.ENTRUSTED),
        *(ManifestState.CARRIED, ManifestState.CROSSED, ManifestState.CLEARED, ManifestState.AWAITING),
    }
)

_DECEMBER: Final = 12
_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)


def deadline(settings: Settings, office: str, nature: str, period: str) -> date:
    """Return the last day on which manifests of a month are aggregated.

    General trade: before a day of the next month, and December's within its own year. Bonded: until a day of
    the next month, or its last one where that month is shorter.

    Args:
        settings: The configuration with calendar and holidays.
        office: The declaring customs of the manifests.
        nature: The nature of their goods.
        period: The month of their declaration dates, `yyyyMM`.
    """
    calendar = settings.aggregation.calendar.at(office)
    year, month = int(period[:4]), int(period[4:])
    holidays = settings.rules.holidays
    if nature not in GENERAL:
        return _on_working_day(
            _in_next_month(year, month, calendar.bonded_until), calendar.off_days, holidays
        )
    last = _in_next_month(year, month, calendar.general_before - 1)
    if month == _DECEMBER and calendar.december_by_year_end:
        year_end = date(year, _DECEMBER, 31)
        # A day off moves nothing over the end of the year.
        off_days: OffDays = "before" if calendar.off_days == "before" else "stay"
        return _on_working_day(year_end, off_days, holidays)
    return _on_working_day(last, calendar.off_days, holidays)


def warned_from(calendar: Calendar, office: str, last: date) -> date:
    """Return the day from which operators and ERP are told of a deadline (AG-12)."""
    return last - calendar.at(office).warning_days * _DAY


def _in_next_month(year: int, month: int, day: int) -> date:
    next_year, next_month = year + month // _DECEMBER, month % _DECEMBER + 1
    return date(next_year, next_month, min(day, monthrange(next_year, next_month)[1]))


def _on_working_day(day: date, off_days: OffDays, holidays: Collection[date]) -> date:
    if off_days == "stay":
        return day
    step = -_DAY if off_days == "before" else _DAY
    while day.weekday() >= _SATURDAY or day in holidays:
        day += step
    return day
