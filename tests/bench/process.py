"""One of the project's programs as a process, and what it and its children use."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The programs are those of this tree, wherever another is installed; compiled, as an installation has them.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
ENVIRONMENT["PYTHONPATH"] = str(ROOT)
# The moment at which the programs begin.
NOW = "2026-10-20T09:00:00+08:00"
_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE_SECONDS, _LOOK_SECONDS = 60.0, 0.002


@dataclass(frozen=True, slots=True)
class Used:
    """What processes have used so far.

    Attributes:
        seconds: Processor time of all, with that of children that have ended.
        peak_bytes: The most memory that any single one had resident.
    """

    seconds: float
    peak_bytes: int


class Process:
    """A program that was started.

    Args:
        command: Module and arguments.
        folder: Where it runs; its output goes to `var/<module>.log` there.
        environment: What it is told besides.
    """

    def __init__(self, command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._log = folder / "var" / f"{command[0]}.log"
        self._begun = time.monotonic()
        with self._log.open("ab") as log:
            self._before = log.tell()
            self._process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=folder,
                stdout=log,
                stderr=log,
                env={**ENVIRONMENT, **environment},
            )

    def used(self) -> Used:
        """Return what it and its children have used."""
        return used_by(self._process.pid)

    def ready(self, word: str, times: int) -> float:
        """Wait until it has said a word so often; return the seconds since its start.

        Raises:
            TimeoutError: It did not.
        """
        while self._log.read_bytes()[self._before :].count(word.encode()) < times:
            if time.monotonic() > self._begun + _PATIENCE_SECONDS:
                raise TimeoutError(f"see {self._log}")
            time.sleep(_LOOK_SECONDS)
        return time.monotonic() - self._begun

    def stop(self) -> None:
        """Ask it to end."""
        self._process.terminate()
        self._process.wait(60)


def used_by(pid: int) -> Used:
    """Return what a process and its children have used."""
    while Path(f"/proc/{pid}").exists():
        # A child may end while it is looked at; then its parent has its time.
        with suppress(FileNotFoundError, ProcessLookupError):
            every = [_one(each) for each in _tree(pid)]
            return Used(sum(each.seconds for each in every), max(each.peak_bytes for each in every))
    raise ProcessLookupError(pid)


def _one(pid: int) -> Used:
    place = Path("/proc") / str(pid)
    ticks = (place / "stat").read_text().rpartition(")")[2].split()[11:15]
    lines = (place / "status").read_text().splitlines()
    # One that has ended and waits to be seen by its parent has none.
    peak = next((line for line in lines if line.startswith("VmHWM")), "VmHWM: 0 kB")
    return Used(sum(map(int, ticks)) / _TICKS, int(peak.split()[1]) * 1024)


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            yield from _tree(int(child))
