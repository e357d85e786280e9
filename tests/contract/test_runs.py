"""A run on every database: the same set whatever comes in between, and nothing of it before it is proved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest

from gateway.building import make_world
from gateway.clock import Clock
from gateway.config import Aggregation, load_settings
from gateway.documents import selection_of
from gateway.errors import RejectedError
from gateway.steps import composing, kept, month_result, publishing, runs, taking
from gateway.steps.aggregating import aggregate_month, month_command
from gateway.steps.phases import Phase
from gateway.steps.records import World
from gateway.steps.rehearsing import rehearsed
from gateway.steps.runs import ALERT, advance_runs, repeat_run
from gateway.store import ChangeRow, DocumentFilter, Store, Unit
from tests.services.installation import AGGREGATION, ROOT
from tests.services.months import ENTERPRISE, MONTH, cleared_manifest
from tests.services.stores import Database

pytest_plugins = ("tests.services.store_fixtures",)


class Died(BaseException):
    """The process ends here."""


@dataclass
class Mortal:
    """A store of a process that dies at a transaction that writes: before it is committed, or after."""

    store: Store
    at: int
    after: bool
    count: int = 0

    def read(self) -> Any:
        """Read as the store does."""
        return self.store.read()

    @contextmanager
    def begin(self) -> Iterator[Unit]:
        """Write as the store does, unless this is the end."""
        self.count += 1
        dying = self.count == self.at
        with self.store.begin() as unit:
            yield unit
            if dying and not self.after:
                raise Died
        if dying:
            raise Died


@pytest.fixture(scope="module")
def world() -> World:
    """The shipped configuration with schemas and code tables, and declarations of at most three items."""
    settings = load_settings(ROOT / "gateway.toml")
    return make_world(
        settings.model_copy(update={"aggregation": Aggregation(max_items=3)}), Clock(AGGREGATION)
    )


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few manifests be as many pieces as a large month has."""
    cut_small(monkeypatch)


def cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every piece that the work is done in small."""
    monkeypatch.setattr(taking, "MARKED_AT_ONCE", 4)
    for module, name in ((runs, "_MANIFESTS"), (publishing, "_MANIFESTS")):
        monkeypatch.setattr(module, name, 2)
    for module, name in ((runs, "_DECLARATIONS"), (publishing, "_DECLARATIONS"), (composing, "_PAGE")):
        monkeypatch.setattr(module, name, 2)
    monkeypatch.setattr(publishing, "_CLEARED", 5)


@pytest.fixture
def store(database: Database) -> Iterator[Store]:
    """A store at the time of aggregation."""
    made = Store(database.url, Clock(AGGREGATION))
    yield made
    made.close()


def month(seed: int = 1, count: int = 7) -> list[ChangeRow]:
    """Return a month of a few goods, so that many merge."""
    dice = Random(seed)
    return [
        cleared_manifest(
            number,
            dice.randint(1, 4),
            IEPort=dice.choice(["5301", "5304"]),
            WrapType=dice.choice(["92", "93"]),
            **(
                {"FeeMark": "3", "FeeRate": str(dice.randint(1, 999) / 100), "FeeCurr": "USD"}
                if dice.random() < 0.4
                else {}
            ),
        )
        for number in range(1, count + 1)
    ]


def fill(store: Store, changes: list[ChangeRow]) -> None:
    """Put manifests into a store."""
    for change in changes:
        with store.begin() as unit:
            unit.documents.put([change])


def request(world: World, store: Store) -> str:
    """Request the month and return the number of the run."""
    with store.begin() as unit:
        return aggregate_month(world, unit, ENTERPRISE, MONTH).document.number


def work(world: World, store: Store, until: Phase | None = None) -> None:
    """Go on until there is nothing to do, or the run comes into a phase."""
    while True:
        with store.read() as unit:
            under_way = unit.runs.under_way()
        if until is not None and any(row.phase == until for row in under_way):
            return
        if not advance_runs(world, store):
            return


def outcome(store: Store) -> dict[str, Any]:
    """Return everything that a month became."""
    # Queues are taken with locks, which only a transaction that may write can have.
    with store.begin() as unit:
        listed = unit.documents.listing(DocumentFilter(), limit=1000)
        declarations = [row.number for row in listed if row.kind == "declaration"]
        found = [unit.documents.get(row.number) for row in listed]
        return {
            "documents": [row for row in found if row is not None],
            "relations": [unit.relations.of_declaration(number) for number in declarations],
            "submissions": [
                (row.number, row.message_type, unit.raw.get(row.unsigned_digest))
                for number in declarations
                for row in unit.submissions.by_number(number)
            ],
            "notices": [(row.kind, row.name) for row in unit.notices.take("acme", 99)],
            "left": (unit.runs.under_way(), unit.lines.count("R20260000000000001")),
        }


def states(store: Store, kind: str) -> set[str]:
    """Return the states of all documents of a kind."""
    with store.read() as unit:
        return {row.state for row in unit.documents.listing(DocumentFilter(kind=kind), limit=1000)}


@pytest.fixture(scope="module")
def expected(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the month becomes when nothing comes in between, on SQLite."""
    made = Store(f"sqlite:///{tmp_path_factory.mktemp('expected')}/gateway.db", Clock(AGGREGATION))
    with pytest.MonkeyPatch.context() as monkeypatch, closing(made):
        cut_small(monkeypatch)
        made.migrate()
        fill(made, month())
        request(world, made)
        work(world, made)
        return outcome(made)


