"""Dates, numbers and item numbering as every check reads them."""

from __future__ import annotations

import calendar
import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from customs_stub.faults import Fault
from customs_stub.xmltree import Record

CENT = Decimal("0.01")


def number(text: str) -> Decimal:
    """Read a number; what is none counts as zero, which no check lets pass."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return Decimal(0)
    return value if value.is_finite() else Decimal(0)


def cents(value: Decimal) -> Decimal:
    """Round to two digits, halves away from zero, as customs does."""
    return value.quantize(CENT, ROUND_HALF_UP)


def day(text: str) -> date | None:
    """Read a date `yyyyMMdd`; None when there is no such day."""
    if not re.fullmatch(r"[0-9]{8}", text):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def months_after(start: date, months: int) -> date:
    """Return the same day some months later, or the month's last day where it is shorter."""
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def numbering(items: list[Record], group: str) -> list[Fault]:
    """Check that item numbers are 1 to n; `group` is the path of the items without position."""
    return [
        Fault("G03", f"{group}[{position}]/GNo", item.get("GNo"))
        for position, item in enumerate(items, 1)
        if item.get("GNo") != str(position)
    ]
