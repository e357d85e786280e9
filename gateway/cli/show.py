"""How results look on a terminal: tables that a person likes to read, or JSON for a program."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from types import ModuleType

import click

from gateway.cli.loading import loaded
from gateway.errors import GatewayError, Language, RejectedError, Violation

DONE, REFUSED = 0, 1

# What holds words of the gateway, to be translated; what others wrote stays as they wrote it.
_WORDED = {
    *("kind", "state", "outcome", "type", "event", "from", "to", "result", "severity", "part"),
    *("phase", "latch", "pin_tried_wrong", "pin_final_try", "pin_locked"),
}
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
            _drawing().print_line((self.word(key, **values), ""))

    def rows(self, title: str, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
        """Print a listing: a table with translated heads, or a JSON array of objects."""
        if self.json:
            self.data(list(rows))
            return
        cells = [[self._cell(column, row.get(column)) for column in columns] for row in rows]
        if cells:
            _drawing().print_rows(self.word(title), {column: self.word(column) for column in columns}, cells)
        else:
            self.line("nothing", what=self.word(title))

    def pairs(self, title: str, values: Mapping[str, object]) -> None:
        """Print one thing's properties, one a line."""
        if self.json:
            self.data(values)
            return
        pairs = [(self.word(key), self._cell(key, value)) for key, value in values.items()]
        _drawing().print_pairs(self.word(title), pairs)

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
            fitted = _drawing().fitted
            named = f"  {fitted(self.word(kind), 14)} {number}  {fitted(client_number, 18)} "
            _drawing().print_line((named, ""), self._cell("state", state))

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

    def _cell(self, column: str, value: object) -> tuple[str, str]:
        """Return the text of a cell and its colour."""
        text = "" if value is None else _visible(str(value))
        return (self.word(text), _COLOURS.get(text, "")) if column in _WORDED else (text, "")


def _drawing() -> ModuleType:
    """Return what lays out for people; a program that asked for JSON does not wait for it."""
    return loaded("gateway.cli.drawing")


def _visible(text: str) -> str:
    """Show what customs or an ERP wrote without letting it steer the terminal; line breaks stay."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