@pytest.mark.requirement("AG-04", "AG-07", "AG-09")
def test_a_month_becomes_declarations_with_every_item_once(
    world: World, store: Store, expected: dict[str, Any]
) -> None:
    """The same on every database: all manifests aggregated, and what was worked with is cleared away."""
    fill(store, month())
    request(world, store)
    work(world, store)
    found = outcome(store)
    assert plain(found) == plain(expected)
    assert states(store, "manifest") == {"aggregated"}
    assert states(store, "aggregation") == {"done"}
    assert found["left"] == ([], 0)
    relations = [relation for each in found["relations"] for relation in each]
    items = {(relation.manifest_number, relation.manifest_item) for relation in relations}
    manifests = [row for row in found["documents"] if row.kind == "manifest"]
    assert items == {(row.number, int(item["GNo"])) for row in manifests for item in row.content["Item"]}
    assert len(relations) == len(items)
    assert len(found["relations"]) > 2


def plain(found: dict[str, Any]) -> dict[str, Any]:
    """Leave out the moments, which differ from one clock to the next."""
    documents = [
        replace(row, content=_timeless(row.content) if row.kind == "declaration" else row.content)
        for row in found["documents"]
    ]
    return {**found, "documents": documents, "submissions": [row[:2] for row in found["submissions"]]}


def _timeless(content: dict[str, Any]) -> dict[str, Any]:
    return {**content, "DecSign": {**content["DecSign"], "SignDate": ""}}


@pytest.mark.requirement("AG-10")
@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_arrival_makes_no_difference(
    world: World, store: Store, expected: dict[str, Any], seed: int
) -> None:
    """Whatever the order in which manifests were stored."""
    changes = month()
    Random(seed).shuffle(changes)
    fill(store, changes)
    request(world, store)
    work(world, store)
    assert plain(outcome(store)) == plain(expected)


@pytest.mark.requirement("AG-09", "AG-10")
@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after it"])
def test_killed_at_every_step_it_makes_the_same_set(
    world: World, store: Store, expected: dict[str, Any], *, after: bool
) -> None:
    """At each transaction in turn, each time one further; nothing is published before all is proved."""
    fill(store, month())
    request(world, store)
    kills, published = 0, False
    for at in range(1, 200):
        mortal: Any = Mortal(store, at, after)
        try:
            while advance_runs(world, mortal):
                pass
        except Died:
            kills += 1
        with store.read() as unit:
            row = unit.runs.get("R20260000000000001")
        proved = row is None or row.phase in {Phase.DECLARING, Phase.CLOSING, Phase.CLEARING}
        assert proved or not states(store, "declaration")
        published |= bool(states(store, "declaration"))
        if row is None:
            break
    work(world, store)
    assert kills > 5
    assert published
    found = outcome(store)
    assert plain(found) == plain(expected)
    moments = {row.content["DecSign"]["SignDate"] for row in found["documents"] if row.kind == "declaration"}
    assert len(moments) == 1


@pytest.mark.requirement("AG-09")
@pytest.mark.parametrize("table", ["aggregation_lines", "aggregation_goods", "aggregation_drafts"])
def test_what_cannot_be_proved_stops_unpublished_and_begins_anew_by_an_operators_word(
    world: World, store: Store, expected: dict[str, Any], table: str
) -> None:
    """A figure, a place or a declaration that is not what it should be: an alert tells, nothing is sent."""
    fill(store, month())
    number = request(world, store)
    work(world, store, Phase.PROVING)
    damage(store, table)
    work(world, store)
    with store.read() as unit:
        assert [(alert.code, alert.subject) for alert in unit.alerts.opened()] == [(ALERT, number)]
        assert kept.document_of(unit, number).state == "stopped"
    assert states(store, "declaration") == set()
    assert states(store, "manifest") == {"awaiting_aggregation"}
    assert advance_runs(world, store) == 0
    with store.begin() as unit:
        assert repeat_run(world, unit, number).state == "requested"
    work(world, store)
    found = plain(outcome(store))
    run = next(row for row in found["documents"] if row.kind == "aggregation")
    assert run.state == "done"
    for part in ("relations", "submissions", "notices", "left"):
        assert found[part] == plain(expected)[part]
    with store.begin() as unit, pytest.raises(RejectedError, match=r"aggregation.not-stopped"):
        repeat_run(world, unit, number)


