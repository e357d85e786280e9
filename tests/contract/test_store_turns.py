"""Turns: what two gateways understand and believe of one partner or route, they do one after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import psycopg
import pytest

from gateway.channels import Arrival
from gateway.codes import CodeLibrary
from gateway.config import Settings
from gateway.customs import lane_of
from gateway.messages import Catalogue
from gateway.steps import circuits
from gateway.steps.arrivals import keep_receipts
from gateway.steps.records import World
from gateway.steps.submitting import Attempt, note_attempts
from gateway.steps.turns import take_interchanges, take_receipts, turn_of
from gateway.store import (
    AttemptOutcome,
    CircuitRow,
    InterchangeRow,
    ReceiptContent,
    ReceiptState,
    Store,
    SubmissionState,
    Unit,
)
from tests.services.postgres import Server
from tests.services.stores import Database, add_interchange, add_receipt, add_submission, document, new

pytest_plugins = ("tests.services.store_fixtures",)

PATIENCE = 30.0


def world(**enterprises: list[str]) -> World:
    """Return what the steps need of a configuration with these partners."""
    named = sorted({code for codes in enterprises.values() for code in codes})
    settings = Settings.model_validate(
        {
            "sender": "GW",
            "enterprise": [
                {"code": code, "name": code, "social_credit_code": "91440300MA00000000"} for code in named
            ],
            "partner": [
                {
                    "name": name,
                    "enterprises": codes,
                    "inbox": f"inbox/{name}",
                    "receipts": f"receipts/{name}",
                    "mappings": ["json/*"],
                }
                for name, codes in enterprises.items()
            ],
            "route": [
                {
                    "name": "customs",
                    "receiver": "C",
                    "outbox": "outbox",
                    "receipts": "receipts/customs",
                    "trusted_certificates": ["c.pem"],
                }
            ],
        }
    )
    return World(settings, Catalogue.__new__(Catalogue), CodeLibrary.__new__(CodeLibrary), str, {})


WORLD = world(acme=["4403180001"], globex=["4403180002"], initech=["4403180002", "4403180003"])


def test_who_shares_an_enterprise_shares_the_turn() -> None:
    """However far it goes: a rule of an enterprise is judged by one at a time (QF-11)."""
    chained = world(a=["4403180001"], b=["4403180001", "4403180002"], c=["4403180002"], d=["4403180003"])
    turns = [turn_of(chained.settings, name) for name in "abcd"]
    assert turns == ["understand a", "understand a", "understand a", "understand d"]
    # Its rows may wait on after a partner has left the configuration.
    assert turn_of(chained.settings, "gone") == "understand gone"


def test_on_either_database_everything_waiting_is_taken_in_order(store: Store) -> None:
    """Of all partners and routes, oldest first, as far as nobody else is at it."""
    with store.begin() as unit:
        kept = [add_interchange(unit, bytes([n]), partner=name) for n, name in enumerate(("acme", "globex"))]
        receipts = [add_receipt(unit, bytes([n]), name=f"{n}.xml") for n in range(2)]
    with store.begin() as unit:
        assert take_interchanges(WORLD, unit, 9) == kept
        assert [row.id for row in take_receipts(unit, 9)] == [row.id for row in receipts]


@pytest.fixture
def shared(postgres_server: Server, postgres_template: str) -> Iterator[Database]:
    """A database that several gateways may use."""
    name = postgres_server.create(postgres_template)
    yield Database("postgresql", postgres_server.url(name))
    postgres_server.drop(name)


def _understood(store: Store) -> list[InterchangeRow]:
    """Take and understand what there is, as a gateway does."""
    with store.begin() as unit:
        taken = take_interchanges(WORLD, unit, 9)
        for row in taken:
            unit.interchanges.understood(row.id, mapping=None, version=None, reply=None)
    return taken


def _believed(store: Store) -> list[int]:
    with store.begin() as unit:
        taken = [row.id for row in take_receipts(unit, 9)]
        for receipt in taken:
            unit.receipts.settle(receipt, ReceiptState.APPLIED, ReceiptContent())
    return taken


def _someone_waits(database: Database) -> None:
    """Return when somebody waits for another's transaction."""
    asked = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    end = time.monotonic() + PATIENCE
    with psycopg.connect(database.url, autocommit=True) as connection:
        while connection.execute(asked).fetchall() != [(1,)]:
            assert time.monotonic() < end, "nobody waits"
            time.sleep(0.02)


@pytest.mark.requirement("ER-04")
def test_what_another_gateway_is_understanding_is_left_to_it_with_what_comes_after(
    shared: Database, open_at: Callable[[Database], Store]
) -> None:
    """What is saved in one file and declared in the next is never seen in the other order."""
    first, second = open_at(shared), open_at(shared)
    with first.begin() as unit:
        saving = add_interchange(unit, b"save", partner="acme")
    with first.begin() as unit:
        assert take_interchanges(WORLD, unit, 9) == [saving]
        with second.begin() as arriving:
            declaring = add_interchange(arriving, b"declare", partner="acme")
        assert _understood(second) == []
        unit.interchanges.understood(saving.id, mapping=None, version=None, reply=None)
    assert _understood(second) == [declaring]


