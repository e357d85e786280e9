"""Operators' words in every order among attempts and answers: nothing contradicts itself at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.errors import RejectedError
from gateway.steps import operating
from gateway.store import AttemptOutcome, CircuitRow, Store, SubmissionRow, SubmissionState, Unit
from tests.services.stores import add_submission, document, new

pytest_plugins = ("tests.services.store_fixtures",)

GATEWAY = "g"
ENDS = {
    "sent": AttemptOutcome.SENT,
    "unsent": AttemptOutcome.RETRY,
    "timed out": AttemptOutcome.IN_DOUBT,
    "failed": AttemptOutcome.FAILED,
}
WORLD: Any = SimpleNamespace(route=lambda name: name)
WORDS: dict[str, Callable[[Unit, SubmissionRow], object]] = {
    "resend": lambda unit, row: operating.resend(WORLD, unit, row),
    "paper": lambda unit, row: operating.file_on_paper(unit, row.number, ""),
    "undo": lambda unit, row: operating.undo_paper(unit, row.number),
}
EVENTS = ("begin", *ENDS, "died", "received", "decided", *WORDS)
LENGTH = 4


@dataclass(frozen=True)
class Truth:
    """What has really happened.

    Attributes:
        attempt: The one that is being made.
        arrived: Customs may have the message.
        paper: It stands as filed on paper.
    """

    attempt: int | None = None
    arrived: bool = False
    paper: bool = False


class ImpossibleError(Exception):
    """Something that cannot happen now: the course is none."""


def _happens(unit: Unit, event: str, truth: Truth) -> Truth:
    row = _message(unit)
    if event in WORDS:
        try:
            WORDS[event](unit, row)
        except RejectedError as fault:
            raise ImpossibleError from fault
        return replace(truth, paper={"paper": True, "undo": False}.get(event, truth.paper))
    if event == "begin":
        if truth.attempt or not unit.submissions.take_to_send("customs", 1):
            raise ImpossibleError
        assert not truth.paper, "what was filed on paper is sent by itself"
        return replace(truth, attempt=unit.submissions.attempt_begin([row.id], GATEWAY)[row.id])
    if event == "received":
        unit.submissions.mark_technical(row.id)
        return replace(truth, arrived=True)
    if event == "decided":
        unit.submissions.mark_business(row.id)
        return replace(truth, arrived=True)
    if truth.attempt is None:
        raise ImpossibleError
    if event == "died":
        unit.submissions.claims.recover("customs", GATEWAY)
        return replace(truth, attempt=None, arrived=True)
    unit.submissions.attempt_end(truth.attempt, ENDS[event], due_at=unit.now)
    return replace(truth, attempt=None, arrived=truth.arrived or event in {"sent", "timed out"})


def _faults(unit: Unit, truth: Truth) -> list[str]:
    """Return what cannot be so, once the gateway has looked again."""
    if truth.attempt is None:
        unit.submissions.claims.recover("customs", GATEWAY)
    row = _message(unit)
    state = SubmissionState(row.state)
    open_ones = [each for each in unit.submissions.attempts(row.id) if each.ended_at is None]
    decided = row.business_at is not None
    awaited = row.sent_at is not None and (decided or row.due_at is not None)
    found = {
        "is sent, and no answer is awaited": state is SubmissionState.SENT and not awaited,
        "has certainly not arrived": state is SubmissionState.TO_SEND and truth.arrived,
        "is no longer filed on paper": truth.paper and state is not SubmissionState.ON_PAPER,
        "is being sent by nobody": state is SubmissionState.SENDING and truth.attempt is None,
        "an attempt never ends": bool(open_ones) and truth.attempt is None and not truth.paper,
        "goes although it is decided": decided
        and state not in {SubmissionState.SENT, SubmissionState.ON_PAPER},
    }
    return [name for name, so in found.items() if so]


def _message(unit: Unit) -> SubmissionRow:
    row = unit.submissions.by_message_id("M1")
    assert row is not None
    return row


class UndoneError(Exception):
    """Takes back what a course has done."""


def _courses(unit: Unit, course: tuple[str, ...], truth: Truth) -> Iterator[tuple[str, list[str]]]:
    """Go every way from here, and yield what is wrong at the end of each."""
    for event in EVENTS:
        with suppress(UndoneError, ImpossibleError), unit.savepoint():
            after = _happens(unit, event, truth)
            if len(course) + 1 < LENGTH:
                yield from _courses(unit, (*course, event), after)
            yield " → ".join((*course, event)), _faults(unit, after)
            raise UndoneError


@pytest.mark.requirement("CU-01", "CU-05", "CU-07")
def test_whatever_operators_say_when_the_message_comes_to_no_impossible_end(store: Store) -> None:
    """Resent, filed on paper and that undone, before, while and after it is sent and answered."""
    with store.begin() as unit:
        unit.documents.put([new(document())])
        digest = unit.raw.put(b"signed")
        add_submission(unit, "M1", state=SubmissionState.TO_SEND, signed_digest=digest)
    with store.begin() as unit:
        begun = _happens(unit, "begin", Truth())
        ends = dict(_courses(unit, ("begin",), begun))
    assert {course: faults for course, faults in ends.items() if faults} == {}
    assert len(ends) > 100


@pytest.mark.requirement("CU-07")
def test_what_an_operator_sends_again_tries_a_held_route_at_once(store: Store) -> None:
    """It does not wait until the next pilot would be due."""
    with store.begin() as unit:
        unit.documents.put([new(document())])
        digest = unit.raw.put(b"signed")
        row = add_submission(unit, "M1", state=SubmissionState.TO_SEND, signed_digest=digest)
        later = unit.now + timedelta(hours=1)
        held = CircuitRow(
            route="customs", state="open", since=unit.now, failures=3, due_at=later, outage="channel"
        )
        unit.circuits.put(held)
        operating.resend(WORLD, unit, row)
        assert unit.circuits.get("customs") == replace(held, due_at=unit.now)
