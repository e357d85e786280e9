"""What every store promises: transactions, savepoints, migrations and values, on both databases."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from hashlib import sha256

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, inspect

from gateway.clock import CHINA
from gateway.errors import ParkedError, RetryError
from gateway.store import DocumentFilter, RelationRow, Store
from gateway.store.migrate import newest
from gateway.store.tables import metadata
from tests.services.stores import NOON, Database, add_interchange, add_relations, changed, document, new

pytest_plugins = ("tests.services.store_fixtures",)

OpenStore = Callable[[], Store]
OpenAt = Callable[[Database], Store]


def test_what_is_committed_is_seen_by_everyone(store: Store, open_store: OpenStore) -> None:
    """A committed row is there for another process."""
    with store.begin() as unit:
        digest = unit.raw.put(b"order")
    with open_store().read() as unit:
        assert unit.raw.get(digest) == b"order"


def test_nothing_is_seen_before_the_commit(store: Store, open_store: OpenStore) -> None:
    """A reader sees the store as it was before a transaction that has not ended."""
    with store.begin() as writing:
        writing.documents.put([new(document())])
        with open_store().read() as reading:
            assert reading.documents.get(document().number) is None


def test_a_reader_sees_one_moment_of_the_store(store: Store, open_store: OpenStore) -> None:
    """What is committed while a listing goes on does not come into it."""
    with open_store().read() as reading:
        assert reading.documents.get(document().number) is None
        with store.begin() as writing:
            writing.documents.put([new(document())])
        assert reading.documents.get(document().number) is None


def test_an_exception_undoes_the_transaction(store: Store) -> None:
    """Nothing of a transaction stays that an exception leaves."""
    with pytest.raises(ParkedError), store.begin() as unit:
        unit.raw.get(unit.raw.put(b"order")[:-1])
    with store.read() as unit, pytest.raises(ParkedError, match=r"store.raw-absent"):
        unit.raw.get(sha256(b"order").hexdigest())


def test_a_reader_cannot_write(store: Store) -> None:
    """Writing in a transaction for reading is refused, and the next writer is not hindered."""
    with pytest.raises(ParkedError, match=r"store.no-right"), store.read() as unit:
        unit.raw.put(b"order")
    with store.begin() as unit:
        unit.raw.put(b"order")


def test_one_bad_item_harms_no_other(store: Store) -> None:
    """An item that fails under its savepoint leaves the batch around it whole."""
    with store.begin() as unit:
        for position, data in enumerate([b"good", b"bad", b"good as well"]):
            try:
                with unit.savepoint():
                    number = unit.documents.next_number("M", unit.now)
                    unit.documents.put([new(document(number, client_number=f"A-{position}"))])
                    add_interchange(unit, data)
                    if data == b"bad":
                        unit.documents.put([changed(document(number), "declared", 7)])
            except RetryError as fault:
                assert fault.code == "store.changed-meanwhile"  # noqa: PT017 - one of three fails
    with store.read() as unit:
        kept = unit.documents.listing(DocumentFilter(), limit=10)
        assert [row.client_number for row in kept] == ["A-0", "A-2"]
        assert unit.status.queues()["interchanges"] == 2


def test_a_statement_that_the_database_refuses_harms_only_its_savepoint(store: Store) -> None:
    """A broken rule of the tables is told as such, and the transaction goes on."""
    with store.begin() as unit:
        with pytest.raises(ParkedError, match=r"store.refused"), unit.savepoint():
            unit.documents.put([new(document("too-short"))])
        unit.documents.put([new(document())])
    with store.read() as unit:
        assert unit.documents.get(document().number) is not None


def test_a_transaction_has_one_time(store: Store) -> None:
    """Every row of a transaction has the transaction's time."""
    with store.begin() as unit:
        unit.documents.put([new(document())])
        now = unit.now
    assert now >= NOON
    with store.read() as unit:
        (row,) = unit.documents.listing(DocumentFilter(), limit=1)
        assert (row.created_at, row.updated_at) == (now, now)
        assert row.created_at.tzinfo is CHINA


@pytest.mark.requirement("CU-03")
def test_bytes_are_kept_once_by_digest(store: Store) -> None:
    """The same bytes are stored once, whatever they are, and come back as they were."""
    data = bytes(range(256)) * 3
    with store.begin() as unit:
        assert unit.raw.put(data) == unit.raw.put(data) == sha256(data).hexdigest()
        unit.raw.put(b"")
    with store.read() as unit:
        assert unit.raw.get(sha256(data).hexdigest()) == data
        assert unit.raw.get(sha256(b"").hexdigest()) == b""
        digests = [sha256(each).hexdigest() for each in (data, b"", data)]
        assert unit.raw.many(enumerate(digests)) == [(0, data), (1, b""), (2, data)]
        assert unit.raw.many([]) == []


def test_the_beginning_of_bytes_is_read_without_the_rest(store: Store) -> None:
    """As much as is asked for or there is; of absent bytes there is none."""
    data = bytes(range(256)) * 3
    with store.begin() as unit:
        kept, empty = unit.raw.put(data), unit.raw.put(b"")
    with store.read() as unit:
        assert unit.raw.beginning(kept, 100) == data[:100]
        assert unit.raw.beginning(kept, 5000) == data
        assert unit.raw.beginning(empty, 100) == b""
        assert unit.raw.beginning("0" * 64, 100) == b""


