"""An installation of its own for the measurement, and the two processes that work on it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gateway.cli.session import Session
from gateway.clock import Clock, parse_moment
from gateway.signing import Trial, make_trial_token
from tests.bench import erp

ROOT = Path(__file__).parents[2]
# The programs are those of this tree, wherever another one may be installed.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
NOW = "2026-10-20T09:00:00+08:00"
_PATIENCE_SECONDS, _LOOK_SECONDS = 600.0, 0.01
# A technical receipt and an approval answer each manifest; nothing clears it.
_TWO_RECEIPTS = """
[[rule]]
message_type = "Manifest"
scenario = "never-cleared"
"""


@dataclass(frozen=True, slots=True)
class Used:
    """What a process has used so far."""

    seconds: float
    peak_bytes: int


class Process:
    """One of the project's programs, and what it uses."""

    def __init__(self, command: list[str], folder: Path) -> None:
        with (folder / "var" / f"{command[0]}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command], cwd=folder, stdout=log, stderr=log, env=ENVIRONMENT
            )

    def used(self) -> Used:
        """Return processor time, and the most memory that was resident."""
        place = Path("/proc") / str(self._process.pid)
        ticks = (place / "stat").read_text().rpartition(")")[2].split()[11:13]
        peak = next(line for line in (place / "status").read_text().splitlines() if line.startswith("VmHWM"))
        return Used(sum(map(int, ticks)) / 100, int(peak.split()[1]) * 1024)

    def stop(self) -> None:
        """Ask it to end."""
        self._process.terminate()
        self._process.wait(60)


@dataclass(frozen=True)
class Site:
    """A folder with configuration, token, and customs' key."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Site:
        """Lay it out."""
        for name in ("schemas", "mappings"):
            (folder / name).symlink_to(ROOT / name)
        shutil.copyfile(ROOT / "gateway.toml", folder / "gateway.toml")
        (folder / "aside.toml").write_text('answers = "aside"\n', "utf-8")
        (folder / "var").mkdir()
        scenarios = folder / "var" / "customs" / "scenarios"
        scenarios.mkdir(parents=True)
        (scenarios / "approved.toml").write_text(_TWO_RECEIPTS, "utf-8")
        site = cls(folder)
        init = [sys.executable, "-m", "customs_stub", "init"]
        subprocess.run(init, cwd=folder, check=True, capture_output=True, env=ENVIRONMENT)
        settings = site.session.settings
        trial = Trial(folder / "var" / "token", erp.ENTERPRISE, erp.NAME, settings.token.label)
        make_trial_token(trial, folder / "var" / "customs" / "enterprises" / f"{erp.ENTERPRISE}.pem")
        for each in (site.inbox, site.replies, site.outbox, site.receipts, site.aside):
            each.mkdir(parents=True, exist_ok=True)
        return site

    @cached_property
    def session(self) -> Session:
        """What a command would work with here."""
        return Session(self.folder / "gateway.toml", Clock(parse_moment(NOW)), None)

    @property
    def inbox(self) -> Path:
        """Where the ERP drops."""
        return self.folder / "inbox" / "acme"

    @property
    def replies(self) -> Path:
        """Where the ERP is answered."""
        return self.folder / "receipts" / "acme"

    @property
    def outbox(self) -> Path:
        """Where messages leave."""
        return self.folder / "outbox" / "customs"

    @property
    def receipts(self) -> Path:
        """Where customs answers."""
        return self.folder / "receipts" / "customs"

    @property
    def aside(self) -> Path:
        """Where customs answers when its answers are to wait."""
        return self.folder / "aside"

    @contextmanager
    def gateway(self) -> Iterator[Process]:
        """Run the gateway."""
        with self._running(["gateway", "--now", NOW, "run"]) as process:
            yield process

    @contextmanager
    def customs(self, *, aside: bool = False) -> Iterator[Process]:
        """Run the customs stub."""
        configured = ["--config", "aside.toml"] if aside else []
        with self._running(["customs_stub", "run", "--now", NOW, *configured]) as process:
            yield process

    @contextmanager
    def _running(self, command: list[str]) -> Iterator[Process]:
        process = Process(command, self.folder)
        try:
            yield process
        finally:
            process.stop()

    def file_goods(self, items: int) -> None:
        """Have the qualification and a volume approved; both programs must be running."""
        erp.drop(self.inbox, *erp.qualification())
        self.wait(lambda: self.states("qualification") == ["approved"])
        erp.drop(self.inbox, *erp.volume(items))
        self.wait(lambda: self.states("volume") == ["approved"])
        self.wait_for(self.replies, 6)

    def states(self, kind: str) -> list[str]:
        """Return the state of each document of a kind."""
        on_file = self.session.settings.database_url.startswith("sqlite")
        if on_file and not (self.folder / "var" / "gateway.db").exists():
            return []
        with self.session.store.read() as unit:
            counts = unit.status.counts().documents
        return [state for found, state in counts if found == kind]

    def wait_for(self, folder: Path, count: int) -> None:
        """Wait until so many finished files are in a folder."""
        self.wait(lambda: len(told(folder)) == count)

    def wait(self, reached: Callable[[], bool]) -> None:
        """Wait until something is so.

        Raises:
            TimeoutError: It never was.
        """
        end = time.monotonic() + _PATIENCE_SECONDS
        while not reached():
            if time.monotonic() > end:
                raise TimeoutError(f"see {self.folder}")
            time.sleep(_LOOK_SECONDS)


def told(folder: Path) -> list[str]:
    """Return the names of the finished files of a folder."""
    return [file.name for file in folder.iterdir() if not file.name.startswith(".")]
