"""The audit trail on both databases: only added to, and no change to it stays unseen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from gateway.errors import ParkedError
from gateway.store import Store, Trail
from gateway.store.engine import make_engine
from tests.services.stores import Database, changed, document, new

M1, M2, M3, M4, M5, M6 = (f"M{number:017}" for number in range(1, 7))

pytest_plugins = ("tests.services.store_fixtures",)


_PUT_IN = """
INSERT INTO acts (at, operator, act, subject, detail, seal)
SELECT at, operator, act, subject, detail, 1 FROM acts WHERE seal = 1
"""


def fill(store: Store, *numbers: str) -> None:
    """Let documents be made and moved, and an operator act, in a seal of their own."""
    with store.begin() as unit:
        for number in numbers:
            row = document(number)
            unit.documents.put([new(row)])
            unit.documents.put([changed(replace(row, state="declared"), "saved", 1)])
        unit.audit.act("root", "declare", numbers[0], {"reason": "期限"})
    with store.begin() as unit:
        assert unit.audit.seal(1000)


def verified(store: Store) -> Trail:
    """Examine the trail."""
    with store.read() as unit:
        return unit.audit.verify()


def perform(database: Database, *statements: str) -> None:
    """Execute statements in a transaction, as another program would."""
    engine = make_engine(database.url)
    try:
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
    finally:
        engine.dispose()


def tamper(database: Database, *statements: str) -> None:
    """Do as somebody would who may do everything at the database, and first takes its guards away."""
    guards = []
    for table in ("history", "acts", "seals"):
        for event in ("update", "delete"):
            of = "" if database.kind == "sqlite" else f" ON {table}"
            guards.append(f"DROP TRIGGER {table}_{event}{of}")
    perform(database, *guards, *statements)


def test_what_was_written_verifies(store: Store) -> None:
    """Each seal stands on the one before it; what has none yet is counted."""
    fill(store, M1, M2)
    fill(store, M3)
    with store.begin() as unit:
        unit.audit.act("root", "token unlock", "", {})
    found = verified(store)
    assert (found.seals, found.rows, found.unsealed, found.broken) == (2, 8, 1, ())


def test_each_seal_is_examined_however_few_are_read_at_once(
    store: Store, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The chain goes on over the ends of what is read together."""
    for number in (M1, M2, M3, M4, M5):
        fill(store, number)
    monkeypatch.setattr("gateway.store.audit._PAGE", 2)
    assert (verified(store).seals, verified(store).broken) == (5, ())
    tamper(database, "UPDATE acts SET detail = '{}' WHERE seal = 5")
    assert [each.seal for each in verified(store).broken] == [5]


def test_nothing_to_seal_is_no_seal(store: Store) -> None:
    """A quiet gateway writes nothing."""
    with store.begin() as unit:
        assert unit.audit.seal(10) is None
    assert verified(store).seals == 0


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_a_seal_takes_no_more_than_it_may(store: Store, limit: int) -> None:
    """What is left comes with the next."""
    with store.begin() as unit:
        for number in (M1, M2, M3):
            unit.documents.put([new(document(number))])
    taken = 0
    while True:
        with store.begin() as unit:
            if unit.audit.seal(limit) is None:
                break
        taken += 1
    assert taken == -(-3 // limit)
    assert verified(store).rows == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE history SET to_state = 'cleared' WHERE number = 'M00000000000000001'",
        "UPDATE history SET seal = NULL WHERE number = 'M00000000000000001'",
        "DELETE FROM history",
        "UPDATE acts SET operator = 'nobody'",
        "DELETE FROM acts",
        "UPDATE seals SET digest = chain",
        "DELETE FROM seals",
    ],
)
def test_the_database_itself_refuses_to_change_the_trail(
    store: Store, database: Database, statement: str
) -> None:
    """Whatever program tries."""
    fill(store, M1)
    with pytest.raises(ParkedError, match="only added to"):
        perform(database, statement)
    assert verified(store).broken == ()


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE history SET to_state = 'cleared' WHERE number = 'M00000000000000002'", [1]),
        ("DELETE FROM history WHERE number = 'M00000000000000003'", [2]),
        ("UPDATE history SET seal = 2 WHERE number = 'M00000000000000001'", [1, 2]),
        ("UPDATE acts SET operator = 'nobody' WHERE subject = 'M00000000000000003'", [2]),
        ("UPDATE acts SET detail = '{}'", [1, 2, 3]),
        ("DELETE FROM seals WHERE id = 2", [3]),
        ("UPDATE seals SET rows = 99 WHERE id = 1", [1]),
        ("UPDATE seals SET at = '2026-11-03T08:00:00.000000+08:00' WHERE id = 2", [2]),
        (_PUT_IN, [1]),
    ],
)
def test_a_change_behind_its_back_shows(
    store: Store, database: Database, statement: str, broken: list[int]
) -> None:
    """A row changed, removed, moved or put in, and a seal removed or set at another time."""
    for first, second in ((M1, M2), (M3, M5), (M4, M6)):
        fill(store, first, second)
    tamper(database, statement.replace("rows = 99", '"rows" = 99'))
    assert [each.seal for each in verified(store).broken] == broken


