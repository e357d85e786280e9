"""Whether memory stays as it is: `python -m tests.bench.memory --documents 100000 [--trace 15]`.

Manifests go through all stages of one gateway in this process, a round at a time; each line tells how many
have, and what is resident after it. `--trace` names the lines of code that hold more at the end than after
the first tenth; it takes twice as long. The folders are emptied after each round.
"""

from __future__ import annotations

import argparse
import gc
import os
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import click

from tests.bench.site import Site
from tests.bench.stages import metered, take

_ROUND = 1000


def rounds(site: Site, documents: int, items: int) -> Iterator[int]:
    """Take manifests through; yield how many are."""
    with metered(site) as meter:
        for done in range(_ROUND, documents + 1, _ROUND):
            take(site, meter, f"R{done}", (_ROUND, items))
            for folder in (site.outbox, site.replies, site.inbox / ".done", site.receipts / ".done"):
                for file in folder.iterdir():
                    if file.is_file():
                        file.unlink()
            yield done


def resident() -> float:
    """Return how many megabytes of this process are in memory."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(site: Site, documents: int, items: int, shown: int) -> None:
    """Print what is resident, and what grows by document once everything has been seen."""
    with site.gateway(), site.customs():
        site.file_goods(items)
    first: tuple[int, float] | None = None
    before: tracemalloc.Snapshot | None = None
    for done in rounds(site, documents, items):
        gc.collect()
        now = resident()
        click.echo(f"{done:8} documents {now:8.1f} MB resident")
        if first is None and done * 10 >= documents:
            first = done, now
            if shown:
                tracemalloc.start()
                before = tracemalloc.take_snapshot()
    if first and done > first[0]:
        click.echo(f"{(now - first[1]) * 1e6 / (done - first[0]):.0f} bytes a document since {first[0]}")
    if before:
        for line in tracemalloc.take_snapshot().compare_to(before, "lineno")[:shown]:
            click.echo(str(line))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=10)
    parser.add_argument("--trace", type=int, default=0, help="show so many lines of code that hold more")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        measure(Site.make(Path(name)), asked.documents, asked.items, asked.trace)
