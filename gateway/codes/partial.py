"""The tables as mappings see them: where one is known to lack entries, a well-formed code is let through."""

from __future__ import annotations

import re

from gateway.codes.library import CodeLibrary

# The public list of customs offices is incomplete; whether an office that it lacks is warned of or
# refused is for the rules of the documents, which a mapping must not forestall.
_PARTIAL = {"customs_district": re.compile(r"[0-9]{2}[A-Z0-9]{2}")}


class PartialTables:
    """Look-up as of today that refuses no code for standing in no table, if the table may be incomplete."""

    def __init__(self, library: CodeLibrary) -> None:
        self._library = library

    def has(self, table: str) -> bool:
        """Return whether there is such a table."""
        return self._library.today.has(table)

    def code(self, table: str, text: str) -> str | None:
        """Return the code for a code or a Chinese name; None when it cannot be one (EN-03, EN-04)."""
        found = self._library.today.code(table, text)
        if found is None and table in _PARTIAL and _PARTIAL[table].fullmatch(text):
            return text
        return found

    def near(self, table: str, text: str) -> list[tuple[str, str]]:
        """Return the entries, code and name, that are most like the text (EN-03)."""
        return self._library.today.near(table, text)

    def validity(self, table: str, text: str) -> str | None:
        """Return on which days a code or name holds that does not hold today, None for any other text."""
        return self._library.today.validity(table, text)
