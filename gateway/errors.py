"""What can go wrong: violations that name code, field and place, and errors that know their consequence."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cache
from importlib import resources
from typing import Literal

Language = Literal["en", "zh"]
_LONGEST_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the source a value stood, or was expected.

    Attributes:
        file: The name under which the interchange arrived.
        row: The line, counted from 1, where the format has lines.
        column: The column's header or letter, where the format has columns.
        path: The XPath or JSON path, where the format is a tree; in a workbook the cell, `Sheet1!B7`.
    """

    file: str = ""
    row: int | None = None
    column: str | None = None
    path: str | None = None

    def __str__(self) -> str:
        """Show the place as a person would say it: `orders.csv:12 [数量]`."""
        text = self.file
        if self.row is not None:
            text += f":{self.row}"
        if self.column is not None:
            text += f" [{self.column}]"
        if self.path is not None:
            text += f" {self.path}"
        return text.strip()


@dataclass(frozen=True, slots=True)
class Violation:
    """One fault (EN-05): a stable code, the field, its place in the source, and what would be right.

    Attributes:
        code: An entry of the catalogue, for example `rule.total-differs`.
        path: The target field with positions, for example `Manifest/Item[3]/DeclTotal`, or empty.
        values: What the catalogue's text names in braces.
        place: Where in the source the field stood or was expected.
        warning: A warning is told and stops nothing.
    """

    code: str
    path: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    place: Place | None = None
    warning: bool = False

    def text(self, language: Language = "en") -> str:
        """Return the catalogue's text in the language, with the values in it."""
        values = {name: _shown(value) for name, value in self.values.items()}
        return catalogue()[self.code][language].format_map(_Lenient(values))

    def at(self, place: Place | None) -> Violation:
        """Return the same violation with its place in the source."""
        return replace(self, place=place)


class Consequence(Enum):
    """What becomes of the message that an error befell."""

    REJECT = "reject"  # the sender is told and must send something else
    RETRY = "retry"  # the same thing may work later
    PARK = "park"  # a person must look


class GatewayError(Exception):
    """An error with a code of the catalogue; a foreign exception is its cause.

    Attributes:
        code: An entry of the catalogue.
        values: What the catalogue's text names in braces.
    """

    consequence = Consequence.PARK

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def text(self, language: Language = "en") -> str:
        """Return the catalogue's text in the language."""
        return Violation(self.code, values=self.values).text(language)

    def __str__(self) -> str:
        return f"{self.code}: {self.text()}"


class RejectedError(GatewayError):
    """The input cannot be accepted; every violation found is in `violations`."""

    consequence = Consequence.REJECT

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = tuple(violations)
        first = self.violations[0]
        super().__init__(first.code, **first.values)


class RetryError(GatewayError):
    """The same thing may work later."""

    consequence = Consequence.RETRY


class UnsentError(RetryError):
    """What was to be sent has certainly not arrived, not a byte of it; the same may work later."""


class ParkedError(GatewayError):
    """A person must look before it can go on."""


def refuse(code: str, path: str = "", *, place: Place | None = None, **values: object) -> RejectedError:
    """Make the error of a single violation, to be raised."""
    return RejectedError([Violation(code, path, values, place)])


@cache
def catalogue() -> Mapping[str, Mapping[Language, str]]:
    """Read the texts of every code from each room's `errors.toml`, where `[code] en = … zh = …` stand."""
    package = resources.files("gateway")
    found: dict[str, Mapping[Language, str]] = {}
    for folder in (package, *sorted((f for f in package.iterdir() if f.is_dir()), key=lambda f: f.name)):
        file = folder / "errors.toml"
        if file.is_file():
            for code, texts in tomllib.loads(file.read_text("utf-8")).items():
                assert code not in found, f"the code {code} stands in two catalogues"
                found[code] = texts
    return found


def _shown(value: object) -> object:
    """Cut a text that is too long to be read; a cell may hold a megabyte, and be at fault twice a row."""
    if isinstance(value, str) and len(value) > _LONGEST_SHOWN:
        return value[:_LONGEST_SHOWN] + "…"
    return value


class _Lenient(dict[str, object]):
    """Leaves a name without a value visible instead of failing while a failure is being told."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"
