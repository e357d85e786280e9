"""Statements give the same rows, changes and errors, executed by the library or handed to the driver."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, cast, func, insert, literal, select, union_all, update
from sqlalchemy.dialects.postgresql import JSON

from gateway.errors import ParkedError
from gateway.store import Store, Unit
from gateway.store.engine import make_engine
from gateway.store.tables import documents, relations
from tests.services.postgres import Server
from tests.services.stores import document, new

pytest_plugins = ("tests.services.store_fixtures",)

ONE = select(documents.c.number, documents.c.content, documents.c.updated_at).where(
    documents.c.number == bindparam("number")
)
SOME = select(documents.c.number).where(documents.c.number.in_(bindparam("numbers", expanding=True)))
MOVE = update(documents).where(documents.c.number == bindparam("_number")).values(state=bindparam("state"))
LINK = insert(relations)
# Sound in its first row alone.
LATE = union_all(*(select(func.json_extract(literal(each), "$.a")) for each in ('{"a": 1}', "{")))
LATE_ON_A_SERVER = union_all(*(select(cast(literal(each), JSON)) for each in ('{"a": 1}', "{")))
# The library executes it the first time, the driver from then on.
TIMES = range(3)


@pytest.fixture
def unit(store: Store) -> Iterator[Unit]:
    """A transaction in which there is one document."""
    with store.begin() as unit:
        unit.documents.put([new(document())])
        yield unit


def link(position: int) -> dict[str, object]:
    """Return a row with a decimal."""
    ends = {"manifest_number": document().number, "declaration_number": document().number}
    return {
        **ends,
        "manifest_item": position,
        "declaration_item": 1,
        "quantity": Decimal("1.50"),
        "total": Decimal("3.000"),
    }


def test_rows_are_read_alike(unit: Unit) -> None:
    """Times, decimals and contents come as what they were, whoever executes."""
    found = [unit._connection.execute(ONE, {"number": document().number}).first() for _ in TIMES]
    assert [tuple(row or ()) for row in found] == [(document().number, document().content, unit.now)] * len(
        TIMES
    )
    assert [unit._connection.execute(ONE, {"number": "M0"}).first() for _ in TIMES] == [None] * len(TIMES)


def test_changes_are_counted_alike(unit: Unit) -> None:
    """How many rows changed is what stages decide by."""
    values = {"_number": document().number, "state": "declared"}
    assert [unit._connection.execute(MOVE, values).rowcount for _ in TIMES] == [1] * len(TIMES)
    assert [unit._connection.execute(MOVE, {**values, "_number": "M0"}).rowcount for _ in TIMES] == [0] * 3


def test_lists_of_values_are_taken_alike(unit: Unit) -> None:
    """A statement whose text depends on its values is made anew for each list."""
    for _ in TIMES:
        for numbers in ([], [document().number], ["M0", "M1", document().number]):
            found = unit._connection.scalars(SOME, {"numbers": numbers})
            assert found == numbers[-1:]


def test_the_order_and_number_of_names_does_not_matter(unit: Unit) -> None:
    """Values find their places by name, and an insert without some of them leaves those out."""
    for position in TIMES:
        values = link(position)
        turned = dict(reversed(values.items()))
        unit._connection.execute(LINK, turned if position % 2 else values)
        fewer = {name: value for name, value in link(position + 10).items() if name != "declaration_item"}
        with pytest.raises(ParkedError, match=r"store.refused"), unit.savepoint():
            unit._connection.execute(LINK, fewer)
    kept = select(relations.c.manifest_item, relations.c.quantity).order_by(relations.c.manifest_item)
    assert [tuple(row) for row in unit._connection.execute(kept)] == [
        (position, Decimal("1.50")) for position in TIMES
    ]


def test_what_breaks_a_rule_is_refused_alike(unit: Unit) -> None:
    """A row that is there already is the same error, alone or among many."""
    unit._connection.execute_many(LINK, [link(1), link(2)])
    for _ in TIMES:
        with pytest.raises(ParkedError, match=r"store.refused"), unit.savepoint():
            unit._connection.execute(LINK, link(1))
        with pytest.raises(ParkedError, match=r"store.refused"), unit.savepoint():
            unit._connection.execute_many(LINK, [link(3), link(2)])


def test_what_fails_at_a_later_row_is_refused_alike(unit: Unit) -> None:
    """A database that reads row by row fails while the rows are fetched, which is the same error."""
    for _ in TIMES:
        with pytest.raises(ParkedError, match=r"store.refused"), unit.savepoint():
            unit._connection.scalars(LATE if unit._connection.dialect.name == "sqlite" else LATE_ON_A_SERVER)


def test_a_statement_for_one_use_is_not_kept(store: Store) -> None:
    """What is made anew each time leaves nothing behind, however often."""
    with store.read() as unit:
        for number in range(5):
            unit._connection.execute(select(documents.c.number).where(documents.c.number == f"M{number}"))
    gc.collect()
    # The library itself keeps the first of each form.
    assert len(store._statements._seen) <= 1


def test_what_a_savepoint_would_bring_back_is_in_memory_and_what_is_sorted_in_a_file(tmp_path: Path) -> None:
    """SQLite's writers need no file for a savepoint, not even after they sorted indices of new tables."""
    made = Store(f"sqlite:///{tmp_path}/gateway.db")
    made.migrate()
    places = []
    for opened in (made.begin, made.read, made.begin):
        with opened() as unit:
            places.append(unit._connection.library.exec_driver_sql("PRAGMA temp_store").scalar())
    made.close()
    in_file, in_memory = 1, 2
    assert places == [in_memory, in_file, in_memory]


def test_a_server_that_falls_silent_is_noticed(postgres_server: Server, postgres_template: str) -> None:
    """A network that is cut without a word keeps no stage for hours; what the URL says goes before."""
    database = postgres_server.create(postgres_template)
    url = postgres_server.url(database)
    told: list[dict[str, str]] = []
    for each in (url, f"{url}{'&' if '?' in url else '?'}tcp_user_timeout=5000"):
        engine = make_engine(each)
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            told.append(driver.info.get_parameters())
        engine.dispose()
    names = ("connect_timeout", "keepalives_idle", "keepalives_interval", "tcp_user_timeout")
    assert [[parameters[name] for name in names] for parameters in told] == [
        ["10", "30", "10", "30000"],
        ["10", "30", "10", "5000"],
    ]
    postgres_server.drop(database)
