"""Submissions in every store: held, signed, sent in order, tried again, awaited, found by receipts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.store import (
    AttemptOutcome,
    Store,
    SubmissionState,
    Unit,
)
from tests.services.stores import (
    add_submission,
    changed,
    document,
    new,
)

pytest_plugins = ("tests.services.store_fixtures",)

OpenStore = Callable[[], Store]
NUMBER = document().number
OTHER = "M20260000000000002"


@pytest.fixture
def two_documents(store: Store) -> Store:
    """A store with two manifests for submissions to be about."""
    with store.begin() as unit:
        unit.documents.put([new(document()), new(document(OTHER, client_number="A-2"))])
    return store


def sign(unit: Unit, *names: str) -> None:
    """Note signed bytes for submissions."""
    for name in names:
        assert unit.submissions.signed(name, unit.raw.put(f"signed {name}".encode()))


def send(unit: Unit, name: str, outcome: AttemptOutcome = AttemptOutcome.SENT) -> None:
    """Record an attempt to send a submission."""
    (attempt,) = unit.submissions.attempt_begin([name]).values()
    unit.submissions.attempt_end(attempt, outcome)


def to_send(unit: Unit) -> list[str]:
    """Return the ids of what may be sent now."""
    return [row.id for row in unit.submissions.take_to_send("customs", 9)]


def state_of(unit: Unit, name: str) -> str:
    """Return the state of a submission."""
    found = unit.submissions.by_message_id(name)
    assert found is not None
    return found.state


@pytest.mark.requirement("GF-07")
def test_a_held_submission_waits_for_its_release(two_documents: Store) -> None:
    """What is held is neither signed nor sent until its document is released."""
    with two_documents.begin() as unit:
        add_submission(unit, "HELD", state=SubmissionState.HELD)
        add_submission(unit, "OTHER", number=OTHER, state=SubmissionState.HELD)
        assert unit.submissions.take_to_sign(9) == []
        assert unit.submissions.release([NUMBER]) == ["HELD"]
        assert unit.submissions.release([NUMBER]) == []
        assert [row.id for row in unit.submissions.take_to_sign(9)] == ["HELD"]


@pytest.mark.requirement("GF-07")
def test_a_recalled_submission_is_never_sent_and_blocks_no_later_one(two_documents: Store) -> None:
    """Only what is held is recalled; what the document sends afterwards goes its own way."""
    with two_documents.begin() as unit:
        add_submission(unit, "HELD", state=SubmissionState.HELD)
        add_submission(unit, "OTHER", number=OTHER, state=SubmissionState.TO_SIGN)
        unit.submissions.recall([NUMBER, OTHER])
        add_submission(unit, "LATER", state=SubmissionState.TO_SEND)
        assert unit.submissions.release([NUMBER]) == []
        assert state_of(unit, "HELD") == "recalled"
        assert [row.id for row in unit.submissions.take_to_sign(9)] == ["OTHER"]
        assert [row.id for row in unit.submissions.take_to_send("customs", 9)] == ["LATER"]


@pytest.mark.requirement("CU-05")
def test_a_submission_is_signed_once(two_documents: Store) -> None:
    """A second signature over the same message is not taken: there is one set of bytes to send."""
    with two_documents.begin() as unit:
        add_submission(unit, "M1")
        digest = unit.raw.put(b"first signature")
        assert unit.submissions.signed("M1", digest)
        assert not unit.submissions.signed("M1", unit.raw.put(b"second signature"))
        (row,) = unit.submissions.take_to_send("customs", 9)
        assert (row.signed_digest, row.state) == (digest, SubmissionState.TO_SEND)


@pytest.mark.requirement("CU-07")
def test_the_submissions_of_a_document_go_out_in_order(two_documents: Store) -> None:
    """A later one waits until the earlier has left; other documents do not wait for it."""
    with two_documents.begin() as unit:
        add_submission(unit, "M1")
        add_submission(unit, "M2")
        add_submission(unit, "O1", number=OTHER)
        sign(unit, "M2", "O1")
        assert to_send(unit) == ["O1"]
        sign(unit, "M1")
        assert to_send(unit) == ["M1", "O1"]
        send(unit, "M1", AttemptOutcome.RETRY)
        assert to_send(unit) == ["M1", "O1"]
        send(unit, "M1")
        assert to_send(unit) == ["M2", "O1"]


@pytest.mark.requirement("CU-05")
def test_what_was_being_sent_when_the_process_died_is_in_doubt(two_documents: Store) -> None:
    """It is sent again as the same bytes under the same id, before anything later of its document."""
    with two_documents.begin() as unit:
        add_submission(unit, "M1")
        add_submission(unit, "M2")
        sign(unit, "M1", "M2")
        unit.submissions.attempt_begin(["M1"])
        assert to_send(unit) == []
    with two_documents.begin() as unit:
        assert unit.submissions.claims.recover("customs", "") == ["M1"]
        assert unit.submissions.claims.recover("customs", "") == []
        (again,) = unit.submissions.take_to_send("customs", 9)
        assert (again.id, again.state) == ("M1", SubmissionState.IN_DOUBT)
        assert unit.raw.get(str(again.signed_digest)) == b"signed M1"
        send(unit, "M1")
        tries = [(a.outcome, a.ended_at is not None) for a in unit.submissions.attempts("M1")]
        assert tries == [(AttemptOutcome.IN_DOUBT, True), (AttemptOutcome.SENT, True)]


@pytest.mark.requirement("CU-05")
def test_an_answer_ends_the_attempt_whose_end_nobody_noted(two_documents: Store) -> None:
    """It proves arrival, so that nothing is left in doubt, whoever died or could not write."""
    with two_documents.begin() as unit:
        add_submission(unit, "M1")
        sign(unit, "M1")
        unit.submissions.attempt_begin(["M1"])
    with two_documents.begin() as unit:
        unit.submissions.mark_technical("M1")
    with two_documents.begin() as unit:
        assert unit.submissions.claims.recover("customs", "") == []
        (attempt,) = unit.submissions.attempts("M1")
        assert (attempt.outcome, attempt.ended_at is not None) == (AttemptOutcome.SENT, True)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (AttemptOutcome.SENT, SubmissionState.SENT),
        (AttemptOutcome.RETRY, SubmissionState.TO_SEND),
        (AttemptOutcome.IN_DOUBT, SubmissionState.IN_DOUBT),
        (AttemptOutcome.FAILED, SubmissionState.FAILED),
    ],
)
def test_an_attempt_ends_in_a_state(two_documents: Store, outcome: AttemptOutcome, state: str) -> None:
    """Each outcome leads to one state, and the attempt keeps its reason."""
    with two_documents.begin() as unit:
        add_submission(unit, "M1")
        sign(unit, "M1")
        attempts = unit.submissions.attempt_begin(["M1"])
        assert state_of(unit, "M1") == SubmissionState.SENDING
        assert unit.submissions.attempt_begin(["M1"]) == {}
        unit.submissions.attempt_end(attempts["M1"], outcome, "because")
        assert state_of(unit, "M1") == state
        (attempt,) = unit.submissions.attempts("M1")
        assert (attempt.outcome, attempt.detail) == (outcome, "because")


def test_a_parked_submission_waits_for_a_person(two_documents: Store) -> None:
    """What cannot be signed is left with its reason; what has been sent cannot be parked."""
    with two_documents.begin() as unit:
        add_submission(unit, "M1")
        add_submission(unit, "O1", number=OTHER)
        unit.submissions.park("M1", "no certificate of this enterprise")
        assert [row.id for row in unit.submissions.take_to_sign(9)] == ["O1"]
        assert [a.detail for a in unit.submissions.attempts("M1")] == ["no certificate of this enterprise"]
        sign(unit, "O1")
        assert not unit.submissions.park("O1", "another has signed it", [SubmissionState.TO_SIGN])
        send(unit, "O1")
        assert not unit.submissions.park("O1", "too late")
        assert state_of(unit, "O1") == SubmissionState.SENT


@pytest.mark.requirement("CU-01")
def test_both_receipts_are_awaited_separately(two_documents: Store) -> None:
    """A submission is awaited until both are there, in whichever order; a failed arrival needs no second."""
    with two_documents.begin() as unit:
        for name, number in (("M1", NUMBER), ("O1", OTHER)):
            add_submission(unit, name, number=number)
            sign(unit, name)
        assert unit.submissions.awaited() == []
        send(unit, "M1")
        send(unit, "O1")

    def awaited(unit: Unit) -> list[str]:
        return [row.id for row in unit.submissions.awaited()]

    with two_documents.begin() as unit:
        assert awaited(unit) == ["M1", "O1"]
        unit.submissions.mark_business("M1")
        assert awaited(unit) == ["M1", "O1"]
        unit.submissions.mark_technical("M1")
        assert awaited(unit) == ["O1"]
        unit.submissions.mark_technical("O1", last=True)
        assert awaited(unit) == []
        row = unit.submissions.by_message_id("O1")
        assert row is not None
        assert row.sent_at is not None
        assert (row.technical_at, row.business_at) == (unit.now, unit.now)
        assert row.sent_at < unit.now


@pytest.mark.requirement("CU-01")
def test_what_was_sent_is_looked_at_when_an_answer_is_late(two_documents: Store) -> None:
    """From the moment on that was noted for it, the longest first; never, where nothing is to be awaited."""
    with two_documents.begin() as unit:
        for name, number, minutes in (("M1", NUMBER, -1), ("O1", OTHER, -2)):
            add_submission(unit, name, number=number)
            sign(unit, name)
            (attempt,) = unit.submissions.attempt_begin([name]).values()
            due_at = unit.now + timedelta(minutes=minutes)
            unit.submissions.attempt_end(attempt, AttemptOutcome.SENT, due_at=due_at)
        assert [row.id for row in unit.submissions.to_look_at(9)] == ["O1", "M1"]
        assert [row.id for row in unit.submissions.to_look_at(1)] == ["O1"]
        unit.submissions.looked_at("O1", unit.now + timedelta(minutes=1))
        assert [row.id for row in unit.submissions.to_look_at(9)] == ["M1"]
        unit.submissions.looked_at("M1", None)
        assert unit.submissions.to_look_at(9) == []
        sent = [row.id for row in unit.submissions.sent_before(unit.now + timedelta(seconds=1))]
        assert sent == ["M1", "O1"]
        assert unit.submissions.sent_before(unit.now) == []


@pytest.mark.requirement("CU-07")
def test_what_failed_waits_for_its_time_and_the_rest_goes(two_documents: Store) -> None:
    """Not due, it is not taken; the pilot is what waits longest for an attempt; then all may go at once."""
    with two_documents.begin() as unit:
        for name, number in (("M1", NUMBER), ("M2", NUMBER), ("O1", OTHER)):
            add_submission(unit, name, number=number)
            sign(unit, name)
        (attempt,) = unit.submissions.attempt_begin(["M1"]).values()
        later = unit.now + timedelta(seconds=5)
        unit.submissions.attempt_end(attempt, AttemptOutcome.RETRY, due_at=later)
        assert to_send(unit) == ["O1"]
        assert [row.id for row in unit.submissions.take_pilot("customs")] == ["O1"]
        assert unit.submissions.take_pilot("another") == []
        (attempt,) = unit.submissions.attempt_begin(["O1"]).values()
        unit.submissions.attempt_end(attempt, AttemptOutcome.RETRY, due_at=later)
        assert to_send(unit) == []
        assert [row.id for row in unit.submissions.take_pilot("customs")] == ["M1"]
        unit.submissions.send_now("customs")
        assert to_send(unit) == ["M1", "O1"]


@pytest.mark.requirement("CU-05")
@pytest.mark.parametrize("earlier", [AttemptOutcome.IN_DOUBT, AttemptOutcome.SENT])
def test_doubt_is_not_lifted_by_a_later_failure(two_documents: Store, earlier: AttemptOutcome) -> None:
    """The last attempt has certainly not arrived, but the one before may have."""
    with two_documents.begin() as unit:
        add_submission(unit, "M1")
        sign(unit, "M1")
        send(unit, "M1", earlier)
        unit.submissions.doubt("M1")
        send(unit, "M1", AttemptOutcome.RETRY)
        assert state_of(unit, "M1") == SubmissionState.IN_DOUBT
        unit.submissions.give_up("M1")
        assert state_of(unit, "M1") == SubmissionState.FAILED
        assert to_send(unit) == []


@pytest.mark.requirement("CU-05")
@pytest.mark.parametrize(
    "outcome", [None, AttemptOutcome.IN_DOUBT, AttemptOutcome.RETRY, AttemptOutcome.FAILED]
)
def test_a_receipt_proves_arrival(two_documents: Store, outcome: AttemptOutcome | None) -> None:
    """Whatever was thought of an attempt, an answer shows that customs has the message."""
    with two_documents.begin() as unit:
        add_submission(unit, "M1")
        sign(unit, "M1")
        attempt = unit.submissions.attempt_begin(["M1"])["M1"]
        if outcome is not None:
            unit.submissions.attempt_end(attempt, outcome)
        unit.submissions.mark_technical("M1")
        assert state_of(unit, "M1") == SubmissionState.SENT
        unit.submissions.attempt_end(attempt, AttemptOutcome.RETRY, "time over")
        assert state_of(unit, "M1") == SubmissionState.SENT
        assert to_send(unit) == []


def test_a_document_is_awaited_while_its_messages_are_on_their_way(two_documents: Store) -> None:
    """One without a message, with a held one or with a parked one gets no answer by waiting."""

    def awaiting(*states: str) -> list[str]:
        with two_documents.read() as unit:
            return [row.number for row in unit.documents.awaiting("manifest", states, limit=9)]

    assert awaiting("saved") == []
    with two_documents.begin() as unit:
        add_submission(unit, "M1")
        add_submission(unit, "O1", number=OTHER, state=SubmissionState.HELD)
    assert awaiting("saved") == [NUMBER]
    assert awaiting("approved") == []
    with two_documents.begin() as unit:
        unit.submissions.release([OTHER])
        unit.submissions.park("M1", "no certificate of this enterprise")
    assert awaiting("saved", "approved") == [OTHER]
    with two_documents.begin() as unit:
        add_submission(unit, "M2")
    assert awaiting("saved") == [NUMBER, OTHER]


def test_a_submission_is_found_by_everything_that_a_receipt_may_name(two_documents: Store) -> None:
    """Message id, unified number, the client's number with its type, and customs' number lead to it."""
    with two_documents.begin() as unit:
        third = "V20260000000000001"
        unit.documents.put([new(document(third, kind="volume", customs_number="B53012600001"))])
        add_submission(unit, "M1")
        add_submission(unit, "M2")
        volume = add_submission(unit, "V1", number=third, message_type="GoodsFiling", client_number="A-1")
    with two_documents.read() as unit:
        found = unit.submissions
        assert [row.id for row in found.by_number(NUMBER)] == ["M1", "M2"]
        newest = found.latest_of_number(NUMBER)
        assert newest is not None
        assert newest.id == "M2"
        assert found.latest_of_client_number("GoodsFiling", "A-1") == [volume]
        assert found.latest_of_customs_number("B53012600001") == volume
        assert found.by_message_id("V1") == volume
        assert found.by_message_id("V2") is None
        assert found.latest_of_number(OTHER) is None


@pytest.mark.requirement("CU-03", "QR-08")
def test_a_number_that_two_partners_use_leads_to_the_newest_of_each(store: Store) -> None:
    """Each partner numbers for itself."""
    with store.begin() as unit:
        unit.documents.put(
            [new(document()), new(document(OTHER, partner="beta")), new(document("M20260000000000003"))]
        )
        for name, number in (("M1", NUMBER), ("M2", OTHER), ("M3", "M20260000000000003")):
            add_submission(unit, name, number=number, client_number="A-1")
    with store.read() as unit:
        found = unit.submissions.latest_of_client_number("Manifest", "A-1")
    assert [row.id for row in found] == ["M3", "M2"]


@pytest.mark.requirement("GF-07")
def test_what_is_held_goes_when_the_document_above_it_has_come_so_far(store: Store) -> None:
    """A message that was held a moment too late for the approval is let go by its document's parent."""
    qualification = document("Q20260000000000001", kind="qualification", state="sent")
    volume = document("G20260000000000001", kind="volume", parent=qualification.number)
    with store.begin() as unit:
        unit.documents.put([new(qualification), new(volume)])
        add_submission(unit, "M1", number=volume.number, state=SubmissionState.HELD)
        assert unit.submissions.release_under(["approved"]) == 0
        approved = replace(qualification, state="approved")
        unit.documents.put([changed(approved, "sent", 1)])
        assert unit.submissions.release_under(["approved"]) == 1
        assert [row.id for row in unit.submissions.take_to_sign(9)] == ["M1"]


@pytest.mark.requirement("CU-06")
def test_what_waits_for_a_route_that_is_gone_is_counted(two_documents: Store) -> None:
    """From being held until it is sent; what failed waits for a person, not for the route."""
    with two_documents.begin() as unit:
        for name in ("A", "B"):
            add_submission(unit, name)
        add_submission(unit, "C", number=OTHER)
        sign(unit, "A", "C")
    with two_documents.begin() as unit:
        assert unit.submissions.stranded(["customs", "other"]) == {}
        assert unit.submissions.stranded(["other"]) == {"customs": 3}
        send(unit, "A")
        send(unit, "C", AttemptOutcome.FAILED)
        assert unit.submissions.stranded(["other"]) == {"customs": 1}
