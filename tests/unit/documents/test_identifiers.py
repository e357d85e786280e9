"""Public identifiers are told from look-alikes by form and check digit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.documents import identifiers

pytestmark = pytest.mark.requirement("EN-04")

CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.mark.parametrize(
    "code",
    [
        "91510100569680768F",
        "91310107132231740K",
        "913302017532977856",
        "91331082147982053A",
        "914403007663746551",
    ],
)
def test_real_social_credit_codes_pass(code: str) -> None:
    """Codes of real enterprises have the right check character."""
    assert identifiers.is_social_credit_code(code)


@given(st.text(CREDIT, min_size=17, max_size=17))
def test_one_wrong_character_of_a_social_credit_code_is_found(base: str) -> None:
    """Each of the 540 codes that differ in one character is refused: 31 is prime, so GB 32100 promises it."""
    check = identifiers.social_credit_check(base)
    assert check is not None
    right = base + check
    assert identifiers.is_social_credit_code(right)
    assert not any(identifiers.is_social_credit_code(wrong) for wrong in _neighbours(right, CREDIT))


@given(st.text(CREDIT, min_size=17, max_size=17), st.integers(0, 15))
def test_two_characters_that_changed_places_in_a_social_credit_code_are_found(base: str, at: int) -> None:
    """Neighbouring weights differ, so the usual slip of typing is found too."""
    right = base + str(identifiers.social_credit_check(base))
    wrong = right[:at] + right[at + 1] + right[at] + right[at + 2 :]
    assert identifiers.is_social_credit_code(wrong) == (wrong == right)


@pytest.mark.parametrize("code", ["", "9151010056968076", "91510100569680768I", "９1510100569680768F"])
def test_foreign_social_credit_codes_fail(code: str) -> None:
    """Wrong length, letters that the standard leaves out, and full-width digits fail."""
    assert not identifiers.is_social_credit_code(code)


@pytest.mark.parametrize("number", ["CSQU3054383", "CBHU3202732", "MSKU6011672"])
def test_real_container_numbers_pass(number: str) -> None:
    """Numbers of real containers have the right check digit, also in a list."""
    assert identifiers.is_container(number)
    assert identifiers.are_containers(f"{number},MSKU6011672")


@given(st.text(LETTERS, min_size=4, max_size=4), st.text("0123456789", min_size=6, max_size=6))
def test_one_wrong_character_of_a_container_number_is_found_where_iso_6346_promises_it(
    letters: str, digits: str
) -> None:
    """Not found: letters whose values differ by 11 or 22 (A and K), and a remainder of 10, shown as 0."""
    base = letters + digits
    right = base + identifiers.container_check(base)
    assert identifiers.is_container(right)
    for wrong in _neighbours(right, LETTERS + "0123456789"):
        alike = wrong[10] == right[10] and _remainder(wrong[:10]) % 10 == _remainder(base) % 10
        formed = wrong[:4].isalpha() and wrong[4:].isdigit()
        assert identifiers.is_container(wrong) == (formed and alike)


def _neighbours(right: str, alphabet: str) -> Iterator[str]:
    """Yield every text that differs in one character."""
    for at, character in enumerate(right):
        yield from (right[:at] + other + right[at + 1 :] for other in alphabet if other != character)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("CSQU3054383", "CSQU3054384"), ("CSQU3054383", "CSQU3045383"), ("CSQU3054383", "DSQU3054383")],
)
def test_usual_slips_in_a_container_number_are_found(right: str, wrong: str) -> None:
    """A wrong check digit, two digits in each other's place, a wrong letter."""
    assert identifiers.is_container(right)
    assert not identifiers.is_container(wrong)


def _remainder(base: str) -> int:
    values = dict(zip(LETTERS, [n for n in range(10, 39) if n % 11], strict=True))
    return sum((values[c] if c in values else int(c)) << i for i, c in enumerate(base)) % 11


@given(st.dates(min_value=date(1000, 1, 1)))
def test_every_real_day_is_read(day: date) -> None:
    """A day written as yyyyMMdd is read back."""
    assert identifiers.parse_date(f"{day:%Y%m%d}") == day


@pytest.mark.parametrize("text", ["20260230", "20261301", "2026101", "2026-10-20", "２０２６１０２０", ""])
def test_days_that_do_not_exist_are_refused(text: str) -> None:
    """A day must exist and be written in eight ASCII digits."""
    assert identifiers.parse_date(text) is None


@pytest.mark.parametrize(
    ("text", "right"), [("5301", True), ("02A1", True), ("53a1", False), ("53011", False)]
)
def test_customs_districts_have_two_digits_and_two_digits_or_letters(text: str, right: bool) -> None:
    """A customs office has four characters, the last two perhaps capital letters."""
    assert identifiers.is_customs_district(text) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [("4403180001", True), ("33119668PG", True), ("440318000", False), ("44031800a1", False)],
)
def test_enterprise_codes_have_ten_digits_or_capitals(text: str, right: bool) -> None:
    """Letters do occur in enterprise codes."""
    assert identifiers.is_enterprise_code(text) is right


@pytest.mark.parametrize(
    ("text", "right"), [("4901990000", True), ("49019900", False), ("49019900AA", False)]
)
def test_goods_codes_have_ten_digits(text: str, right: bool) -> None:
    """Eight digits of the tariff are not enough."""
    assert identifiers.is_goods_code(text) is right


@pytest.mark.parametrize(
    ("text", "right"),
    [("1:26-AB-100200", True), ("1：26-AB-100200", False), ("26-AB-100200", False), ("1:", False)],
)
@pytest.mark.requirement("GF-04")
def test_licences_have_code_ascii_colon_and_number(text: str, right: bool) -> None:
    """A full-width colon is the usual mistake."""
    assert identifiers.is_licence(text) is right


@pytest.mark.parametrize(("text", "right"), [("202610", True), ("202613", False), ("2026-10", False)])
def test_months_have_six_digits(text: str, right: bool) -> None:
    """A month is yyyyMM."""
    assert identifiers.is_month(text) is right


@given(st.text(max_size=20))
def test_no_text_makes_a_form_fail(text: str) -> None:
    """Whatever a cell holds, the answer is yes or no, and yes only for the standard's own characters."""
    for check in (
        *(identifiers.is_customs_district, identifiers.is_enterprise_code, identifiers.is_goods_code),
        *(identifiers.is_licence, identifiers.is_month, identifiers.is_social_credit_code),
        *(identifiers.is_container, identifiers.are_containers),
    ):
        if check(text) and check is not identifiers.is_licence:
            assert text.isascii()
