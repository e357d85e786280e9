"""The cases that `make bench` measures, and one measurement of each; beside it, the scripts'."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.workers import RESTLESS_SECONDS
from tests.bench.answers import lay_out
from tests.bench.loop import Meter, cpu_of, latency, throughput
from tests.bench.process import ENVIRONMENT, Process, used_by
from tests.bench.site import Site
from tests.bench.slow import at_the_token, own_rate
from tests.services.postgres import Server

Record = dict[str, Any]
_SETTLING_SECONDS = 1.0


@dataclass(frozen=True)
class Case:
    """What is measured.

    Attributes:
        database: SQLite or PostgreSQL.
        workers: How many processes of the gateway.
        items: Of each manifest.
        token: "fast" is SoftHSM2 as it is; "slow" is SoftHSM2 that takes 240 ms a signature.
    """

    database: str
    workers: int
    items: int
    token: str = "fast"

    def named(self, what: str) -> Record:
        """Return how figures of it are found again."""
        return {"what": what, **vars(self)}


@dataclass(frozen=True)
class Sizes:
    """How much is measured of each case.

    Attributes:
        documents: How many, by their items.
        samples: Of the latencies.
        slow: Documents at the slow token; a fifth as many samples.
        idle_seconds: How long an idle gateway is watched.
    """

    documents: Mapping[int, int]
    samples: int
    slow: int
    idle_seconds: float


FULL = Sizes({10: 500, 99: 150}, samples=100, slow=60, idle_seconds=10)
QUICK = Sizes({10: 200, 99: 50}, samples=40, slow=40, idle_seconds=10)

_SQLITE = [Case("SQLite", 1, items) for items in (10, 99)]
_POSTGRES = [Case("PostgreSQL", workers, items) for items in (10, 99) for workers in (1, 2)]
_SLOW = [Case("SQLite", 1, 10, "slow"), Case("SQLite", 1, 99, "slow")]
_SLOW += [Case("PostgreSQL", workers, 10, "slow") for workers in (1, 2)]
FULL_CASES = [*_SQLITE, *_POSTGRES, *_SLOW]
QUICK_CASES = [*_SQLITE, *(case for case in _POSTGRES if case.items == 10), _SLOW[0]]


class Bench:
    """Measures cases.

    Args:
        server: PostgreSQL.
        sizes: How much.
        folder: Where everything is until all has been measured: a file system that has just deleted
            thousands of files makes new ones slowly for some minutes.
    """

    def __init__(self, server: Server, sizes: Sizes, folder: Path) -> None:
        self._server = server
        self._sizes = sizes
        self._folder = folder

    def once(self, case: Case) -> list[Record]:
        """Measure a case once; where one process is at a fast token, the scripts on its database, too."""
        url = self._url() if case.database == "PostgreSQL" else ""
        place = Path(tempfile.mkdtemp(prefix="gateway-", dir=self._folder))
        site = Site.make(place, url, slow=case.token == "slow")
        with site.gateway(), site.customs():
            site.file_goods(case.items)
        found = [case.named("gateway") | self._gateway(site, case)]
        if case.workers == 1 and case.token == "fast":
            found.append(case.named("straight line") | self._script(site, case))
            if case.database == "SQLite":
                found.append(case.named("bare") | self._script(site, case, "--bare"))
        return found

    def _gateway(self, site: Site, case: Case) -> Record:
        found: Record = {}
        if case.token == "slow":
            site.dawdle()
            found["own_rate"] = own_rate(site)
        with site.gateway(case.workers) as gateway:
            found["ready_seconds"] = gateway.ready("gateway-ready", case.workers)
            time.sleep(_SETTLING_SECONDS)
            if case.token == "slow":
                found |= at_the_token(site, self._sizes.slow, case.items)
                found |= latency(site, self._sizes.samples // 5, case.items)
            else:
                if (case.database, case.items) == ("SQLite", 10):
                    found["idle_cpu_percent"] = self._idle(gateway)
                meter = Meter.of(cpu_ms=cpu_of(gateway))
                if case.database == "PostgreSQL":
                    meter = Meter.of(cpu_ms=cpu_of(gateway), database_cpu_ms=self._database_cpu)
                documents = self._sizes.documents[case.items]
                found |= throughput(site, meter, documents, case.items)
                found |= latency(site, self._sizes.samples, case.items, open_before=documents)
            found["peak_mb"] = gateway.used().peak_bytes / 1e6
        return found

    def _idle(self, gateway: Process) -> float:
        """Return how much of a processor it takes when nothing has come for a while, in percent."""
        time.sleep(RESTLESS_SECONDS)
        before = gateway.used().seconds
        time.sleep(self._sizes.idle_seconds)
        return (gateway.used().seconds - before) / self._sizes.idle_seconds * 100

    def _script(self, site: Site, case: Case, *options: str) -> Record:
        place = Path(tempfile.mkdtemp(prefix="straight-", dir=self._folder))
        lay_out(site, place, self._sizes.documents[case.items], case.items)
        command = [sys.executable, "-m", "tests.bench.straight", str(place)]
        command += [str(site.folder / "var" / "token"), str(site.module), *options]
        if case.database == "PostgreSQL":
            command.append(self._url())
        environment = {**ENVIRONMENT, **site.environment}
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
        return dict(json.loads(done.stdout))

    def _url(self) -> str:
        return self._server.url(self._server.create()).replace("postgresql:", "postgresql+psycopg:")

    def _database_cpu(self) -> float:
        return used_by(self._server.pid).seconds
