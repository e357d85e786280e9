"""Every code table of the installation as it was read at start, for any day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Self

from gateway.codes.about import FILE, About, Entry, read_entries
from gateway.codes.reader import Row, read_table
from gateway.codes.tables import CodeTables
from gateway.errors import Place, RejectedError, Violation

_SHIPPED = "gateway/codes/data"


class CodeLibrary:
    """The shipped tables, with the operator's in the place of those of the same name.

    Attributes:
        about: What is known of each table, in the order of their names.
    """

    def __init__(
        self, tables: Mapping[str, Sequence[Row]], about: Sequence[About], today: Callable[[], date]
    ) -> None:
        self.about = about
        self._tables = tables
        self._today = today
        self._latest: CodeTables | None = None

    @classmethod
    def load(cls, folder: Path | None, today: Callable[[], date]) -> Self:
        """Read the shipped tables, and the operator's instead of those of the same file name.

        Args:
            folder: The operator's own tables, `<table>.csv` and perhaps `tables.toml`, or None.
            today: Tells the day, which may change while the gateway runs.

        Raises:
            RejectedError: Every fault of every file: `codes.folder-absent`, `codes.unreadable`,
                `codes.not-csv`, `codes.column-missing`, `codes.column-wrong`, `codes.value-missing`,
                `codes.date-wrong`, `codes.never-valid`, `codes.code-twice`, `codes.about-unreadable`,
                `codes.about-wrong`, `codes.about-nothing`.
        """
        shelf = _Shelf()
        shelf.add(resources.files("gateway.codes") / "data", _SHIPPED, shipped=True)
        if folder is not None and folder.is_dir():
            shelf.add(folder, str(folder), shipped=False)
        elif folder is not None:
            values = {"folder": folder}
            shelf.faults.append(Violation("codes.folder-absent", values=values, place=Place(str(folder))))
        if shelf.faults:
            raise RejectedError(shelf.faults)
        return cls(shelf.tables, [shelf.about[table] for table in sorted(shelf.about)], today)

    @property
    def today(self) -> CodeTables:
        """The tables as they stand today."""
        return self.on(self._today())

    def on(self, day: date) -> CodeTables:
        """Return the tables as they stand on a day; asking for the same day again costs nothing."""
        # Threads may make the same tables at the same time; whichever stays is right.
        latest = self._latest
        if latest is None or latest.day != day:
            self._latest = latest = CodeTables(self._tables, day)
        return latest


class _Shelf:
    """What was read so far: a later folder takes the place of an earlier one, table by table."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Row]] = {}
        self.about: dict[str, About] = {}
        self.faults: list[Violation] = []

    def add(self, folder: Traversable, shown: str, *, shipped: bool) -> None:
        files = {file.name: file for file in folder.iterdir()}
        entries: dict[str, Entry] = {}
        if FILE in files:
            entries, faults = read_entries(files[FILE], f"{shown}/{FILE}")
            self.faults += faults
        for name in sorted(files):
            if name.endswith(".csv"):
                table, place = name.removesuffix(".csv"), f"{shown}/{name}"
                self.tables[table], faults = read_table(files[name], place)
                self.faults += faults
                self.about[table] = self._describe(table, entries.get(table, Entry()), place, shipped=shipped)
        for table in entries.keys() - {name.removesuffix(".csv") for name in files}:
            nowhere = Place(f"{shown}/{FILE}", path=table)
            self.faults.append(Violation("codes.about-nothing", values={"table": table}, place=nowhere))

    def _describe(self, table: str, entry: Entry, file: str, *, shipped: bool) -> About:
        """Join what the folder says of a table to what is known of the one whose place it takes."""
        before = self.about.get(table)
        return About(
            table=table,
            names={
                "en": entry.en or (before.names["en"] if before else table),
                "zh": entry.zh or (before.names["zh"] if before else table),
            },
            source=entry.source,
            file=file,
            shipped=shipped,
            entries=len(self.tables[table]),
            as_of=entry.as_of,
            complete=entry.complete,
            fixed=entry.fixed,
        )
