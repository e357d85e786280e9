"""What the rules of a full manifest cost: `python -m tests.bench.rules`, in one thread, without a store."""

from __future__ import annotations

import time
import timeit
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

import click

from gateway.codes import CodeLibrary
from gateway.documents import Command, decide
from gateway.fields import Fields
from gateway.messages import Catalogue
from tests.unit.documents.references import (
    bonded,
    bonded_line,
    bonded_world,
    book_item,
    by_water,
    kilograms,
    licensed,
    licensed_world,
    tell_book,
    tell_cargo,
)
from tests.unit.documents.world import World, approved_world, line, manifest

ITEMS, BOOK_ITEMS, ROUNDS, REPEATS = 99, 9999, 20, 5
SCHEMAS = Path(__file__).parents[2] / "schemas" / "xsd"


def cases() -> Iterator[tuple[str, World, Fields]]:
    """Yield each kind of manifest with the world in which it may be declared."""
    yield "general trade", approved_world(), manifest(*(line() for _ in range(ITEMS)))
    world = licensed_world("1000000")
    tell_cargo(world)
    fields = {name: text for name, text in by_water().items() if isinstance(text, str)}
    items = [kilograms("1") for _ in range(ITEMS)]
    yield "licence and cargo manifest", world, {**licensed(*items), **fields, "VolumeClientNo": "GF-L"}
    world = bonded_world()
    tell_book(world, *(book_item(str(number)) for number in range(1, BOOK_ITEMS + 1)))
    lines = (bonded_line(ContrItem=str(number)) for number in range(1, ITEMS + 1))
    yield f"account book of {BOOK_ITEMS} items", world, bonded(*lines)


def measured(work: Callable[[], object]) -> float:
    """Return the processor time of the fastest of several rounds in milliseconds."""
    return min(timeit.repeat(work, timer=time.process_time, number=ROUNDS, repeat=REPEATS)) / ROUNDS * 1000


def main() -> None:
    """Print milliseconds a manifest."""
    catalogue = Catalogue.load(SCHEMAS)
    codes = CodeLibrary.load(None, lambda: date(2026, 10, 20)).today
    for name, world, body in cases():
        world.dictionary, world.codes = catalogue.dictionary, codes
        command = Command("Manifest", "save-declare", "M-1", "acme", {**body, "DistinatePort": "USA309"})
        spent = measured(partial(decide, command, world))
        click.echo(f"{name:28} {spent:6.2f} ms for {ITEMS} items")


if __name__ == "__main__":
    main()
