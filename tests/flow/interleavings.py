"""A message to customs to which everything happens in every order: `python -m tests.flow.interleavings`."""

from __future__ import annotations

import argparse
import logging
import sys
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from tests.flow.interleaving_explorer import Course, Explored, Explorer
from tests.flow.interleaving_model import Event
from tests.flow.interleaving_site import Site, opened


def tour(site: Site, name: str, course: Course) -> str:
    """Go one course with a message of its own; tell where the gateway is somewhere else than it must be."""
    site.begin(name)
    so_far = Course()
    for event in course.events:
        site.play(event, so_far.model.heard)
        so_far = next(each for each in so_far.further() if each.events[-1] is event)
        if difference := so_far.difference(site.look()):
            return difference
    # Nothing of it may be left for the next one.
    for event in (Event.TIMER, Event.SEND, Event.RECEIVED):
        site.play(event, frozenset())
    return ""


def explored(folder: Path, length: int) -> Explored:
    """Go every way of one message, on SQLite."""
    with opened(folder) as site:
        site.begin("GF-1")
        with closing(Explorer(site, folder / "var/gateway.db")) as explorer:
            return explorer.explore(length)


def main() -> int:
    """Go every way of so many events, and tell what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--length", type=int, default=7)
    length = parser.parse_args().length
    begun = time.process_time()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with TemporaryDirectory() as folder:
        found = explored(Path(folder), length)
    told = (
        f"{len(found.courses)} states, {sum(map(len, found.steps.values()))} steps,"
        f" {found.sequences(length)} sequences of {length} events,"
        f" {'all there is' if found.complete else 'longer ones lead further'},"
        f" {len(found.differences)} differences, {time.process_time() - begun:.1f} CPU seconds"
    )
    sys.stdout.write("\n".join([*found.differences, told]) + "\n")
    return 1 if found.differences else 0


if __name__ == "__main__":
    raise SystemExit(main())