def test_a_gateway_leaves_the_partners_that_make_no_batch_any_more_to_others(
    shared: Database, open_at: Callable[[Database], Store]
) -> None:
    """The one whose oldest file waits longest goes first; what is beyond a batch another gateway has."""
    first, second = open_at(shared), open_at(shared)
    with first.begin() as unit:
        other = add_interchange(unit, b"2", partner="initech")
        acme = [add_interchange(unit, bytes([n]), partner="acme") for n in range(3)]
    with first.begin() as unit:
        assert take_interchanges(WORLD, unit, 1) == [other]
        assert _understood(second) == acme
    assert _understood(second) == [other]


def test_a_partner_that_is_free_is_not_waited_for(
    shared: Database, open_at: Callable[[Database], Store]
) -> None:
    """One has one partner, the other has those beside it; but not one that shares an enterprise with it."""
    first, second = open_at(shared), open_at(shared)
    with first.begin() as unit:
        added = {name: add_interchange(unit, name.encode(), partner=name) for name in ("acme", "globex")}
    with first.begin() as unit:
        unit.turns.wait(turn_of(WORLD.settings, "acme"))
        with second.begin() as arriving:
            added["initech"] = add_interchange(arriving, b"initech", partner="initech")
        assert _understood(second) == [added["globex"], added["initech"]]
    assert _understood(second) == [added["acme"]]


@pytest.mark.requirement("CU-03")
def test_receipts_of_a_route_are_believed_in_order(
    shared: Database, open_at: Callable[[Database], Store]
) -> None:
    """Two receipts for one document are never in two hands, where each would wait for the other."""
    first, second = open_at(shared), open_at(shared)

    def arrive(unit: Unit, name: str) -> int:
        return add_receipt(unit, name.encode(), name=name).id

    with first.begin() as unit:
        technical = arrive(unit, "1.xml")
    with first.begin() as unit:
        assert [row.id for row in take_receipts(unit, 9)] == [technical]
        with second.begin() as arriving:
            decision = arrive(arriving, "2.xml")
        assert _believed(second) == []
        unit.receipts.settle(technical, ReceiptState.APPLIED, ReceiptContent())
    assert _believed(second) == [decision]


@pytest.mark.requirement("CU-03")
def test_receipts_for_different_messages_are_believed_at_the_same_time(
    shared: Database, open_at: Callable[[Database], Store]
) -> None:
    """One gateway takes the lane of the oldest, which makes a batch; the other those beside it, in order."""
    first, second = open_at(shared), open_at(shared)
    with first.begin() as unit:
        lanes = [add_receipt(unit, bytes([n]), name=str(n), lane=2 - n % 2).id for n in range(4)]
    with first.begin() as unit:
        assert [row.id for row in take_receipts(unit, 2)] == lanes[0::2]
        assert _believed(second) == lanes[1::2]
        for receipt in lanes[0::2]:
            unit.receipts.settle(receipt, ReceiptState.APPLIED, ReceiptContent())
    assert _believed(second) == []


@pytest.mark.requirement("CU-03")
def test_what_arrives_is_kept_in_the_lane_of_the_message_that_it_answers(store: Store) -> None:
    """Two for one message are in one, whatever their names; what names none is in that of its own kind."""
    told = [b"<RefMessageId>A</RefMessageId>1", b"<RefMessageId>A</RefMessageId>2", b"of no message"]
    arrivals = [Arrival(f"{n}.xml", data, str(n)) for n, data in enumerate(told)]
    with store.begin() as unit:
        keep_receipts(unit, "customs", arrivals, [])
        assert unit.receipts.waiting() == {("customs", lane_of(told[0])): 2, ("customs", 0): 1}


@pytest.mark.requirement("CU-03", "CU-07")
def test_while_a_route_does_not_go_well_one_gateway_has_all_of_its_answers(
    shared: Database, open_at: Callable[[Database], Store]
) -> None:
    """Any of them may let all messages of the route go, so that no other one is to have some of these."""
    first, second = open_at(shared), open_at(shared)
    with first.begin() as unit:
        one, other = (add_receipt(unit, bytes([n]), name=str(n), lane=n).id for n in (1, 2))
    with first.begin() as unit:
        assert [row.id for row in take_receipts(unit, 1)] == [one]
        with second.begin() as failing:
            failing.circuits.put(CircuitRow(route="customs", state="open", since=failing.now))
        assert _believed(second) == []
        unit.receipts.settle(one, ReceiptState.APPLIED, ReceiptContent())
    with first.begin() as unit:
        assert [row.id for row in take_receipts(unit, 1)] == [other]
        add_receipt(unit, b"3", name="3", lane=3)
        assert _believed(second) == []


