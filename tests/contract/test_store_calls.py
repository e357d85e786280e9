"""Calls between gateways on a real PostgreSQL: who hears them, and what becomes of them when it is away."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, closing
from functools import partial
from types import SimpleNamespace
from typing import Any, ClassVar

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from gateway.store import LeaseRow, Member, Store
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
def driven(url: str) -> Iterator[Callable[[Callable[..., Any], Gateway], Calls]]:
    """Begins calls that connect in a way of the test's own."""
    with ExitStack() as parts:

        def one_more(connect: Callable[..., Any], gateway: Gateway) -> Calls:
            driver = SimpleNamespace(Error=psycopg.Error, connect=connect)
            made = Calls(driver, conninfo_to_dict(url), gateway.hear)
            parts.callback(made.join)
            parts.callback(made.stop)
            return made

        yield one_more


@pytest.fixture
def opened(driven: Callable[[Callable[..., Any], Gateway], Calls]) -> Callable[[Gateway], Calls]:
    """Begins calls, each as another process would."""
    return partial(driven, psycopg.connect)


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


class Crossing(psycopg.Connection[Any]):
    """While a call is sent over it, another gateway's arrives."""

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        """Send, just after another one did."""
        if "pg_notify" in query:
            with psycopg.connect(self.info.dsn, password=self.info.password, autocommit=True) as other:
                other.execute("NOTIFY gateway_calls, 'theirs'")
        return super().execute(query, *arguments, **options)


def test_a_call_that_comes_while_one_is_sent_is_heard(
    url: str, driven: Callable[[Callable[..., Any], Gateway], Calls]
) -> None:
    """Nothing more needs to come after it."""
    gateway = Gateway()
    driven(Crossing.connect, gateway).send(["mine"])
    until(lambda: gateway.heard == ["theirs"])


def test_it_tries_again_whatever_kept_it_from_the_database(
    url: str, driven: Callable[[Callable[..., Any], Gateway], Calls], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was to be called goes out then."""
    monkeypatch.setattr(calls_module, "_AGAIN_SECONDS", 0.01)
    faults = [psycopg.OperationalError("away"), OSError("no handle")]

    def connect(**options: Any) -> psycopg.Connection[Any]:
        if faults:
            raise faults.pop()
        return psycopg.connect(**options)

    with psycopg.connect(url, autocommit=True) as other:
        other.execute("LISTEN gateway_calls")
        driven(connect, Gateway()).send(["notify"])
        assert [call.payload for call in other.notifies(timeout=PATIENCE, stop_after=1)] == ["notify"]


class Cut(psycopg.Connection[Any]):
    """The first that calls over one finds it cut."""

    faults: ClassVar[list[psycopg.Error]] = []

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        """Send, unless it is cut."""
        if "pg_notify" in query and self.faults:
            raise self.faults.pop()
        return super().execute(query, *arguments, **options)


def test_what_was_being_called_when_the_connection_was_lost_goes_out_with_the_next_one(
    url: str, driven: Callable[[Callable[..., Any], Gateway], Calls], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Decision 0021: names that have not been sent stay."""
    monkeypatch.setattr(calls_module, "_AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(Cut, "faults", [psycopg.OperationalError("cut")])
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("LISTEN gateway_calls")
        driven(Cut.connect, Gateway()).send(["notify"])
        assert [call.payload for call in other.notifies(timeout=PATIENCE, stop_after=1)] == ["notify"]
    assert Cut.faults == []


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
    of_first.stop()
    of_first.join()
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
        each.stop()
        each.join()
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
    shared: Database, open_at: Callable[[Database], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nobody as long as it knows of nobody."""
    heard = Gateway()
    sent: list[Collection[str]] = []
    real = Calls.send

    def send(calls: Calls, stages: Collection[str]) -> None:
        sent.append(stages)
        real(calls, stages)

    monkeypatch.setattr(Calls, "send", send)
    with open_at(shared).join(0.6, ["notify", "make"]) as first:
        first.listen(Gateway().hear)
        first.call(["sign"])
        assert sent == []
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
        sent.clear()
        first.call(["sign"])
        assert sent == []


def test_others_take_over_although_a_silent_server_keeps_the_calls_from_ending(
    shared: Database, open_at: Callable[[Database], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepts and says nothing; what the gateway did alone is free nevertheless."""
    monkeypatch.setattr(calls_module, "_END_SECONDS", 2 * PATIENCE)
    store = open_at(shared)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        options = {"host": "127.0.0.1", "port": silent.getsockname()[1]}
        member = Member(store.begin, 60.0, ["notify"], partial(Calls, psycopg, options))
        member.start()
        member.listen(Gateway().hear)
        reached, _ = silent.accept()
        ending = threading.Thread(target=member.end)
        ending.start()
        until(lambda: _leases(store) == [])
        reached.close()
    ending.join(PATIENCE)
    assert not ending.is_alive()


def _leases(store: Store) -> list[LeaseRow]:
    with store.read() as unit:
        return unit.leases.all()


def _settled(first: Member, second: Member) -> None:
    """Wait until each does one thing alone, and knows of the other."""

    def reached() -> bool:
        for member in (first, second):
            for name in ("notify", "make"):
                member.begins(name)
        return all(len(member._life.held) == 1 and member._life.others for member in (first, second))

    until(reached)
