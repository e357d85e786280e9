"""Every kill point of the example, one after another, and a table of what came of it."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.faults.killer import Point
from tests.faults.points import listing
from tests.faults.site import Nursery
from tests.faults.story import Story


@click.command()
@click.option("--list", "only_list", is_flag=True, help="Only name the points: the page docs/failpoints.md.")
@click.option("--part", default="", help="Only this part of the story.")
@click.option("--share", default="1/1", help="Which share of the points: 1/2 and 2/2 are two halves.")
@click.option("--again", default=0, help="Kill the second process, too, so many operations after its start.")
def main(part: str, share: str, again: int, *, only_list: bool) -> None:
    """Show for each stage how many kills lost, doubled or changed something, and how many recovered."""
    mine, shares = map(int, share.split("/"))
    recovered: Counter[tuple[str, str]] = Counter()
    wrong: dict[tuple[str, str, int, str], list[str]] = {}
    with tempfile.TemporaryDirectory() as folder, Nursery() as nursery:
        story = Story(Path(folder), nursery)
        if only_list:
            click.echo(listing(story), nl=False)
            return
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
    sys.exit(bool(wrong))


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
