"""Decimal texts are read strictly and added, multiplied and shared out exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import amounts

weights = st.decimals("0", "99999999999999.99999", places=5)


@pytest.mark.parametrize("text", ["", "1e5", "NaN", "Infinity", "１２", "1,000", "--1", ".", "0x10", "1 "])
def test_only_plain_decimals_are_numbers(text: str) -> None:
    """Exponents, names, full-width digits and separators are none."""
    assert amounts.parse(text) is None


@given(st.decimals(allow_nan=False, allow_infinity=False, places=5))
def test_numbers_are_shown_plainly_and_read_back(number: Decimal) -> None:
    """No exponent, no trailing zeros, nothing lost."""
    text = amounts.show(number)
    assert "E" not in text
    assert amounts.parse(text) == number


@given(st.lists(weights))
def test_sums_are_exact(parts: list[Decimal]) -> None:
    """As exact as fractions."""
    assert Fraction(amounts.total(parts)) == sum(map(Fraction, parts), Fraction(0))


@pytest.mark.requirement("MF-14")
@given(weights, weights)
def test_a_line_total_is_the_nearest_cent(quantity: Decimal, price: Decimal) -> None:
    """Half a cent goes up."""
    total = Fraction(amounts.line_total(quantity, price))
    error = total - Fraction(quantity) * Fraction(price)
    assert -Fraction(1, 200) < error <= Fraction(1, 200)


@pytest.mark.requirement("AG-09")
@given(weights, st.lists(weights, min_size=1, max_size=20), st.sampled_from(["0.00001", "1"]))
def test_shares_add_up_exactly_and_differ_by_less_than_a_unit(
    amount: Decimal, shares: list[Decimal], unit: str
) -> None:
    """Nothing is lost by rounding; no part is off by more than a unit, save the first with the odd rest."""
    step = Decimal(unit)
    parts = amounts.allot(amount, shares, step)
    assert amounts.total(parts) == amount
    assert all(part >= 0 for part in parts)
    whole = sum(map(Fraction, shares), Fraction(0))
    for index, (part, share) in enumerate(zip(parts, shares, strict=True)):
        ideal = Fraction(amount) * (Fraction(share) / whole if whole else Fraction(1, len(shares)))
        assert abs(Fraction(part) - ideal) <= Fraction(step) * (2 if index == 0 else 1)
