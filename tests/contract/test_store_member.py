"""Gateways on one database: what each does alone, and how one notices that it was held for dead."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from structlog.testing import capture_logs

from gateway.errors import RetryError
from gateway.store import LeaseRow, Member, Store, SubmissionState, Unit
from gateway.store import member as member_module
from tests.services.postgres import Server
from tests.services.stores import Database, add_submission, changed, document, new

pytest_plugins = ("tests.services.store_fixtures",)

SHORT = 0.6
PATIENCE = 30.0

OpenAt = Callable[[Database], Store]


@pytest.fixture
def shared(postgres_server: Server, postgres_template: str) -> Iterator[Database]:
    """A database that several gateways may use."""
    name = postgres_server.create(postgres_template)
    yield Database("postgresql", postgres_server.url(name))
    postgres_server.drop(name)


def until(reached: Callable[[], bool]) -> None:
    """Wait for a condition; what never comes makes the test fail."""
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end, "it is not reached"
        time.sleep(0.01)


def _leases(store: Store) -> list[LeaseRow]:
    with store.read() as unit:
        return unit.leases.all()


def test_a_gateway_alone_does_everything(database: Database, open_at: OpenAt) -> None:
    """It is listed with its process while it runs, and gone afterwards."""
    store = open_at(database)
    with store.join(60, ["tick", "seal"]) as member:
        assert member.holds("tick")
        member.check(member.id)
        (own,) = (row for row in _leases(store) if row.process)
        assert own.holder == member.id
    assert _leases(store) == []


def test_what_was_being_sent_when_a_gateway_died_is_in_doubt_at_the_next_start(
    database: Database, open_at: OpenAt
) -> None:
    """Its lock or its lease is gone, so that nobody sends it any more."""
    store = open_at(database)
    with store.begin() as unit:
        unit.documents.put([new(document())])
        add_submission(unit, "M1")
        unit.submissions.signed("M1", unit.raw.put(b"signed"))
        unit.submissions.attempt_begin(["M1"], "dead")
    with store.join(60, []), store.read() as unit:
        (row,) = unit.submissions.by_number("M20260000000000001")
        assert row.state == SubmissionState.IN_DOUBT


def test_the_heir_does_what_the_dead_one_did(shared: Database, open_at: OpenAt) -> None:
    """At once when it leaves in good order."""
    with open_at(shared).join(SHORT, ["tick"]) as second:
        assert second.holds("tick")
        with open_at(shared).join(SHORT, ["tick", "seal"]) as first:
            until(lambda: first.holds("seal"))
            assert not first.holds("tick")
        until(lambda: second.holds("tick"))


def test_gateways_do_about_as_much_alone(shared: Database, open_at: OpenAt) -> None:
    """What the first has too much of changes hands, but only once it has ended what it was doing."""
    names = ["intake", "notify", "receive", "tick"]
    with open_at(shared).join(SHORT, names) as first:
        assert all(map(first.begins, names))
        with open_at(shared).join(SHORT, names) as second:
            until(lambda: sum(map(first.holds, names)) == 2)
            given = [name for name in names if not first.holds(name)]
            assert not first.begins(given[0])
            until(lambda: second.holds(given[0]))
            # Of this it has not said that it has ended.
            assert not second.holds(given[1])
            assert not first.begins(given[1])
            until(lambda: second.holds(given[1]))
        until(lambda: all(map(first.holds, names)))


def test_what_a_stage_is_just_beginning_is_not_given_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Heartbeats between its look and its work do not find it resting, as it was before that look."""
    first, second = (Member(store.begin, 60.0, ["seal", "tick"]) for _ in range(2))
    assert not first.begins("seal")
    first._beat(60.0)

    def held_until_then(name: str) -> bool:
        held = Member.holds(first, name)
        for each in (second, first, first, second):
            each._beat(60.0)
        return held

    with monkeypatch.context() as between:
        between.setattr(first, "holds", held_until_then)
        assert first.begins("seal")
    assert not second.holds("seal")
    assert not first.begins("seal")
    first._beat(60.0)
    second._beat(60.0)
    assert second.holds("seal")


def test_what_a_lost_heartbeat_was_about_to_give_away_is_given_one_heartbeat_later(store: Store) -> None:
    """As long as stages believe that they may do it, one may be beginning it in this moment."""
    faults: list[RetryError] = []

    @contextmanager
    def begin() -> Iterator[Unit]:
        with store.begin() as unit:
            yield unit
            if faults:
                raise faults.pop()

    first, second = (Member(begin, 60.0, ["seal", "tick"]) for _ in range(2))
    assert not first.begins("seal")
    first._beat(60.0)
    second._beat(60.0)
    faults.append(RetryError("store.not-now", reason="cut"))
    with pytest.raises(RetryError):
        first._beat(60.0)
    assert first.holds("seal")
    for given in (False, True):
        first._beat(60.0)
        second._beat(60.0)
        assert (first.holds("seal"), second.holds("seal")) == (False, given)


def test_what_nobody_else_wants_is_done_beyond_the_share(shared: Database, open_at: OpenAt) -> None:
    """Another gateway may have been started with another configuration."""
    with open_at(shared).join(SHORT, ["tick"]), open_at(shared).join(SHORT, ["seal"]) as second:
        until(lambda: second.holds("seal"))
        beats = [lease.until for lease in _leases(open_at(shared)) if lease.until]
        until(lambda: all(lease.until not in beats for lease in _leases(open_at(shared)) if lease.until))
        assert second.holds("seal")


