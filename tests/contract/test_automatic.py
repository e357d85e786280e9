"""Months that are aggregated by themselves, in every store: when, once, what, and what cannot be."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.building import make_world
from gateway.clock import CHINA, Clock
from gateway.config import Enterprise, load_settings
from gateway.errors import refuse
from gateway.steps import automatic
from gateway.steps.automatic import Due, begins, due_months, request_due
from gateway.steps.records import World
from gateway.store import Store
from tests.services.installation import ROOT
from tests.services.stores import Database, document, new

pytest_plugins = ("tests.services.store_fixtures",)

ENTERPRISE = "4403180001"
GENERAL, BONDED = Due(ENTERPRISE, "202610", bonded=False), Due(ENTERPRISE, "202610", bonded=True)
Look = Callable[[str], tuple[list[Due], int]]


@pytest.fixture(scope="module")
def world() -> World:
    """An enterprise whose months go by themselves on the fifth at 20:00."""
    settings = load_settings(ROOT / "gateway.toml")
    (profile, *others) = settings.enterprise
    profile = profile.model_copy(update={"aggregate_automatically": True})
    return make_world(settings.model_copy(update={"enterprise": (profile, *others)}), Clock())


@pytest.fixture
def look(database: Database, world: World) -> Look:
    """Look at a moment; return what was due, and how many runs that made."""
    with closing(Store(database.url, _clock("2026-10-20T12:00"))) as store, store.begin() as unit:
        unit.documents.put(
            new(document(f"M2026000000000000{n}", state=state, period=period, nature=nature))
            for n, (state, period, nature) in enumerate(
                [
                    ("cleared", "202610", "1"),
                    ("cleared", "202610", "2"),
                    ("approved", "202610", "1"),
                    ("cleared", "202612", "1"),
                    ("cleared", "202612", "2"),
                ]
            )
        )

    def at(moment: str) -> tuple[list[Due], int]:
        with closing(Store(database.url, _clock(moment))) as store, store.begin() as unit:
            due = due_months(world, unit)
            return due, request_due(world, unit, due)

    return at


def _clock(moment: str) -> Clock:
    return Clock(datetime.fromisoformat(f"{moment}:00+08:00"))


@pytest.mark.requirement("AG-05")
def test_a_month_is_requested_at_its_moment_and_never_again(look: Look, database: Database) -> None:
    """General trade and bonded goods, each once; exactly what is cleared."""
    assert look("2026-11-05T19:59") == ([], 0)
    assert look("2026-11-05T20:00") == ([GENERAL, BONDED], 2)
    assert look("2026-11-05T20:01") == ([], 0)
    with closing(Store(database.url, _clock("2026-11-06T12:00"))) as store, store.read() as unit:
        for due, taken in ((GENERAL, ["M20260000000000000"]), (BONDED, ["M20260000000000001"])):
            run = unit.documents.by_client_number("acme", "aggregation", due.client_number)
            assert run is not None
            manifests = unit.documents.children(run.number)
            assert [row.number for row in manifests] == taken


@pytest.mark.requirement("AG-05", "AG-01")
def test_december_goes_on_its_last_day(look: Look) -> None:
    """General trade within the year, bonded goods on the fifth of January; what is late is left."""
    assert look("2026-12-31T19:59")[0] == []
    assert look("2026-12-31T20:00") == ([Due(ENTERPRISE, "202612", bonded=False)], 1)
    assert look("2027-01-05T20:00") == ([Due(ENTERPRISE, "202612", bonded=True)], 1)


@pytest.mark.requirement("AG-05")
def test_what_is_refused_is_told_and_tried_again(
    look: Look, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One alert while it lasts; it closes with the run. Another run's marking is only waited for."""
    fault = "aggregation.still-marking"

    def refused(*_: object) -> None:
        raise refuse(fault, enterprise=ENTERPRISE, month="202610", run="R")

    monkeypatch.setattr(automatic, "request_month", refused)
    assert look("2026-11-05T20:00")[1] == 0
    assert _alerts(database) == []
    fault = "aggregation.no-partner"
    assert look("2026-11-05T20:01")[1] == 0
    assert look("2026-11-05T20:02")[1] == 0
    assert _alerts(database) == [("aggregation.automatic", due.client_number) for due in (BONDED, GENERAL)]
    monkeypatch.undo()
    assert look("2026-11-05T20:03")[1] == 2
    assert _alerts(database) == []


@pytest.mark.requirement("AG-05")
@given(
    day=st.integers(1, 28),
    at=st.times(),
    last=st.dates(date(2026, 10, 31), date(2027, 1, 31)),
)
def test_a_month_is_requested_at_latest_on_its_last_day(day: int, at: time, last: date) -> None:
    """Never after the deadline, and never before the month is over unless the deadline is."""
    profile = Enterprise(
        code=ENTERPRISE,
        name="x",
        social_credit_code="91440300MA5EX00018",
        aggregate_on_day=day,
        aggregate_at=at,
    )
    moment = begins(profile, "202610", last)
    assert moment.date() == min(date(2026, 11, day), last)
    assert moment.time() == at


def _alerts(database: Database) -> list[tuple[str, str]]:
    with (
        closing(Store(database.url, Clock(datetime(2026, 11, 6, tzinfo=CHINA)))) as store,
        store.read() as unit,
    ):
        return [(each.code, each.subject) for each in unit.alerts.opened()]
