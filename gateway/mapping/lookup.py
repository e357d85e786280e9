"""What a mapping needs of the world: code tables and sources, by shape only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, cast, runtime_checkable

from gateway.errors import Violation

_TABLES = ("csv", "xlsx")


class CodeLookup(Protocol):
    """The code tables, by name."""

    def has(self, table: str) -> bool:
        """Tell whether there is such a table."""
        ...

    def code(self, table: str, text: str) -> str | None:
        """Return the code for a code or a Chinese name (EN-03)."""
        ...

    def near(self, table: str, text: str) -> list[tuple[str, str]]:
        """Return the entries, code and name, that were probably meant."""
        ...

    def validity(self, table: str, text: str) -> str | None:
        """Return on which days a code or name holds that does not hold today, None for any other text."""
        ...


class RowLike(Protocol):
    """One record of a table."""

    @property
    def line(self) -> int:
        """The line of the file on which it begins."""
        ...

    @property
    def cells(self) -> Sequence[str]:
        """As many texts as the table has columns."""
        ...

    @property
    def numbers(self) -> frozenset[int]:
        """The positions of cells that a spreadsheet holds as bare numbers."""
        ...


@runtime_checkable
class TableLike(Protocol):
    """The records below a header row."""

    @property
    def columns(self) -> Sequence[str]:
        """The headers."""
        ...

    @property
    def header_line(self) -> int:
        """The line of the header row."""
        ...

    @property
    def rows(self) -> Iterable[RowLike]:
        """The records, at least one; they may be gone through any number of times."""
        ...

    @property
    def sheet(self) -> str:
        """The name of the sheet; empty where the file has none."""
        ...

    def cell(self, line: int, position: int) -> str | None:
        """Return the name by which a spreadsheet knows a cell."""
        ...


class SourceLike(Protocol):
    """What was read from one interchange."""

    @property
    def name(self) -> str:
        """The name under which it arrived."""
        ...

    @property
    def format(self) -> str:
        """`csv`, `xml` or `json`."""
        ...

    @property
    def content(self) -> object:
        """A table, the root element, or the JSON value with numbers as text."""
        ...

    @property
    def warnings(self) -> tuple[Violation, ...]:
        """What was strange and stopped nothing."""
        ...


def headers_of(source: SourceLike) -> frozenset[str]:
    """Return the columns of a table, none of anything else."""
    if source.format not in _TABLES:
        return frozenset()
    # The format says so; looking at each attribute of the protocol would take longer.
    return frozenset(cast("TableLike", source.content).columns)
