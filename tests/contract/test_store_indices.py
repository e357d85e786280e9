"""No query that a stage runs walks through a whole table, so that history does not slow the gateway."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from gateway.clock import Clock
from gateway.store import (
    CircuitRow,
    DocumentFilter,
    Move,
    Offered,
    Order,
    ReceiptContent,
    ReceiptState,
    RunRow,
    Search,
    Store,
    SubmissionState,
    Unit,
)
from tests.services.stores import (
    LICENCE,
    NOON,
    add_interchange,
    add_receipt,
    add_submission,
    changed,
    document,
    new,
    reference,
)

NUMBER = document().number
OFFERED = Offered(
    enterprise="4403180001", period="202610", state="cleared", natures=["1", "3"], without=["declared"]
)
MOVE = Move(
    from_state="saved",
    to_state="declared",
    parent=NUMBER,
    event="await",
    cause_kind="clock",
    cause_id="1",
)
SEARCH = Search(kind="manifest", enterprises=["4403180001"], periods=("202610", "202610"))

HOT: dict[str, Callable[[Unit], object]] = {
    "raw.put": lambda unit: unit.raw.put(b"order"),
    "raw.put_many": lambda unit: unit.raw.put_many([b"a", b"b", b"a"]),
    "raw.many": lambda unit: unit.raw.many(enumerate([unit.raw.put(b"a"), unit.raw.put(b"b")])),
    "raw.get": lambda unit: unit.raw.get(unit.raw.put(b"order")),
    "interchanges.add": lambda unit: add_interchange(unit, b"order", delivery="1"),
    "interchanges.take": lambda unit: unit.interchanges.take(50),
    "interchanges.take of some": lambda unit: unit.interchanges.take(50, ["acme", "other"]),
    "interchanges.waiting": lambda unit: unit.interchanges.waiting(),
    "interchanges.take_to_settle": lambda unit: unit.interchanges.take_to_settle("acme", 50),
    "interchanges.settled": lambda unit: unit.interchanges.settled([1]),
    "interchanges.came_again": lambda unit: unit.interchanges.came_again(1),
    "interchanges.newest": lambda unit: unit.interchanges.newest(9, 50),
    "interchanges.same": lambda unit: unit.interchanges.same("acme", "0", 9),
    "interchanges.understood": lambda unit: unit.interchanges.understood(
        1, mapping="m", version="1", reply=None
    ),
    "mapping_versions.keep": lambda unit: unit.mapping_versions.keep([("m", "1", unit.raw.put(b"mapping"))]),
    "mapping_versions.get": lambda unit: unit.mapping_versions.get("m", "1"),
    "messages.find": lambda unit: unit.messages.find("acme", "Manifest", "A-1", "save"),
    "messages.last_accepted": lambda unit: unit.messages.last_accepted(NUMBER),
    "interchanges.begin": lambda unit: unit.interchanges.begin(1),
    "interchanges.begun": lambda unit: unit.interchanges.begun(),
    "messages.at": lambda unit: unit.messages.at(1, 1),
    "messages.last_of": lambda unit: unit.messages.last_of(1),
    "messages.outcomes": lambda unit: unit.messages.outcomes(1),
    "messages.page": lambda unit: unit.messages.page(1, 0, 9),
    "messages.stands": lambda unit: unit.messages.stands(1, "accepted"),
    "messages.of_interchange": lambda unit: unit.messages.of_interchange(1),
    "documents.next_number": lambda unit: unit.documents.next_number("M", unit.now),
    "documents.put": lambda unit: unit.documents.put([changed(document(state="declared"), "saved", 1)]),
    "documents.get": lambda unit: unit.documents.get(NUMBER),
    "documents.by_client_number": lambda unit: unit.documents.by_client_number("acme", "manifest", "A-1"),
    "documents.by_customs_number": lambda unit: unit.documents.by_customs_number("5301"),
    "documents.volume": lambda unit: unit.documents.volume("B53012600001"),
    "documents.qualifications": lambda unit: unit.documents.qualifications("4403180001", "5301", "1"),
    "documents.qualifications of any office": lambda unit: unit.documents.qualifications(
        "4403180001", None, "1"
    ),
    "documents.children": lambda unit: unit.documents.children(NUMBER),
    "documents.manifests": lambda unit: list(unit.documents.manifests("4403180001", "202610", ["a", "b"])),
    "documents.amended": lambda unit: unit.documents.amended("4403180001", "202610", ["declared", "sent"]),
    "documents.listing": lambda unit: unit.documents.listing(DocumentFilter(kind="manifest"), limit=9),
    "documents.listing by state": lambda unit: unit.documents.listing(
        DocumentFilter(kind="manifest", states=["saved"], enterprises=["4403180001"]), limit=9
    ),
    "documents.listing of a month": lambda unit: unit.documents.listing(
        DocumentFilter(period="202610", states=["saved"]), limit=9
    ),
    "documents.listing of a month of some": lambda unit: unit.documents.listing(
        DocumentFilter(period="202610", enterprises=["4403180001", "4403180002"]), limit=9
    ),
    "documents.awaiting": lambda unit: unit.documents.awaiting("manifest", ["declared", "sent"], limit=9),
    "documents.history": lambda unit: unit.documents.history(NUMBER),
    "documents.versions": lambda unit: unit.documents.versions(NUMBER),
    "submissions.add": lambda unit: add_submission(unit, "M2"),
    "submissions.recall": lambda unit: unit.submissions.recall([NUMBER]),
    "groups.count": lambda unit: unit.groups.count(["cleared"]),
    "groups.count of a month": lambda unit: unit.groups.count(["cleared"], "4403180001", "202610"),
    "submissions.release": lambda unit: unit.submissions.release([NUMBER]),
    "submissions.take_to_sign": lambda unit: unit.submissions.take_to_sign(50),
    "submissions.take_to_sign besides": lambda unit: unit.submissions.take_to_sign(50, ["4403180002"]),
    "submissions.signed": lambda unit: unit.submissions.signed("M1", unit.raw.put(b"signed")),
    "submissions.encrypted": lambda unit: unit.submissions.encrypted("M1", unit.raw.put(b"order")),
    "submissions.park": lambda unit: unit.submissions.park("M1", "why"),
    "submissions.take_to_send": lambda unit: unit.submissions.take_to_send("customs", 50),
    "submissions.stranded": lambda unit: unit.submissions.stranded(["customs"]),
    "submissions.attempt_begin": lambda unit: unit.submissions.attempt_begin(["M1"]),
    "submissions.attempt_begin recover": lambda unit: unit.submissions.claims.recover("customs", ""),
    "submissions.attempt_begin abandon": lambda unit: unit.submissions.claims.abandon(),
    "submissions.attempt_begin claim": lambda unit: unit.submissions.claims.to_sign(["M1"], "a"),
    "submissions.attempt_begin free": lambda unit: unit.submissions.claims.free("a"),
    "submissions.mark_technical": lambda unit: unit.submissions.mark_technical("M1"),
    "submissions.by_message_id": lambda unit: unit.submissions.by_message_id("M1"),
    "submissions.by_number": lambda unit: unit.submissions.by_number(NUMBER),
    "submissions.attempts": lambda unit: unit.submissions.attempts("M1"),
    "submissions.awaited": lambda unit: unit.submissions.awaited(),
    "submissions.sent_before": lambda unit: unit.submissions.sent_before(unit.now),
    "submissions.to_look_at": lambda unit: unit.submissions.to_look_at(50),
    "submissions.looked_at": lambda unit: unit.submissions.looked_at("M1", unit.now),
    "submissions.take_pilot": lambda unit: unit.submissions.take_pilot("customs"),
    "submissions.send_now": lambda unit: unit.submissions.send_now("customs"),
    "submissions.doubt": lambda unit: unit.submissions.doubt("M1"),
    "submissions.give_up": lambda unit: unit.submissions.give_up("M1"),
    "submissions.lock": lambda unit: unit.submissions.lock(["M1", "M2"]),
    "circuits.put": lambda unit: unit.circuits.put(CircuitRow(route="customs", state="open", since=unit.now)),
    "circuits.get": lambda unit: unit.circuits.get("customs"),
    "circuits.lock": lambda unit: unit.circuits.lock("customs"),
    "circuits.remove": lambda unit: unit.circuits.remove("customs"),
    "submissions.latest_of_number": lambda unit: unit.submissions.latest_of_number(NUMBER),
    "submissions.latest_of_client_number": lambda unit: unit.submissions.latest_of_client_number("M", "A-1"),
    "submissions.latest_of_customs_number": lambda unit: unit.submissions.latest_of_customs_number("5301"),
    "retention.page": lambda unit: unit.retention.page(
        ("4403180001", "202610"), ("manifest", "aggregated"), unit.now, "", 9
    ),
    "retention.some": lambda unit: unit.retention.some("4403180001", "202610", {"manifest": ["cleared"]}, 5),
    "retention.young": lambda unit: unit.retention.young({"manifest": ["aggregated"]}, NOON),
    "retention.gather": lambda unit: unit.retention.gather([NUMBER]),
    "retention.held": lambda unit: unit.retention.held(
        unit.retention.gather([NUMBER]), {"manifest": ["aggregated"]}, NOON
    ),
    "retention.archive": lambda unit: unit.retention.archive(unit.retention.gather([NUMBER]), "a.zip"),
    "raw.size": lambda unit: unit.raw.size(["0"]),
    "receipts.add": lambda unit: add_receipt(unit, b"receipt"),
    "receipts.take": lambda unit: unit.receipts.take(50),
    "receipts.take of some": lambda unit: unit.receipts.take(50, [("customs", 1), ("customs", 2)]),
    "receipts.waiting": lambda unit: unit.receipts.waiting(),
    "receipts.settle": lambda unit: unit.receipts.settle(1, ReceiptState.STALE, ReceiptContent()),
    "receipts.failed": lambda unit: unit.receipts.failed("0", ReceiptContent(message_id="M1")),
    "receipts.match_again": lambda unit: unit.receipts.match_again(),
    "submissions.release_under": lambda unit: unit.submissions.release_under(["approved"]),
    "receipts.listing": lambda unit: unit.receipts.listing(limit=9, number=NUMBER),
    "receipts.newest": lambda unit: unit.receipts.newest(limit=9),
    "notices.take": lambda unit: unit.notices.take("acme", 50),
    "notices.take_to_make": lambda unit: unit.notices.take_to_make(["print", "notice"], 10),
    "notices.made": lambda unit: unit.notices.made(1, unit.raw.put(b"pdf")),
    "notices.count": lambda unit: unit.notices.count("acme", "print", NUMBER),
    "notices.park": lambda unit: unit.notices.park(1),
    "notices.delivered": lambda unit: unit.notices.delivered([1]),
    "relations.of_manifest": lambda unit: unit.relations.of_manifest(NUMBER),
    "relations.of_declaration": lambda unit: unit.relations.of_declaration(NUMBER),
    "relations.page": lambda unit: unit.relations.page(NUMBER, offset=0, limit=9),
    "relations.count": lambda unit: unit.relations.count(NUMBER),
    "searching.count": lambda unit: unit.searching.count(SEARCH),
    "searching.page": lambda unit: unit.searching.page(SEARCH, Order(), offset=0, limit=9),
    "searching.stream": lambda unit: list(unit.searching.stream(SEARCH)),
    "searching.page by number": lambda unit: unit.searching.page(
        Search(kind="manifest", number=NUMBER), Order(), offset=0, limit=9
    ),
    "months.count": lambda unit: unit.months.count(OFFERED),
    "months.count of a list": lambda unit: unit.months.count(replace(OFFERED, listed=[NUMBER])),
    "months.numbers": lambda unit: unit.months.numbers(OFFERED, after="", limit=9),
    "months.many": lambda unit: unit.months.many([NUMBER]),
    "months.of_run": lambda unit: unit.months.of_run(NUMBER, "cleared", after="", limit=9),
    "months.move": lambda unit: unit.months.move([NUMBER], MOVE),
    "runs.get": lambda unit: unit.runs.get(NUMBER),
    "runs.in_phase": lambda unit: unit.runs.in_phase("marking", "4403180001", "202610"),
    "runs.step": lambda unit: unit.runs.step(RunRow(run=NUMBER, phase="marking"), last="1"),
    "runs.clear": lambda unit: unit.runs.clear(NUMBER, 9),
    "runs.end": lambda unit: unit.runs.end(NUMBER),
    "lines.between": lambda unit: unit.lines.between(NUMBER, "", "~"),
    "lines.count": lambda unit: unit.lines.count(NUMBER),
    "lines.manifests": lambda unit: unit.lines.manifests(NUMBER, after="", limit=9),
    "lines.merged": lambda unit: list(unit.lines.merged(NUMBER)),
    "lines.drafts": lambda unit: unit.lines.drafts(NUMBER, after=0, limit=9),
    "lines.went_into": lambda unit: unit.lines.went_into(NUMBER, NUMBER),
    "lines.number": lambda unit: unit.lines.number(NUMBER, [(1, "D20260000000000001")]),
    "lines.sums": lambda unit: list(unit.lines.sums(NUMBER)),
    "relations.take": lambda unit: unit.relations.take(NUMBER, "", "~"),
    "lines.remove": lambda unit: unit.lines.remove(NUMBER, "~"),
    "documents.lock": lambda unit: unit.documents.lock(NUMBER),
    "references.keep": lambda unit: unit.references.keep(reference(unit)),
    "references.beginning": lambda unit: unit.references.beginning("CargoManifest", "I/BILL/"),
    "references.get": lambda unit: unit.references.get("Licence", LICENCE),
    "references.lock": lambda unit: unit.references.lock("Licence", LICENCE),
    "references.listing": lambda unit: unit.references.listing(kind=None, limit=9, after=("Licence", "1")),
    "references.use": lambda unit: unit.references.use(NUMBER, []),
    "references.used": lambda unit: unit.references.used(LICENCE, besides=NUMBER),
    "alerts.open": lambda unit: unit.alerts.open("token.absent", "t", {}),
    "alerts.close": lambda unit: unit.alerts.close("token.absent", "t"),
    "alerts.close_all": lambda unit: unit.alerts.close_all(["token.absent", "token.gone"], "t"),
    "alerts.opened": lambda unit: unit.alerts.opened(),
    "interchanges.get": lambda unit: unit.interchanges.get(add_interchange(unit, b"one", delivery="2").id),
    "raw.beginning": lambda unit: unit.raw.beginning("0", 9),
    "notices.about": lambda unit: unit.notices.about(NUMBER, "receipt"),
    "messages.about": lambda unit: unit.messages.about(NUMBER),
    "raw.kept_at": lambda unit: unit.raw.kept_at("0"),
    "receipts.get": lambda unit: unit.receipts.get(1),
    "notices.of": lambda unit: unit.notices.of(NUMBER),
    "audit.seals_of": lambda unit: unit.audit.seals_of(NUMBER),
    "audit.waits": lambda unit: unit.audit.waits(),
    "audit.seal": lambda unit: unit.audit.seal(9),
    "status.counts": lambda unit: unit.status.counts(),
    "parking.submissions": lambda unit: unit.parking.submissions(SubmissionState.FAILED),
    "parking.interchanges": lambda unit: unit.parking.interchanges(),
    "parking.receipts": lambda unit: unit.parking.receipts(),
    "parking.notices": lambda unit: unit.parking.notices(["acme", ""]),
    "parking.stranded": lambda unit: unit.parking.stranded(["acme", ""]),
    "parking.move": lambda unit: unit.parking.move(add_interchange(unit, b"two", delivery="3"), "dropped"),
    "parking.move_submission": lambda unit: unit.parking.move_submission(
        next(iter(unit.submissions.by_number(NUMBER))), SubmissionState.ON_PAPER
    ),
}

# These hold only what the question is about; counting documents by state is a count of all of them.
READ_AS_A_WHOLE = [
    # The values that stand in the first column of an index.
    "any_enterprise",
    "any_kind",
    "ix_submissions_to_send",
    "ix_submissions_awaited",
    "ix_submissions_to_look_at",
    "ix_alerts_open",
    "ix_history_unsealed",
    "ix_acts_unsealed",
    # The guards of the trail.
    "CONSTANT ROW",
    "(subquery-1)",
    "documents USING COVERING INDEX ix_documents_state",
    # What has been grouped, of one run.
    "(subquery-2)",
]

# Of these the order comes from an index, so that a long queue costs no more than a short one.
QUEUES = [
    "interchanges.take",
    "interchanges.take_to_settle",
    "submissions.take_to_sign",
    "submissions.take_to_sign besides",
    "submissions.take_to_send",
    "submissions.to_look_at",
    "receipts.take",
    "notices.take",
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store on SQLite, which tells its plans in words."""
    made = Store(f"sqlite:///{tmp_path}/gateway.db", Clock(NOON))
    made.migrate()
    with made.begin() as unit:
        unit.documents.put([new(document())])
        add_submission(unit, "M1")
        unit.runs.begin(RunRow(run=NUMBER, phase="marking"))
    yield made
    made.close()


