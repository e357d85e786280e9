"""Deadlines in every store: told once before they pass, and over when nothing is open any more."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager, closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.building import make_world
from gateway.clock import Clock
from gateway.config import Partner, load_settings
from gateway.errors import Violation
from gateway.steps.deadlines import risks, tell_deadlines, unchanged
from gateway.steps.records import World
from gateway.steps.rounds import Rounds
from gateway.store import ChangeRow, GroupRow, Store
from tests.services.installation import ROOT
from tests.services.stores import Database, changed, document, new

pytest_plugins = ("tests.services.store_fixtures",)

ENTERPRISE, OTHER = "4403180001", "4403180002"
SUBJECT = f"{ENTERPRISE} 202610 20261109"


@pytest.fixture(scope="module")
def world() -> World:
    """Two partners that speak for the same enterprise, and one that does not."""
    settings = load_settings(ROOT / "gateway.toml")
    folder = Path("folder")
    more = tuple(
        Partner(name=name, enterprises=(code,), inbox=folder, receipts=folder, mappings=("a",))
        for name, code in (("sister", ENTERPRISE), ("stranger", OTHER))
    )
    return make_world(settings.model_copy(update={"partner": (*settings.partner, *more)}), Clock())


class Days:
    """Opens the same database on one day after another."""

    def __init__(self, database: Database, world: World) -> None:
        self._database = database
        self._world = world

    def look(self, day: str) -> int:
        """Tell deadlines on a day, and return how many alerts changed; looking again changes none."""
        with self.on(day) as store, store.begin() as unit:
            done = tell_deadlines(self._world, unit, risks(self._world, unit))
            assert unchanged(unit, risks(self._world, unit))
            assert tell_deadlines(self._world, unit, risks(self._world, unit)) == 0
        return done

    def alerts(self) -> dict[tuple[str, str], Any]:
        """Return what is open."""
        with self.on("2026-11-01") as store, store.read() as unit:
            return {(each.code, each.subject): each.values for each in unit.alerts.opened()}

    def notices(self, partner: str) -> list[tuple[str, Any]]:
        """Take what a partner is to be told, as name and content."""
        with self.on("2026-11-01") as store, store.begin() as unit:
            rows = unit.notices.take(partner, 99)
            unit.notices.delivered([row.id for row in rows])
            return [(row.name, json.loads(unit.raw.get(row.digest))) for row in rows]

    def put(self, *changes: ChangeRow) -> None:
        """Write documents."""
        with self.on("2026-10-20") as store, store.begin() as unit:
            unit.documents.put(changes)

    def on(self, day: str) -> AbstractContextManager[Store]:
        """Open the store on a day."""
        return closing(Store(self._database.url, Clock(datetime.fromisoformat(f"{day}T09:00:00+08:00"))))


@pytest.fixture
def days(database: Database, world: World) -> Days:
    """A database of each kind with two open manifests of general trade and one bonded, of October."""
    made = Days(database, world)
    made.put(
        new(document("M20260000000000001", state="cleared", period="202610", client_number="A-1")),
        new(document("M20260000000000002", state="approved", period="202610", client_number="A-2")),
        new(document("M20260000000000003", state="cleared", period="202610", nature="2")),
        new(document("M20260000000000004", state="aggregated", period="202610")),
        new(document("M20260000000000005", state="saved", period="202610")),
        new(document("M20260000000000006", state="rejected", period="202610")),
        new(
            document("M20260000000000007", state="cleared", period="202610", enterprise=OTHER, office="5729")
        ),
    )
    return made


@pytest.mark.requirement("AG-12")
def test_manifests_are_counted_by_what_their_deadline_depends_on(days: Days) -> None:
    """Of all months, or of one enterprise's month; what has no month yet is none's."""
    days.put(new(document("M20260000000000009", state="cleared")))
    with days.on("2026-11-01") as store, store.read() as unit:
        (other,) = unit.groups.count(["cleared"], enterprise=OTHER)
        assert other == GroupRow(
            enterprise=OTHER, period="202610", office="5729", nature="1", state="cleared", manifests=1
        )
        own = unit.groups.count(["cleared", "approved"], enterprise=ENTERPRISE, period="202610")
        assert [(row.nature, row.state, row.manifests) for row in own] == [
            ("1", "approved", 1),
            ("1", "cleared", 1),
            ("2", "cleared", 1),
        ]
        assert unit.groups.count(["cleared"], period="202609") == []


@pytest.mark.requirement("AG-12")
def test_a_deadline_is_told_from_its_day_of_warning_on_and_closes_by_itself(days: Days) -> None:
    """Each deadline for itself; nothing is told twice, and nothing stays open that is over."""
    assert days.look("2026-11-03") == 0
    assert days.look("2026-11-04") == 2
    assert days.alerts() == {
        ("aggregation.deadline", SUBJECT): {
            "enterprise": ENTERPRISE,
            "month": "202610",
            "deadline": "20261109",
            "manifests": 2,
            "first": "M20260000000000001, M20260000000000002",
        },
        ("aggregation.deadline", f"{OTHER} 202610 20261109"): {
            "enterprise": OTHER,
            "month": "202610",
            "deadline": "20261109",
            "manifests": 1,
            "first": "M20260000000000007",
        },
    }
    assert days.look("2026-11-09") == 0
    days.put(changed(document("M20260000000000001", state="aggregated", period="202610"), "cleared", 1))
    days.put(changed(document("M20260000000000002", state="withdrawn", period="202610"), "approved", 1))
    assert days.look("2026-11-09") == 1
    assert list(days.alerts()) == [("aggregation.deadline", f"{OTHER} 202610 20261109")]
    assert days.look("2026-11-25") == 3
    assert sorted(days.alerts()) == [
        ("aggregation.deadline", f"{ENTERPRISE} 202610 20261130"),
        ("aggregation.deadline-missed", f"{OTHER} 202610 20261109"),
    ]


@pytest.mark.requirement("AG-12", "QR-08")
def test_each_erp_of_the_enterprise_is_told_once_with_every_manifest(days: Days) -> None:
    """The file has all of them; an alert that opens again repeats no file."""
    days.look("2026-11-04")
    ((name, told),) = days.notices("acme")
    assert name == f"{ENTERPRISE}.202610.20261109.deadline.json"
    assert (told["notice"], told["month"], told["deadline"], told["days_left"]) == (
        "deadline",
        "202610",
        "20261109",
        5,
    )
    assert [(each["number"], each["client_number"], each["state_zh"]) for each in told["at_risk"]] == [
        ("M20260000000000001", "A-1", "已结关"),
        ("M20260000000000002", "A-2", "海关审批通过"),
    ]
    assert {each["state"]: each["manifests"] for each in told["states"]} == {"approved": 1, "cleared": 1}
    assert told["news"][0]["zh"] == Violation("aggregation.deadline", values=_values(told)).text("zh")
    assert days.notices("sister") == [(name, told)]
    assert [name for name, _ in days.notices("stranger")] == [f"{OTHER}.202610.20261109.deadline.json"]
    for number in ("M20260000000000001", "M20260000000000002"):
        state = "cleared" if number.endswith("1") else "approved"
        days.put(changed(document(number, state="aggregated", period="202610"), state, 1))
    assert days.look("2026-11-05") == 1
    days.put(new(document("M20260000000000008", state="cleared", period="202610")))
    assert days.look("2026-11-06") == 1
    assert (("aggregation.deadline", SUBJECT) in days.alerts(), days.notices("acme")) == (True, [])


@pytest.mark.requirement("AG-12")
def test_many_manifests_are_named_by_their_first_numbers(days: Days) -> None:
    """Five stand in the alert; the file has all of them."""
    days.put(*(new(document(f"M2026000000001{n:04}", state="cleared", period="202610")) for n in range(1200)))
    days.look("2026-11-09")
    values = days.alerts()["aggregation.deadline", SUBJECT]
    assert values["manifests"] == 1202
    assert values["first"].count("M2026") == 5
    assert values["first"].endswith(" …")
    ((_, told),) = days.notices("acme")
    assert len(told["at_risk"]) == 1202


@pytest.mark.requirement("AG-12")
def test_rounds_look_at_once_and_when_aggregations_have_come_to_rest(days: Days, world: World) -> None:
    """A tick right after another counts nothing, nor does one while an aggregation goes on."""
    with days.on("2026-11-04") as store:
        rounds = Rounds(world, store)
        assert rounds.look(busy=False) == 2
        days.put(changed(document("M20260000000000001", state="aggregated", period="202610"), "cleared", 1))
        days.put(changed(document("M20260000000000002", state="aggregated", period="202610"), "approved", 1))
        assert rounds.look(busy=False) == 0
        assert rounds.look(busy=True) == 0
        assert ("aggregation.deadline", SUBJECT) in days.alerts()
        assert rounds.look(busy=False) == 1
        assert ("aggregation.deadline", SUBJECT) not in days.alerts()


def _values(told: dict[str, Any]) -> dict[str, Any]:
    first = ", ".join(each["number"] for each in told["at_risk"])
    return {name: told[name] for name in ("enterprise", "month", "deadline", "manifests")} | {"first": first}
