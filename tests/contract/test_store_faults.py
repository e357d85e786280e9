"""What becomes of a store when a process, a connection or the whole database goes away."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import nullcontext
from hashlib import sha256
from pathlib import Path

import psycopg
import pytest

from gateway.clock import Clock
from gateway.errors import ParkedError, RetryError
from gateway.store import Store, Unit
from tests.services.postgres import Server
from tests.services.stores import NOON, Database

pytest_plugins = ("tests.services.store_fixtures",)


def run_and_die(database: Database, statements: str) -> None:
    """Run statements on the store in a process of its own, which then dies without any farewell."""
    script = f"""
import os
from gateway.store import Store
store = Store({database.url!r})
{statements}
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9


def test_a_process_that_dies_before_the_commit_leaves_nothing(store: Store, database: Database) -> None:
    """Half a transaction is none, and nobody is locked out by it."""
    run_and_die(
        database,
        """
beginning = store.begin()
unit = beginning.__enter__()
digest = unit.raw.put(b"order")
assert unit.raw.get(digest) == b"order"
""",
    )
    with store.begin() as unit, pytest.raises(ParkedError, match=r"store.raw-absent"):
        unit.raw.get(sha256(b"order").hexdigest())


def test_a_process_that_dies_after_the_commit_loses_nothing(store: Store, database: Database) -> None:
    """What was committed is there after the process is gone, without any orderly end."""
    run_and_die(database, 'with store.begin() as unit: unit.raw.put(b"order")')
    with store.read() as unit:
        assert unit.raw.get(sha256(b"order").hexdigest()) == b"order"


def write_over_a_cut_connection(store: Store, url: str, *, alone: bool) -> None:
    """Let an operator end every connection in the middle of a transaction, or of one item of its batch."""
    with store.begin() as unit, nullcontext() if alone else unit.savepoint():
        with psycopg.connect(url, autocommit=True) as operator:
            operator.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        unit.raw.put(b"order")


@pytest.mark.parametrize("alone", [True, False])
def test_a_connection_that_breaks_costs_one_transaction(
    alone: bool, postgres_server: Server, postgres_template: str
) -> None:
    """The transaction may be tried again, and the next one finds a connection that works."""
    url = postgres_server.url(postgres_server.create(postgres_template))
    store = Store(url, Clock(NOON))
    with pytest.raises(RetryError, match=r"store.not-now"):
        write_over_a_cut_connection(store, url, alone=alone)
    with store.begin() as unit:
        unit.raw.put(b"order")
    store.close()


def test_a_file_that_another_process_keeps_locked_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for SQLite's one writer for too long is told to come back."""
    monkeypatch.setattr("gateway.store.engine.WAIT_SECONDS", 0.01)
    store = Store(f"sqlite:///{tmp_path}/gateway.db", Clock(NOON))
    store.migrate()
    other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RetryError, match=r"store.not-now"), store.begin():
        pass
    other.execute("ROLLBACK")
    other.close()
    with store.begin() as unit:
        unit.raw.put(b"order")
    store.close()


def test_a_thread_that_keeps_the_writer_does_not_hold_others_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The threads of one process wait for each other as long as processes do, no longer."""
    monkeypatch.setattr("gateway.store.store.WAIT_SECONDS", 0.01)
    store = Store(f"sqlite:///{tmp_path}/gateway.db", Clock(NOON))
    store.migrate()
    with store.begin(), pytest.raises(RetryError, match=r"store.not-now"), store.begin():
        pass
    store.close()


def lose_the_transaction(unit: Unit) -> None:
    """Be told that the database has undone everything."""
    with unit.savepoint():
        unit._connection.say("ROLLBACK")
        raise RetryError("store.not-now", reason="full")


def test_what_undoes_the_whole_transaction_is_told_at_its_savepoint(store: Store) -> None:
    """A full disk or a cut connection takes the savepoints along; their absence must not hide the reason."""
    with pytest.raises(RetryError, match=r"store.not-now"), store.begin() as unit:
        lose_the_transaction(unit)


@pytest.mark.parametrize("url", ["mysql://host/name", "sqlite://", "nonsense with secret"])
def test_an_unknown_database_is_named(url: str) -> None:
    """A URL that is no file of SQLite's and no PostgreSQL is refused at once."""
    with pytest.raises(ParkedError, match=r"store.unknown-database"):
        Store(url)


@pytest.mark.parametrize(
    "url", ["sqlite:////nowhere/gateway.db", "postgresql://postgres@127.0.0.1:9/gateway"]
)
def test_a_database_that_cannot_be_reached_may_come_back(url: str) -> None:
    """No connection is no reason to give a message up."""
    with pytest.raises(RetryError, match=r"store.not-now"):
        Store(url, Clock(NOON)).migrate()


def test_a_file_that_is_locked_while_it_is_made_ready_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Changing the journal takes the whole file; who cannot have it comes back, and nothing is half done."""
    for module in ("engine", "migrate"):
        monkeypatch.setattr(f"gateway.store.{module}.WAIT_SECONDS", 0.01)
    store = Store(f"sqlite:///{tmp_path}/gateway.db", Clock(NOON))
    other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(RetryError, match=r"store.not-now"):
        store.migrate()
    other.execute("ROLLBACK")
    other.close()
    store.migrate()
    with store.begin() as unit:
        unit.raw.put(b"order")
    store.close()