def test_absent_bytes_are_an_error(store: Store) -> None:
    """A digest without bytes is never an empty result."""
    with store.read() as unit, pytest.raises(ParkedError, match=r"store.raw-absent"):
        unit.raw.get("0" * 64)
    with store.read() as unit, pytest.raises(ParkedError, match=r"store.raw-absent"):
        unit.raw.many([("a", "0" * 64)])


@pytest.mark.parametrize(
    "text",
    ["深圳示例进出口有限公司", "𠮷野家 🚢", "'; DROP TABLE documents; --", "half \ud83d pair", "nul \0 here"],
)
def test_every_text_is_stored(store: Store, text: str) -> None:
    """Content comes back as it was, also what no database can hold as plain text."""
    content = {"TradeName": text, "Item": [{"GName": text}], "A": "kept in this order"}
    with store.begin() as unit:
        unit.documents.put([new(document(content=content))])
        add_interchange(unit, b"x", name=text)
    with store.read() as unit:
        found = unit.documents.get(document().number)
    assert found is not None
    assert found.content == content
    assert list(found.content) == ["TradeName", "Item", "A"]


def test_decimals_keep_every_digit(store: Store) -> None:
    """Quantities and totals come back with the digits that they were given."""
    quantities = [
        Decimal("0.10000"),
        Decimal(12345678901234),
        Decimal("99999999999999.99999"),
        Decimal("1E+3"),
    ]
    with store.begin() as unit:
        unit.documents.put([new(document()), new(document("D20260000000000001", kind="declaration"))])
        made = [
            RelationRow(
                manifest_number=document().number,
                manifest_item=position,
                declaration_number="D20260000000000001",
                declaration_item=1,
                quantity=quantity,
                total=quantity,
            )
            for position, quantity in enumerate(quantities, 1)
        ]
        add_relations(unit, *made)
    with store.read() as unit:
        found = unit.relations.of_manifest(document().number)
    assert [str(row.quantity) for row in found] == [
        "0.10000",
        "12345678901234",
        "99999999999999.99999",
        "1000",
    ]


def test_text_sorts_by_code_points(store: Store) -> None:
    """Both databases list in the same order, whatever language they were set up for."""
    numbers = [f"{letter}20260000000000001" for letter in "aBcZ中"]
    with store.begin() as unit:
        unit.documents.put([new(document(number)) for number in numbers])
    with store.read() as unit:
        listed = [row.number[0] for row in unit.documents.listing(DocumentFilter(), limit=9)]
    assert listed == ["B", "Z", "a", "c", "中"]


def test_migrating_again_changes_nothing(store: Store) -> None:
    """Migrating is part of every start: what is stored stays."""
    with store.begin() as unit:
        digest = unit.raw.put(b"order")
    store.migrate()
    with store.read() as unit:
        assert unit.raw.get(digest) == b"order"


def test_a_store_of_the_newest_form_opens_while_another_writes(store: Store, open_store: OpenStore) -> None:
    """Looking at a busy gateway's store waits for nobody."""
    with store.begin() as writing:
        writing.raw.put(b"order")
        open_store().migrate()


def test_the_last_file_of_the_migrations_is_the_last_migration(store: Store) -> None:
    """By its name a start knows that there is nothing to do."""
    with store._engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == newest()


def test_the_migrations_make_the_tables_that_the_queries_use(store: Store) -> None:
    """The tables as migrated are the tables as declared, with their indices."""
    with store._engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []
        tables = inspect(connection)
        for table in metadata.sorted_tables:
            assert {index["name"] for index in tables.get_indexes(table.name)} == {
                i.name for i in table.indexes
            }
            # PostgreSQL says the conditions in its own words.
            if connection.dialect.name == "sqlite":
                assert {
                    index["name"]: str(options["sqlite_where"])
                    for index in tables.get_indexes(table.name)
                    if "sqlite_where" in (options := index.get("dialect_options", {}))
                } == {i.name: i.info["where"] for i in table.indexes if "where" in i.info}
            assert {check["name"] for check in tables.get_check_constraints(table.name)} == {
                check.name for check in table.constraints if isinstance(check, CheckConstraint)
            }
            for column in tables.get_columns(table.name):
                declared = table.c[column["name"]].type.compile(connection.dialect)
                assert column["type"].compile(connection.dialect) == declared, column["name"]


def test_processes_may_migrate_at_the_same_moment(empty_database: Database, open_at: OpenAt) -> None:
    """Several gateways that start at once on an empty database all find its tables."""
    script = f"from gateway.store import Store; Store({empty_database.url!r}).migrate()"
    running = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(3)]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    with open_at(empty_database).begin() as unit:
        unit.raw.put(b"order")


def test_threads_may_migrate_at_the_same_moment(empty_database: Database, open_at: OpenAt) -> None:
    """Several stores of one process may be made ready at once."""
    stores = [open_at(empty_database) for _ in range(4)]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(Store.migrate, stores))
    with stores[0].begin() as unit:
        unit.raw.put(b"order")


def test_threads_share_one_store(store: Store) -> None:
    """Many threads read and write through one store at the same time."""

    def work(thread: int) -> None:
        for turn in range(5):
            with store.begin() as unit:
                digest = unit.raw.put(f"{thread} {turn}".encode())
            with store.read() as unit:
                assert unit.raw.get(digest) == f"{thread} {turn}".encode()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))


def test_a_store_can_be_used_after_it_was_closed(store: Store) -> None:
    """Closing gives the connections back, no more."""
    store.close()
    with store.begin() as unit:
        unit.raw.put(b"order")
