"""Dates, numbers and item numbering as every check reads them."""

from __future__ import annotations

import calendar
import re
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal

from customs_stub.faults import Fault
from customs_stub.xmltree import Record

CENT = Decimal("0.01")
PLAIN = re.compile(r"[+-]?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})", re.ASCII)
# Two figures of the schema's 19 digits have a product of 38, more than the usual 28.
EXACT = Context(prec=200, rounding=ROUND_HALF_UP)


def number(text: str) -> Decimal:
    """Read a number; what is none counts as zero, which no check lets pass."""
    return Decimal(text) if PLAIN.fullmatch(text) else Decimal(0)


def product(quantity: Decimal, price: Decimal) -> Decimal:
    """Multiply without loss."""
    return EXACT.multiply(quantity, price)


def cents(value: Decimal) -> Decimal:
    """Round to two digits, halves away from zero, as customs does."""
    return value.quantize(CENT, context=EXACT)


def day(text: str) -> date | None:
    """Read a date `yyyyMMdd`; None when there is no such day."""
    if not re.fullmatch(r"[0-9]{8}", text, re.ASCII):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None


def over(until: str, today: date) -> bool:
    """Tell whether a last day has passed; without one nothing passes."""
    return bool(until) and until < f"{today:%Y%m%d}"


def months_after(start: date, months: int) -> date:
    """Return the same day some months later, or the month's last day where it is shorter."""
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def numbering(items: list[Record], group: str, first: int = 1) -> list[Fault]:
    """Check that item numbers run on without a gap; `group` is the path of the items without position."""
    return [
        Fault("G03", f"{group}[{position}]/GNo", f"{item.get('GNo')}，应为{first + position - 1}")
        for position, item in enumerate(items, 1)
        if item.get("GNo") != str(first + position - 1)
    ]
