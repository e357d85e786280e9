"""Tables and lines, as rich lays them out for people."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping

from rich.cells import set_cell_size
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

# A text and its colour.
Cell = tuple[str, str]

# As wide as a table becomes before the words in its cells are broken.
_WIDEST = 160
_UNBROKEN = 100_000
# Whoever copies one of these wants it in one piece.
_WHOLE = {"number", "client_number", "customs_number", "message", "manifest", "declaration", "reference"}


def print_rows(title: str, heads: Mapping[str, str], rows: Iterable[Iterable[Cell]]) -> None:
    """Print a table under the heads of its columns."""
    table = Table(title=title, title_justify="left", header_style="bold", box=None)
    for column, head in heads.items():
        table.add_column(head, overflow="fold", no_wrap=column in _WHOLE)
    for row in rows:
        table.add_row(*(Text(*cell) for cell in row))
    _print(table)


def print_pairs(title: str, pairs: Iterable[tuple[str, Cell]]) -> None:
    """Print one thing's properties, one a line."""
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, cell in pairs:
        table.add_row(name, Text(*cell))
    _print(table)


def print_line(*cells: Cell) -> None:
    """Print a line."""
    _console().print(Text.assemble(*cells))


def fitted(text: str, width: int) -> str:
    """Return a text cut or filled up to a width; a Chinese character takes two."""
    return set_cell_size(text, width)


def _print(table: Table) -> None:
    """Print a table; a number that is broken in two lines cannot be copied, so it may get wider."""
    console = _console()
    least = Measurement.get(console, console.options.update(max_width=_WIDEST), table).minimum
    console.width = max(console.width, least)
    with console.capture() as printed:
        console.print(table)
    # No blanks at the ends of lines: whoever keeps or compares the output wants none.
    sys.stdout.write("".join(f"{line.rstrip()}\n" for line in printed.get().splitlines()))


def _console() -> Console:
    # Into a file or another program a row is one line, however long.
    width = None if sys.stdout.isatty() else _UNBROKEN
    return Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False)
