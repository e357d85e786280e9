"""The code tables in force on a day: from code, former code or Chinese name to the code (EN-03)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from gateway.codes.nearest import LONGEST, Nearest
from gateway.codes.reader import Row

# A table of no more entries is shown whole to whoever guessed none of them.
_FEW = 9


@dataclass(frozen=True)
class _Table:
    """One table on one day, indexed both ways.

    Attributes:
        names: The Chinese name by code.
        english: The English name by code, where there is one.
        meant: The codes that a name or a former code stands for; one that several share leads to none.
        lapsed: Entries of other days by code, former code and name.
    """

    names: Mapping[str, str]
    english: Mapping[str, str]
    meant: Mapping[str, Sequence[str]]
    lapsed: Mapping[str, Sequence[Row]]

    @classmethod
    def of(cls, rows: Iterable[Row], day: date) -> _Table:
        names: dict[str, str] = {}
        english: dict[str, str] = {}
        meant: dict[str, list[str]] = {}
        lapsed: dict[str, list[Row]] = {}
        for row in rows:
            keys = dict.fromkeys(key for key in (row.old_code, plain(row.name)) if key)
            if row.holds(day):
                names[row.code] = row.name
                if row.name_en:
                    english[row.code] = row.name_en
                for key in keys:
                    meant.setdefault(key, []).append(row.code)
            else:
                for key in {row.code: None, **keys}:
                    lapsed.setdefault(key, []).append(row)
        return cls(names, english, meant, lapsed)

    @cached_property
    def nearest(self) -> Nearest:
        """The search for what was meant, made when the first text is not found."""
        return Nearest([*self.names, *self.meant])

    def code(self, text: str) -> str | None:
        text = text.strip()
        if text in self.names:
            return text
        text = plain(text)
        if text in self.names:
            return text
        codes = self.meant.get(text, ())
        return codes[0] if len(codes) == 1 else None

    def near(self, text: str) -> Sequence[str]:
        """Return codes, the nearest first."""
        wanted = plain(text)
        if not wanted or len(wanted) > LONGEST:
            return []
        if wanted in self.meant:
            return self.meant[wanted]
        found = (
            code
            for key in self.nearest.find(wanted)
            for code in ([key] if key in self.names else self.meant[key])
        )
        return list(dict.fromkeys(found)) or (list(self.names) if len(self.names) <= _FEW else [])


class CodeTables:
    """Every table of the installation as it stands on one day; never changed."""

    def __init__(self, tables: Mapping[str, Iterable[Row]], day: date) -> None:
        self.day = day
        self._tables = {table: _Table.of(rows, day) for table, rows in tables.items()}

    def has(self, table: str) -> bool:
        """Return whether there is such a table."""
        return table in self._tables

    def code(self, table: str, text: str) -> str | None:
        """Return the code for a code, former code or Chinese name; None when the table has neither (EN-03).

        Full-width letters, digits and brackets count as their usual forms. A name that stands for
        several codes, as some ports' do, leads to none of them: guessing would declare a wrong port.
        """
        return self._tables[table].code(text)

    def name(self, table: str, code: str) -> str | None:
        """Return the Chinese name of a code, or None."""
        return self._tables[table].names.get(code)

    def entries(self, table: str) -> list[tuple[str, str]]:
        """Return each code with its Chinese name."""
        return list(self._tables[table].names.items())

    def english(self, table: str, code: str) -> str | None:
        """Return the English name of a code, or None where the table has none."""
        return self._tables[table].english.get(code)

    def near(self, table: str, text: str, limit: int = 3) -> list[tuple[str, str]]:
        """Return the entries, code and name, that the text was most probably meant to be (EN-03)."""
        entries = self._tables[table]
        codes = entries.near(text)
        shown = codes if len(entries.names) <= _FEW else codes[:limit]
        return [(code, entries.names[code]) for code in shown]

    def validity(self, table: str, text: str) -> str | None:
        """Return on which days a code or name holds that does not hold today, None for any other text."""
        rows = self._tables[table].lapsed.get(plain(text), ())
        return ", ".join(_span(row) for row in rows) or None


def plain(text: str) -> str:
    """Return a text as names are compared: full-width forms as usual ones, no blanks around it."""
    return unicodedata.normalize("NFKC", text).strip()


def _span(row: Row) -> str:
    first = "" if row.valid_from == date.min else f"{row.valid_from} "
    last = "" if row.valid_to == date.max else f" {row.valid_to}"
    return f"{row.code} {row.name} ({first}–{last})"
