"""Thousands of documents through a storm of faults, and the books of it: `python -m tests.chaos`."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from tests.chaos.books import FATES
from tests.chaos.faults import FAULTS, small_disk
from tests.chaos.site import opened
from tests.chaos.storm import Asked, Run, play
from tests.services.forking import Nursery

_MOST_TOLD = 40


def show(run: Run, asked: argparse.Namespace, console: Console) -> None:
    """Print the books."""
    title = f"{asked.documents} documents on {asked.database}, seed {asked.seed}, {run.seconds:.0f} s"
    faults = Table("fault", "struck", "recovered: measured", "median s", "max s", title=title)
    counts = Counter(each.kind for each in run.struck)
    for kind, count in counts.items():
        times = [each.recovered for each in run.struck if each.kind == kind and each.recovered is not None]
        figures = (f"{median(times):.1f}", f"{max(times):.1f}") if times else ("", "")
        faults.add_row(kind, str(count), str(len(times)), *figures)
    times = [each.recovered for each in run.struck if each.recovered is not None]
    figures = (f"{median(times):.1f}", f"{max(times):.1f}") if times else ("", "")
    faults.add_row("all", str(len(run.struck)), str(len(times)), *figures)
    console.print(faults)
    books = run.books
    table = Table("book", "count")
    for fate in FATES:
        table.add_row(fate, str(books.fates[fate]))
    for name, count in {
        "twice": len(books.duplicated),
        "unexpected": len(books.unexpected),
        "recovered faults": len(times),
        "publications tried again by a partner": run.sent_again,
        "told again with the same id and bytes over AMQP": books.repeats,
        "starts of the gateway": run.starts,
    }.items():
        table.add_row(name, str(count))
    console.print(table)
    for name in ("lost", "duplicated", "unexpected"):
        for each in getattr(books, name)[:_MOST_TOLD]:
            console.print(f"{name}: {each}", markup=False)


def main() -> int:
    """Run, tell, and return 1 when the books do not balance."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--documents", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=5.0, help="so long faults strike, at least one each")
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--gateways", type=int, default=1, help="so many share the database; PostgreSQL only")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--faults", nargs="+", choices=list(FAULTS), help="only of these kinds")
    asked = parser.parse_args()
    if asked.gateways > 1 and asked.database != "postgres":
        parser.error("several gateways share a database of PostgreSQL only")
    console = Console()
    fitting = [kind for kind, fault in FAULTS.items() if fault.only in {"", asked.database}]
    kinds = [kind for kind in fitting if asked.faults is None or kind in asked.faults]
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    with small_disk(folder / "site"), Nursery() as nursery:
        with opened(
            folder, nursery, on_postgres=asked.database == "postgres", hasty=False, several=asked.gateways
        ) as place:
            wanted = Asked(asked.documents, asked.minutes * 60, asked.seed, kinds)
            run = play(place, wanted, lambda line: console.print(line, highlight=False))
        show(run, asked, console)
        if not run.books.balanced:
            kept = folder / "kept"
            shutil.copytree(folder / "site", kept, symlinks=True)
            console.print(f"seed {asked.seed}; to be looked at: {folder}", highlight=False)
    if run.books.balanced:
        shutil.rmtree(folder)
    return 0 if run.books.balanced else 1


if __name__ == "__main__":
    sys.exit(main())
