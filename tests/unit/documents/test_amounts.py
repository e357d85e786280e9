"""Decimal texts are read strictly and added, multiplied and shared out exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import amounts
from gateway.errors import ParkedError

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


@given(st.text("+-.0123", max_size=6))
def test_positive_is_what_is_above_nothing(text: str) -> None:
    """Told by the text alone as the number tells it; what is no number is not positive."""
    number = amounts.parse(text)
    assert amounts.is_positive(text) is (number is not None and number > 0)


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
@given(st.integers(0, 10**18), st.lists(st.integers(0, 10**18), min_size=1, max_size=20))
def test_shares_add_up_exactly_and_differ_by_less_than_a_unit(amount: int, shares: list[int]) -> None:
    """Nothing is lost by rounding, and no part is off by a whole unit; without shares all get the same."""
    parts = amounts.allot(amount, shares)
    assert sum(parts) == amount
    whole = sum(shares)
    for part, share in zip(parts, shares, strict=True):
        ideal = Fraction(amount) * (Fraction(share, whole) if whole else Fraction(1, len(shares)))
        assert abs(part - ideal) < 1


@pytest.mark.requirement("AG-09")
@given(st.decimals("0", "9999999999999", places=5))
def test_figures_are_whole_numbers_of_the_smallest_unit(number: Decimal) -> None:
    """However a figure is written, it is the same number, and is read back exactly."""
    for text in (f"{number:f}", amounts.show(number)):
        assert amounts.of_units(amounts.units(text)) == number


@pytest.mark.parametrize("text", ["-1", "1.000001", "1e5", "99999999999999.99999", "１"])
def test_a_figure_that_no_field_allows_is_never_rounded(text: str) -> None:
    """It stops whoever reads it."""
    with pytest.raises(ParkedError) as fault:
        amounts.units(text)
    assert fault.value.code == "aggregation.figure"


@pytest.mark.parametrize("absent", ["", None, []])
def test_what_is_absent_counts_as_nothing(absent: object) -> None:
    """A field that a manifest does not have adds nothing."""
    assert amounts.units(absent) == 0
