"""What the tests of the mapping room share: a small set of code tables and mappings from text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.errors import RejectedError, Violation
from gateway.formats import read
from gateway.mapping import Mapped, Mapping, MappingSet

TABLES = {
    "unit": {"035": "千克", "070": "吨", "132": "本"},
    "country": {"THA": "泰国", "CHN": "中国", "HKG": "香港"},
    "currency": {"USD": "美元", "CNY": "人民币"},
}


class SmallTables:
    """Three tables of a few entries."""

    def has(self, table: str) -> bool:
        """Tell whether there is such a table."""
        return table in TABLES

    def code(self, table: str, text: str) -> str | None:
        """Return the code for a code or a name."""
        names = {name: code for code, name in TABLES[table].items()}
        return text if text in TABLES[table] else names.get(text)

    def near(self, table: str, text: str) -> list[tuple[str, str]]:
        """Return every entry that shares a character."""
        return [(code, name) for code, name in TABLES[table].items() if set(text) & set(code + name)]

    def validity(self, table: str, text: str) -> str | None:
        """Return the days of the one code of another day, the mark of before 2002."""
        return "DEM 德国马克 (–2001-12-31)" if (table, text) == ("currency", "DEM") else None


@dataclass(frozen=True)
class Workshop:
    """Makes mappings from text, and messages from mappings and text."""

    folder: Path

    def write(self, text: str, name: str = "erp/goods") -> None:
        """Put a mapping file into the folder."""
        file = self.folder / f"{name}.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")

    def load(self) -> MappingSet:
        """Load all of them."""
        return MappingSet.load(self.folder, SmallTables())

    def mapping(self, text: str) -> Mapping:
        """Load one mapping."""
        self.write(text)
        return self.load().get("erp/goods")

    def faults(self, text: str) -> list[Violation]:
        """Load one mapping that must be refused."""
        with pytest.raises(RejectedError) as caught:
            self.mapping(text)
        return list(caught.value.violations)

    def apply(self, mapping: str, file: str, name: str) -> list[Mapped]:
        """Map the text of a file."""
        return self.mapping(mapping).apply(read(name, file.encode()))

    def csv(self, rules: str, rows: Sequence[str], layout: str = 'each = "row"') -> list[Mapped]:
        """Map rows of a CSV file whose first column is the client number `nr`."""
        head = f'format = "csv"\n[match]\ncolumns = ["nr"]\n[message]\ntype = "GoodsFiling"\n{layout}\n'
        text = f'{head}client-number = "nr"\n{rules}'
        return self.apply(text, "\n".join(rows) + "\n", "a.csv")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """Return an empty folder of mappings."""
    return Workshop(tmp_path / "mappings")


@pytest.fixture
def value(workshop: Workshop) -> Callable[[str, str], str]:
    """Return what one rule makes of one cell, or the code of what is wrong with it."""

    def made(rule: str, cell: str) -> str:
        quoted = cell.replace('"', '""')
        (mapped,) = workshop.csv(f"[header]\nX = {rule}", ["nr,a", f'1,"{quoted}"'])
        if faults := [each.code for each in mapped.violations if not each.warning]:
            return faults[0]
        found = mapped.body.get("X", "")
        assert isinstance(found, str)
        return found

    return made