def damage(store: Store, table: str) -> None:
    """Change what a run works with, past all rules."""
    statements = {
        "aggregation_lines": "UPDATE aggregation_lines SET quantity = quantity + 1 WHERE position = 1",
        "aggregation_goods": "DELETE FROM aggregation_goods WHERE declaration = 1 AND position = 1",
        "aggregation_drafts": "UPDATE aggregation_drafts SET content = replace(content, '冰鲜', '冰冻')",
    }
    with store.begin() as unit:
        unit._connection.library.exec_driver_sql(statements[table])


@pytest.mark.requirement("AG-09", "AM-07")
@pytest.mark.parametrize("phase", [Phase.COMPOSING, Phase.PROVING])
def test_a_manifest_that_customs_withdraws_meanwhile_is_left_out(
    world: World, store: Store, phase: Phase
) -> None:
    """The run begins anew by itself, with the others."""
    fill(store, month())
    request(world, store)
    work(world, store, phase)
    withdraw(store, "M20260000000000003")
    work(world, store)
    with store.read() as unit:
        assert unit.relations.of_manifest("M20260000000000003") == []
        assert unit.alerts.opened() == []
    assert states(store, "manifest") == {"aggregated", "withdrawn"}
    assert states(store, "aggregation") == {"done"}


@pytest.mark.requirement("AG-09")
def test_one_that_is_withdrawn_while_its_set_goes_out_is_told(world: World, store: Store) -> None:
    """What is sent is sent; a person must correct it."""
    fill(store, month())
    request(world, store)
    work(world, store, Phase.DECLARING)
    withdraw(store, "M20260000000000003")
    work(world, store)
    with store.read() as unit:
        assert [(alert.code, alert.subject) for alert in unit.alerts.opened()] == [
            ("aggregation.left-late", "M20260000000000003")
        ]
        assert unit.relations.of_manifest("M20260000000000003")
    assert states(store, "manifest") == {"aggregated", "withdrawn"}


def withdraw(store: Store, number: str) -> None:
    """Let customs withdraw a manifest by its own word."""
    with store.begin() as unit:
        row = unit.documents.get(number)
        assert row is not None
        changed = replace(row, state="withdrawn")
        unit.documents.put(
            [
                ChangeRow(
                    document=changed,
                    expected_state=row.state,
                    expected_version=row.version,
                    event="withdraw",
                    cause_kind="receipt",
                    cause_id="1",
                )
            ]
        )


@pytest.mark.requirement("AG-04")
def test_a_large_month_is_marked_piece_by_piece_and_asked_for_once(world: World, store: Store) -> None:
    """The reply tells how many; until all are marked no other run takes any."""
    fill(store, month())
    with store.begin() as unit:
        decision = aggregate_month(world, unit, ENTERPRISE, MONTH)
    assert decision.shown["manifests"] == 7
    with store.read() as unit:
        marked = unit.documents.listing(DocumentFilter(states=["awaiting_aggregation"]), limit=99)
        (row,) = unit.runs.under_way()
    assert (len(marked), row.phase, row.manifests) == (4, Phase.MARKING, 4)
    with pytest.raises(RejectedError, match=r"aggregation.still-marking"):
        request(world, store)
    advance_runs(world, store)
    assert states(store, "manifest") == {"awaiting_aggregation"}
    with pytest.raises(RejectedError, match=r"aggregation.nothing-cleared"):
        request(world, store)


@pytest.mark.requirement("AG-10")
def test_other_keys_begin_anew(world: World, store: Store) -> None:
    """A configuration that changed halfway never mixes with the former one."""
    fill(store, month())
    request(world, store)
    work(world, store, Phase.SPREADING)
    advance_runs(world, store)
    other = replace(
        world, settings=world.settings.model_copy(update={"aggregation": Aggregation(max_items=1)})
    )
    work(other, store)
    with store.read() as unit:
        found = unit.documents.listing(DocumentFilter(kind="declaration"), limit=1000)
        items = [unit.relations.of_declaration(row.number) for row in found]
    assert {len({relation.declaration_item for relation in each}) for each in items} == {1}


