"""The named transforms, each as the guide describes it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.numbers import DecimalStep, Multiply, plain_number
from gateway.mapping.step_model import StepError

Value = Callable[[str, str], str]


@pytest.mark.requirement("ER-03")
@pytest.mark.parametrize(
    ("step", "cell", "expected"),
    [
        ('"squeeze"', "a \n b\t c", "a b c"),
        ('"upper"', "hkg", "HKG"),
        ('"lower"', "HKG", "hkg"),
        ('"half-width"', "１：ＡＢ　ｃ", "1:AB c"),
        ('{ replace = "." }', "0810.60.0000", "0810600000"),
        ('{ replace = "/", with = "-" }', "a/b/c", "a-b-c"),
        ("{ substring = 3 }", "abcdef", "cdef"),
        ("{ substring = 2, length = 3 }", "abcdef", "bcd"),
        ('{ before = "-" }', "HKG - 香港", "HKG"),
        ('{ before = "-" }', "HKG", "HKG"),
        ('{ after = "-" }', "HKG - 香港", "香港"),
        ('{ after = "-" }', "HKG", "HKG"),
        ("{ pad = 4 }", "21", "0021"),
        ('{ pad = 4, with = "x" }', "21", "xx21"),
        ('{ prefix = "1:" }', "26-A", "1:26-A"),
        ('{ suffix = "!" }', "a", "a!"),
        ('{ prefix = " " }, "trim"', "a", "a"),
        ('{ multiply = "0.0001" }', "1500000", "150"),
        ('{ multiply = "1000" }', "-1.25", "-1250"),
        ('{ multiply = "2" }', "zwei", "map.bad-number"),
    ],
)
def test_each_step_does_what_its_name_says(value: Value, step: str, cell: str, expected: str):
    """A step takes a text and gives a text, or says that it cannot."""
    assert value(f'{{ from = "a", do = [{step}] }}', cell) == expected


@pytest.mark.requirement("EN-04")
@pytest.mark.parametrize(
    ("pattern", "cell", "expected"),
    [
        ('"yyyy-MM-dd"', "2026-10-05", "20261005"),
        ('"yyyy/M/d"', "2026/1/5", "20260105"),
        ('"yyyy年M月d日"', "2026年10月5日", "20261005"),
        ('"dd.MM.yyyy"', "05.10.2026", "20261005"),
        ('"yyyy-MM-ddTHH:mm:ss"', "2026-10-05T08:00:00", "20261005"),
        ("\"'am' d.M.yyyy\"", "am 5.10.2026", "20261005"),
        ('["yyyyMMdd", "yyyy-MM-dd"]', "2026-10-05", "20261005"),
        ('"yyyy-MM", to = "yyyyMM"', "2026-10", "202610"),
        ('"yyyy-MM-dd"', "2026-02-30", "map.bad-date"),
        ('"yyyy-MM-dd"', "05.10.2026", "map.bad-date"),
        ('"yyyy-MM-dd"', "２０２６-10-05", "map.bad-date"),
        ('"yyyyMMdd"', "00000101", "map.bad-date"),
    ],
)
def test_dates_are_read_by_their_pattern_and_must_exist(value: Value, pattern: str, cell: str, expected: str):
    """Whatever the source writes, customs gets yyyyMMdd."""
    assert value(f'{{ from = "a", do = [{{ date = {pattern} }}] }}', cell) == expected


@pytest.mark.requirement("EN-04")
@pytest.mark.parametrize(
    ("options", "cell", "expected"),
    [
        ("true", "12.500", "12.5"),
        ("true", "+007", "7"),
        ("true", "-0.0", "0"),
        ("true", "1.5e3", "1500"),
        ("true", "1e-2", "0.01"),
        ("2", "12.3", "12.3"),
        ("2", "12.340", "12.34"),
        ("2", "12.345", "map.too-many-decimals"),
        ('2, rounding = "half-up"', "12.345", "12.35"),
        ('2, rounding = "half-even"', "12.345", "12.34"),
        ('2, rounding = "down"', "12.349", "12.34"),
        ('2, rounding = "up"', "12.341", "12.35"),
        ("0", "12.0", "12"),
        ("0", "12.5", "map.too-many-decimals"),
        ("2", "1,234", "map.bad-number"),
        ('2, thousands = ","', "1,234,567.80", "1234567.8"),
        ('2, thousands = ","', "1234.5", "1234.5"),
        ('2, thousands = ","', "1,23", "map.bad-number"),
        ('2, thousands = ".", point = ","', "1.234,50", "1234.5"),
        ('2, thousands = ".", point = ","', "1.234", "1234"),
        ("2", "12a", "map.bad-number"),
        ("2", "1_000", "map.bad-number"),
        ("2", "NaN", "map.bad-number"),
        ("2", "1e99", "map.bad-number"),
    ],
)
def test_numbers_are_read_exactly_and_written_plainly(value: Value, options: str, cell: str, expected: str):
    """More digits than allowed are a fault, unless the rule says how to round."""
    assert value(f'{{ from = "a", do = [{{ decimal = {options} }}] }}', cell) == expected


NUMBERS = st.decimals(-(10**15), 10**15, allow_nan=False, places=8)


@given(number=NUMBERS, point=st.sampled_from([".", ","]), thousands=st.booleans())
def test_a_number_stays_the_same_number_however_it_is_written(number: Decimal, point: str, thousands: bool):
    """Reading what a spreadsheet shows gives the number that it holds."""
    sign = "," if point == "." else "."
    shown = f"{number:,f}" if thousands else f"{number:f}"
    shown = shown.translate({ord(","): sign, ord("."): point})
    step = DecimalStep(decimal=None, point=point, thousands=sign if thousands else "").compile()
    assert Decimal(step(shown)) == number
    assert step(shown) == plain_number(number)


@given(number=NUMBERS, digits=st.integers(0, 8))
def test_rounding_is_that_of_exact_decimals(number: Decimal, digits: int):
    """Never that of floats; and without a word on rounding nothing is rounded."""
    rounded = number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    assert Decimal(DecimalStep(decimal=digits, rounding="half-up").compile()(f"{number:f}")) == rounded
    if rounded == number:
        assert Decimal(DecimalStep(decimal=digits).compile()(f"{number:f}")) == number
    else:
        with pytest.raises(StepError):
            DecimalStep(decimal=digits).compile()(f"{number:f}")


@given(text=st.text(st.sampled_from("0123456789.,eE+-"), max_size=250))
def test_no_text_brings_the_numbers_down(text: str):
    """Each text is a number or a fault with a code."""
    for step in (DecimalStep(decimal=2, rounding="half-up").compile(), Multiply(multiply="0.0001").compile()):
        with suppress(StepError):
            assert Decimal(step(text)).is_finite()