@contextmanager
def plans_of(unit: Unit, store: Store) -> Iterator[list[str]]:
    """Collect SQLite's plan for every statement that is executed meanwhile."""
    statements: list[str] = []
    plans: list[str] = []
    driver = unit._connection.library.connection.driver_connection
    driver.set_trace_callback(statements.append)
    yield plans
    driver.set_trace_callback(None)
    # A connection without foreign keys: their part of a plan is there for violations that are put off
    # to the end of a transaction, of which the store has none.
    with closing(sqlite3.connect(str(store._engine.url.database))) as explaining:
        for statement in statements:
            if statement.startswith(("SELECT", "UPDATE", "DELETE", "INSERT")):
                plans += [row[3] for row in explaining.execute(f"EXPLAIN QUERY PLAN {statement}")]


def walks(plan: str) -> bool:
    """Whether a step of a plan reads every row of a table, or every entry of an index that has them all."""
    return plan.startswith("SCAN") and not any(plan.endswith(f" {whole}") for whole in READ_AS_A_WHOLE)


def test_every_method_is_among_those_looked_at(store: Store) -> None:
    """A method that is added to an area is looked at here, or is one that only adds a row."""
    only_adds = {"messages.add", "notices.add", "submissions.attempt_end"}
    only_adds |= {"runs.begin", "lines.add", "lines.place"}
    # Of the few runs that are under way, all are asked for.
    only_adds.add("runs.under_way")
    # Of the few gateways, each heartbeat looks at all; and locks are no tables.
    only_adds |= {
        f"leases.{name}"
        for name in ("join", "renew", "take", "bury", "bury_all", "soonest", "all", "installation")
    }
    only_adds |= {"leases.give", "leases.living"}
    only_adds |= {"turns.take", "turns.free", "turns.wait", "turns.share"}
    # What an operator asks for once in a while.
    only_adds.add("retention.months")
    # Of the few routes that do not go well, all are asked for.
    only_adds.add("circuits.held")
    # What an operator asks of the whole trail.
    only_adds |= {"audit.act", "audit.acts", "audit.verify", "audit.holds", "audit.acts_about"}
    # What is done once after a restore.
    only_adds |= {f"restoring.{name}" for name in ("go_beyond", "knows_bytes", "newest", "unsent")}
    # What an operator asks for as evidence of one document.
    only_adds.add("notices.named")
    alike = {
        "interchanges.repeated",
        "interchanges.quarantined",
        "submissions.mark_business",
        "submissions.await_from_now",
        "status.queues",
    }
    with store.read() as unit:
        areas = {
            name: area for name, area in vars(unit).items() if not name.startswith("_") and name != "now"
        }
        there = {
            f"{name}.{method}"
            for name, area in areas.items()
            for method in dir(type(area))
            if not method.startswith("_")
        }
    assert there == {name.partition(" ")[0] for name in HOT} | only_adds | alike


