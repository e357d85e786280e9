"""Exact decimal arithmetic on the texts of quantities, prices and weights (MF-14, AG-06)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal

CENT = Decimal("0.01")
ZERO = Decimal(0)

# xs:decimal: no exponent, no names such as NaN, ASCII digits only.
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")

# N(19,5) times N(19,5) has at most 38 digits: nothing is ever rounded unseen.
_EXACT = Context(prec=80)


def parse(text: str) -> Decimal | None:
    """Return the number, None when the text is no plain decimal."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


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


def allot(amount: Decimal, shares: Sequence[Decimal], unit: Decimal) -> list[Decimal]:
    """Split an amount in proportion to shares; the parts are multiples of the unit and add up exactly.

    What is lost by rounding down goes, unit by unit, to the parts that lost most, the first first. Where
    the amount itself is no multiple of the unit, its rest goes to the first part.
    """
    whole = total(shares)
    weights = shares if whole else [Decimal(1)] * len(shares)
    whole = whole or Decimal(len(shares))
    ideal = [_EXACT.divide(_EXACT.multiply(amount, weight), whole) for weight in weights]
    parts = [part.quantize(unit, ROUND_DOWN, context=_EXACT) for part in ideal]
    rest = amount - total(parts)
    losses = sorted(range(len(parts)), key=lambda position: (parts[position] - ideal[position], position))
    for position in losses:
        if rest < unit:
            break
        parts[position] += unit
        rest -= unit
    parts[0] += rest
    return parts
