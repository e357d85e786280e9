"""The calendar of aggregation: until when, at which office, and from when it is told."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.config import Aggregation, Calendar, OfficeCalendar, Rules, Settings
from gateway.documents.calendar import GENERAL, deadline, warned_from
from tests.unit.documents.world import settings

BONDED = "2"
DAY = timedelta(days=1)

years = st.integers(2024, 2100)
months = st.integers(1, 12)
natures = st.sampled_from(["1", "2", "3", "4"])
calendars = st.builds(
    Calendar,
    general_before=st.integers(2, 31),
    bonded_until=st.integers(1, 31),
    december_by_year_end=st.booleans(),
    off_days=st.sampled_from(["stay", "before", "after"]),
    warning_days=st.integers(0, 28),
)


def _settings(calendar: Calendar | None = None, *holidays: date) -> Settings:
    return settings(Rules(holidays=holidays), Aggregation(calendar=calendar or Calendar()))


@pytest.mark.requirement("AG-01")
@pytest.mark.parametrize(
    ("period", "nature", "last"),
    [
        ("202610", "1", date(2026, 11, 9)),
        ("202610", "3", date(2026, 11, 9)),
        ("202610", "4", date(2026, 11, 9)),
        ("202612", "1", date(2026, 12, 31)),
        ("202612", "4", date(2026, 12, 31)),
        ("202611", "1", date(2026, 12, 9)),
        ("202610", BONDED, date(2026, 11, 30)),
        ("202612", BONDED, date(2027, 1, 31)),
        ("202701", BONDED, date(2027, 2, 28)),
        ("202801", BONDED, date(2028, 2, 29)),
    ],
)
def test_deadlines_as_shipped(period: str, nature: str, last: date) -> None:
    """General trade before the tenth and within the year, bonded by the end of the next month."""
    assert deadline(_settings(), "5301", nature, period) == last


@pytest.mark.requirement("AG-01")
def test_an_office_or_a_whole_customs_has_dates_of_its_own() -> None:
    """The office goes before its customs, that before the common dates; what it leaves out is common."""
    offices = {
        "57": OfficeCalendar(general_before=26),
        "5729": OfficeCalendar(bonded_until=20, warning_days=1),
    }
    common = _settings(Calendar(general_before=8, offices=offices))
    assert deadline(common, "5301", "1", "202610") == date(2026, 11, 7)
    assert deadline(common, "5701", "1", "202610") == date(2026, 11, 25)
    assert deadline(common, "5729", "1", "202610") == date(2026, 11, 7)
    assert deadline(common, "5729", BONDED, "202610") == date(2026, 11, 20)
    assert deadline(common, "5701", BONDED, "202610") == date(2026, 11, 30)
    calendar = common.aggregation.calendar
    assert warned_from(calendar, "5729", date(2026, 11, 20)) == date(2026, 11, 19)
    assert warned_from(calendar, "5301", date(2026, 11, 20)) == date(2026, 11, 15)


@pytest.mark.requirement("AG-01")
@pytest.mark.parametrize(
    ("off_days", "period", "nature", "last"),
    [
        # 9 January 2027 is a Saturday, 31 January a Sunday.
        ("stay", "202612", BONDED, date(2027, 1, 31)),
        ("before", "202612", BONDED, date(2027, 1, 29)),
        ("after", "202612", BONDED, date(2027, 2, 1)),
        # 9 May 2027 is a Sunday; the 7th is a holiday in this test.
        ("before", "202704", "1", date(2027, 5, 6)),
        ("after", "202704", "1", date(2027, 5, 10)),
        # 31 December 2027 is a Friday, made a holiday: nothing moves over the end of the year.
        ("before", "202712", "1", date(2027, 12, 30)),
        ("after", "202712", "1", date(2027, 12, 31)),
    ],
)
def test_a_last_day_off_stays_or_moves(off_days: str, period: str, nature: str, last: date) -> None:
    """Weekends and the configured holidays count, in the direction that the calendar names."""
    calendar = Calendar.model_validate({"off_days": off_days})
    made = _settings(calendar, date(2027, 5, 7), date(2027, 12, 31))
    assert deadline(made, "5301", nature, period) == last


@pytest.mark.requirement("AG-01")
def test_december_may_go_over_the_years_end_where_an_office_allows_it() -> None:
    """Then it is a month like any other."""
    made = _settings(Calendar(offices={"5301": OfficeCalendar(december_by_year_end=False)}))
    assert deadline(made, "5301", "1", "202612") == date(2027, 1, 9)
    assert deadline(made, "5304", "1", "202612") == date(2026, 12, 31)


@pytest.mark.requirement("AG-01")
@given(calendars, years, months, natures)
def test_every_month_has_a_last_day_after_it_has_begun(
    calendar: Calendar, year: int, month: int, nature: str
) -> None:
    """In the next month or just around it; December's general trade within its year."""
    period = f"{year}{month:02}"
    last = deadline(_settings(calendar), "5301", nature, period)
    begun = date(year, month, 1)
    assert begun + 20 * DAY < last <= begun + 64 * DAY
    if nature in GENERAL and month == 12 and calendar.december_by_year_end:
        assert last.year == year
    if calendar.off_days != "stay" and not (nature in GENERAL and month == 12):
        assert last.weekday() < 5
    assert warned_from(calendar, "5301", last) == last - calendar.warning_days * DAY


@pytest.mark.requirement("AG-01")
@given(calendars, years, st.integers(1, 11), natures)
def test_a_later_month_is_never_due_earlier(calendar: Calendar, year: int, month: int, nature: str) -> None:
    """Deadlines come in the order of the months."""
    made = _settings(calendar)
    earlier = deadline(made, "5301", nature, f"{year}{month:02}")
    assert earlier <= deadline(made, "5301", nature, f"{year}{month + 1:02}")


@pytest.mark.requirement("AG-01")
@given(calendars, years, months, st.sampled_from(["1", "3", "4"]))
def test_all_that_is_treated_as_general_trade_has_one_deadline(
    calendar: Calendar, year: int, month: int, nature: str
) -> None:
    """Border trade and contracted exports are due with general trade (QF-06)."""
    made, period = _settings(calendar), f"{year}{month:02}"
    assert deadline(made, "5301", nature, period) == deadline(made, "5301", "1", period)
