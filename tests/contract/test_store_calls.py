"""Calls between gateways on a real PostgreSQL: who hears them, and what becomes of them when it is away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gateway.store import Member, Store
from gateway.store import calls as calls_module
from gateway.store.calls import Calls
from tests.services.postgres import Server
from tests.services.stores import Database

pytest_plugins = ("tests.services.store_fixtures",)

PATIENCE = 30.0
LISTENERS = (
    "FROM pg_stat_activity WHERE datname = current_database()"
    " AND (query LIKE 'LISTEN%' OR query LIKE 'SELECT pg_notify%')"
)


class Gateway:
    """Hears calls, and keeps what it has heard in order."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def hear(self, stages: Collection[str]) -> None:
        """Note what is called."""
        self.heard += sorted(stages)


@pytest.fixture
def url(postgres_server: Server) -> Iterator[str]:
    """A database of its own: calls of one are not heard in another."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def opened(url: str) -> Iterator[Callable[[Gateway], Calls]]:
    """Begins calls, each as another process would."""
    with ExitStack() as parts:

        def one_more(gateway: Gateway) -> Calls:
            made = Calls(psycopg, conninfo_to_dict(url), gateway.hear)
            parts.callback(made.end)
            return made

        yield one_more


def until(reached: Callable[[], bool]) -> None:
    """Wait for a condition; what never comes makes the test fail."""
    end = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < end, "it is not reached"
        time.sleep(0.01)


def asked(url: str, query: str) -> list[tuple[object, ...]]:
    """Return what the database says."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def two(url: str, opened: Callable[[Gateway], Calls]) -> tuple[Gateway, Calls, Gateway, Calls]:
    """Return two gateways that listen."""
    first, second = Gateway(), Gateway()
    made = opened(first), opened(second)
    until(lambda: len(asked(url, f"SELECT pid {LISTENERS}")) == len(made))
    return first, made[0], second, made[1]


def test_a_call_is_heard_by_the_others_and_not_by_oneself(
    url: str, opened: Callable[[Gateway], Calls]
) -> None:
    """Each stage by its name, whatever that has in it."""
    first, of_first, second, of_second = two(url, opened)
    of_first.send(["notify", "notify sftp 'x', \"y\"; 报关"])
    until(lambda: second.heard == ["notify", "notify sftp 'x', \"y\"; 报关"])
    of_second.send(["make"])
    until(lambda: first.heard == ["make"])
    assert len(second.heard) == 2


def test_many_calls_of_one_stage_go_together(
    url: str, opened: Callable[[Gateway], Calls], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is called soon after another call waits for its turn, and is told once."""
    monkeypatch.setattr(calls_module, "_MERGED_SECONDS", PATIENCE)
    first, of_first, second, of_second = two(url, opened)
    of_first.send(["notify"])
    until(lambda: second.heard == ["notify"])
    for _ in range(100):
        of_first.send(["notify"])
    # While they wait it still hears, and ends at once.
    of_second.send(["make"])
    until(lambda: first.heard == ["make"])
    of_first.end()
    assert second.heard == ["notify"]


def test_after_a_lost_connection_it_calls_and_hears_again(
    url: str, opened: Callable[[Gateway], Calls], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call that got lost costs no more than a call."""
    monkeypatch.setattr(calls_module, "_AGAIN_SECONDS", 0.01)
    first, of_first, second, of_second = two(url, opened)
    before = asked(url, f"SELECT pg_terminate_backend(pid), pid {LISTENERS}")

    def both_heard() -> bool:
        of_first.send(["notify"])
        of_second.send(["make"])
        return bool(first.heard and second.heard)

    until(both_heard)
    assert set(first.heard) == {"make"}
    assert set(second.heard) == {"notify"}
    assert len(asked(url, f"SELECT pid {LISTENERS}")) == len(before)


def test_it_ends_at_once_wherever_it_is(url: str, opened: Callable[[Gateway], Calls]) -> None:
    """Waiting for calls, or for a database that is away; a stage that calls later does no harm."""
    _, of_first, _, of_second = two(url, opened)
    away = Calls(psycopg, {**conninfo_to_dict(url), "port": 1}, Gateway().hear)
    for each in (of_first, of_second, away):
        each.end()
        each.send(["notify"])
    assert [thread for thread in threading.enumerate() if thread.name == "calls"] == []
    until(lambda: asked(url, f"SELECT pid {LISTENERS}") == [])


@pytest.fixture
def shared(postgres_server: Server, postgres_template: str) -> Iterator[Database]:
    """A database that several gateways may use."""
    name = postgres_server.create(postgres_template)
    yield Database("postgresql", postgres_server.url(name))
    postgres_server.drop(name)


def test_a_gateway_calls_others_for_what_it_does_not_do_alone(
    shared: Database, open_at: Callable[[Database], Store]
) -> None:
    """And nobody as long as it knows of nobody."""
    heard = Gateway()
    with open_at(shared).join(0.6, ["notify", "make"]) as first:
        first.listen(Gateway().hear)
        first.call(["notify"])
        assert not first._life.others
        with open_at(shared).join(0.6, ["notify", "make"]) as second:
            second.listen(heard.hear)
            _settled(first, second)
            (mine,), (theirs,) = first._life.held, second._life.held

            def hears() -> bool:
                first.call([mine, theirs, "sign"])
                return bool(heard.heard)

            until(hears)
            assert set(heard.heard) == {theirs, "sign"}
        until(lambda: not first._life.others)


def _settled(first: Member, second: Member) -> None:
    """Wait until each does one thing alone, and knows of the other."""

    def reached() -> bool:
        for member in (first, second):
            for name in ("notify", "make"):
                member.begins(name)
        return all(len(member._life.held) == 1 and member._life.others for member in (first, second))

    until(reached)
