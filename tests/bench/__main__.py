"""The gateway beside a script that does the same work: `python -m tests.bench [--quick] [--publish]`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.progress import Progress

from tests.bench.cases import FULL, FULL_CASES, QUICK, QUICK_CASES, Bench, Case, Record
from tests.bench.publishing import publish
from tests.bench.report import Results, tables
from tests.bench.signing import compare
from tests.services.postgres import server

_NAMES = ("what", "database", "workers", "items", "token")


def measured(bench: Bench, cases: Sequence[Case], progress: Iterable[int]) -> list[Record]:
    """Measure all cases, over and over; return the median of each figure."""
    runs = [compared([record for case in cases for record in bench.once(case)]) for _ in progress]
    return [medians(each) for each in zip(*runs, strict=True)]


def compared(records: list[Record]) -> list[Record]:
    """Set each beside what it is to be compared with, measured in the same minutes."""
    named = {tuple(record[name] for name in _NAMES): record for record in records}
    for record in records:
        what, database, workers, items, token = (record[name] for name in _NAMES)
        straight = named.get(("straight line", database, 1, items, "fast"))
        if straight and what != "straight line" and token == "fast":
            for figure in ("documents_per_second", "cpu_ms"):
                record[f"{figure}_ratio"] = record[figure] / straight[figure]
        alone = named.get((what, database, 1, items, token))
        if alone and workers > 1:
            record["against_one"] = record["documents_per_second"] / alone["documents_per_second"]
        if "own_rate" in record:
            record["own_rate_ratio"] = record["documents_per_second"] / record["own_rate"]
    return records


def medians(runs: Sequence[Mapping[str, Any]]) -> Record:
    """Return the median of each figure; names are the same in all runs."""
    found: Record = {}
    for key, value in runs[0].items():
        every = [run[key] for run in runs]
        if isinstance(value, dict):
            found[key] = medians(every)
        else:
            found[key] = value if key in _NAMES else round(median(every), 3)
    return found


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, help="measure so often and tell medians; 5, quick 1")
    parser.add_argument("--quick", action="store_true", help="fewer cases of fewer documents")
    parser.add_argument("--only", default="", help="only cases such as SQLite-1-10-fast, or a part of it")
    parser.add_argument("--publish", action="store_true", help="renew figures and chart of docs/")
    asked = parser.parse_args()
    runs = asked.runs or (1 if asked.quick else 5)
    every = {
        "-".join(map(str, vars(case).values())): case for case in (QUICK_CASES if asked.quick else FULL_CASES)
    }
    cases = [case for name, case in every.items() if asked.only in name]
    if not cases:
        parser.error(f"--only {asked.only}: no such case; there are {', '.join(every)}")
    load, begun = os.getloadavg()[0], time.monotonic()
    with (
        server(flushes=True) as postgres,
        TemporaryDirectory(prefix="bench-") as folder,
        Progress(console=Console(stderr=True), transient=True) as bar,
    ):
        bench = Bench(postgres, QUICK if asked.quick else FULL, Path(folder))
        records = measured(bench, cases, bar.track(range(runs)))
    results = Results(
        made=datetime.now(UTC).isoformat(timespec="minutes"),
        command=" ".join(["python -m tests.bench", *sys.argv[1:]]),
        runs=runs,
        minutes=round((time.monotonic() - begun) / 60),
        cores=os.cpu_count() or 0,
        load=round(load, 1),
        records=records,
        signing=compare(),
    )
    print(tables(results))  # noqa: T201 -- it is a script
    if asked.publish:
        publish(results)


if __name__ == "__main__":
    main()
