"""Gateways on one PostgreSQL and one RabbitMQ: they share, nothing goes twice, the dead are inherited."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path

import psycopg
import pytest

from gateway.store import DocumentFilter, LeaseRow, NoticeRow, Store
from tests.faults.killer import Point
from tests.faults.queues import Queues
from tests.faults.site import KILLED, Program, Site, held, wait_until
from tests.faults.story import FILING
from tests.flow import erp
from tests.services.forking import Nursery
from tests.services.installation import Installation
from tests.services.postgres import Server
from tests.services.rabbitmq import shared as shared_broker

pytest_plugins = ["tests.services.store_fixtures"]

# Long enough for a heartbeat on a busy machine, short enough to wait for its end.
LEASE = {"lease_seconds = 15 ": "lease_seconds = 3 "}
SENDING = "dispatch customs"
READING = "intake amqp broker"
# What one does alone: intake and notify of folders and of the broker, receive, make, seal, tick, portions.
ALONE = 9
_numbers = count(1)
# A look into the database of two busy gateways costs something.
_LOOK = 0.2
# The usual pace: two gateways that look ten times a second keep a machine busy.
_POLL = 0.5
_NEVER = 3600.0


@dataclass
class Shared:
    """An installation with one database and one broker, in which several gateways may run.

    Attributes:
        site: Its files and programs.
        store: Its database, looked at from outside.
        url: Where that is.
        erp: The ERP at the broker.
    """

    site: Site
    store: Store
    url: str
    erp: Queues

    @contextmanager
    def gateway(self, point: Point | None = None, every: float = _POLL) -> Iterator[Program]:
        """Run a gateway, which looks for itself so often, until the block ends, or until it was killed."""
        before = {row.holder for row in self.leases()}
        for name in ("held", "go"):
            self.site.beside(name).unlink(missing_ok=True)
        site = replace(self.site, settings={"gateway.workers.POLL_SECONDS": every})
        program = site.start("gateway", "run", point=point)
        try:
            wait_until(
                lambda: bool({row.holder for row in self.leases()} - before), "one more gateway", _LOOK
            )
            yield program
        finally:
            if Path(f"/proc/{program.pid}").exists():
                os.kill(program.pid, signal.SIGCONT)
                assert program.told(signal.SIGTERM) == 0, self.site.said("gateway")

    def leases(self) -> list[LeaseRow]:
        """Return what living gateways hold."""
        with self.store.read() as unit:
            return unit.leases.all()

    def drop(self, manifests: int) -> list[str]:
        """Let the ERP send a file of so many manifests; return their numbers."""
        numbers = [f"JB-{next(_numbers)}" for _ in range(manifests)]
        self.erp.send(f"{numbers[0]}.json", erp.manifests(*map(erp.manifest, numbers)))
        return numbers

    def states(self, numbers: list[str]) -> set[str]:
        """Return the states of manifests, empty for one that is not there yet."""
        with self.store.read() as unit:
            found = {
                row.client_number: row.state
                for row in unit.documents.listing(DocumentFilter(kind="manifest"), limit=1000)
            }
        return {found.get(number, "") for number in numbers}

    def senders(self, numbers: list[str]) -> set[str | None]:
        """Return which gateways have sent these."""
        with self.store.read() as unit:
            rows = [unit.submissions.latest_of_client_number("Manifest", number) for number in numbers]
        return {row.holder for (row,) in rows}

    def cleared(self, numbers: list[str]) -> None:
        """Wait until customs has cleared them."""
        wait_until(lambda: self.states(numbers) == {"cleared"}, f"{numbers} cleared", _LOOK)

    def all_told(self) -> bool:
        """Look whether the ERP was told everything."""
        # Without a lock, for which a stage would pass a notice by.
        with psycopg.connect(self.url) as other:
            return other.execute("SELECT 1 FROM notices WHERE delivered_at IS NULL").fetchone() is None

    def hears(self) -> None:
        """Leave work in the database, call, and wait until a gateway that does not look has found it."""
        with psycopg.connect(self.url, autocommit=True) as other:
            with self.store.begin() as unit:
                digest = unit.raw.put(b"called")
                unit.notices.add(
                    NoticeRow(partner="acme", kind="reply", name="called", digest=digest, created_at=unit.now)
                )
            other.execute("NOTIFY gateway_calls, 'notify amqp broker'")
        wait_until(lambda: "called" in self.erp.told(), "it hears", _LOOK)

    def shared_out(self, gateways: int) -> bool:
        """Look whether everything that one does alone is done, by each about as much of it."""
        each = Counter(row.holder for row in self.leases() if row.process is None)
        return sum(each.values()) == ALONE and sorted(each.values()) == sorted(
            ALONE // gateways + (rank < ALONE % gateways) for rank in range(gateways)
        )

    def reader(self) -> int | None:
        """Return the process that reads what the ERP orders."""
        leases = self.leases()
        holders = {row.holder for row in leases if row.name == READING}
        found = [row.process for row in leases if row.process and row.holder in holders]
        return int(found[0].rpartition(":")[2]) if found else None

    def came(self) -> Counter[str]:
        """Return how often each message came to customs."""
        with closing(sqlite3.connect(self.site.folder / "var/customs/stub.db")) as books:
            return Counter(dict(books.execute("SELECT message_id, sum(times) FROM arrival GROUP BY 1")))

    def nothing_came_twice(self) -> None:
        """Look into the books of customs and at what the ERP was told; a name is a message's id."""
        # What a killed one held comes again, and is known.
        wait_until(lambda: self.erp.waiting() == 0, "nothing is left in the queue", _LOOK)
        assert set(self.came().values()) == {1}
        told = self.erp.told()
        assert {name: len(contents) for name, contents in told.items() if len(contents) > 1} == {}
        replies = [name.split(".json.")[0] for name in told if name.endswith(".reply.json")]
        assert len(replies) == len({*replies})


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, nursery: Nursery, postgres_server: Server
) -> Iterator[Shared]:
    """A qualification and a volume are approved, and the customs office is open."""
    folder = tmp_path_factory.mktemp("shared") / "site"
    url = postgres_server.url(postgres_server.create())
    queues = Queues(shared_broker())
    changes = {"sqlite:///var/gateway.db": url, **LEASE, **queues.changes()}
    queues.give_password(Installation(folder, changes, queues.more()).folder)
    site = Site(folder.resolve(), nursery, FILING, {"gateway.workers.POLL_SECONDS": _POLL})
    with site.customs(), closing(Store(url)) as store:
        # It makes the queues.
        site.finish()
        queues.send("1.json", erp.qualification())
        queues.send("2.json", erp.volume())
        site.finish()
        yield Shared(site, store, url, queues)


