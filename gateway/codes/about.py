"""What is known of a table as a whole: its names, its source, the day of which it is."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources.abc import Traversable

from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.errors import Language, Place, Violation

FILE = "tables.toml"


class Entry(BaseModel):
    """One table of `tables.toml`; a key that it does not know is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zh: str = ""
    en: str = ""
    source: str = ""
    as_of: date | None = None
    complete: bool = True
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class About:
    """What is loaded under the name of a table.

    Attributes:
        table: The table's name.
        names: What it is called.
        source: Who published it.
        file: The file that was read.
        shipped: Whether it came with the gateway.
        entries: How many entries there are, those of other days among them.
        as_of: The day of which it is, None where nobody said.
        complete: Whether it is thought to hold every entry.
        fixed: Whether it cannot age.
    """

    table: str
    names: Mapping[Language, str]
    source: str
    file: str
    shipped: bool
    entries: int
    as_of: date | None
    complete: bool
    fixed: bool

    def age(self, today: date) -> int | None:
        """Return how many days old it is, None where nobody can tell."""
        return None if self.as_of is None else (today - self.as_of).days

    def warnings(self, today: date, limit: int) -> list[Violation]:
        """Return what an operator should know of the table's age (EN-03).

        Args:
            today: The day of asking.
            limit: The age in days from which on a table is thought old.
        """
        if self.fixed:
            return []
        place, values = Place(self.file), {"table": self.table, "limit": limit, "as_of": self.as_of}
        age = self.age(today)
        if age is None:
            return [Violation("codes.age-unknown", values=values, place=place, warning=True)]
        if age > limit:
            return [Violation("codes.old", values={**values, "days": age}, place=place, warning=True)]
        return []


def read_entries(file: Traversable, shown: str) -> tuple[dict[str, Entry], list[Violation]]:
    """Read a `tables.toml`; a file with faults gives them all."""
    try:
        data = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        return {}, [Violation("codes.about-unreadable", values={"reason": fault}, place=Place(shown))]
    entries: dict[str, Entry] = {}
    faults: list[Violation] = []
    for table, values in data.items():
        try:
            entries[table] = Entry.model_validate(values)
        except ValidationError as found:
            for each in found.errors(include_url=False):
                key = ".".join([table, *map(str, each["loc"])])
                told = {"key": key, "reason": each["msg"], "allowed": ", ".join(Entry.model_fields)}
                faults.append(Violation("codes.about-wrong", values=told, place=Place(shown, path=key)))
    return entries, faults