@pytest.mark.requirement("AG-11")
def test_a_rehearsal_says_what_the_run_makes_and_writes_nothing(
    world: World, store: Store, expected: dict[str, Any]
) -> None:
    """By the same code; numbers and dates are all that the bodies lack."""
    fill(store, [*month(), replace_state(month(2, 8)[-1], "declared")])
    before = outcome(store)
    with store.read() as unit:
        command = month_command(world, unit, ENTERPRISE, MONTH, "")
        with rehearsed(world, unit, command) as told:
            bodies = list(told.declarations)
            assert told.totals.manifests == 7
            assert [(each.code, each.values["number"]) for each in told.left_out] == [
                ("aggregation.not-cleared", "M20260000000000008")
            ]
    assert outcome(store) == before
    made = [row.content for row in expected["documents"] if row.kind == "declaration"]
    given = {"SeqNo", "IEDate", "PDate", "ClientSeqNo", "SignDate"}
    assert [bare(body, given) for body in bodies] == [bare(body, given) for body in made]


def replace_state(change: ChangeRow, state: str) -> ChangeRow:
    """Return a manifest in another state."""
    return replace(change, document=replace(change.document, state=state))


def bare(content: dict[str, Any], names: set[str]) -> dict[str, Any]:
    """Leave out fields of the groups."""
    return {
        group: {name: value for name, value in fields.items() if name not in names}
        for group, fields in content.items()
    }


@pytest.mark.requirement("AG-02")
@pytest.mark.parametrize(
    ("criteria", "count"),
    [
        ({}, 7),
        ({"IEFlag": "E"}, 0),
        ({"CustomMaster": "5301"}, 7),
        ({"CustomMaster": "5304"}, 0),
        ({"ManualNo": "J53016000001"}, 7),
        ({"ManualNo": "J53016000002"}, 0),
        ({"GoodsNature": "2"}, 0),
        ({"DeclDateFrom": "20261003"}, 6),
        ({"DeclDateTo": "20261003"}, 2),
        ({"DeclDateFrom": "20261003", "DeclDateTo": "20261003"}, 1),
        ({"Manifest": [{"SeqNo": "M20260000000000002"}, {"SeqNo": "M20260000000000009"}]}, 1),
    ],
)
def test_the_store_selects_as_a_request_says(store: Store, criteria: dict[str, Any], count: int) -> None:
    """Counted and listed in pieces, it is the same."""
    fill(store, month())
    asked = taking.offered(selection_of(ENTERPRISE, {"Month": MONTH, **criteria}))
    with store.read() as unit:
        assert unit.months.count(asked) == count
        first = unit.months.numbers(asked, after="", limit=3)
        rest = unit.months.numbers(asked, after=first[-1], limit=99) if first else []
    assert len(first) == min(count, 3)
    assert len({*first, *rest}) == count
    assert [*first, *rest] == sorted([*first, *rest])


@pytest.mark.requirement("AG-09")
def test_a_figure_that_is_none_stops_the_run(world: World, store: Store) -> None:
    """Nobody rounds it, and nothing is made."""
    odd = cleared_manifest(1, 1, NetWt="1.0000001")
    fill(store, [odd])
    number = request(world, store)
    work(world, store)
    with store.read() as unit:
        (alert,) = unit.alerts.opened()
        assert kept.document_of(unit, number).state == "stopped"
    assert "1.0000001" in alert.values["reason"]


@pytest.mark.requirement("AG-04")
def test_of_a_large_month_the_result_tells_the_counts(
    world: World, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first declarations, and no relations: queries bring the rest page by page."""
    monkeypatch.setattr(month_result, "MOST_DECLARATIONS", 2)
    monkeypatch.setattr(month_result, "MOST_RELATIONS", 3)
    fill(store, month())
    request(world, store)
    work(world, store)
    with store.begin() as unit:
        (notice,) = unit.notices.take("acme", 99)
        told = json.loads(unit.raw.get(notice.digest))
        made = unit.documents.listing(DocumentFilter(kind="declaration"), limit=99)
    assert told["counts"]["manifests"] == 7
    assert told["counts"]["declarations"] == len(made) > 2
    assert [each["number"] for each in told["declarations"]] == [row.number for row in made[:2]]
    assert told["relations"] == []


@pytest.mark.requirement("AG-10")
def test_a_run_that_stopped_while_it_went_out_goes_on_from_there(
    world: World, store: Store, expected: dict[str, Any]
) -> None:
    """What is published is never taken back, and what is missing follows."""
    fill(store, month())
    number = request(world, store)
    work(world, store, Phase.DECLARING)
    advance_runs(world, store)
    with store.begin() as unit:
        unit.alerts.open(ALERT, number, {"reason": "", "reason_zh": ""})
    assert advance_runs(world, store) == 0
    with store.begin() as unit:
        assert repeat_run(world, unit, number).state == "making"
    work(world, store)
    assert plain(outcome(store)) == plain(expected)
