"""A month of any size, aggregated: `python -m tests.bench.month`; time, memory, and how long others wait."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from gateway.building import make_world
from gateway.clock import Clock, parse_moment
from gateway.config import Settings, load_settings
from gateway.database import make_store
from gateway.steps.aggregating import aggregate_month, month_command
from gateway.steps.rehearsing import rehearsed
from gateway.steps.runs import advance_runs
from gateway.store import Store
from tests.services.months import ENTERPRISE, MONTH, cleared_manifest

ROOT = Path(__file__).parents[2]
NOW = "2026-11-03T09:00:00+08:00"
SIZES = (1_000, 10_000, 100_000)
_PIECE = 1000


def main() -> None:
    """Measure each size in a process of its own, so that its peak of memory is its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.month", description=__doc__)
    parser.add_argument("--manifests", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--items", type=int, default=10, help="items of each manifest")
    parser.add_argument("--database", default="", help="a PostgreSQL URL; default: a new SQLite file")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        json.dump(measure(asked.manifests[0], asked.items, asked.database), sys.stdout)
        return
    found = [_apart(size, asked) for size in asked.manifests]
    if asked.json:
        json.dump(found, sys.stdout, indent=2)
    else:
        show(found)


def _apart(size: int, asked: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.month", "--one", "--manifests", str(size)]
    command += ["--items", str(asked.items), "--database", asked.database]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT)
    return dict(json.loads(done.stdout))


def measure(count: int, items: int, database: str) -> dict[str, Any]:
    """Fill a store, aggregate its month, and tell what that took."""
    with tempfile.TemporaryDirectory(prefix="bench-month-") as folder:
        settings = _settings(Path(folder), database)
        clock = Clock(parse_moment(NOW))
        store, world = make_store(settings, clock), make_world(settings, clock)
        figures: dict[str, Any] = {"manifests": count, "items": items}
        with _timed(figures, "filling"), Progress(console=Console(stderr=True), transient=True) as bar:
            for piece in bar.track(range(0, count, _PIECE), description=f"{count} manifests"):
                with store.begin() as unit:
                    unit.documents.put(
                        cleared_manifest(n, items) for n in range(piece, min(piece + _PIECE, count))
                    )
        with _timed(figures, "rehearsing"), store.read() as unit:
            command = month_command(world, unit, ENTERPRISE, MONTH, "")
            with rehearsed(world, unit, command) as told:
                figures["rehearsed"] = sum(1 for _ in told.declarations)
        figures["peak_mb_rehearsing"] = _peak_mb()
        with _timed(figures, "requesting"), store.begin() as unit:
            run = aggregate_month(world, unit, ENTERPRISE, MONTH).document.number
        with _bystander(store) as bystander:
            figures["phases"], figures["longest_ms"] = _aggregate(world, store, run)
        figures |= {"peak_mb": _peak_mb(), "others_ms": bystander.told()}
        figures["aggregating"] = round(sum(figures["phases"].values()), 1)
        with store.read() as unit:
            counts = unit.status.counts().documents
        figures["states"] = {f"{kind} {state}": number for (kind, state), number in counts.items()}
        figures["declarations"] = counts.get(("declaration", "declared"), 0)
        store.close()
    return figures


def _aggregate(world: Any, store: Store, run: str) -> tuple[dict[str, float], dict[str, float]]:
    """Bring the run to its end; return the seconds of each phase, and its longest look in ms."""
    phases: dict[str, float] = {}
    longest: dict[str, float] = {}
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        while True:
            with store.read() as unit:
                row = unit.runs.get(run)
                alerts = [alert.values for alert in unit.alerts.opened()]
            if row is None or alerts:
                break
            bar.update(task, description=row.phase, completed=row.done, total=row.manifests)
            begun = time.perf_counter()
            advance_runs(world, store)
            took = time.perf_counter() - begun
            phases[row.phase] = phases.get(row.phase, 0) + took
            longest[row.phase] = max(longest.get(row.phase, 0), took * 1000)
    assert not alerts, alerts
    rounded = {phase: round(seconds, 2) for phase, seconds in phases.items()}
    return rounded, {phase: round(ms) for phase, ms in longest.items()}


@dataclass
class Bystander:
    """Somebody else of this process who writes a little, over and over."""

    waited: list[float] = field(default_factory=list)

    def told(self) -> dict[str, float]:
        """Return how long its transactions took, in ms."""
        every = sorted(self.waited)
        at = {"p50": 0.5, "p99": 0.99, "max": 1.0}
        return {
            name: round(every[min(int(len(every) * share), len(every) - 1)], 1) for name, share in at.items()
        } | {"transactions": len(every)}


@contextmanager
def _bystander(store: Store) -> Iterator[Bystander]:
    over, found = threading.Event(), Bystander()

    def write() -> None:
        while not over.wait(0.02):
            begun = time.perf_counter()
            with store.begin() as unit:
                unit.raw.put(str(begun).encode())
            found.waited.append((time.perf_counter() - begun) * 1000)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def _settings(folder: Path, database: str) -> Settings:
    for name in ("schemas", "mappings"):
        (folder / name).symlink_to(ROOT / name)
    text = (ROOT / "gateway.toml").read_text("utf-8")
    (folder / "gateway.toml").write_text(text, "utf-8")
    settings = load_settings(folder / "gateway.toml")
    return settings.model_copy(update={"database": database}) if database else settings


def _peak_mb() -> float:
    lines = Path(f"/proc/{os.getpid()}/status").read_text("utf-8").splitlines()
    peak = next(line for line in lines if line.startswith("VmHWM"))
    return round(int(peak.split()[1]) / 1024, 1)


@contextmanager
def _timed(figures: dict[str, Any], name: str) -> Iterator[None]:
    begun = time.perf_counter()
    yield
    figures[name] = round(time.perf_counter() - begun, 2)


def show(found: list[dict[str, Any]]) -> None:
    """Print the figures as a table."""
    console = Console()
    phases = list(dict.fromkeys(phase for each in found for phase in each["phases"]))
    table = Table("", *(f"{each['manifests']} × {each['items']}" for each in found))
    for name in ("declarations", "rehearsing", "requesting", "aggregating"):
        table.add_row(
            f"{name}{'' if name == 'declarations' else ', s'}", *(str(each[name]) for each in found)
        )
    for phase in phases:
        table.add_row(f"  {phase}, s", *(str(each["phases"].get(phase, "")) for each in found))
    table.add_row("peak memory, MB", *(str(each["peak_mb"]) for each in found))
    for name in ("p50", "p99", "max"):
        waits = (str(each["others_ms"][name]) for each in found)
        table.add_row(f"others' transaction {name}, ms", *waits)
    console.print(table)


if __name__ == "__main__":
    main()
