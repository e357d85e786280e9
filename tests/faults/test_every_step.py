"""Killed at the n-th durable operation, whichever that is, the gateway ends as if nothing had happened."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.killer import Point
from tests.faults.story import PARTS, Story

# `python -m tests.faults.all` goes through all of them; here as many as time allows, evenly.
SHARES = 10
NAMES = [part.name for part in PARTS]


@pytest.mark.requirement("AG-10", "CU-03", "CU-05", "ER-04", "ER-05")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", range(SHARES))
def test_killed_at_any_operation_it_ends_the_same(story: Story, name: str, share: int) -> None:
    """Nothing is lost, nothing is there twice, and no queue, lock or half file is left."""
    steps = story.told[name].steps
    site, _ = story.killed(name, Point(number=1 + share * len(steps) // SHARES))
    assert story.faults(name, site) == []


@pytest.mark.requirement("AG-10", "CU-03", "CU-05", "ER-04", "ER-05")
@settings(max_examples=6)
@given(
    name=st.sampled_from(NAMES),
    numbers=st.lists(st.integers(min_value=1, max_value=60), min_size=2, max_size=4),
)
def test_killed_again_and_again_it_ends_the_same(story: Story, name: str, numbers: list[int]) -> None:
    """Whoever takes over may die as well, and so may the next."""
    site, _ = story.killed(name, *(Point(number=number) for number in numbers))
    assert story.faults(name, site) == []
