"""The work that stages hand to each other through the store: who takes what, in which order, once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any

import pytest

from gateway.store import (
    AttemptOutcome,
    InterchangeState,
    MessageRow,
    NoticeRow,
    ReceiptContent,
    ReceiptRow,
    ReceiptState,
    Store,
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
# What fits nothing: another message although the number is there, and a client's number of another type.
OTHERS: tuple[dict[str, Any], ...] = (
    {"message_id": "M2", "number": NUMBER},
    {"number": OTHER, "customs_number": "5301", "client_number": "A-2"},
    {"client_number": "A-1", "reason": {"document_type": "GoodsFiling"}},
)


def test_interchanges_are_taken_oldest_first(store: Store) -> None:
    """What arrived first is understood first, and what is settled is not taken again."""
    with store.begin() as unit:
        ids = [add_interchange(unit, data).id for data in (b"1", b"2", b"3", b"4")]
        assert [row.id for row in unit.interchanges.take(3)] == ids[:3]
        unit.interchanges.understood(ids[0], mapping="acme-csv/manifest", version="1f", reply=None)
        unit.interchanges.quarantined(ids[1], reason={"code": "format.unreadable"}, reply=unit.raw.put(b"no"))
    with store.begin() as unit:
        assert [row.id for row in unit.interchanges.take(9)] == ids[2:]
        first, second = (
            unit.interchanges.same("acme", sha256(data).hexdigest(), 99) for data in (b"1", b"2")
        )
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


@pytest.mark.requirement("ER-05")
def test_a_delivery_is_put_away_when_it_is_known_what_became_of_it(store: Store) -> None:
    """Not before it is understood or quarantined, once, and again only if the channel brings it again."""
    with store.begin() as unit:
        waiting = add_interchange(unit, b"1", delivery="1").id
        good, bad, other = (
            add_interchange(unit, b"2", delivery="2").id,
            add_interchange(unit, b"3", delivery="3").id,
            add_interchange(unit, b"4", delivery="4", partner="other").id,
        )
        for interchange in (good, other):
            unit.interchanges.understood(interchange, mapping="m", version="1", reply=None)
        unit.interchanges.quarantined(bad, reason=["why"], reply=None)

    def to_settle(unit: Unit) -> list[tuple[int, str, str, object]]:
        taken = unit.interchanges.take_to_settle("acme", 9)
        return [(row.id, row.delivery, row.outcome, row.reason) for row in taken]

    with store.begin() as unit:
        assert to_settle(unit) == [(good, "2", "done", None), (bad, "3", "quarantined", ["why"])]
        unit.interchanges.settled([good, bad])
        assert to_settle(unit) == []
        unit.interchanges.came_again(good)
        unit.interchanges.came_again(waiting)
        assert [row[0] for row in to_settle(unit)] == [good]


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
        assert [m.reply for m in unit.messages.of_interchange(interchange)] == [{"n": 1}, {"n": 2}, {"n": 3}]


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


@pytest.mark.requirement("CU-03")
def test_copies_that_come_together_are_one_receipt_and_its_duplicates(store: Store) -> None:
    """What a channel brings twice in one batch is one; under another name it is told as a duplicate."""
    with store.begin() as unit:
        digest = unit.raw.put(b"receipt")
        came = [
            ReceiptRow(digest=digest, channel="customs", name=f"{name}.xml", received_at=unit.now)
            for name in "aabcb"
        ]
        assert [row.name for row in unit.receipts.add(came)] == ["b.xml", "c.xml"]
        assert unit.receipts.add(came) == []
        assert [row.name for row in unit.receipts.take(9)] == ["a.xml"]


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
@pytest.mark.parametrize(
    "named",
    [
        {"message_id": "M1"},
        {"number": NUMBER},
        {"customs_number": "530120261020000001"},
        {"client_number": "A-1", "reason": {"document_type": "Manifest"}},
    ],
)
def test_a_receipt_that_fits_nothing_is_read_again_when_what_it_names_is_there(
    store: Store, named: dict[str, Any]
) -> None:
    """An orphan waits, visibly, for whatever it names; what names something else goes on waiting."""
    with store.begin() as unit:
        fits = add_receipt(unit, b"fits", name="fits.xml")
        unit.receipts.settle(fits.id, ReceiptState.ORPHAN, ReceiptContent(**named))
        for position, other in enumerate(OTHERS):
            row = add_receipt(unit, str(other).encode(), name=f"{position}.xml")
            unit.receipts.settle(row.id, ReceiptState.ORPHAN, ReceiptContent(**other))
        assert unit.status.queues()["receipts.orphan"] == 1 + len(OTHERS)
        assert unit.receipts.match_again() == 0
    with store.begin() as unit:
        unit.documents.put([new(document(customs_number="530120261020000001", client_number="A-1"))])
        assert unit.receipts.match_again() == 0
        add_submission(unit, "M1", client_number="A-1")
    with store.begin() as unit:
        assert unit.receipts.match_again() == 1
        assert [row.id for row in unit.receipts.take(9)] == [fits.id]
        assert unit.status.queues()["receipts.orphan"] == len(OTHERS)


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
        assert [row.id for row in unit.receipts.newest(limit=2)] == ids[2:]
        assert [row.id for row in unit.receipts.newest(limit=2, number=NUMBER)] == [ids[1]]
        assert [row.id for row in listing(limit=9, after=ids[1])] == ids[2:]
        assert [row.id for row in listing(limit=9, message_id="M1")] == [ids[1], ids[3]]
        assert [row.id for row in listing(limit=9, states=[ReceiptState.STALE])] == [ids[3]]
        (found,) = listing(limit=9, number=NUMBER)
        assert found.id == ids[1]
        assert (found.text, found.code, found.reason, found.own_id) == ("审批通过", "7", ["nothing"], "R1")


def test_notices_are_delivered_oldest_first(store: Store) -> None:
    """What was delivered, or was left to a person, is not taken again."""
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
        taken = unit.notices.take("acme", 2)
        assert [row.name for row in taken] == ["1.xml", "2.xml"]
        unit.notices.delivered(row.id for row in taken)
        unit.notices.delivered([])
    with store.begin() as unit:
        (left,) = unit.notices.take("acme", 9)
        assert left.name == "3.xml"
        assert unit.notices.take("other", 9) == []
        unit.notices.park(left.id)
        assert unit.notices.take("acme", 9) == []
        assert unit.status.queues()["notices.parked"] == 1


@pytest.mark.requirement("EN-05")
def test_notices_about_a_document_and_an_interchange_are_found_again(store: Store) -> None:
    """Of one kind only, oldest first; what an interchange was is read by its id."""
    with store.begin() as unit:
        digest = unit.raw.put(b"{}")
        for kind, number in (("receipt", "M1"), ("result", "M1"), ("receipt", "M2"), ("receipt", "M1")):
            unit.notices.add(
                NoticeRow(
                    partner="acme", kind=kind, name="n", digest=digest, created_at=unit.now, number=number
                )
            )
        found = unit.notices.about("M1", "receipt")
        assert [(each.kind, each.number) for each in found] == [("receipt", "M1")] * 2
        assert found[0].id < found[1].id
        kept = add_interchange(unit, b"a", name="a.csv")
        assert unit.interchanges.get(kept.id) == kept


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


def test_the_status_counts_what_is_where(store: Store) -> None:
    """Documents by kind and state, every queue by name, and what is awaited."""
    with store.begin() as unit:
        unit.documents.put([new(document()), new(document(OTHER, state="declared"))])
        empty = unit.status.counts()
        assert empty.documents == {("manifest", "declared"): 1, ("manifest", "saved"): 1}
        assert set(empty.queues.values()) == {0}
        add_interchange(unit, b"order")
        add_submission(unit, "M1")
        add_submission(unit, "O1", number=OTHER)
        assert unit.submissions.signed("O1", unit.raw.put(b"signed"))
        (attempt,) = unit.submissions.attempt_begin(["O1"]).values()
        unit.submissions.attempt_end(attempt, AttemptOutcome.SENT)
        add_receipt(unit, b"receipt")
    with store.read() as unit:
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
