"""Errors and violations: their texts, their places, and what becomes of the message."""

from __future__ import annotations

import pytest

from gateway.errors import Consequence, ParkedError, Place, RejectedError, RetryError, Violation, refuse

DATE = Violation("config.absent", values={"file": "gateway.toml"})


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (Place(), ""),
        (Place("a.csv"), "a.csv"),
        (Place("a.csv", 12), "a.csv:12"),
        (Place("a.csv", 12, "数量"), "a.csv:12 [数量]"),
        (Place("a.json", path="$.items[0]"), "a.json $.items[0]"),
    ],
)
def test_a_place_is_shown_as_a_person_says_it(place: Place, shown: str) -> None:
    """File, row, column or path, as far as there are any."""
    assert str(place) == shown


@pytest.mark.requirement("EN-05")
def test_a_violation_tells_the_same_in_both_languages() -> None:
    """The value stands in both texts."""
    assert DATE.text() == DATE.text("en")
    assert "gateway.toml" in DATE.text("zh")
    assert DATE.text("zh") != DATE.text("en")


def test_a_value_that_is_lacking_stays_visible() -> None:
    """A failure must not fail while it is told."""
    assert "{file}" in Violation("config.absent").text()


def test_a_giant_value_is_cut_and_others_are_not() -> None:
    """Texts only; a long list of names is no giant."""
    text = Violation("config.absent", values={"file": "x" * 1_000_000}).text()
    assert len(text) < 1100
    assert "x…" in text
    assert Violation("config.absent", values={"file": "x" * 1000}).text().count("x") >= 1000


def test_a_violation_is_put_in_its_place() -> None:
    """As a copy."""
    placed = DATE.at(Place("a.csv", 1))
    assert (placed.place, DATE.place) == (Place("a.csv", 1), None)
    assert placed.code == DATE.code


def test_an_error_knows_what_becomes_of_the_message() -> None:
    """Rejected, tried again, or left to a person."""
    assert RejectedError([DATE]).consequence is Consequence.REJECT
    assert RetryError("store.not-now", reason="busy").consequence is Consequence.RETRY
    assert ParkedError("store.not-now", reason="busy").consequence is Consequence.PARK


def test_a_rejection_speaks_with_the_voice_of_its_first_violation() -> None:
    """And keeps all of them."""
    other = Violation("config.not-toml", values={"file": "b", "reason": "x"})
    error = RejectedError(iter([DATE, other]))
    assert error.violations == (DATE, other)
    assert str(error) == f"config.absent: {DATE.text()}"
    assert error.text("zh") == DATE.text("zh")


def test_a_single_fault_is_refused_in_one_word() -> None:
    """Code, path, place and values."""
    (violation,) = refuse("config.absent", "a/b", place=Place("c"), file="d").violations
    assert violation == Violation("config.absent", "a/b", {"file": "d"}, Place("c"))
