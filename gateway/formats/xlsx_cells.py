"""From a cell of a workbook to its text: what the spreadsheet shows, never a binary fraction."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from gateway.errors import Violation
from gateway.formats.encoding import ILLEGAL
from gateway.formats.xlsx_book import LONGEST_TEXT, Book, Look, unescaped

# A spreadsheet keeps numbers as binary fractions, of so many decimal digits faithfully.
_FAITHFUL = 15
_TOO_LARGE = Decimal(10) ** _FAITHFUL
_DAY = 86_400
_LAST_DAY = 2_958_465  # 9999-12-31
# Counted from 1900, as if that had been a leap year: the 60th day never was.
_NEVER = 60
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_INDEX = re.compile("[0-9]{1,9}")


class RawCell(NamedTuple):
    """A cell as the file has it.

    Attributes:
        kind: The type: `s` shared text, `str` text of a formula, `inlineStr`, `b`, `e`, `d`, else a number.
        style: The number of its style.
        value: What is stored as its value; None if nothing is.
        inline: The text that stands in the cell itself.
        formula: Whether it is a formula.
    """

    kind: str
    style: int
    value: str | None
    inline: str
    formula: str | None


class Faulty(Exception):  # noqa: N818 it says what a cell is, and is told as a violation
    """A cell without a value that can be known."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values

    def at(self, cell: str) -> Violation:
        """Make the violation, with the name of the cell."""
        return Violation(self.code, values={**self.values, "cell": cell, "row": cell})


class CellTexts:
    """Gives the texts of the cells of a workbook."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._kinds: dict[str, Callable[[str], str]] = {
            "s": self._shared,
            "str": unescaped,
            "b": lambda value: "TRUE" if value in {"1", "true"} else "FALSE",
            "d": lambda value: value.removesuffix("T00:00:00"),
        }

    def text(self, cell: RawCell) -> tuple[str, bool]:
        """Return the text of a cell, and whether it is a bare number.

        Raises:
            Faulty: Its value cannot be known.
        """
        if cell.formula is not None and (self._book.uncalculated or cell.value is None):
            raise Faulty("format.formula-without-value", formula=f"={cell.formula}")
        if cell.kind == "e":
            raise Faulty("format.cell-error", error=cell.value or "–")
        if cell.kind == "inlineStr":
            return _sound(cell.inline), False
        if cell.value is None:
            return "", False
        if cell.kind in self._kinds:
            return _sound(self._kinds[cell.kind](cell.value)), False
        return self._number(cell.value.strip(), self._look(cell.style)) if cell.value else ("", False)

    def _shared(self, value: str) -> str:
        if not _INDEX.fullmatch(value) or int(value) >= len(self._book.texts):
            raise Faulty("format.cell-broken", value=value)
        return self._book.texts[int(value)]

    def _look(self, style: int) -> Look:
        return self._book.looks[style] if style < len(self._book.looks) else Look()

    def _number(self, value: str, look: Look) -> tuple[str, bool]:
        number = exact(value)
        if look.is_date:
            return self._date(number), False
        if look.digits and number == int(number) and number >= 0:
            return f"{int(number):0{look.digits}d}", False
        return f"{number:f}", True

    def _date(self, number: Decimal) -> str:
        """Return a date or time as ISO 8601 writes it."""
        days, rest = divmod(number, 1)
        # Of the last half second of a day a spreadsheet shows the next one.
        full, seconds = divmod(round(rest * _DAY), _DAY)
        day = int(days) + full + (1462 if self._book.from_1904 else 0)
        if number < 0 or day > _LAST_DAY or day == _NEVER:
            raise Faulty("format.cell-no-date", value=f"{number:f}")
        first = datetime(1899, 12, 31 if day < _NEVER else 30)  # noqa: DTZ001 a spreadsheet knows no zones
        moment = first + timedelta(days=day, seconds=seconds)
        if not day:
            return f"{moment:%H:%M:%S}"
        return f"{moment:%Y-%m-%d}" + (f"T{moment:%H:%M:%S}" if seconds else "")


def exact(value: str) -> Decimal:
    """Return the decimal number that the spreadsheet shows for what it stores as a binary fraction.

    Raises:
        Faulty: It is no number, or has more digits than a spreadsheet keeps.
    """
    # Decimal takes more than the format does: digits of other scripts, `1_000`, exponents without end.
    if not _NUMBER.fullmatch(value):
        raise Faulty("format.cell-broken", value=value)
    number = Decimal(value)
    if abs(number) >= _TOO_LARGE:
        raise Faulty("format.digits-lost", value=value)
    if len(number.as_tuple().digits) > _FAITHFUL:
        number = Decimal(f"{float(number):.{_FAITHFUL}g}")
    return number.normalize() + 0 if number else Decimal(0)


def _sound(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise Faulty("format.huge-cell", limit=LONGEST_TEXT)
    if found := ILLEGAL.search(text):
        raise Faulty("format.control-character", character=f"U+{ord(found[0]):04X}")
    return text
