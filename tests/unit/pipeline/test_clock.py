"""The one source of time: China's zone, set for a rehearsal and running on from there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.clock import CHINA, Clock, parse_moment


def test_a_clock_that_was_set_runs_on_from_there() -> None:
    """In China's zone, whatever the zone of the start; it never goes back."""
    start = datetime(2026, 10, 19, 23, tzinfo=UTC)
    clock = Clock(start)
    first, second = clock.now(), clock.now()
    assert start <= first <= second
    assert first.utcoffset() == timedelta(hours=8)
    assert f"{first:%F %H}" == "2026-10-20 07"


def test_a_clock_that_was_not_set_follows_the_system() -> None:
    """In China's zone."""
    before = datetime.now(UTC)
    now = Clock().now()
    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is CHINA


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-03T08:00:00+08:00", datetime(2026, 11, 3, 8, tzinfo=CHINA)),
        ("2026-11-03T00:00:00Z", datetime(2026, 11, 3, 8, tzinfo=CHINA)),
        ("2026-11-03T08:00", datetime(2026, 11, 3, 8, tzinfo=CHINA)),
        ("2026-11-03", datetime(2026, 11, 3, tzinfo=CHINA)),
    ],
)
def test_a_moment_without_a_zone_is_chinas(text: str, moment: datetime) -> None:
    """As people write it."""
    assert parse_moment(text) == moment
    assert parse_moment(text).tzinfo is not None


@pytest.mark.parametrize("text", ["", "soon", "2026-02-30", "0001-01-01T00:00:00", "9999-12-31"])
def test_what_is_no_moment_of_this_calendar_is_refused(text: str) -> None:
    """Also what no deadline could be counted from."""
    with pytest.raises(ValueError, match=r"."):
        parse_moment(text)