@pytest.mark.parametrize("name", HOT)
def test_no_hot_query_walks_through_a_table(store: Store, name: str) -> None:
    """Each statement finds its rows by a key or an index."""
    with store.begin() as unit, plans_of(unit, store) as plans:
        HOT[name](unit)
    assert [plan for plan in plans if walks(plan)] == []


@pytest.mark.parametrize("name", QUEUES)
def test_a_queue_is_taken_in_the_order_of_an_index(store: Store, name: str) -> None:
    """Taking the oldest sorts nothing."""
    with store.begin() as unit, plans_of(unit, store) as plans:
        HOT[name](unit)
    assert plans
    assert [plan for plan in plans if "TEMP B-TREE" in plan] == []


@pytest.mark.parametrize("name", ["parking.interchanges", "status.counts"])
def test_files_of_the_same_bytes_do_not_look_at_each_other(store: Store, name: str) -> None:
    """Thousands without bytes may lie in quarantine: four times as many cost about four times as much."""

    def steps_with(files: int) -> int:
        with store.begin() as unit:
            for number in range(len(unit.parking.interchanges()), files):
                row = add_interchange(unit, b"", name=f"{number}.csv")
                unit.interchanges.quarantined(row.id, reason={}, reply=None)
        steps = count()
        with store.read() as unit:
            driver = unit._connection.library.connection.driver_connection
            driver.set_progress_handler(lambda: next(steps) < 0, 100)
            HOT[name](unit)
            driver.set_progress_handler(None, 0)
        return next(steps)

    few = steps_with(100)
    assert few < steps_with(400) < 6 * few


def test_a_walk_would_be_seen(store: Store) -> None:
    """The look itself works: a question without an index is found out."""
    with store.read() as unit, plans_of(unit, store) as plans:
        unit._connection.say("SELECT * FROM documents WHERE office = '5301'")
    assert [plan for plan in plans if walks(plan)] == ["SCAN documents"]
