"""Exact decimal arithmetic on the texts of quantities, prices and weights (MF-14, AG-06)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Final

from gateway.errors import ParkedError

CENT = Decimal("0.01")
ZERO = Decimal(0)

# xs:decimal: no exponent, no names such as NaN, ASCII digits only.
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_POSITIVE = re.compile(r"\+?(?=[0-9.]*[1-9])([0-9]+(\.[0-9]*)?|\.[0-9]+)")

# N(19,5) times N(19,5) has at most 38 digits: nothing is ever rounded unseen.
_EXACT = Context(prec=80)

_PLACES: Final = 5
# Databases count in 63 bits; so one figure leaves room to add up very many.
_LARGEST: Final = 10**18


def parse(text: str) -> Decimal | None:
    """Return the number, None when the text is no plain decimal."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def is_positive(text: str) -> bool:
    """Tell whether the text is a number above 0, as the number itself would tell it."""
    return _POSITIVE.fullmatch(text) is not None


def value(text: object) -> Decimal:
    """Return the number of a field's text; absent counts as nothing."""
    return (parse(text) if isinstance(text, str) else None) or ZERO


def total(parts: Iterable[Decimal]) -> Decimal:
    """Add up exactly."""
    result = ZERO
    for part in parts:
        result = _EXACT.add(result, part)
    return result


def line_total(quantity: Decimal, price: Decimal) -> Decimal:
    """Return quantity times price, rounded half up to two digits (MF-14)."""
    return _EXACT.multiply(quantity, price).quantize(CENT, ROUND_HALF_UP, context=_EXACT)


def show(number: Decimal) -> str:
    """Write a number plainly: no exponent, no trailing zeros."""
    text = format(number, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def units(text: object) -> int:
    """Return a field's number as a whole number of the smallest unit, 0.00001; absent counts as nothing.

    Sums of whole numbers are exact wherever they are made, in a database too.

    Raises:
        ParkedError: `aggregation.figure`: the number is negative, finer or larger than any field allows.
    """
    return _units(text) if isinstance(text, str) and text else 0


# The same figures come again and again.
@lru_cache(maxsize=10_000)
def _units(text: str) -> int:
    whole, _, fraction = text.partition(".")
    digits = whole + fraction.ljust(_PLACES, "0")
    if digits.isdecimal() and text.isascii() and text != "." and len(fraction) <= _PLACES:
        found = int(digits)
        if found <= _LARGEST:
            return found
    raise ParkedError("aggregation.figure", given=text)


def of_units(number: int) -> Decimal:
    """Return so many of the smallest unit as a number."""
    return _EXACT.scaleb(Decimal(number), -_PLACES)


def allot(amount: int, shares: Sequence[int]) -> list[int]:
    """Split an amount in proportion to shares, equally where all are nothing; the parts add up exactly.

    What is lost by rounding down goes, one by one, to the parts that lost most, the first first.
    """
    weights = shares if any(shares) else [1] * len(shares)
    whole = sum(weights)
    pairs = [divmod(amount * weight, whole) for weight in weights]
    parts = [part for part, _ in pairs]
    rest = amount - sum(parts)
    if rest:
        losses = sorted(range(len(parts)), key=lambda position: (-pairs[position][1], position))
        for position in losses[:rest]:
            parts[position] += 1
    return parts
