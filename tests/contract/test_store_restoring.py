"""Counters after a restore: beyond everything that was given, or not moved at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from gateway.errors import ParkedError
from gateway.store import Store, SubmissionState
from tests.services.stores import NOON, add_interchange, add_submission, document, new

pytest_plugins = ("tests.services.store_fixtures",)


@pytest.mark.requirement("ER-04", "QF-04")
def test_numbers_go_on_beyond_what_was_given_unless_the_clock_is_behind_them(store: Store) -> None:
    """A later restore goes further; a clock that is behind what was given proves nothing, and is refused."""
    with store.begin() as unit:
        first = unit.restoring.go_beyond(NOON, ["Q"])
        assert add_interchange(unit, b"1").id == first + 1
        assert unit.restoring.go_beyond(NOON + timedelta(seconds=1), ["Q"]) > first + 1
    with pytest.raises(ParkedError) as refused, store.begin() as unit:
        unit.restoring.go_beyond(NOON, ["Q"])
    assert refused.value.code == "store.clock-behind"


@pytest.mark.requirement("CU-05")
def test_whatever_was_not_sent_yet_is_left_to_a_person(store: Store) -> None:
    """Held, to be signed, to be sent, being sent or in doubt: it may have been sent since."""
    with store.begin() as unit:
        unit.documents.put([new(document())])
        for state in SubmissionState:
            add_submission(unit, str(state), state=state)
        assert {*unit.restoring.unsent()} == {"held", "to_sign", "to_send", "sending", "in_doubt"}
