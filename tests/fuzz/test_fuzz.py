"""A few seconds of what `make fuzz` does for as long as it is told: no input but is read or refused."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mutation import inputs
from tests.fuzz.targets import TARGETS, attempt, seeds


@pytest.mark.parametrize("target", TARGETS)
def test_what_is_kept_is_still_read_or_refused(target: str) -> None:
    """Every input of the corpus, the sound ones and those that once were too much."""
    assert seeds(target)
    for data in seeds(target):
        attempt(target, data)


@pytest.mark.requirement("CU-02", "ER-02")
@pytest.mark.parametrize("target", TARGETS)
def test_any_input_is_read_or_refused_with_a_code(target: str) -> None:
    """Nothing else comes out of a parser or of `verify`, whatever goes in."""

    @settings(max_examples=60)
    @given(st.data())
    def fuzz(data: st.DataObject) -> None:
        attempt(target, data.draw(inputs(target)))

    fuzz()
