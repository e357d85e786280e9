"""Stores for tests, on SQLite and on PostgreSQL; a test module names this one in `pytest_plugins`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.clock import Clock
from gateway.store import Store
from tests.services.postgres import Server, server
from tests.services.stores import NOON, Database
from tests.services.warm import first_tables


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A private PostgreSQL, one for each process of tests."""
    with server() as running:
        yield running


@pytest.fixture(scope="session")
def postgres_template(postgres_server: Server) -> str:
    """A database with the tables made, to be copied."""
    name = postgres_server.create()
    made = Store(postgres_server.url(name))
    made.migrate()
    made.close()
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of each kind in turn, without tables."""
    if request.param == "sqlite":
        yield Database("sqlite", f"sqlite:///{tmp_path}/empty.db")
        return
    running: Server = request.getfixturevalue("postgres_server")
    name = running.create()
    yield Database("postgresql", running.url(name))
    running.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of each kind in turn, with its tables made."""
    if request.param == "sqlite":
        shutil.copyfile(first_tables(), tmp_path / "gateway.db")
        yield Database("sqlite", f"sqlite:///{tmp_path}/gateway.db")
        return
    running: Server = request.getfixturevalue("postgres_server")
    name = running.create(request.getfixturevalue("postgres_template"))
    yield Database("postgresql", running.url(name))
    running.drop(name)


@pytest.fixture
def open_at() -> Iterator[Callable[[Database], Store]]:
    """Opens stores, each as another process would have it."""
    opened: list[Store] = []

    def one_more(database: Database) -> Store:
        opened.append(Store(database.url, Clock(NOON)))
        return opened[-1]

    yield one_more
    for store in opened:
        store.close()


@pytest.fixture
def open_store(open_at: Callable[[Database], Store], database: Database) -> Callable[[], Store]:
    """Opens further stores on the same database."""
    return lambda: open_at(database)


@pytest.fixture
def store(open_store: Callable[[], Store]) -> Store:
    """A store with its tables made."""
    return open_store()
