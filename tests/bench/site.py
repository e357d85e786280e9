"""An installation of its own for the measurement: configuration, token, customs' key, and its programs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from gateway.cli.session import Session
from gateway.clock import Clock, parse_moment
from gateway.signing import Trial, find_softhsm, make_trial_token
from tests.bench import erp
from tests.bench.process import ENVIRONMENT, NOW, ROOT, Process
from tests.services.faulty_token import FaultyToken, faulty_library
from tests.services.softhsm import PrivateToken

SLOW_MS = 240
_PATIENCE_SECONDS, _LOOK_SECONDS = 600.0, 0.05
_DATABASE = "sqlite:///var/gateway.db"
# A technical receipt and an approval answer each manifest; nothing clears it.
_TWO_RECEIPTS = """
[[rule]]
message_type = "Manifest"
scenario = "never-cleared"
"""


@dataclass(frozen=True)
class Site:
    """A folder with all of it.

    Attributes:
        folder: The folder.
        module: The library of the token.
        environment: What programs need to reach the token.
    """

    folder: Path
    module: Path = field(default_factory=find_softhsm)
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, database: str = "", *, slow: bool = False) -> Site:
        """Lay it out.

        Args:
            folder: An empty folder.
            database: The URL of PostgreSQL; SQLite without one.
            slow: Whether the token's library can be told to dawdle.
        """
        for name in ("schemas", "mappings"):
            (folder / name).symlink_to(ROOT / name)
        module = faulty_library() if slow else find_softhsm()
        text = (ROOT / "gateway.toml").read_text("utf-8")
        text = text.replace(_DATABASE, database or _DATABASE)
        text = text.replace("[token]\n", f'[token]\nmodule = "{module}"\n')
        (folder / "gateway.toml").write_text(text, "utf-8")
        (folder / "aside.toml").write_text('answers = "aside"\n', "utf-8")
        scenarios = folder / "var" / "customs" / "scenarios"
        scenarios.mkdir(parents=True)
        (scenarios / "approved.toml").write_text(_TWO_RECEIPTS, "utf-8")
        init = [sys.executable, "-m", "customs_stub", "init"]
        subprocess.run(init, cwd=folder, check=True, capture_output=True, env=ENVIRONMENT)
        site = cls(folder, module, _make_token(folder, slow=slow))
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
    def gateway(self, workers: int = 1) -> Iterator[Process]:
        """Run the gateway."""
        with self._running(["gateway", "--now", NOW, "run", "--workers", str(workers)]) as process:
            yield process

    @contextmanager
    def customs(self, *, aside: bool = False) -> Iterator[Process]:
        """Run the customs stub."""
        configured = ["--config", "aside.toml"] if aside else []
        with self._running(["customs_stub", "run", "--now", NOW, *configured]) as process:
            yield process

    @contextmanager
    def _running(self, command: list[str]) -> Iterator[Process]:
        process = Process(command, self.folder, self.environment)
        try:
            yield process
        finally:
            process.stop()

    def dawdle(self) -> None:
        """Let each signature from now on take as long as on a card; only where it was made slow."""
        order = Path(self.environment["FAULTY_ORDERS"])
        order.write_text(f"C_Sign delay {SLOW_MS} 0\n")

    def file_goods(self, items: int) -> None:
        """Have the qualification and a volume approved; both programs must be running."""
        erp.drop(self.inbox, *erp.qualification())
        self.wait(lambda: self._states("qualification") == ["approved"])
        erp.drop(self.inbox, *erp.volume(items))
        self.wait(lambda: self._states("volume") == ["approved"])
        self.wait_for(self.replies, 6)

    def _states(self, kind: str) -> list[str]:
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


def _make_token(folder: Path, *, slow: bool) -> Mapping[str, str]:
    trial = Trial((folder / "var" / "token").resolve(), erp.ENTERPRISE, erp.NAME)
    file = folder / "var" / "customs" / "enterprises" / f"{erp.ENTERPRISE}.pem"
    private = PrivateToken(trial, make_trial_token(trial, file), file)
    return FaultyToken(private).environment if slow else private.environment