@pytest.mark.requirement("CU-05", "ER-04")
def test_two_gateways_share_the_work_and_nothing_goes_twice(shared: Shared) -> None:
    """While one is sending the other sends what comes; of what comes to both nothing is doubled.

    Who has signed has the other look what there is to send.
    """
    point = Point(stage=SENDING, operation="rename", place="outbox/customs", hold=True)
    with shared.gateway(point):
        numbers = shared.drop(3)
        wait_until(partial(held, shared.site), "it is sending", _LOOK)
        with shared.gateway():
            later = shared.drop(3)
            shared.cleared(later)
            wait_until(partial(shared.shared_out, 2), "each does about as much alone", _LOOK)
            shared.site.beside("go").touch()
            shared.cleared(numbers)
            assert len(shared.senders(numbers + later)) == 2
            with psycopg.connect(shared.url, autocommit=True) as other:
                other.execute("LISTEN gateway_calls")
                shared.cleared(shared.drop(10))
                assert SENDING in {call.payload for call in other.notifies(timeout=0)}
            shared.nothing_came_twice()


def test_a_gateway_that_does_not_look_finds_what_it_is_called_for(shared: Shared) -> None:
    """What others leave it is found by their calls alone."""
    with shared.gateway(every=_NEVER):
        shared.cleared(shared.drop(1))
        # It has nothing to tell any more, and no reason to look, once it has told of that one.
        wait_until(shared.all_told, "it rests", _LOOK)
        shared.hears()


@pytest.mark.requirement("CU-05", "CU-07")
def test_what_two_of_three_were_doing_when_they_were_killed_the_third_does(shared: Shared) -> None:
    """Not while they live, however long it takes; but as soon as their leases have run out.

    The first one is killed as it sends, the second wherever it is as it reads what the ERP orders.
    """
    point = Point(stage=SENDING, operation="rename", place="outbox/customs", nth=2, hold=True)
    with shared.gateway(point) as first:
        sending = shared.drop(5)
        wait_until(partial(held, shared.site), "it is sending", _LOOK)
        with shared.gateway() as second, shared.gateway() as third:
            wait_until(partial(shared.shared_out, 3), "each does about as much alone", _LOOK)
            later = shared.drop(5)
            shared.cleared(later)
            assert shared.states(sending) != {"cleared"}
            assert not shared.senders(sending) & shared.senders(later)
            assert first.told(signal.SIGKILL) == KILLED
            wait_until(lambda: shared.reader() in {second.pid, third.pid}, "another one reads", _LOOK)
            ordered = [shared.drop(1)[0] for _ in range(10)]
            reader = second if shared.reader() == second.pid else third
            wait_until(lambda: shared.states(ordered) != {""}, "it reads", _LOOK)
            assert reader.told(signal.SIGKILL) == KILLED
            shared.cleared(sending + ordered)
            wait_until(partial(shared.shared_out, 1), "the third does everything alone", _LOOK)
            shared.nothing_came_twice()


@pytest.mark.requirement("CU-05", "CU-07")
def test_a_gateway_that_slept_over_its_lease_sends_nothing_that_another_has_sent(shared: Shared) -> None:
    """Customs has taken the files out of the folder meanwhile, so that nothing but its own watch keeps it."""
    point = Point(stage=SENDING, operation="fsync", place="outbox/customs", hold=True)
    with shared.gateway(point) as sleeper:
        numbers = shared.drop(5)
        wait_until(partial(held, shared.site), "it is sending", _LOOK)
        with shared.gateway():
            os.kill(sleeper.pid, signal.SIGSTOP)
            shared.cleared(numbers)
            outbox = shared.site.folder / "outbox/customs"
            for file in outbox.glob("*.xml"):
                file.unlink()
            shared.site.beside("go").touch()
            asleep = {row.holder for row in shared.leases()}
            os.kill(sleeper.pid, signal.SIGCONT)
            wait_until(
                lambda: bool({row.holder for row in shared.leases()} - asleep), "it lives again", _LOOK
            )
        # Alone again, it inherits from the other one in its turn.
        shared.cleared(shared.drop(5))
        shared.nothing_came_twice()
