"""Every kill point of the example, or of the story over the network, one by one, and what came of it."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.faults.killer import Point
from tests.faults.network import network
from tests.faults.points import listing, named_away
from tests.faults.story import Story
from tests.services.forking import Nursery


@click.command()
@click.option("--list", "only_list", is_flag=True, help="Only name the points: the page docs/failpoints.md.")
@click.option("--story", "told", type=click.Choice(["folders", "network"]), default="folders")
@click.option("--part", default="", help="Only this part of the story over folders.")
@click.option("--share", default="1/1", help="Which share of the points: 1/2 and 2/2 are two halves.")
@click.option("--again", default=0, help="Kill the second process, too, so many operations after its start.")
def main(told: str, part: str, share: str, again: int, *, only_list: bool) -> None:
    """Kill at each durable operation, and show what was lost, doubled or changed by it."""
    with tempfile.TemporaryDirectory() as name, Nursery() as nursery:
        folder = Path(name)
        if only_list:
            with redirect_stdout(sys.stderr):
                story = Story(folder / "story", nursery)
                with network(folder / "network", nursery) as away:
                    page = listing(story, away.points)
            click.echo(page, nl=False)
        elif told == "network":
            sys.exit(_over_the_network(folder, nursery))
        else:
            sys.exit(_over_folders(Story(folder, nursery), part, share, again))


def _over_the_network(folder: Path, nursery: Nursery) -> bool:
    """Die at each point by name; tell whether anything is wrong."""
    with network(folder, nursery, named_away()) as away:
        told = away.tour(away.points)
    books = told.books
    table = Table("what", "how many")
    for what, many in {
        "points": len(away.points),
        "kills": len(told.died),
        **books.fates,
        "came to customs once more, the same bytes": told.repeated,
        "told over AMQP once more, the same bytes": books.repeats,
        "lost": len(books.lost),
        "twice": len(books.duplicated),
        "unexpected": len(books.unexpected),
    }.items():
        table.add_row(what, str(many))
    console = Console()
    console.print(table)
    missed = [f"never met: {point.name}" for point in told.missed]
    wrong = [*missed, *books.lost, *books.duplicated, *books.unexpected]
    console.print(*wrong, sep="\n", markup=False, soft_wrap=True)
    return bool(wrong)


def _over_folders(story: Story, part: str, share: str, again: int) -> bool:
    """Die at each operation by its number; tell whether anything is wrong."""
    mine, shares = map(int, share.split("/"))
    recovered: Counter[tuple[str, str]] = Counter()
    wrong: dict[tuple[str, str, int, str], list[str]] = {}
    for name in [part] if part else list(story.told):
        numbers = range(mine, len(story.told[name].steps) + 1, shares)
        for number in track(numbers, name, console=Console(stderr=True)):
            points = [Point(number)] + ([Point(again)] if again else [])
            site, kills = story.killed(name, *points)
            step = site.steps()[-1]
            stage = step.partition(" ")[0] if kills else "not reached"
            if found := story.faults(name, site):
                wrong[name, stage, number, step] = found
            else:
                recovered[name, stage] += 1
    _show(recovered, wrong)
    return bool(wrong)


def _show(recovered: Counter[tuple[str, str]], wrong: dict[tuple[str, str, int, str], list[str]]) -> None:
    bad = Counter(key[:2] for key in wrong)
    table = Table("part", "stage", "recovered", "wrong")
    for key in sorted(recovered | bad):
        table.add_row(*key, str(recovered[key]), str(bad[key]))
    table.add_row("all", "", str(recovered.total()), str(bad.total()))
    console = Console()
    console.print(table)
    for (part, _, number, step), found in wrong.items():
        console.print(f"{part} {number} {step}", *found, sep="\n    ", markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
