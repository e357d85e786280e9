"""Answers that are late by now: told, and the message sent again where that is agreed and makes sense."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.config import Exchange
from gateway.errors import RejectedError
from gateway.steps import circuits, operating, waiting
from gateway.store import CircuitRow, Store, SubmissionState, Unit
from tests.services.stores import add_submission, document, new

pytest_plugins = ("tests.services.store_fixtures",)

AGREED = Exchange(resend="always", outage_after=0)
ROUTES = [SimpleNamespace(name="customs")]
SETTINGS = SimpleNamespace(exchanged=lambda _route, _message_type: AGREED, route=ROUTES)
WORLD: Any = SimpleNamespace(settings=SETTINGS, route=lambda name: name)
LATE = timedelta(minutes=AGREED.technical.fail_minutes + 1)


def _sent(unit: Unit, name: str) -> None:
    """Send a message long ago; its technical receipt has not come."""
    sent_at = unit.now - LATE
    digest = unit.raw.put(b"signed")
    moments = {"sent_at": sent_at, "due_at": sent_at + timedelta(minutes=1), "signed_digest": digest}
    add_submission(unit, name, state=SubmissionState.SENT, **moments)


def _state(unit: Unit, name: str) -> str:
    row = unit.submissions.by_message_id(name)
    assert row is not None
    return row.state


@pytest.mark.requirement("CU-01", "CU-05")
def test_only_the_newest_message_about_a_document_goes_again(store: Store) -> None:
    """Customs would take an older one for news; an operator is told so, too."""
    with store.begin() as unit:
        unit.documents.put([new(document())])
        for name in ("OLD", "NEW"):
            _sent(unit, name)
        waiting.tell_late(WORLD, unit)
        assert (_state(unit, "OLD"), _state(unit, "NEW")) == ("sent", "in_doubt")
        old = unit.submissions.by_message_id("OLD")
        assert old is not None
        with pytest.raises(RejectedError) as refused:
            operating.resend(WORLD, unit, old)
        assert [fault.code for fault in refused.value.violations] == ["operating.superseded"]


@pytest.mark.requirement("CU-01", "CU-07")
def test_a_sending_that_misses_its_receipt_is_counted_once(store: Store) -> None:
    """However often it is looked at: one message that is not answered is no outage."""
    with store.begin() as unit:
        unit.documents.put([new(document())])
        _sent(unit, "OLD")
        _sent(unit, "M1")
        row = unit.submissions.by_message_id("OLD")
        assert row is not None
        waiting.tell_late(WORLD, unit)
        counted = unit.circuits.get("customs")
        unit.submissions.looked_at("OLD", unit.now)
        waiting.tell_late(WORLD, unit)
        assert unit.circuits.get("customs") == counted


@pytest.mark.requirement("CU-07")
def test_when_a_held_route_is_back_all_that_waits_goes_at_once(store: Store) -> None:
    """The pilot's answer, among others, lets go what was to wait for its next attempt."""
    with store.begin() as unit:
        unit.documents.put([new(document())])
        later = unit.now + timedelta(hours=1)
        digest = unit.raw.put(b"signed")
        row = add_submission(unit, "M1", state=SubmissionState.TO_SEND, signed_digest=digest, due_at=later)
        unit.circuits.put(
            CircuitRow(
                route="customs", state="pilot", since=unit.now, failures=3, due_at=later, outage="channel",
                pilot="M1",
            )
        )  # fmt: skip
        assert unit.submissions.take_to_send("customs", 9) == []
        other = replace(row, id="M0")
        circuits.heard(unit, [other])
        assert unit.submissions.take_to_send("customs", 9) == []
        circuits.heard(unit, [other, row, other])
        assert [each.id for each in unit.submissions.take_to_send("customs", 9)] == ["M1"]
