"""The example of the main job in three parts, each told once undisturbed, to be told again with faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from gateway.clock import parse_moment
from tests.faults.killer import Point
from tests.faults.outcome import broken_promises, differences, outcome
from tests.faults.site import KILLED, Site, example
from tests.services.forking import Nursery

FILING = parse_moment("2026-10-20T09:00:00+08:00")
AGGREGATION = parse_moment("2026-11-03T09:00:00+08:00")
MONTH = "2026-10"


def file_goods(site: Site) -> None:
    """Bring a qualification, its volume, and three files that cannot be understood or even read."""
    files = example(["01-qualification.csv", "02-goods.xml"])
    # Without the delay that the example asks of customs for the eyes of its readers.
    site.drop("01-qualification.csv", _prompt(files["01-qualification.csv"]))
    site.drop("02-goods.xml", _prompt(files["02-goods.xml"]))
    site.drop("rubbish.csv", bytes(range(256)) * 4)
    site.drop("empty.json", b"")
    (site.folder / "inbox/acme/link.csv").symlink_to("nowhere")


def bring_manifests(site: Site) -> None:
    """Bring two manifests, and the qualification once more under another name."""
    files = example(["01-qualification.csv", "03-manifest.csv", "04-manifest.json"])
    site.drop("03-manifest.csv", _prompt(files["03-manifest.csv"]))
    site.drop("04-manifest.json", _prompt(files["04-manifest.json"]))
    site.drop("again.csv", _prompt(files["01-qualification.csv"]))


def aggregate(site: Site) -> None:
    """Ask for the month's aggregation, as an operator does who looks whether it was asked for already."""
    asked = site.start("gateway", "aggregate", "--month", MONTH)
    assert asked.ended() == 0, site.said("gateway")


def _prompt(data: bytes) -> bytes:
    return data.replace(b"A2-QF-", b"A0-QF-")


@dataclass(frozen=True)
class Part:
    """One part of the story.

    Attributes:
        name: What happens in it.
        now: When.
        begin: What is done before the gateway runs.
    """

    name: str
    now: datetime
    begin: Callable[[Site], None]


PARTS = (
    Part("filing", FILING, file_goods),
    Part("manifests", FILING, bring_manifests),
    Part("aggregation", AGGREGATION, aggregate),
)


@dataclass(frozen=True)
class Told:
    """A part as it goes when nobody disturbs it.

    Attributes:
        before: The installation at its beginning; nothing runs in it, it is only copied.
        after: The installation at its end; it, too, is only copied.
        outcome: What it comes to.
        steps: The durable operations of the gateway, in their order.
        done: Those that were not in vain.
    """

    before: Site
    after: Site
    outcome: dict[str, Any]
    steps: list[str]
    done: set[str]


class Story:
    """All parts told undisturbed, and each told again as a test wishes."""

    def __init__(self, folder: Path, nursery: Nursery) -> None:
        self.told: dict[str, Told] = {}
        self._folder = folder
        self._numbers = count(1)
        site = Site.made(folder / "0", nursery, FILING)
        for number, part in enumerate(PARTS, 1):
            before = site.copy(folder / f"{number}-before", part.now)
            part.begin(before)
            site = before.copy(folder / f"{number}-after")
            with site.customs():
                assert site.run(traced=True) == 0, site.said("gateway")
            assert broken_promises(site.folder) == []
            self.told[part.name] = Told(before, site, outcome(site.folder), site.steps(), site.done())

    def again(self, part: str) -> Site:
        """Return an installation at the beginning of a part."""
        return self.copy(self.told[part].before)

    def copy(self, site: Site) -> Site:
        """Return a copy of an installation that nothing has happened in since."""
        return site.copy(self._folder / f"again-{next(self._numbers)}")

    def faults(self, part: str, site: Site) -> list[str]:
        """Say in what an installation is not as it would be, had nothing happened."""
        found = broken_promises(site.folder)
        return found + differences(self.told[part].outcome, outcome(site.folder))

    def killed(self, part: str, *points: Point) -> tuple[Site, int]:
        """Tell a part, killing the gateway at each point in turn and starting it again; count the kills."""
        site = self.again(part)
        kills = 0
        with site.customs():
            for point in points:
                code = site.run(point)
                assert code in (KILLED, 0), site.said("gateway")
                kills += code == KILLED
            site.finish()
        return site, kills
