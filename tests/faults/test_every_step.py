"""Killed before and after every kind of durable operation, the gateway ends as if nothing had happened."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.killer import Point
from tests.faults.points import named_here, points_of, tour
from tests.faults.story import PARTS, Story

NAMES = [part.name for part in PARTS]


@pytest.mark.requirement("AG-10", "CU-03", "CU-05", "ER-04", "ER-05")
@pytest.mark.parametrize("name", NAMES)
def test_killed_at_each_named_point_it_ends_the_same(story: Story, name: str) -> None:
    """Before and after every durable step, one after another; nothing is lost, doubled or left half."""
    asked = points_of(story)[name]
    if name == NAMES[0]:
        # What stages do beside each other is not the same each time: what was not seen now is looked for.
        seen = {point for points in points_of(story).values() for point in points}
        asked += [point for point in named_here() if point not in seen]
    result = tour(story, name, asked)
    assert result.faults == []
    assert result.missed == []
    assert set(result.died) == set(asked)


def test_the_list_of_points_is_that_of_the_code(story: Story) -> None:
    """`python -m tests.faults.all --list` writes it anew; each name of it was killed at above."""
    found = [point for points in points_of(story).values() for point in points]
    assert [point for point in found if point not in named_here()] == []


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
