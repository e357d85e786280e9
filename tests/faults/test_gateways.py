"""Several gateways on one PostgreSQL: they share the work, nothing goes twice, and the dead are inherited."""

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
from tests.faults.site import KILLED, Program, Site, held, wait_until
from tests.faults.story import FILING
from tests.flow import erp
from tests.services.forking import Nursery
from tests.services.installation import Installation
from tests.services.postgres import Server

pytest_plugins = ["tests.services.store_fixtures"]

# Long enough for a heartbeat on a busy machine, short enough to wait for its end.
LEASE = {"lease_seconds = 15 ": "lease_seconds = 3 "}
SENDING = "dispatch customs"
_numbers = count(1)
# A look into the database of two busy gateways costs something.
_LOOK = 0.2
# The usual pace: two gateways that look ten times a second keep a machine busy.
_POLL = 0.5
_NEVER = 3600.0


@dataclass
class Shared:
    """An installation with one database, in which several gateways may run.

    Attributes:
        site: Its files and programs.
        store: Its database, looked at from outside.
        url: Where that is.
    """

    site: Site
    store: Store
    url: str

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
        self.site.drop(f"{numbers[0]}.json", erp.manifests(*map(erp.manifest, numbers)).encode())
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

    def told(self, pattern: str) -> list[str]:
        """Return what the ERP was told in files with such names."""
        return [file.name for file in (self.site.folder / "receipts/acme").glob(pattern)]

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
            other.execute("NOTIFY gateway_calls, 'notify'")
        wait_until(lambda: self.told("called*") != [], "it hears", _LOOK)

    def shared_out(self) -> bool:
        """Look whether everything that one does alone is done, by both about as much of it."""
        each = Counter(row.holder for row in self.leases() if row.process is None)
        return sorted(each.values()) == [3, 4]

    def came(self) -> Counter[str]:
        """Return how often each message came to customs."""
        with closing(sqlite3.connect(self.site.folder / "var/customs/stub.db")) as books:
            return Counter(dict(books.execute("SELECT message_id, sum(times) FROM arrival GROUP BY 1")))

    def nothing_came_twice(self) -> None:
        """Look into the books of customs and at the ERP's replies."""
        assert set(self.came().values()) == {1}
        told = self.told("JB-*.json.*.reply.json")
        assert len(told) == len({name.split(".json.")[0] for name in told})


@pytest.fixture(scope="module")
def shared(
    tmp_path_factory: pytest.TempPathFactory, nursery: Nursery, postgres_server: Server
) -> Iterator[Shared]:
    """A qualification and a volume are approved, and the customs office is open."""
    folder = tmp_path_factory.mktemp("shared") / "site"
    url = postgres_server.url(postgres_server.create())
    Installation(folder, {"sqlite:///var/gateway.db": url, **LEASE})
    site = Site(folder.resolve(), nursery, FILING, {"gateway.workers.POLL_SECONDS": _POLL})
    with site.customs(), closing(Store(url)) as store:
        site.drop("1.json", erp.qualification().encode())
        site.drop("2.json", erp.volume().encode())
        site.finish()
        yield Shared(site, store, url)


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
            wait_until(shared.shared_out, "each does about as much alone", _LOOK)
            shared.site.beside("go").touch()
            shared.cleared(numbers)
            assert len(shared.senders(numbers + later)) == 2
            with psycopg.connect(shared.url, autocommit=True) as other:
                other.execute("LISTEN gateway_calls")
                shared.cleared(shared.drop(10))
                assert SENDING in {call.payload for call in other.notifies(timeout=0)}
            shared.nothing_came_twice()


@pytest.mark.requirement("CU-05", "CU-07")
def test_what_a_gateway_was_sending_when_it_was_killed_the_other_sends(shared: Shared) -> None:
    """Not while it lives, however long it takes; but as soon as its lease has run out.

    The first one never looks for itself: what others leave it finds by their calls.
    """
    point = Point(stage=SENDING, operation="rename", place="outbox/customs", nth=2, hold=True)
    with shared.gateway(point, _NEVER) as first:
        sending = shared.drop(5)
        wait_until(partial(held, shared.site), "it is sending", _LOOK)
        # It has nothing to tell any more, and no reason to look, once it has told of the one that was sent.
        wait_until(lambda: "cleared" in shared.states(sending) and shared.all_told(), "it rests", _LOOK)
        shared.hears()
        with shared.gateway():
            later = shared.drop(5)
            shared.cleared(later)
            assert shared.states(sending) != {"cleared"}
            assert not shared.senders(sending) & shared.senders(later)
            assert first.told(signal.SIGKILL) == KILLED
            shared.cleared(sending)
            assert shared.senders(sending) >= shared.senders(later)
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
