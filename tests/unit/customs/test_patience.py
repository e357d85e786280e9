"""Which answers are late when, and which agreement of an exchange applies."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import CHINA
from gateway.config import Exchange
from gateway.config import Wait as Limits
from gateway.customs import Late, Wait

SENT = datetime(2026, 10, 20, 12, tzinfo=CHINA)
EXCHANGE = Exchange(
    technical=Limits(warn_minutes=10, fail_minutes=60), business=Limits(warn_minutes=30, fail_minutes=90)
)


@pytest.mark.requirement("CU-01")
@pytest.mark.parametrize(
    ("minutes", "technical", "late"),
    [
        (9, False, ()),
        (10, False, (Late.TECHNICAL,)),
        (30, False, (Late.TECHNICAL, Late.DECISION)),
        (60, False, (Late.TECHNICAL, Late.DECISION, Late.NO_TECHNICAL)),
        (60, True, (Late.DECISION,)),
        (90, True, (Late.DECISION, Late.NO_DECISION)),
    ],
)
def test_each_answer_is_late_for_itself(minutes: int, technical: bool, late: tuple[Late, ...]) -> None:
    """Technical receipt and decision have times of their own, to warn and to fail."""
    wait = Wait(SENT, technical=technical, business=False)
    assert wait.late(EXCHANGE, SENT + timedelta(minutes=minutes)) == late


@pytest.mark.requirement("CU-01")
def test_after_the_decision_nothing_is_late() -> None:
    """It proves that customs has the message, whether the technical receipt ever came or not."""
    wait = Wait(SENT, technical=False, business=True)
    assert wait.late(EXCHANGE, SENT + timedelta(days=100)) == ()
    assert wait.next_end(EXCHANGE, SENT) is None


@pytest.mark.requirement("CU-01")
@given(technical=st.booleans(), steps=st.lists(st.sampled_from(range(0, 100, 10)), max_size=8))
def test_who_looks_only_when_it_is_time_misses_nothing(technical: bool, steps: list[int]) -> None:
    """Between one look and the next end nothing becomes late, and at that end something does."""
    wait, now = Wait(SENT, technical=technical, business=False), SENT
    for minutes in steps:
        due = wait.next_end(EXCHANGE, now)
        later = now + timedelta(minutes=minutes)
        grown = len(wait.late(EXCHANGE, later)) > len(wait.late(EXCHANGE, now))
        assert grown == (due is not None and due <= later)
        now = later


@pytest.mark.requirement("CU-07")
@given(failures=st.integers(1, 50), pauses=st.lists(st.integers(1, 900), min_size=1, max_size=6))
def test_the_last_pause_repeats(failures: int, pauses: list[int]) -> None:
    """As listed, then the last one for ever."""
    exchange = Exchange(retry_seconds=tuple(map(float, pauses)))
    assert exchange.pause(failures) == timedelta(seconds=(pauses + [pauses[-1]] * 50)[failures - 1])


NAMES = st.sets(st.sampled_from(["a", "b"])).map(sorted).map(tuple)


@given(st.lists(st.tuples(NAMES, NAMES), max_size=4), st.sampled_from("ab"), st.sampled_from("ab"))
def test_the_first_entry_that_fits_applies(
    lists: list[tuple[tuple[str, ...], tuple[str, ...]]], route: str, kind: str
) -> None:
    """An empty list fits everything."""
    entries = [Exchange(routes=routes, documents=documents) for routes, documents in lists]
    fitting = [
        entry for entry in entries if route in (entry.routes or route) and kind in (entry.documents or kind)
    ]
    assert [entry for entry in entries if entry.fits(route, kind)] == fitting