@pytest.mark.requirement("CU-03")
def test_the_same_receipt_in_two_hands_is_kept_once(
    shared: Database, open_at: Callable[[Database], Store]
) -> None:
    """A broker gives it to another gateway while the first one, cut off from it, is still keeping it."""
    first, second = open_at(shared), open_at(shared)

    def keep_again() -> int:
        with second.begin() as unit:
            return add_receipt(unit, b"receipt", name="1.xml").id

    with ThreadPoolExecutor(1) as other:
        with first.begin() as unit:
            kept = add_receipt(unit, b"receipt", name="1.xml")
            waiting = other.submit(keep_again)
            _someone_waits(shared)
        assert waiting.result(PATIENCE) == kept.id


@pytest.mark.requirement("CU-05")
def test_what_is_being_answered_is_noted_as_sent_after_all_others(
    shared: Database, open_at: Callable[[Database], Store]
) -> None:
    """Answers come in another order; two that wait for each other would undo the note, and all goes again."""
    first, second = open_at(shared), open_at(shared)
    with first.begin() as unit:
        unit.documents.put([new(document())])
        rows = [add_submission(unit, name, state=SubmissionState.TO_SEND) for name in ("M1", "M2", "M3")]
        begun = unit.submissions.attempt_begin(["M1", "M2", "M3"], "g")
    attempts = [Attempt(begun[row.id], row, b"", "g") for row in rows]
    with ThreadPoolExecutor(1) as other:
        with first.begin() as unit:
            unit.submissions.mark_technical("M3")
            noting = other.submit(note_attempts, WORLD, second, attempts, {})
            _someone_waits(shared)
            with second.read() as seen:
                states = [row.state for row in seen.submissions.by_number(rows[0].number)]
            assert states == [SubmissionState.SENT, SubmissionState.SENT, SubmissionState.SENDING]
            unit.submissions.mark_technical("M2")
        assert noting.result(PATIENCE) == len(rows)
    with second.read() as unit:
        outcomes = {each.outcome for row in rows for each in unit.submissions.attempts(row.id)}
    assert outcomes == {AttemptOutcome.SENT}


@pytest.mark.requirement("CU-05", "CU-07")
def test_a_route_that_goes_again_waits_for_no_message_that_is_being_answered(
    shared: Database, open_at: Callable[[Database], Store]
) -> None:
    """Whoever believes the answer waits for the route's circuit next: the two would wait for each other."""
    first, second = open_at(shared), open_at(shared)
    with first.begin() as unit:
        unit.documents.put([new(document())])
        pilot = add_submission(unit, "M1", state=SubmissionState.TO_SEND)
        add_submission(unit, "M2", state=SubmissionState.IN_DOUBT, due_at=unit.now)
        begun = unit.submissions.attempt_begin(["M1"], "g")
        unit.circuits.put(
            CircuitRow(route="customs", state="pilot", since=unit.now, outage="channel", pilot="M1")
        )
    with ThreadPoolExecutor(1) as other, first.begin() as unit:
        unit.submissions.mark_technical("M2")
        attempts = [Attempt(begun["M1"], pilot, b"", "g")]
        assert other.submit(note_attempts, WORLD, second, attempts, {}).result(PATIENCE) == 1
        circuits.heard(unit, [pilot])
    with second.read() as unit:
        assert unit.circuits.get("customs") is None


@pytest.mark.requirement("CU-03")
def test_two_that_keep_the_same_bytes_do_not_wait_for_each_other(
    shared: Database, open_at: Callable[[Database], Store]
) -> None:
    """Whatever the order in which they came: who waits has none that the other one still needs."""
    first, second = open_at(shared), open_at(shared)
    small, large = sorted((b"one", b"other"), key=lambda data: sha256(data).digest())

    def keep() -> list[str]:
        with second.begin() as unit:
            return unit.raw.put_many([large, small])

    with ThreadPoolExecutor(1) as other:
        with first.begin() as unit:
            unit.raw.put(small)
            waiting = other.submit(keep)
            _someone_waits(shared)
            unit.raw.put(large)
        assert waiting.result(PATIENCE) == [sha256(large).hexdigest(), sha256(small).hexdigest()]


@pytest.mark.requirement("CU-07")
def test_two_that_learn_of_the_same_routes_do_not_wait_for_each_other(
    shared: Database, open_at: Callable[[Database], Store]
) -> None:
    """Whatever the order of the answers: routes are locked by their names."""
    first, second = open_at(shared), open_at(shared)
    with first.begin() as unit:
        unit.documents.put([new(document())])
        for route in ("a", "b"):
            unit.circuits.put(CircuitRow(route=route, state="open", since=unit.now))
        rows = [add_submission(unit, route.upper(), route=route) for route in ("b", "a")]

    def hear() -> None:
        with second.begin() as unit:
            circuits.heard(unit, rows)

    with ThreadPoolExecutor(1) as other:
        with first.begin() as unit:
            unit.circuits.lock("a")
            waiting = other.submit(hear)
            _someone_waits(shared)
            unit.circuits.lock("b")
        waiting.result(PATIENCE)
