"""What every test has: reproducible hypothesis runs, and an order that keeps all workers busy to the end."""

from __future__ import annotations

import gc
import os
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

from gateway.logs import log

# Machines differ in speed, so no example has a deadline; a run of continuous integration must fail
# or pass for the commit that it tests, not for its dice.
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# Files that need the same that takes long to make; one worker of the tests makes it for all of them.
TOGETHER = {
    "story": re.compile(r"tests/faults/test_(asked|demo|every_step|named_points|surroundings)\.py"),
    "broker": re.compile(r"tests/(contract/test_(amqp|channel_contract|customs_stub_amqp)|flow/test_amqp\.)"),
}
# What takes longest comes first: one file that begins last would be waited for by every other worker.
FIRST = ("story", "broker", "tests/chaos/", "tests/faults/", "tests/contract/", "tests/flow/")


def scope_of(nodeid: str) -> str:
    """Return what a worker takes as a whole: a file, or files that need the same."""
    file = nodeid.partition("::")[0]
    return next((name for name, files in TOGETHER.items() if files.match(file)), file)


def turn_of(nodeid: str) -> int:
    """Return how early a test comes."""
    scope = scope_of(nodeid)
    return next((turn for turn, begin in enumerate(FIRST) if scope.startswith(begin)), len(FIRST))


class Scheduling(LoadScopeScheduling):
    """Gives each worker one whole after the other."""

    def _split_scope(self, nodeid: str) -> str:
        return scope_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: turn_of(item.nodeid))


def pytest_collection_finish() -> None:
    # What was collected stays to the end: no collection of garbage need look through it.
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _log_is_ready() -> None:
    """What an earlier test has left to be prepared with the first event would take a captured log away."""
    log.open()
