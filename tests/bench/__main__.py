"""Documents a second through the folders, beside a straight-line script: `python -m tests.bench`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.bench.loop import burst, halves, singly
from tests.bench.site import ENVIRONMENT, Site

_SINGLE, _IDLE_SECONDS = 20, 3.0
_BURST, _HALVES, _SINGLY = "gateway, burst", "gateway, answered in halves", "gateway, one by one"
_STRAIGHT, _REPLYING = "straight line", "straight line with replies"


def run(count: int, items: int) -> dict[str, dict[str, Any]]:
    """Measure everything once, each in an installation of its own."""
    figures: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        site = Site.make(Path(name))
        with site.gateway() as gateway:
            with site.customs():
                site.file_goods(items)
            idle = gateway.used().seconds
            time.sleep(_IDLE_SECONDS)
            idle = (gateway.used().seconds - idle) / _IDLE_SECONDS
            figures[_BURST] = burst(site, gateway, "B", count, items).told()
            figures[_HALVES] = halves(site, gateway, "H", count, items).told()
            figures[_SINGLY] = singly(site, gateway, "S", _SINGLE, items).told()
            used = gateway.used()
        for phase in figures.values():
            phase["peak_mb"] = round(used.peak_bytes / 1e6, 1)
        figures[_BURST]["idle_cpu_percent"] = round(idle * 100, 1)
    figures[_STRAIGHT] = _straight(count, items)
    figures[_REPLYING] = _straight(count, items, "--replies")
    return figures


def _straight(count: int, items: int, *options: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        Site.make(Path(name))
        command = [sys.executable, "-m", "tests.bench.straight", name, str(count), str(items), *options]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=ENVIRONMENT)
    told = json.loads(done.stdout)
    return {
        "documents_per_second": round(count / told["seconds"], 1),
        "gateway_cpu_ms": round(told["processor"] / count * 1000, 2),
        "peak_mb": round(told["peak_bytes"] / 1e6, 1),
    }


def medians(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the median of each figure."""
    found: dict[str, Any] = {}
    for key, value in runs[0].items():
        every = [run[key] for run in runs]
        found[key] = medians(every) if isinstance(value, dict) else round(median(every), 2)
    return found


def show(figures: Mapping[str, Mapping[str, Any]], asked: argparse.Namespace) -> None:
    """Print the figures as a table."""
    title = f"{asked.manifests} manifests of {asked.items} items, medians of {asked.runs}"
    table = Table(
        "",
        "documents/s",
        "CPU ms",
        "customs' CPU ms",
        "peak MB",
        "drop → outbox",
        "receipt → reply",
        title=title,
    )
    for name, each in figures.items():
        latencies = (each.get(key, {}) for key in ("drop_to_outbox_ms", "receipt_to_reply_ms"))
        columns = ("documents_per_second", "gateway_cpu_ms", "customs_cpu_ms", "peak_mb")
        texts = (" / ".join(f"{value:.0f}" for value in latency.values()) for latency in latencies)
        table.add_row(name, *(str(each.get(column, "")) for column in columns), *texts)
    console = Console()
    console.print(table)
    console.print("Latencies are p50 / p95 / p99 in ms; CPU is a document's.")
    console.print(f"Idle, the gateway takes {figures[_BURST]['idle_cpu_percent']} % of a processor.")
    for name in (_BURST, _HALVES):
        for other in (_STRAIGHT, _REPLYING):
            rate = figures[name]["documents_per_second"] / figures[other]["documents_per_second"]
            processor = figures[name]["gateway_cpu_ms"] / figures[other]["gateway_cpu_ms"]
            console.print(f"{name} : {other} = {rate:.2f} documents/s, {processor:.2f} CPU")


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--manifests", type=int, default=500)
    parser.add_argument("--items", type=int, default=10, help="items of each manifest, at most 99")
    parser.add_argument("--runs", type=int, default=1, help="measure so often and tell medians")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with Progress(console=Console(stderr=True), transient=True) as progress:
        runs = [run(asked.manifests, asked.items) for _ in progress.track(range(asked.runs))]
    figures = medians(runs)
    if asked.json:
        json.dump(
            {"manifests": asked.manifests, "items": asked.items, "runs": asked.runs, **figures},
            sys.stdout,
            indent=2,
        )
    else:
        show(figures, asked)


if __name__ == "__main__":
    main()
