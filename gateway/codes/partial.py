"""The tables as mappings see them: where one is known to lack entries, a well-formed code is let through."""

from __future__ import annotations

import re

from gateway.codes.tables import CodeTables

# The public list of customs offices is incomplete; whether an office that it lacks is warned of or
# refused is for the rules of the documents, which a mapping must not forestall.
_PARTIAL = {"customs_district": re.compile(r"[0-9]{2}[A-Z0-9]{2}")}


class PartialTables:
    """Look-up that refuses no code for standing in no table, if the table is known to be incomplete."""

    def __init__(self, tables: CodeTables) -> None:
        self._tables = tables

    def has(self, table: str) -> bool:
        """Return whether there is such a table."""
        return self._tables.has(table)

    def code(self, table: str, text: str) -> str | None:
        """Return the code for a code or a Chinese name; None when it cannot be one (EN-03, EN-04)."""
        found = self._tables.code(table, text)
        if found is None and table in _PARTIAL and _PARTIAL[table].fullmatch(text):
            return text
        return found

    def near(self, table: str, text: str) -> list[tuple[str, str]]:
        """Return the entries, code and name, that are most like the text (EN-03)."""
        return self._tables.near(table, text)
