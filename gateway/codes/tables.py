"""The code tables in force on a day: from code or Chinese name to the code, and back to the name (EN-03)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Self

from gateway.codes.reader import Row, read_table
from gateway.errors import Place, RejectedError, Violation

# A longer text is no misspelt name, and comparing it with 4,000 names would only cost time.
_LONGEST_GUESS = 60
_LIKENESS = 0.4


@dataclass(frozen=True, slots=True)
class _Table:
    """One table, indexed both ways; a name that two codes share leads to neither."""

    names: Mapping[str, str]
    codes: Mapping[str, str | None]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Self:
        names = {row.code: row.name for row in rows}
        codes: dict[str, str | None] = {}
        for code, name in names.items():
            key = _plain(name)
            codes[key] = None if key in codes else code
        return cls(names, codes)


class CodeTables:
    """Every table of the installation, as it stands on one day; never changed once loaded."""

    def __init__(self, tables: Mapping[str, Iterable[Row]]) -> None:
        self._tables = {table: _Table.of(rows) for table, rows in tables.items()}

    @classmethod
    def load(cls, folder: Path | None, on: date) -> Self:
        """Read the shipped tables, and the operator's instead of those of the same file name.

        Args:
            folder: The operator's own tables, `<table>.csv`, or None.
            on: Entries that do not hold on this day are left out.

        Raises:
            RejectedError: Every fault of every file: `codes.folder-absent`, `codes.unreadable`,
                `codes.not-csv`, `codes.column-missing`, `codes.column-wrong`, `codes.value-missing`,
                `codes.date-wrong`, `codes.code-twice`.
        """
        files: dict[str, tuple[Traversable, str]] = {}
        faults: list[Violation] = []
        shipped = resources.files("gateway.codes") / "data"
        for file in shipped.iterdir():
            files[file.name] = (file, f"gateway/codes/data/{file.name}")
        if folder is not None and folder.is_dir():
            files |= {file.name: (file, str(file)) for file in folder.glob("*.csv")}
        elif folder is not None:
            place = Place(str(folder))
            faults.append(Violation("codes.folder-absent", values={"folder": folder}, place=place))
        tables: dict[str, list[Row]] = {}
        for name, (file, shown) in sorted(files.items()):
            rows, found = read_table(file, shown)
            faults.extend(found)
            tables[name.removesuffix(".csv")] = [row for row in rows if row.holds(on)]
        if faults:
            raise RejectedError(faults)
        return cls(tables)

    def has(self, table: str) -> bool:
        """Return whether there is such a table."""
        return table in self._tables

    def code(self, table: str, text: str) -> str | None:
        """Return the code for a code or a Chinese name; None when the table has neither (EN-03).

        Full-width letters, digits and brackets count as their usual forms. A name that stands for
        several codes, as some ports' do, leads to none of them: guessing would declare a wrong port.
        """
        entries = self._tables[table]
        text = text.strip()
        if text in entries.names:
            return text
        text = _plain(text)
        return text if text in entries.names else entries.codes.get(text)

    def name(self, table: str, code: str) -> str | None:
        """Return the Chinese name of a code, or None."""
        return self._tables[table].names.get(code)

    def near(self, table: str, text: str, limit: int = 3) -> list[tuple[str, str]]:
        """Return the entries, code and name, whose name or code is most like the text (EN-03)."""
        entries = self._tables[table]
        wanted = _plain(text)
        same = [item for item in entries.names.items() if _plain(item[1]) == wanted]
        if same or not wanted or len(wanted) > _LONGEST_GUESS:
            return same[:limit]
        # ASCII is a mistyped code when it is as short as codes are, else neither code nor Chinese name.
        if wanted.isascii():
            upper = {code.upper(): code for code in entries.names}
            found = [upper[code] for code in get_close_matches(wanted.upper(), upper, limit, _LIKENESS)]
        else:
            known = [name for name, code in entries.codes.items() if code is not None]
            names = get_close_matches(wanted, known, limit, _LIKENESS)
            found = [code for name in names if (code := entries.codes[name]) is not None]
        return [(code, entries.names[code]) for code in found]


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()
