"""Who is late needs an ordinary declaration; who may be late is warned."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import CHINA
from gateway.config import Rules
from gateway.documents.deadlines import next_working_day
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.references import by_water, tell_cargo
from tests.unit.documents.world import World, approved_world, manifest, settings

MF = "Manifest"
# A Monday: fourteen days later is a Monday too.
ENTRY = date(2026, 10, 19)


def _told(world: World, body: Fields, operation: str = "save-declare") -> str:
    """Return what is told of the deadline."""
    try:
        told = world.do(MF, operation, f"M-{world.counter}", body).warnings
    except RejectedError as fault:
        told = fault.violations
    found = [violation for violation in told if violation.path == f"{MF}/IEDate"]
    assert len(found) == len(told) <= 1
    return found[0].code if found else ""


def _at(moment: str, rules: Rules | None = None) -> World:
    world = approved_world()
    world.settings = settings(rules)
    world.now = datetime.fromisoformat(moment).replace(tzinfo=CHINA)
    return world


@pytest.mark.requirement("MF-13")
@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-10-18T12:00", ""),
        ("2026-10-19T12:00", ""),
        ("2026-11-02T23:59", ""),
        ("2026-11-03T00:00", "rule.import-late"),
    ],
)
def test_an_import_is_declared_within_14_days_of_entry(moment: str, expected: str) -> None:
    """The fourteenth day after the day of entry is the last; before entry is early enough."""
    assert _told(_at(moment), manifest(IEDate=f"{ENTRY:%Y%m%d}")) == expected


@pytest.mark.requirement("MF-13")
def test_the_refusal_says_what_is_needed() -> None:
    """The days, the last of them, and that an ordinary declaration is needed."""
    with pytest.raises(RejectedError) as fault:
        _at("2026-11-03T08:00").do(MF, "save-declare", "M-1", manifest())
    text = fault.value.violations[0]
    assert all(word in text.text("en") for word in ("14 days", "20261102", "ordinary declaration"))
    assert all(word in text.text("zh") for word in ("14 日", "20261102", "普通报关单"))


@pytest.mark.requirement("MF-13")
@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-10-31T12:00", ""),
        ("2026-11-01T12:00", "rule.import-may-be-late"),
        ("2026-11-02T12:00", "rule.import-may-be-late"),
        ("2026-11-03T12:00", "rule.import-late"),
    ],
)
def test_a_last_day_of_rest_may_move_on(moment: str, expected: str) -> None:
    """The days end on a Saturday: until Monday customs decides."""
    assert _told(_at(moment), manifest(IEDate="20261017")) == expected


@pytest.mark.requirement("MF-13")
def test_public_holidays_are_days_of_rest() -> None:
    """Named in the configuration, as they differ from year to year."""
    rules = Rules(holidays=tuple(date(2026, 10, day) for day in range(1, 8)))
    body = manifest(IEDate="20260917")
    assert _told(_at("2026-10-08T08:00"), body) == "rule.import-late"
    assert _told(_at("2026-10-08T08:00", rules), body) == "rule.import-may-be-late"
    assert _told(_at("2026-10-09T08:00", rules), body) == "rule.import-late"


@pytest.mark.requirement("MF-13")
@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-10-20T00:00", ""),
        ("2026-10-20T00:01", "rule.export-may-be-late"),
        ("2026-10-20T23:59", "rule.export-may-be-late"),
        ("2026-10-21T00:00", "rule.export-late"),
        ("2026-10-25T12:00", "rule.export-late"),
    ],
)
def test_an_export_is_declared_24_hours_before_loading(moment: str, expected: str) -> None:
    """Only the day of loading is known: on it is late, two days before is early, in between customs knows."""
    assert _told(_at(moment), manifest(IEFlag="E", IEDate="20261021")) == expected


@pytest.mark.requirement("MF-13")
@given(st.integers(0, 96), st.integers(0, 48), st.integers(0, 23))
def test_the_day_of_loading_decides_as_its_hours_would(ahead: int, hours: int, within: int) -> None:
    """Refused is what no hour of that day would save; taken in silence is what every hour would."""
    now = datetime(2026, 10, 20, tzinfo=CHINA)
    begins = datetime(2026, 10, 24, tzinfo=CHINA)
    world = _at("2026-10-20T00:00", Rules(export_hours=hours))
    world.now = now + timedelta(hours=ahead, minutes=30)
    told = _told(world, manifest(IEFlag="E", IEDate="20261024"))
    in_time = world.now + timedelta(hours=hours) <= begins + timedelta(hours=within)
    assert told != "rule.export-late" or not in_time
    assert told != "" or in_time


@pytest.mark.requirement("MF-13")
def test_the_cargo_manifest_knows_the_entry_better() -> None:
    """Its day goes before the manifest's own; without a day it leaves the manifest's."""
    world = _at("2026-11-02T12:00")
    tell_cargo(world, IEDate="20261018")
    assert _told(world, by_water(IEDate="20261030")) == "rule.import-may-be-late"
    tell_cargo(world, IEDate="20261012")
    assert _told(world, by_water(IEDate="20261030")) == "rule.import-late"
    tell_cargo(world, IEDate="")
    assert _told(world, by_water(IEDate="20261030")) == ""


@pytest.mark.requirement("MF-13")
def test_the_figures_are_configurable() -> None:
    """A trial with other days and hours."""
    rules = Rules(import_days=3, export_hours=0)
    assert _told(_at("2026-10-22T12:00", rules), manifest()) == ""
    assert _told(_at("2026-10-23T12:00", rules), manifest()) == "rule.import-late"
    body = manifest(IEFlag="E", IEDate="20261023")
    assert _told(_at("2026-10-22T23:00", rules), body) == ""
    assert _told(_at("2026-10-23T12:00", rules), body) == "rule.export-may-be-late"
    assert _told(_at("2026-10-24T00:00", rules), body) == "rule.export-late"


@pytest.mark.requirement("MF-13")
def test_saving_knows_no_deadline() -> None:
    """Only what is declared can be late."""
    world = _at("2026-12-24T12:00")
    assert _told(world, manifest(), "save") == ""


@given(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.sets(st.dates(date(2026, 1, 1), date(2027, 12, 31)))
)
def test_a_day_of_rest_moves_to_the_next_working_day(day: date, holidays: set[date]) -> None:
    """All days between are days of rest; a working day stays."""
    rules = Rules(holidays=tuple(holidays))
    found = next_working_day(day, rules)
    passed = [day + timedelta(days=count) for count in range((found - day).days)]
    assert all(one.weekday() >= 5 or one in holidays for one in passed)
    assert found.weekday() < 5
    assert found not in holidays
