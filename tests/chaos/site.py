"""A whole installation with services of its own, whose programs are started again whenever they die."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from gateway import workers
from tests.chaos.laying import Queues, Services, file_goods, lay_out
from tests.faults.site import Program, Site
from tests.services import postgres
from tests.services.cable import Cable
from tests.services.forking import Nursery
from tests.services.installation import FILING, Installation
from tests.services.rabbitmq import shared
from tests.services.sshd import new_sshd

# The nursery of the tests makes programs hasty; this is how they come. All stages rest at one moment only if
# they do not look too often, so that the hasty ones, too, look as often as usual.
_LOOKING = {"gateway.workers.POLL_SECONDS": workers.POLL_SECONDS}
_USUAL = {**_LOOKING, "gateway.workers.RETRY_SECONDS": list(workers.RETRY_SECONDS)}
_AGAIN_SECONDS = 0.1


class Kept:
    """A program that is started again whenever it ends, as a service manager does.

    Attributes:
        ends: The exit codes so far, negative for signals.
    """

    def __init__(self, site: Site, name: str, *arguments: str) -> None:
        self._site = site
        self._order = (name, *arguments)
        self._over = threading.Event()
        # So that what is just being started is not left alone when all is over.
        self._starting = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)
        self._program: Program | None = None
        self.ends: list[int] = []

    def start(self) -> None:
        """Start it, and go on doing so."""
        self._thread.start()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it is there."""
        program = self._program
        if program is not None:
            with suppress(ProcessLookupError):
                os.kill(program.pid, number)

    @property
    def pid(self) -> int:
        """The process that works now, or worked last."""
        assert self._program is not None
        return self._program.pid

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end, and start it no more."""
        with self._starting:
            self._over.set()
            if self._thread.is_alive():
                self.send(number)
        if self._thread.is_alive():
            self._thread.join()

    def _keep(self) -> None:
        while self._started():
            handle = os.pidfd_open(self._program.pid)
            select.select([handle], [], [])
            os.close(handle)
            self.ends.append(self._program.ended())
            self._over.wait(_AGAIN_SECONDS)

    def _started(self) -> bool:
        """Start it, unless it is to be started no more."""
        with self._starting:
            if not self._over.is_set():
                self._program = self._site.start(*self._order)
            return not self._over.is_set()


@dataclass
class Place:
    """The installation, its services, and what can be done to them.

    Attributes:
        engine: The gateway's database, not through the cable.
        clock: A file that says by how many seconds the gateway's clock goes wrong.
        volumes: By customs office the customs number of the volume that manifests name.
        several: How many gateways share the database.
        struck: Which of them it is that something happens to.
        longest_seconds: Whatever goes away is back after at most so long.
    """

    installation: Installation
    site: Site
    services: Services
    engine: Engine
    clock: Path
    volumes: dict[str, str]
    several: int = 1
    struck: int = 0
    longest_seconds: float = 3.0

    def __post_init__(self) -> None:
        self.gateways = [Kept(self.site, "gateway", "run") for _ in range(self.several)]
        self.customs = Kept(self.site, "customs-stub", "run")

    def end(self) -> None:
        """End its programs, however they are."""
        for kept in (*self.gateways, self.customs):
            kept.stop(signal.SIGKILL)

    @property
    def gateway(self) -> Kept:
        """The gateway that something happens to."""
        return self.gateways[self.struck]

    @property
    def cables(self) -> Mapping[str, Cable]:
        """What lies between the gateway and each server, by the server's name."""
        return self.services.cables

    def ask(self, question: str) -> list[tuple[Any, ...]]:
        """Ask the gateway's database, not through the gateway."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(question))]

    def count(self, question: str) -> int | None:
        """Return a count from the gateway's database, or None while that is away."""
        try:
            ((found,),) = self.ask(question)
        except SQLAlchemyError:
            return None
        return int(found)


@contextmanager
def opened(
    folder: Path, nursery: Nursery, *, on_postgres: bool, hasty: bool, several: int = 1
) -> Iterator[Place]:
    """Make an installation with its services; its programs do not run yet."""
    home = folder / "site"
    with ExitStack() as parts:
        broker = shared()
        parts.callback(broker.revive)
        (folder / "sshd").mkdir(parents=True)
        sshd = new_sshd(folder / "sshd")
        parts.callback(sshd.stop)
        database = parts.enter_context(postgres.server()) if on_postgres else None
        ports = {"sftp": sshd.port, "broker": broker.port} | ({"database": database.port} if database else {})
        cables = {name: parts.enter_context(Cable(port)) for name, port in ports.items()}
        if database is None:
            url, direct = "sqlite:///var/gateway.db", make_url(f"sqlite:///{home}/var/gateway.db")
        else:
            url = database.url(database.create())
            direct = make_url(url).set(drivername="postgresql+psycopg")
            url = url.replace(f":{database.port}/", f":{cables['database'].port}/")
        services = Services(broker, Queues.new(), sshd, database, cables)
        installation = lay_out(home, url, services)
        volumes = file_goods(installation)
        clock = folder / "clock"
        clock.write_text("0")
        site = Site(home.resolve(), nursery, FILING, settings=_LOOKING if hasty else _USUAL, clock=clock)
        engine = create_engine(direct)
        parts.callback(engine.dispose)
        place = Place(installation, site, services, engine, clock, volumes, several)
        parts.callback(place.end)
        yield place
