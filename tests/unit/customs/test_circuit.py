"""A route's circuit: whatever happens in whatever order, one pilot at a time, and nothing is stuck."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.clock import CHINA
from gateway.config import Exchange
from gateway.customs import Circuit, CircuitState, Outage

NOW = datetime(2026, 10, 20, 12, tzinfo=CHINA)
EXCHANGE = Exchange(retry_seconds=(5, 15, 60), outage_after=3)
WAIT = timedelta(minutes=30)
MESSAGES = st.sampled_from(["M1", "M2", "M3"])


class Route(RuleBasedStateMachine):
    """A route to customs, with what is known of it beside its circuit."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.circuit = Circuit()
        self.opened = 0

    @rule(seconds=st.sampled_from([1, 5, 15, 60, 1800]))
    def time_passes(self, seconds: int) -> None:
        """However long it takes, time alone changes nothing but what is due."""
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: self.circuit.wants_pilot(self.now))
    @rule(pilot=MESSAGES)
    def pilot_goes(self, pilot: str) -> None:
        """While one is under way, no other may go."""
        self.circuit = self.circuit.tried(pilot, self.now + timedelta(minutes=2))
        assert self.circuit.pilot == pilot
        assert not self.circuit.wants_pilot(self.now)

    @rule()
    def nothing_goes(self) -> None:
        """It is open from then on, for as long as agreed for so many failures in a row."""
        before = self.circuit
        self.circuit = before.failed(self.now, EXCHANGE.pause)
        assert self.circuit.state is CircuitState.OPEN
        assert self.circuit.failures == (1 if before.closed else before.failures + 1)
        assert self.circuit.due_at == self.now + EXCHANGE.pause(self.circuit.failures)
        assert self.circuit.outage is (before.outage or Outage.CHANNEL)

    @rule(message=MESSAGES)
    def something_goes(self, message: str) -> None:
        """A channel that takes is there again; whether customs is, only its answer tells."""
        before = self.circuit
        self.circuit = before.passed([message], self.now + WAIT)
        if before.outage is Outage.SILENCE:
            answered_by = self.now + WAIT if before.pilot == message else before.due_at
            assert self.circuit == replace(before, due_at=answered_by)
        else:
            assert self.circuit.closed

    @rule(message=MESSAGES)
    def receipt_is_missing(self, message: str) -> None:
        """One or two in a row are no outage, the third is; of a held route only the pilot's counts."""
        before = self.circuit
        self.circuit = before.missed(message, EXCHANGE.outage_after, self.now, EXCHANGE.pause)
        if before.closed:
            assert self.circuit.closed is (before.failures < EXCHANGE.outage_after - 1)
        elif before.pilot != message or before.outage is Outage.CHANNEL:
            assert self.circuit == before

    @rule(message=MESSAGES)
    def customs_answers(self, message: str) -> None:
        """That ends a silence, and the counting of what is missing; a channel is back with its pilot."""
        before = self.circuit
        self.circuit = before.heard(message)
        stays = before.outage is Outage.CHANNEL and before.pilot != message
        assert self.circuit == (before if stays else Circuit())

    @rule(messages=st.sets(MESSAGES))
    def sender_dies(self, messages: set[str]) -> None:
        """A pilot whose sender is gone keeps nobody waiting."""
        before = self.circuit
        self.circuit = before.left(messages, self.now)
        if before.pilot in messages:
            assert self.circuit.wants_pilot(self.now)
        else:
            assert self.circuit == before

    @invariant()
    def it_is_sound(self) -> None:
        """What is not closed has a cause and a moment at which it goes on; only a pilot names a message."""
        circuit = self.circuit
        assert circuit.closed == (circuit.outage is None)
        assert circuit.closed == (circuit.due_at is None)
        assert (circuit.state is CircuitState.PILOT) == bool(circuit.pilot)
        assert circuit.closed or circuit.wants_pilot(self.now + timedelta(days=1))
        assert not circuit.closed or circuit.failures < EXCHANGE.outage_after


TestRoute = pytest.mark.requirement("CU-07")(Route.TestCase)


@pytest.mark.requirement("CU-07")
def test_silence_is_no_outage_where_that_is_agreed() -> None:
    """However many receipts are missing, with 0 the route goes on."""
    circuit = Circuit()
    for _ in range(100):
        circuit = circuit.missed("M1", 0, NOW, EXCHANGE.pause)
    assert circuit.closed


@pytest.mark.requirement("CU-07")
def test_the_answer_to_a_pilot_ends_the_outage_of_its_channel() -> None:
    """It came through it; an answer to anything else may have been under way before."""
    held = Circuit().failed(NOW, EXCHANGE.pause).tried("M1", NOW + WAIT)
    assert held.heard("M2") == held
    assert held.heard("M1") == Circuit()
