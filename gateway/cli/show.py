"""How results look on a terminal: tables that a person likes to read, or JSON for a program."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import click
from rich.cells import set_cell_size
from rich.console import Console
from rich.measure import Measurement
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from gateway.errors import GatewayError, Language, RejectedError, Violation

DONE, REFUSED = 0, 1

# As wide as a table becomes before the words in its cells are broken.
_WIDEST = 160
_UNBROKEN = 100_000
# What holds words of the gateway, to be translated; what others wrote stays as they wrote it.
_WORDED = {
    *("kind", "state", "outcome", "type", "event", "from", "to", "result", "severity", "part"),
    *("phase", "latch", "pin_tried_wrong", "pin_final_try", "pin_locked"),
}
# Whoever copies one of these wants it in one piece.
_WHOLE = {"number", "client_number", "customs_number", "message", "manifest", "declaration", "reference"}

_COLOURS = {
    "approved": "green",
    "cleared": "green",
    "aggregated": "green",
    "done": "green",
    "ok": "green",
    "accepted": "green",
    "refused": "red",
    "rejected": "red",
    "receive_failed": "red",
    "not_accepted": "red",
    "fault": "red",
    "held": "yellow",
    "declared": "yellow",
    "sent": "yellow",
    "warning": "yellow",
}


@cache
def _texts() -> Mapping[str, Mapping[Language, str]]:
    return tomllib.loads(resources.files("gateway.cli").joinpath("texts.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Show:
    """Prints results in one language, as text or as JSON."""

    language: Language
    json: bool = False

    def word(self, key: str, **values: object) -> str:
        """Return a text of the commands in the language; what has no text is shown as it is."""
        texts = _texts().get(key)
        if texts is None:
            return key
        text = texts[self.language]
        return text.format(**values) if values else text

    def line(self, key: str, **values: object) -> None:
        """Print one sentence; a program that asked for JSON is not bothered with it."""
        if not self.json:
            self._console().print(Text(self.word(key, **values)))

    def rows(self, title: str, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
        """Print a listing: a table with translated heads, or a JSON array of objects."""
        if self.json:
            self.data(list(rows))
            return
        table = Table(title=self.word(title), title_justify="left", header_style="bold", box=None)
        for column in columns:
            table.add_column(self.word(column), overflow="fold", no_wrap=column in _WHOLE)
        count = 0
        for row in rows:
            table.add_row(*(self._cell(column, row.get(column)) for column in columns))
            count += 1
        if count:
            self._print(table)
        else:
            self.line("nothing", what=self.word(title))

    def pairs(self, title: str, values: Mapping[str, object]) -> None:
        """Print one thing's properties, one a line."""
        if self.json:
            self.data(values)
            return
        table = Table(title=self.word(title), title_justify="left", show_header=False, box=None)
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for key, value in values.items():
            table.add_row(self.word(key), self._cell(key, value))
        self._print(table)

    def written(self, files: Iterable[Path]) -> None:
        """Name the files that a command has written."""
        named = [str(file) for file in files]
        if self.json:
            self.data({"files": named})
        for file in named:
            self.line("file-written", file=file)

    def data(self, value: object) -> None:
        """Print a value as JSON."""
        click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))

    def event(self, kind: str, number: str, client_number: str, state: str) -> None:
        """Print that a document has come into a state."""
        if not self.json:
            named = f"  {set_cell_size(self.word(kind), 14)} {number}  {set_cell_size(client_number, 18)} "
            line = Text(named)
            self._console().print(line.append_text(self._cell("state", state)))

    @contextmanager
    def progress(self, key: str) -> Iterator[Callable[[Callable[[], tuple[int, int]]], None]]:
        """Show a bar on a terminal while something goes on; elsewhere nothing is counted at all.

        Yields:
            What takes a function that counts all there is, and how much of it is open.
        """
        console = Console(stderr=True)
        bar = Progress(
            SpinnerColumn(),
            TextColumn(self.word(key)),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        with bar:
            task = bar.add_task(key, total=None)

            def tell(count: Callable[[], tuple[int, int]]) -> None:
                if not bar.disable:
                    total, still_open = count()
                    bar.update(task, total=total, completed=total - still_open)

            yield tell

    def violations(self, violations: Iterable[Violation]) -> None:
        """Print every fault with its code, field, place and text."""
        rows = [
            {
                "severity": "warning" if violation.warning else "fault",
                "code": violation.code,
                "field": violation.path,
                "place": str(violation.place or ""),
                "text": violation.text(self.language),
            }
            for violation in violations
        ]
        self.rows("faults", ("severity", "code", "field", "place", "text"), rows)

    def error(self, fault: GatewayError) -> None:
        """Tell an error on standard error, each of its violations on a line, for a program as JSON."""
        own = Violation(fault.code, values=fault.values)
        for each in fault.violations if isinstance(fault, RejectedError) else (own,):
            place, text = str(each.place or ""), each.text(self.language)
            if self.json:
                told = {"code": each.code, "field": each.path, "place": place, "text": text}
                click.echo(json.dumps(told, ensure_ascii=False), err=True)
            else:
                click.echo(_visible(f"{each.code}: {text} {place}".rstrip()), err=True)

    def _print(self, table: Table) -> None:
        """Print a table; a number that is broken in two lines cannot be copied, so it may get wider."""
        console = self._console()
        least = Measurement.get(console, console.options.update(max_width=_WIDEST), table).minimum
        console.width = max(console.width, least)
        with console.capture() as printed:
            console.print(table)
        # No blanks at the ends of lines: whoever keeps or compares the output wants none.
        sys.stdout.write("".join(f"{line.rstrip()}\n" for line in printed.get().splitlines()))

    def _cell(self, column: str, value: object) -> Text:
        text = "" if value is None else _visible(str(value))
        return Text(self.word(text), style=_COLOURS.get(text, "")) if column in _WORDED else Text(text)

    def _console(self) -> Console:
        # Into a file or another program a row is one line, however long.
        width = None if sys.stdout.isatty() else _UNBROKEN
        return Console(file=sys.stdout, width=width, highlight=False, soft_wrap=False)


def _visible(text: str) -> str:
    """Show what customs or an ERP wrote without letting it steer the terminal; line breaks stay."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