def test_a_heartbeat_keeps_a_gateway_alive(shared: Database, open_at: OpenAt) -> None:
    """For many times its lease; nobody inherits anything of it."""
    watched = open_at(shared)
    with open_at(shared).join(SHORT, ["tick"]) as first, open_at(shared).join(SHORT, ["tick"]) as second:
        (lease,) = (row for row in _leases(watched) if row.holder == first.id and row.until)
        assert lease.until is not None
        last = lease.until

        def renewed() -> bool:
            found = [row.until for row in _leases(watched) if row.holder == first.id and row.until]
            return bool(found) and (found[0] - last).total_seconds() > 2 * SHORT

        until(renewed)
        assert first.holds("tick")
        assert not second.holds("tick")


def test_who_was_held_for_dead_sends_nothing_of_what_it_had(
    shared: Database, open_at: OpenAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its work is another's; it goes on under another name, and what it claims under that is its own."""
    with open_at(shared).join(SHORT, ["tick"]) as sleeper:
        before = sleeper.id
        beat = sleeper._beat
        monkeypatch.setattr(sleeper, "_beat", _away)
        with open_at(shared).join(SHORT, ["tick"]) as heir:
            until(lambda: heir.holds("tick"))
            _refused(sleeper, before)
            assert not sleeper.holds("tick")
            monkeypatch.setattr(sleeper, "_beat", beat)
            until(lambda: sleeper.id != before)
            _refused(sleeper, before)
            sleeper.check(sleeper.id)
            assert heir.holds("tick")
            assert not sleeper.holds("tick")


def test_who_was_late_and_missed_by_nobody_goes_on(
    shared: Database, open_at: OpenAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as no other gateway was there to take anything, nothing is in doubt."""
    with open_at(shared).join(SHORT, ["tick"]) as sleeper:
        before = sleeper.id
        beat = sleeper._beat
        monkeypatch.setattr(sleeper, "_beat", _away)
        until(lambda: not sleeper.holds("tick"))
        _refused(sleeper, before)
        monkeypatch.setattr(sleeper, "_beat", beat)
        until(lambda: sleeper.holds("tick"))
        sleeper.check(before)


def _away(_seconds: float) -> float | None:
    raise RetryError("store.not-now", reason="away")


def _refused(member: Member, holder: str) -> None:
    with pytest.raises(RetryError) as fault:
        member.check(holder)
    assert fault.value.code == "store.lease-lost"


def test_a_clock_that_jumps_ends_no_lease(
    shared: Database, open_at: OpenAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the database's clock and that of the machine's uptime count, not the gateway's."""
    assert member_module._now() > 0
    monkeypatch.setattr(time, "time", lambda: 0.0)
    with open_at(shared).join(60, ["tick"]) as first, open_at(shared).join(60, ["tick"]) as second:
        assert first.holds("tick")
        assert not second.holds("tick")


def test_a_transaction_that_stands_still_is_ended(shared: Database, open_at: OpenAt) -> None:
    """Its locks would outlive the lease of the process that sleeps over them; who only reads may think."""
    store, other = open_at(shared), open_at(shared)
    with store.begin() as unit:
        unit.documents.put([new(document())])
    with store.join(SHORT, []), pytest.raises(RetryError) as fault:
        _sleep_over_a_lock(store, other)
    assert fault.value.code == "store.not-now"


def test_a_heartbeat_that_stands_still_is_ended(
    shared: Database, open_at: OpenAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock on its own lease would keep the heir waiting for as long as the process sleeps."""
    with open_at(shared).join(SHORT, ["tick"]) as sleeper:
        monkeypatch.setattr(sleeper, "_beat", _away)
        with pytest.raises(RetryError) as fault:
            _sleep_over_a_heartbeat(sleeper, open_at(shared))
        assert fault.value.code == "store.not-now"


def _sleep_over_a_heartbeat(sleeper: Member, other: Store) -> None:
    with sleeper._begin() as unit:
        assert unit.leases.renew(sleeper.id, SHORT)
        with other.join(SHORT, ["tick"]) as heir:
            until(lambda: heir.holds("tick"))
        unit.leases.all()


def _sleep_over_a_lock(store: Store, other: Store) -> None:
    number = "M20260000000000001"
    with store.begin() as unit, store.read() as reading:
        assert unit.documents.lock(number)
        assert reading.documents.get(number)
        with other.begin() as waiting:
            # It comes when the sleeper's transaction was ended, and not before.
            waiting.documents.put([changed(document(state="declared"), "saved", 1)])
        assert reading.documents.get(number)
        unit.documents.get(number)


def test_a_database_that_does_not_answer_keeps_no_gateway_from_ending(
    shared: Database, open_at: OpenAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others have its work once its time has run out; a thread stays behind until the answer comes."""
    monkeypatch.setattr(member_module, "_END_SECONDS", 0.1)
    store, joined = open_at(shared), ExitStack()
    member = joined.enter_context(store.join(60, ["tick"]))
    with capture_logs() as log, psycopg.connect(shared.url) as silent:
        silent.execute("LOCK TABLE leases IN ACCESS EXCLUSIVE MODE")
        joined.close()
    member._thread.join(PATIENCE)
    assert [line["event"] for line in log if line["log_level"] == "warning"] == ["lease-not-given-up"]


def test_a_heart_goes_on_whatever_a_beat_comes_to(
    shared: Database, open_at: OpenAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A gateway whose heart stood still would go on, and do nothing alone any more."""
    beat, faults = Member._beat, [ZeroDivisionError("why")]

    def fails_once(self: Member, seconds: float) -> float | None:
        if faults and self._life.until:
            raise faults.pop()
        return beat(self, seconds)

    monkeypatch.setattr(Member, "_beat", fails_once)
    with capture_logs() as log, open_at(shared).join(SHORT, ["tick"]) as member:
        before = member._life.until
        until(lambda: member._life.until > before)
        assert member.holds("tick")
    assert "heartbeat-failed" in {line["event"] for line in log}
