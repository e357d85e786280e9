"""The loop through the folders, with the measurement as carrier: it drops, carries receipts, and looks when.

Customs answers into a folder aside, between two measurements, so that its work is in none of them. What
a rename leaves at a file is the moment of it, so that neither program is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from tests.bench import erp
from tests.bench.process import Process
from tests.bench.site import Site, told

# What each manifest comes to: a technical receipt and an approval; a reply and a notice of each receipt.
RECEIPTS, REPLIES = 2, 3
# So long after the last reply everything is put away and noted, too.
_REST_SECONDS = 0.5
# Between two of those that come one at a time.
_PAUSE_SECONDS = 0.05


@dataclass
class Meter:
    """Adds up the processor time of processes while something is measured."""

    processes: dict[str, Callable[[], float]]
    seconds: dict[str, float]

    @classmethod
    def of(cls, **processes: Callable[[], float]) -> Meter:
        """Begin at nothing."""
        return cls(processes, dict.fromkeys(processes, 0.0))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure a block, and the rest that follows it."""
        before = {name: used() for name, used in self.processes.items()}
        yield
        time.sleep(_REST_SECONDS)
        for name, used in self.processes.items():
            self.seconds[name] += used() - before[name]


def drop(site: Site, prefix: str, count: int, items: int) -> float:
    """Drop manifests that were written before; return when the first one was there."""
    names = []
    for name, data in erp.manifests(prefix, count, items):
        (site.inbox / f"{name}.tmp").write_bytes(data)
        names.append(name)
    start = time.time()
    for name in names:
        (site.inbox / f"{name}.tmp").rename(site.inbox / name)
    return start


def carry(site: Site, names: list[str]) -> float:
    """Take to the gateway what customs has answered; return when the first one was there."""
    start = time.time()
    for name in names:
        (site.aside / name).rename(site.receipts / name)
    return start


def throughput(site: Site, meter: Meter, count: int, items: int) -> dict[str, Any]:
    """Drop manifests, and give the receipts of as many earlier ones, as in the middle of a day."""
    sent, before = len(told(site.outbox)), len(told(site.replies))
    drop(site, "A", count, items)
    site.wait_for(site.outbox, sent + count)
    site.wait_for(site.replies, before + count)
    answered(site, count)
    with meter.running():
        start = drop(site, "B", count, items)
        carry(site, sorted(told(site.aside)))
        site.wait_for(site.outbox, sent + 2 * count)
        site.wait_for(site.replies, before + (REPLIES + 1) * count)
    seconds = max(_last(site.outbox), _last(site.replies)) - start
    cpu = {name: used / count * 1000 for name, used in meter.seconds.items()}
    return {"documents_per_second": count / seconds, **cpu}


def latency(site: Site, count: int, items: int, open_before: int = 0) -> dict[str, dict[str, float]]:
    """Drop one after another, and give one receipt after another, each when all is quiet.

    Args:
        site: Where.
        count: How many of each.
        items: Of each manifest.
        open_before: How many manifests customs has not answered yet.
    """
    drops, receipts = [], []
    for number in range(count):
        sent, before = set(told(site.outbox)), len(told(site.replies))
        start = drop(site, f"L{number}", 1, items)
        site.wait_for(site.replies, before + 1)
        site.wait_for(site.outbox, len(sent) + 1)
        (new,) = set(told(site.outbox)) - sent
        drops.append((site.outbox / new).stat().st_ctime - start)
        time.sleep(_PAUSE_SECONDS)
    answered(site, open_before + count)
    for name in sorted(told(site.aside))[:count]:
        known = set(told(site.replies))
        start = carry(site, [name])
        site.wait_for(site.replies, len(known) + 1)
        (new,) = set(told(site.replies)) - known
        receipts.append((site.replies / new).stat().st_ctime - start)
        time.sleep(_PAUSE_SECONDS)
    return {"drop_to_outbox_ms": _percentiles(drops), "receipt_to_reply_ms": _percentiles(receipts)}


def answered(site: Site, count: int) -> None:
    """Let customs answer aside, and close."""
    with site.customs(aside=True):
        site.wait_for(site.aside, RECEIPTS * count)


def cpu_of(process: Process) -> Callable[[], float]:
    """Return what tells a process's processor time."""
    return lambda: process.used().seconds


def _last(folder: Path) -> float:
    return max(file.stat().st_ctime for file in folder.iterdir())


def _percentiles(seconds: list[float]) -> dict[str, float]:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return {f"p{n}": cuts[n - 1] * 1000 for n in (50, 95, 99)}
