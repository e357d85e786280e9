"""The example scenarios: each goes through a real installation as its `expected.toml` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.scenario import EXAMPLES, Scenario, play, scenarios

ALL = [
    pytest.param(scenario, id=scenario.name, marks=pytest.mark.requirement(*scenario.proves))
    for scenario in scenarios()
]


@pytest.mark.parametrize("scenario", ALL)
def test_a_scenario_goes_as_it_is_told(scenario: Scenario, tmp_path: Path) -> None:
    """Every reply, every notice and every state that its page promises."""
    assert play(scenario, tmp_path) == []


def test_every_scenario_can_be_read() -> None:
    """It has a page, and every file of it has its turn, in the order of the names."""
    for scenario in scenarios():
        folder = EXAMPLES / scenario.name
        own = [step.file.name for step in scenario.steps if step.file.parent == folder]
        assert own == sorted(own)
        assert {file.name for file in folder.iterdir()} == {"README.md", "expected.toml", *own}
