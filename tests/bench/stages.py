"""`python -m tests.bench.stages`: processor time and statements of each stage, in one thread."""

from __future__ import annotations

import argparse
import cProfile
import pstats
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from gateway.bootstrap import Bell, open_gateway
from gateway.clock import Clock, parse_moment
from gateway.stages import stages
from tests.bench.loop import answered, carry, drop
from tests.bench.process import NOW
from tests.bench.site import Site, told
from tests.bench.statements import Statements

_BEFORE = ("intake", "understand", "sign", "dispatch", "notify")
_AFTER = ("receive", "believe", "notify", "tick")


class Meter:
    """Runs stages, and adds up what each took."""

    def __init__(
        self, found: dict[str, Callable[[], int]], counted: Statements | None, *, profiled: bool
    ) -> None:
        self._stages = found
        self._counted = counted
        self.profiles = {name: cProfile.Profile(time.thread_time) for name in found} if profiled else {}
        self.seconds: dict[str, float] = defaultdict(float)
        self.elapsed: dict[str, float] = defaultdict(float)

    def run(self, names: tuple[str, ...]) -> None:
        """Run the stages in turn until none of them finds anything."""
        time.sleep(1)  # for the kernel's word of every file
        while sum([self._once(name) for name in names]):
            pass

    def _once(self, name: str) -> int:
        if self._counted:
            self._counted.asker = name
        with self._measured(name):
            return self._stages[name]()

    @contextmanager
    def _measured(self, name: str) -> Iterator[None]:
        profile = self.profiles.get(name)
        wall, processor = time.perf_counter(), time.thread_time()
        if profile is not None:
            profile.enable()
        try:
            yield
        finally:
            if profile is not None:
                profile.disable()
            self.seconds[name] += time.thread_time() - processor
            self.elapsed[name] += time.perf_counter() - wall


def measure(site: Site, asked: argparse.Namespace) -> None:
    """Take manifests through all stages and print what each stage cost."""
    count, top = asked.manifests, asked.top
    with site.gateway(), site.customs():
        site.file_goods(asked.items)
    counted = Statements() if asked.statements is not None else None
    meter = through(site, "JB", (count, asked.items), counted, profiled=top > 0)
    for name, seconds in meter.seconds.items():
        _tell(name, seconds / count, meter.elapsed[name] / count)
    _tell("all", sum(meter.seconds.values()) / count, sum(meter.elapsed.values()) / count)
    if counted:
        for name in meter.seconds:
            click.echo("\n".join(counted.told(name, count, asked.statements)))
    # Only of a stage that has run there is a profile.
    for name in meter.seconds if meter.profiles else ():
        click.echo(f"\n== {name}")
        shown = pstats.Stats(meter.profiles[name], stream=sys.stdout)
        shown.strip_dirs().sort_stats(asked.sort).print_stats(top)


def through(
    site: Site,
    prefix: str,
    size: tuple[int, int],
    counted: Statements | None = None,
    *,
    profiled: bool = False,
) -> Meter:
    """Take so many manifests of so many items through all stages, in one thread."""
    with metered(site, counted, profiled=profiled) as meter:
        take(site, meter, prefix, size)
    return meter


@contextmanager
def metered(site: Site, counted: Statements | None = None, *, profiled: bool = False) -> Iterator[Meter]:
    """Open a gateway in this process."""
    with open_gateway(site.session.settings, Clock(parse_moment(NOW)), Bell()) as gateway:
        # There is one route and no server here, so that the first word names a stage.
        named = {name.partition(" ")[0]: stage for name, stage in stages(gateway).items()}
        yield Meter(named, counted, profiled=profiled)


def take(site: Site, meter: Meter, prefix: str, size: tuple[int, int]) -> None:
    """Drop manifests, have them answered, and run all stages until nothing is left to do."""
    drop(site, prefix, *size)
    meter.run(_BEFORE)
    answered(site, size[0])
    carry(site, sorted(told(site.aside)))
    meter.run(_AFTER)


def _tell(name: str, processor: float, elapsed: float) -> None:
    click.echo(f"{name:11} {processor * 1000:7.2f} ms CPU {elapsed * 1000:7.2f} ms elapsed per document")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifests", type=int, default=100)
    parser.add_argument("--items", type=int, default=10)
    parser.add_argument("--top", type=int, default=0, help="profile, and show so many functions a stage")
    parser.add_argument("--sort", default="cumulative", choices=("cumulative", "tottime", "ncalls"))
    parser.add_argument(
        "--statements", type=int, nargs="?", const=0, help="count SQL statements, and show so many a stage"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        measure(Site.make(Path(name)), asked)
