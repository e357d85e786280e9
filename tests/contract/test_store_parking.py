"""What waits for a person is found wherever it lies, and moved only from where it was seen."""

from __future__ import annotations

import pytest

from gateway.store import NoticeRow, NoticeState, ReceiptContent, ReceiptState, Store, SubmissionState
from tests.services.stores import add_interchange, add_receipt, add_submission, document, new

pytest_plugins = ("tests.services.store_fixtures",)


@pytest.mark.requirement("ER-05")
def test_of_a_file_that_came_again_only_the_last_waits_in_quarantine(store: Store) -> None:
    """A file of another name, or with other bytes, waits for itself; what was dropped waits no more."""
    with store.begin() as unit:
        came = [("a.csv", b"1"), ("a.csv", b"1"), ("b.csv", b"1"), ("a.csv", b"2")]
        rows = [add_interchange(unit, data, name=name) for name, data in came]
        for row in rows:
            unit.interchanges.quarantined(row.id, reason={}, reply=None)
        found = unit.parking.interchanges()
        assert [row.id for row in found] == [row.id for row in rows[1:]]
        assert unit.status.queues()["interchanges.quarantined"] == len(found)
        assert unit.parking.move(found[0], "dropped")
        assert not unit.parking.move(found[0], "dropped")
        assert [row.id for row in unit.parking.interchanges()] == [row.id for row in rows[2:]]
        assert unit.status.queues()["interchanges.quarantined"] == len(rows[2:])


@pytest.mark.requirement("ER-06")
def test_what_waits_for_a_partner_that_nobody_knows_is_counted_and_listed(store: Store) -> None:
    """Files that are not understood, notices that are not delivered; what is done does not count."""
    with store.begin() as unit:
        add_interchange(unit, b"1")
        for state in (NoticeState.TO_DELIVER, NoticeState.TO_MAKE, NoticeState.DELIVERED, NoticeState.PARKED):
            row = NoticeRow(
                partner="acme",
                kind="reply",
                name=state,
                digest=unit.raw.put(b"{}"),
                state=state,
                created_at=unit.now,
            )
            unit.notices.add(row)
        assert unit.parking.stranded(["", "acme"]) == {}
        assert unit.parking.stranded([""]) == {"acme": 3}
        assert [row.name for row in unit.parking.notices(["acme"])] == ["parked"]
        assert sorted(row.name for row in unit.parking.notices([])) == ["parked", "to_deliver", "to_make"]


@pytest.mark.requirement("CU-05")
def test_a_submission_is_moved_only_as_it_was_read(store: Store) -> None:
    """An answer that came meanwhile is not undone; what is filed on paper stays so when it is answered."""
    with store.begin() as unit:
        unit.documents.put([new(document())])
        row = add_submission(unit, "M1", state=SubmissionState.SENT, sent_at=unit.now)
        unit.submissions.mark_business("M1")
        assert not unit.parking.move_submission(row, SubmissionState.TO_SEND)
        second = add_submission(unit, "M2", state=SubmissionState.IN_DOUBT)
        assert unit.parking.move_submission(second, SubmissionState.ON_PAPER)
        assert not unit.parking.move_submission(second, SubmissionState.TO_SEND)
        add_submission(unit, "M3", state=SubmissionState.TO_SEND)
        assert unit.submissions.take_to_send("customs", 9) == []
        unit.submissions.mark_business("M2")
        assert [each.id for each in unit.parking.submissions(SubmissionState.ON_PAPER)] == ["M2"]
        assert unit.submissions.stranded(["other"]) == {"customs": 1}


@pytest.mark.requirement("CU-03")
def test_receipts_that_moved_nothing_are_listed_until_they_are_put_away(store: Store) -> None:
    """Refused, unexpected and orphans; not what was applied or came late."""
    with store.begin() as unit:
        for state in ReceiptState:
            row = add_receipt(unit, state.encode(), name=state)
            unit.receipts.settle(row.id, state, ReceiptContent())
        assert {row.name for row in unit.parking.receipts()} == {"refused", "unexpected", "orphan"}
