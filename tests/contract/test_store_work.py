"""The work that stages hand to each other through the store: who takes what, in which order, once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.store import (
    AttemptOutcome,
    InterchangeState,
    MessageRow,
    NoticeRow,
    ReceiptContent,
    ReceiptState,
    Store,
    SubmissionState,
    Unit,
)
from tests.services.stores import (
    Database,
    add_interchange,
    add_receipt,
    add_submission,
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
    return [row.id for row in unit.submissions.take_to_send(9)]


def state_of(unit: Unit, name: str) -> str:
    """Return the state of a submission."""
    found = unit.submissions.by_message_id(name)
    assert found is not None
    return found.state


def test_interchanges_are_taken_oldest_first(store: Store) -> None:
    """What arrived first is understood first, and what is settled is not taken again."""
    with store.begin() as unit:
        ids = [add_interchange(unit, data).id for data in (b"1", b"2", b"3", b"4")]
        assert [row.id for row in unit.interchanges.take(3)] == ids[:3]
        unit.interchanges.understood(ids[0], mapping="acme-csv/manifest", version="1f", reply=None)
        unit.interchanges.quarantined(ids[1], reason={"code": "format.unreadable"}, reply=unit.raw.put(b"no"))
    with store.begin() as unit:
        assert [row.id for row in unit.interchanges.take(9)] == ids[2:]
        first, second = unit.interchanges.get(ids[0]), unit.interchanges.get(ids[1])
        assert unit.interchanges.get(99) is None
    assert first is not None
    assert second is not None
    assert (first.state, first.mapping, first.mapping_version) == (
        InterchangeState.UNDERSTOOD,
        "acme-csv/manifest",
        "1f",
    )
    assert (second.state, second.reason) == (InterchangeState.QUARANTINED, {"code": "format.unreadable"})


@pytest.mark.requirement("ER-04")
def test_an_interrupted_delivery_is_one_interchange(store: Store) -> None:
    """A file that was stored, but not yet moved away when the process died, is known when read again."""
    with store.begin() as unit:
        first = add_interchange(unit, b"order", delivery="17-4711")
        assert add_interchange(unit, b"order", delivery="17-4711") == first
        assert add_interchange(unit, b"order", delivery="17-4712").id != first.id
        assert add_interchange(unit, b"order").id != add_interchange(unit, b"order").id


@pytest.mark.requirement("ER-04")
def test_the_same_bytes_again_lead_to_what_was_answered(store: Store) -> None:
    """A repetition finds the interchange whose reply it gets, never one that was a repetition itself."""
    with store.begin() as unit:
        reply = unit.raw.put(b"reply")
        first, again, third = (add_interchange(unit, b"order") for _ in range(3))
        assert unit.interchanges.same("acme", first.digest, first.id) is None
        unit.interchanges.understood(first.id, mapping="m", version="1", reply=reply)
        found = unit.interchanges.same("acme", first.digest, again.id)
        assert found is not None
        assert (found.id, found.reply_digest) == (first.id, reply)
        unit.interchanges.repeated(again.id, same_as=first.id, reply=reply)
        found = unit.interchanges.same("acme", first.digest, third.id)
        assert found is not None
        assert found.id == first.id
        assert unit.interchanges.same("other", first.digest, third.id) is None


def test_messages_are_found_by_the_clients_number(store: Store) -> None:
    """The commands of an interchange keep their order, and a number finds what was said under it."""
    with store.begin() as unit:
        interchange = add_interchange(unit, b"order").id
        for position, client_number in ((2, "A-2"), (1, "A-1"), (3, "A-1")):
            unit.messages.add(
                MessageRow(
                    interchange_id=interchange,
                    position=position,
                    message_type="Manifest",
                    operation="save",
                    partner="acme",
                    client_number=client_number,
                    content_digest=str(position),
                    outcome="accepted",
                    document_number=NUMBER,
                    reply={"n": position},
                )
            )
    with store.read() as unit:
        assert [m.position for m in unit.messages.of_interchange(interchange)] == [1, 2, 3]
        assert [m.position for m in unit.messages.find("acme", "Manifest", "A-1", "save")] == [1, 3]
        assert unit.messages.find("acme", "Manifest", "A-1", "declare") == []
        assert [m.reply for m in unit.messages.of_document(NUMBER)] == [{"n": 2}, {"n": 1}, {"n": 3}]


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


@pytest.mark.requirement("CU-05")
def test_a_submission_is_signed_once(two_documents: Store) -> None:
    """A second signature over the same message is not taken: there is one set of bytes to send."""
    with two_documents.begin() as unit:
        add_submission(unit, "M1")
        digest = unit.raw.put(b"first signature")
        assert unit.submissions.signed("M1", digest)
        assert not unit.submissions.signed("M1", unit.raw.put(b"second signature"))
        (row,) = unit.submissions.take_to_send(9)
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
        assert unit.submissions.recover() == ["M1"]
        assert unit.submissions.recover() == []
        (again,) = unit.submissions.take_to_send(9)
        assert (again.id, again.state) == ("M1", SubmissionState.IN_DOUBT)
        assert unit.raw.get(str(again.signed_digest)) == b"signed M1"
        send(unit, "M1")
        tries = [(a.outcome, a.ended_at is not None) for a in unit.submissions.attempts("M1")]
        assert tries == [(AttemptOutcome.IN_DOUBT, True), (AttemptOutcome.SENT, True)]


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
        send(unit, "O1")
        unit.submissions.park("O1", "too late")
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
        assert found.latest_of_client_number("GoodsFiling", "A-1") == volume
        assert found.latest_of_customs_number("B53012600001") == volume
        assert found.by_message_id("V1") == volume
        assert found.by_message_id("V2") is None
        assert found.latest_of_number(OTHER) is None


@pytest.mark.requirement("CU-03")
def test_a_second_copy_of_a_receipt_is_no_work(store: Store) -> None:
    """The same bytes under another name are kept and change nothing; delivered again they are one."""
    with store.begin() as unit:
        first = add_receipt(unit, b"receipt", name="a.xml")
        assert add_receipt(unit, b"receipt", name="a.xml") == first
        second = add_receipt(unit, b"receipt", name="b.xml")
        assert second.state == ReceiptState.DUPLICATE
        assert [row.id for row in unit.receipts.take(9)] == [first.id]
        assert [row.id for row in unit.receipts.listing(limit=9)] == [first.id, second.id]


def test_a_copy_of_a_refused_receipt_is_read_again(store: Store) -> None:
    """What was refused by a fault of ours gets its chance when customs sends it again."""
    with store.begin() as unit:
        first = add_receipt(unit, b"receipt", name="a.xml")
        unit.receipts.settle(
            first.id, ReceiptState.REFUSED, ReceiptContent(reason={"code": "signature.unknown"})
        )
        again = add_receipt(unit, b"receipt", name="b.xml")
        assert [row.id for row in unit.receipts.take(9)] == [again.id]


@pytest.mark.requirement("CU-03")
def test_a_receipt_that_fits_nothing_is_found_when_something_fits(store: Store) -> None:
    """An orphan waits, visibly, for any of the numbers that it names."""
    named = {
        "message_id": "M1",
        "number": NUMBER,
        "customs_number": "530120261020000001",
        "client_number": "A-1",
    }
    with store.begin() as unit:
        for position, (name, value) in enumerate(named.items()):
            row = add_receipt(unit, name.encode(), name=f"{position}.xml")
            unit.receipts.settle(row.id, ReceiptState.ORPHAN, ReceiptContent(**{name: value}))
        add_receipt(unit, b"not read yet", name="9.xml")
    with store.begin() as unit:
        for name, value in named.items():
            (found,) = unit.receipts.orphans_for(**{name: value})
            assert getattr(found, name) == value
        assert len(unit.receipts.orphans_for(**named)) == 4
        assert unit.receipts.orphans_for(message_id="M2", client_number="A-2") == []
        assert unit.receipts.orphans_for() == []
        assert unit.status.queues()["receipts.orphan"] == 4
        (found,) = unit.receipts.orphans_for(message_id="M1")
        unit.receipts.settle(found.id, ReceiptState.APPLIED, ReceiptContent(message_id="M1", number=NUMBER))
        assert unit.receipts.orphans_for(message_id="M1") == []


def test_receipts_are_listed_with_what_they_say(store: Store) -> None:
    """A listing comes page by page, and is narrowed by document, message and state."""
    said = ReceiptContent(
        message_id="M1",
        own_id="R1",
        receipt_type="B",
        code="7",
        text="审批通过",
        number=NUMBER,
        client_number="A-1",
        customs_number="530120261020000001",
        reason=["nothing"],
    )
    with store.begin() as unit:
        ids = [add_receipt(unit, bytes([n]), name=f"{n}.xml").id for n in range(4)]
        unit.receipts.settle(ids[1], ReceiptState.APPLIED, said)
        unit.receipts.settle(ids[3], ReceiptState.STALE, ReceiptContent(message_id="M1"))
    with store.read() as unit:
        listing = unit.receipts.listing
        assert [row.id for row in listing(limit=2)] == ids[:2]
        assert [row.id for row in listing(limit=9, after=ids[1])] == ids[2:]
        assert [row.id for row in listing(limit=9, message_id="M1")] == [ids[1], ids[3]]
        assert [row.id for row in listing(limit=9, states=[ReceiptState.STALE])] == [ids[3]]
        (found,) = listing(limit=9, number=NUMBER)
        assert found == unit.receipts.get(ids[1])
        assert (found.text, found.code, found.reason, found.own_id) == ("审批通过", "7", ["nothing"], "R1")


def test_notices_are_delivered_oldest_first(store: Store) -> None:
    """What was delivered is not taken again, and what was said of a document is found."""
    with store.begin() as unit:
        for name in ("1.xml", "2.xml", "3.xml"):
            unit.notices.add(
                NoticeRow(
                    partner="acme",
                    kind="reply",
                    name=name,
                    digest=unit.raw.put(name.encode()),
                    created_at=unit.now,
                    number=NUMBER if name == "2.xml" else None,
                )
            )
        taken = unit.notices.take(2)
        assert [row.name for row in taken] == ["1.xml", "2.xml"]
        unit.notices.delivered(row.id for row in taken)
        unit.notices.delivered([])
    with store.begin() as unit:
        assert [row.name for row in unit.notices.take(9)] == ["3.xml"]
        (told,) = unit.notices.about(NUMBER)
        assert told.delivered_at is not None


@pytest.mark.requirement("ID-03")
def test_an_alert_is_told_once(store: Store) -> None:
    """While it is open the same alert is not new; closed, it may come again."""
    with store.begin() as unit:
        assert unit.alerts.open("token.absent", "token-1", {"slot": 0})
        assert not unit.alerts.open("token.absent", "token-1", {"slot": 1})
        assert unit.alerts.open("token.absent", "token-2", {})
        assert [(row.subject, row.values) for row in unit.alerts.opened()] == [
            ("token-1", {"slot": 0}),
            ("token-2", {}),
        ]
        assert unit.alerts.close("token.absent", "token-1")
        assert not unit.alerts.close("token.absent", "token-1")
        assert unit.alerts.open("token.absent", "token-1", {})
        assert unit.status.counts().alerts == 2


def test_the_status_counts_what_is_where(two_documents: Store) -> None:
    """Documents by kind and state, every queue by name, and what is awaited."""
    with two_documents.begin() as unit:
        empty = unit.status.counts()
        assert empty.documents == {("manifest", "saved"): 2}
        assert set(empty.queues.values()) == {0}
        add_interchange(unit, b"order")
        add_submission(unit, "M1")
        add_submission(unit, "O1", number=OTHER)
        sign(unit, "O1")
        send(unit, "O1")
        add_receipt(unit, b"receipt")
    with two_documents.read() as unit:
        counts = unit.status.counts()
    busy = {name for name, count in counts.queues.items() if count}
    assert busy == {"interchanges", "submissions.to_sign", "receipts"}
    assert (counts.awaited, counts.alerts) == (1, 0)


def test_workers_never_take_the_same_item(store: Store, open_store: OpenStore) -> None:
    """However many threads and gateways take work at once, every item is done once."""
    with store.begin() as unit:
        ids = [add_interchange(unit, f"{n}".encode()).id for n in range(60)]

    def work(shared: Store) -> list[int]:
        done: list[int] = []
        while True:
            with shared.begin() as unit:
                if not unit.status.queues()["interchanges"]:
                    return done
                for row in unit.interchanges.take(7):
                    unit.interchanges.understood(row.id, mapping="m", version="1", reply=None)
                    done.append(row.id)

    with ThreadPoolExecutor(4) as threads:
        done = [item for items in threads.map(work, [store, open_store()] * 2) for item in items]
    assert sorted(done) == ids


def test_what_one_has_taken_no_other_waits_for(
    store: Store, open_store: OpenStore, database: Database
) -> None:
    """PostgreSQL gives a second gateway the next items at once; on SQLite one writes at a time."""
    with store.begin() as unit:
        ids = [add_interchange(unit, f"{n}".encode()).id for n in range(6)]
    with store.begin() as first:
        taken = [row.id for row in first.interchanges.take(4)]
        if database.kind == "postgresql":
            with open_store().begin() as second:
                taken += [row.id for row in second.interchanges.take(4)]
        else:
            taken += [row.id for row in first.interchanges.take(9)][4:]
    assert taken == ids
