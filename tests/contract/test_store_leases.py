"""Leases on SQLite and on PostgreSQL: who lives, who does what alone, and who inherits it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.store import AttemptOutcome, Store, SubmissionState
from tests.services.stores import add_submission, document, new

pytest_plugins = ("tests.services.store_fixtures",)

LONG, OVER = 600.0, -1.0


def _joined(store: Store, holder: str, seconds: float = LONG, *names: str) -> set[str]:
    with store.begin() as unit:
        unit.leases.join(holder, f"here:{holder}", seconds)
        return unit.leases.take(names, holder)


def _names(store: Store) -> list[tuple[str, str]]:
    with store.read() as unit:
        return [(row.name, row.holder) for row in unit.leases.all()]


def test_what_one_does_no_other_does(store: Store, open_store: Callable[[], Store]) -> None:
    """The first to ask holds it, and holds on to it; the second gets what is left."""
    assert _joined(store, "a", LONG, "tick", "intake") == {"tick", "intake"}
    assert _joined(open_store(), "b", LONG, "tick", "seal") == {"seal"}
    with store.begin() as unit:
        assert unit.leases.take(["seal"], "a") == {"tick", "intake"}
    assert sorted(_names(store)) == [
        ("gateway a", "a"),
        ("gateway b", "b"),
        ("intake", "a"),
        ("seal", "b"),
        ("tick", "a"),
    ]


def test_of_many_who_ask_at_once_one_gets_it(open_store: Callable[[], Store]) -> None:
    """However many transactions take the same name side by side."""
    stores = [open_store() for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        held = list(threads.map(lambda n: _joined(stores[n], f"g{n}", LONG, "tick", "seal"), range(4)))
    assert sorted(len(names) for names in held) == [0, 0, 0, 2]


def test_a_lease_that_is_renewed_never_runs_out(store: Store) -> None:
    """Even one that was late, as long as nobody has taken its work."""
    _joined(store, "a", OVER, "tick")
    assert _names(store) == []
    with store.begin() as unit:
        assert unit.leases.renew("a", LONG)
        unit.leases.bury()
        assert unit.leases.take(["tick"], "b") == set()
    assert _names(store) == [("gateway a", "a"), ("tick", "a")]


def test_whoever_is_late_is_dead_for_good(store: Store) -> None:
    """Another takes its work in one step with its lease, so that it cannot come back in between."""
    _joined(store, "a", OVER, "tick")
    _joined(store, "b")
    with store.begin() as unit:
        unit.leases.bury()
        assert unit.leases.take(["tick"], "b") == {"tick"}
    with store.begin() as unit:
        assert not unit.leases.renew("a", LONG)
        assert unit.leases.renew("b", LONG)


def test_the_next_death_is_foreseen(store: Store) -> None:
    """So that the work of the dead is taken over the moment that their time has run out."""
    _joined(store, "a", 100.0)
    with store.begin() as unit:
        assert unit.leases.soonest("a") is None
        assert 0 < (unit.leases.soonest("b") or 0) <= 100


def test_a_gateway_without_an_end_lives_as_long_as_its_process(store: Store) -> None:
    """As on SQLite, where a lock of the system ends with it."""
    with store.begin() as unit:
        unit.leases.join("gone", "here:999999999", None)
    assert _names(store) == []
    with store.begin() as unit:
        unit.leases.bury()
        assert unit.leases.renew("gone", LONG)
        unit.leases.bury_all()
        assert not unit.leases.renew("gone", LONG)


def _sent_by(store: Store, holder: str) -> int:
    """Let a gateway begin to send a message; return the attempt."""
    with store.begin() as unit:
        unit.documents.put([new(document())])
        add_submission(unit, "M1")
        unit.submissions.signed("M1", unit.raw.put(b"signed"))
        return unit.submissions.attempt_begin(["M1"], holder)["M1"]


@pytest.mark.requirement("CU-05")
def test_what_a_living_gateway_sends_no_other_touches(store: Store) -> None:
    """Not even the recovery of its route by another one."""
    _joined(store, "a")
    _joined(store, "b")
    attempt = _sent_by(store, "a")
    with store.begin() as unit:
        assert unit.submissions.claims.abandon() == []
        assert unit.submissions.claims.recover("customs", "b") == []
        assert unit.submissions.take_to_send("customs", 9) == []
        unit.submissions.attempt_end(attempt, AttemptOutcome.SENT)
        (row,) = unit.submissions.by_number("M20260000000000001")
        assert (row.state, row.holder) == (SubmissionState.SENT, "a")


@pytest.mark.requirement("CU-05")
def test_what_a_dead_gateway_was_sending_is_in_doubt_and_no_longer_its_own(store: Store) -> None:
    """Its heir sends again; what the dead one notes afterwards changes nothing."""
    _joined(store, "b")
    first = _sent_by(store, "a")
    with store.begin() as unit:
        assert unit.submissions.claims.abandon() == ["M1"]
        assert unit.submissions.claims.abandon() == []
        assert [row.state for row in unit.submissions.take_to_send("customs", 9)] == ["in_doubt"]
        second = unit.submissions.attempt_begin(["M1"], "b")["M1"]
        unit.submissions.attempt_end(first, AttemptOutcome.FAILED, "too late")
        (row,) = unit.submissions.by_number("M20260000000000001")
        assert (row.state, row.holder) == (SubmissionState.SENDING, "b")
        unit.submissions.attempt_end(second, AttemptOutcome.SENT)
        outcomes = [(row.outcome, row.detail) for row in unit.submissions.attempts("M1")]
        assert outcomes == [("in_doubt", "not noted"), ("sent", "")]


@pytest.mark.requirement("ID-03")
def test_no_two_tokens_sign_the_same_message(store: Store) -> None:
    """What one has claimed is left to it until it gives it back, or is gone."""
    _joined(store, "a")
    with store.begin() as unit:
        unit.documents.put([new(document())])
        for name in ("M1", "M2"):
            add_submission(unit, name)
        unit.submissions.claims.to_sign(["M1"], "a")
        unit.submissions.claims.to_sign(["M2"], "gone")
    with store.begin() as unit:
        take = unit.submissions.take_to_sign
        assert [row.id for row in take(9, holder="b")] == []
        assert [row.id for row in take(9, ["4403180001"], holder="b")] == []
        assert [row.id for row in take(9, holder="a")] == ["M1"]
        unit.submissions.claims.abandon()
        assert [row.id for row in take(9, holder="b")] == ["M2"]
        unit.submissions.claims.free("a")
        assert [row.id for row in take(9, holder="b")] == ["M1", "M2"]