def test_a_seal_that_is_made_anew_changes_the_head(store: Store, database: Database) -> None:
    """Who can write everything can chain everything anew; not so that the value noted elsewhere fits."""
    fill(store, M1)
    head = verified(store).head
    tamper(
        database,
        "UPDATE history SET to_state = 'cleared', seal = NULL",
        "UPDATE acts SET seal = NULL",
        "DELETE FROM seals",
    )
    with store.begin() as unit:
        unit.audit.seal(1000)
    found = verified(store)
    assert found.broken == ()
    assert found.head != head


def test_two_who_seal_at_once_make_one_chain(store: Store, open_store: Callable[[], Store]) -> None:
    """The second goes on from the first one's seal."""
    other = open_store()
    for number in (M1, M2, M3, M4):
        with store.begin() as unit:
            unit.documents.put([new(document(number))])
        with (store if number in {M1, M3} else other).begin() as unit:
            assert unit.audit.seal(10)
    assert verified(other).broken == ()


def test_a_truncation_is_refused_where_there_is_one(store: Store, database: Database) -> None:
    """It would pass by the guards of rows; SQLite knows no such statement."""
    fill(store, M1)
    for table in ("history", "acts", "seals"):
        with pytest.raises(ParkedError, match="syntax" if database.kind == "sqlite" else "only added to"):
            perform(database, f"TRUNCATE {table} CASCADE")
    assert verified(store).rows == 3


def test_words_that_are_no_utf8_are_sealed_like_others(store: Store, open_store: Callable[[], Store]) -> None:
    """A command may be given any bytes; the trail is sealed all the same, and verifies after a restart."""
    with store.begin() as unit:
        unit.audit.act("root", "park", "M1", {"reason": "file \udcff.xml"})
    with store.begin() as unit:
        assert unit.audit.seal(10)
    found = verified(open_store())
    assert (found.rows, found.unsealed, found.broken) == (1, 0, ())


def test_rows_of_a_transaction_that_ends_later_come_with_a_later_seal(
    store: Store, database: Database, open_store: Callable[[], Store]
) -> None:
    """Though their numbers are lower; on SQLite nobody else could have written meanwhile."""
    if database.kind == "sqlite":
        fill(store, M1)
        assert verified(store).broken == ()
        return
    other = open_store()
    with other.begin() as late:
        late.audit.act("root", "first", "", {})
        fill(store, M1)
    assert (verified(store).rows, verified(store).unsealed) == (3, 1)
    with store.begin() as unit:
        assert unit.audit.seal(10)
    found = verified(store)
    assert (found.seals, found.rows, found.unsealed, found.broken) == (2, 4, 0, ())


def test_acts_are_listed_newest_first(store: Store) -> None:
    """With who did what to which."""
    fill(store, M1)
    fill(store, M2)
    with store.read() as unit:
        found = unit.audit.acts(10)
    assert [(act.operator, act.act, act.subject, act.detail) for act in found] == [
        ("root", "declare", M2, {"reason": "期限"}),
        ("root", "declare", M1, {"reason": "期限"}),
    ]
