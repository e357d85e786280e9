"""Circuits in every store: kept over a restart, changed by one at a time, gone when all is well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.store import CircuitRow, Store
from tests.services.stores import NOON

pytest_plugins = ("tests.services.store_fixtures",)

ROW = CircuitRow(
    route="customs", state="pilot", since=NOON, failures=2, due_at=NOON, outage="silence", pilot="M1"
)


@pytest.mark.requirement("CU-07")
def test_a_circuit_outlives_the_process(open_store: Callable[[], Store]) -> None:
    """What was put is there for the next process, the last word of it, until it is removed."""
    with open_store().begin() as unit:
        assert unit.circuits.get("customs") is None
        assert unit.circuits.lock("customs") is None
        unit.circuits.put(replace(ROW, failures=1))
        unit.circuits.put(ROW)
    with open_store().begin() as unit:
        assert unit.circuits.get("customs") == unit.circuits.lock("customs") == ROW
        unit.circuits.remove("customs")
        assert unit.circuits.get("customs") is None


@pytest.mark.requirement("CU-07")
def test_routes_over_which_not_everything_goes_are_listed(open_store: Callable[[], Store]) -> None:
    """A closed circuit is one that has begun to fail, and holds nothing yet."""
    with open_store().begin() as unit:
        for route, state in (("sea", "pilot"), ("air", "open"), ("rail", "closed")):
            unit.circuits.put(replace(ROW, route=route, state=state))
    with open_store().begin() as unit:
        assert [row.route for row in unit.circuits.held()] == ["air", "sea"]
