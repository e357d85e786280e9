"""What every test has: reproducible hypothesis runs, and an order that keeps all workers busy to the end."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

# Machines differ in speed, so no example has a deadline; a run of continuous integration must fail
# or pass for the commit that it tests, not for its dice.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# The files that take longest come first: one that begins last would be waited for by every other worker.
FIRST = (
    *("chaos/", "faults/test_every_step", "faults/test_gateways", "faults/test_network", "faults/"),
    *("contract/test_amqp", "flow/test_amqp", "contract/test_customs_stub", "contract/test_runs"),
    *("contract/", "flow/"),
)


def place_in_turn(nodeid: str) -> int:
    """Return how early a test comes."""
    return next((turn for turn, place in enumerate(FIRST) if nodeid.startswith(f"tests/{place}")), len(FIRST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Bring the tests into that order."""
    items.sort(key=lambda item: place_in_turn(item.nodeid))


def pytest_collection_finish() -> None:
    """What was collected stays to the end, so that no collection of garbage need look through it."""
    gc.collect()
    gc.freeze()
