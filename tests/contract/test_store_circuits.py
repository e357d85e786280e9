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
        unit.circuits.put(CircuitRow(route="air", state="closed", since=NOON, failures=1))
    with open_store().begin() as unit:
        assert unit.circuits.get("customs") == unit.circuits.lock("customs") == ROW
        assert [row.route for row in unit.circuits.all()] == ["air", "customs"]
        unit.circuits.remove("customs")
        assert [row.route for row in unit.circuits.all()] == ["air"]
