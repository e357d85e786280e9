"""One installation that programs are killed in: its files, its programs, and copies of it."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.faults.killer import Point
from tests.services.forking import Nursery
from tests.services.installation import ROOT, Installation

# Only what hangs comes near it: a test waits for a condition, never for a time.
PATIENCE_SECONDS = 60
_LOOK_SECONDS = 0.01
KILLED = -signal.SIGKILL


@dataclass
class Program:
    """A program at work."""

    site: Site
    name: str
    pid: int

    def ended(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for its end and return its exit code, negative for a signal."""
        code = self.site.nursery.ask(do="wait", pid=self.pid, seconds=seconds)
        assert code is not None, f"{self.name} did not end:\n{self.site.said(self.name)}"
        return int(code)

    def told(self, number: signal.Signals) -> int:
        """Send it a signal and wait for its end."""
        os.kill(self.pid, number)
        return self.ended()


@dataclass
class Site:
    """A folder with a whole installation in it.

    Attributes:
        folder: The folder; logs and traces of its programs lie beside it.
        nursery: Where its programs come from.
        now: The moment to which clocks are set.
        settings: Waiting times of the product that are other than usual.
        log: Where programs log to, other than beside the folder.
        narrow: What has no room, if anything, and the file that makes room.
        clock: A file that says by how many seconds the gateway's clock goes wrong, now and after each change.
    """

    folder: Path
    nursery: Nursery
    now: datetime
    settings: dict[str, Any] = field(default_factory=dict)
    log: Path | None = None
    narrow: tuple[Path, Path] | None = None
    clock: Path | None = None

    @classmethod
    def made(cls, folder: Path, nursery: Nursery, now: datetime) -> Site:
        """Make an installation that nothing has happened in yet."""
        Installation(folder)
        return cls(folder.resolve(), nursery, now)

    def copy(self, folder: Path, now: datetime | None = None) -> Site:
        """Return the same installation, gone its own way from here."""
        shutil.copytree(self.folder, folder, symlinks=True)
        copied = Site(folder.resolve(), self.nursery, now or self.now)
        token = copied.folder / "var/token/softhsm2.conf"
        token.write_text(token.read_text("utf-8").replace(f"{self.folder}/", f"{copied.folder}/"), "utf-8")
        return copied

    def beside(self, name: str) -> Path:
        """Return a file that belongs to the test and not to the installation."""
        return self.folder.with_name(f"{self.folder.name}.{name}")

    def arguments(self, program: str, *arguments: str) -> list[str]:
        """Return the arguments of a program that works in this installation."""
        config = str(self.folder / f"{program.replace('-', '_')}.toml")
        if program == "customs-stub":
            moment = [] if arguments[0] == "init" else ["--now", self.now.isoformat()]
            return [*arguments, "--config", config, *moment]
        return ["--config", config, "--now", self.now.isoformat(), *arguments]

    def start(
        self, program: str, *arguments: str, point: Point | None = None, traced: bool = False
    ) -> Program:
        """Start a program, to be killed at a point if there is one."""
        self._mend_token()
        pid = self.nursery.ask(
            do="start",
            program=program,
            arguments=self.arguments(program, *arguments),
            folder=str(self.folder),
            log=str(self.log or self.beside(f"{program}.log")),
            trace=str(self.beside("trace")) if point or traced else "",
            point=asdict(point) if point else None,
            settings=self.settings,
            narrow=[str(path) for path in self.narrow or ()],
            clock=str(self.clock or ""),
        )
        return Program(self, program, pid)

    def _mend_token(self) -> None:
        """Put back what a login was writing when it was killed; a card is not killed with its gateway."""
        for file in (self.folder / "var/token/tokens").glob("*/token.object"):
            kept = self.beside("token.object")
            if file.stat().st_size == 0:
                shutil.copyfile(kept, file)
            elif not kept.exists():
                shutil.copyfile(file, kept)

    @contextmanager
    def customs(self) -> Iterator[Program]:
        """Run the customs office beside what happens in the block."""
        office = self.start("customs-stub", "run")
        try:
            yield office
        finally:
            office.told(signal.SIGTERM)

    def run(self, point: Point | None = None, *, traced: bool = False) -> int:
        """Run the gateway until it is idle or is killed, and return its exit code."""
        arguments = ("run", "--until-idle", "--timeout", str(PATIENCE_SECONDS // 2))
        return self.start("gateway", *arguments, point=point, traced=traced).ended()

    def finish(self) -> None:
        """Run the gateway until it is idle, as it must be able to at any time."""
        assert self.run() == 0, self.said("gateway")

    def drop(self, name: str, data: bytes) -> None:
        """Put a file into the inbox as a careful ERP does."""
        inbox = self.folder / "inbox/acme"
        (inbox / ".draft.tmp").write_bytes(data)
        (inbox / ".draft.tmp").rename(inbox / name)

    def steps(self) -> list[str]:
        """Return what the traced process did, one operation a line, without their numbers."""
        return [step for number, step in self._traced() if number != "+"]

    def done(self) -> set[str]:
        """Return which of these operations were done; some were only tried, such as making what is there."""
        return {step for number, step in self._traced() if number == "+"}

    def _traced(self) -> list[tuple[str, str]]:
        lines = self.beside("trace").read_text("utf-8").splitlines()
        return [(number, step) for number, _, step in (line.partition(" ") for line in lines)]

    def said(self, program: str) -> str:
        """Return the end of a program's log."""
        file = self.beside(f"{program}.log")
        return file.read_text("utf-8", "replace")[-4000:] if file.exists() else ""


def wait_until(reached: Callable[[], bool], what: str, every: float = _LOOK_SECONDS) -> None:
    """Wait for a condition, looked at so often; what is never reached makes the test fail."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not reached():
        assert time.monotonic() < end, f"not reached: {what}"
        time.sleep(every)


def asked(site: Site, question: str) -> list[Any]:
    """Ask the gateway's database something; return the first column of the answer."""
    with closing(sqlite3.connect(site.folder / "var/gateway.db")) as database:
        return [row[0] for row in database.execute(question)]


def held(site: Site) -> bool:
    """Return whether the program waits at its point."""
    return site.beside("held").exists()


def example(names: Sequence[str]) -> Mapping[str, bytes]:
    """Return files of the example by name."""
    return {name: (ROOT / "tests/examples/main-job" / name).read_bytes() for name in names}
