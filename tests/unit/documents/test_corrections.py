"""The changes between two manifests say all that differs and nothing else; made, they give the new one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.documents.corrections import (
    NUMBERS,
    FieldChange,
    assemble,
    changes_between,
    changes_of,
    in_words_of,
    is_same,
    modified,
    patch,
    rows_of,
    sheet_of,
)
from gateway.fields import Fields
from tests.unit.documents.world import dictionary

SCHEMAS = Path(__file__).parents[3] / "schemas" / "xsd" / "jb" / "1.0"
NUMBER_TYPES = {"Quantity", "Price", "Total", "Count", "ItemNumber", "FilingItemNumber"}

FIELDS = dictionary()
_TEXTS = st.sampled_from(["1", "1.0", "2", "书籍"])
_HEADS = st.dictionaries(st.sampled_from(["NetWt", "NoteS", "BillNo"]), _TEXTS)
_ITEMS = st.dictionaries(st.sampled_from(["ContrItem", "GQty", "GName"]), _TEXTS)


@st.composite
def manifests(draw: st.DrawFn) -> Fields:
    """Draw a manifest of up to four items."""
    items = draw(st.lists(_ITEMS, max_size=4))
    numbered: list[Fields] = [{**item, "GNo": str(count)} for count, item in enumerate(items, 1)]
    return {**draw(_HEADS), "Item": numbered}


@st.composite
def corrections(draw: st.DrawFn) -> tuple[Fields, Fields, list[int]]:
    """Draw a manifest, what it is to be, and the number of each item there."""
    old = draw(manifests())
    last = len(old["Item"])
    kept = sorted(draw(st.sets(st.integers(1, last), max_size=last))) if last else []
    numbers = kept + list(range(last + 1, last + 1 + draw(st.integers(0, 2))))
    items = [{**draw(_ITEMS), "GNo": str(count)} for count in range(1, len(numbers) + 1)]
    return old, {**draw(_HEADS), "Item": items}, numbers


@pytest.mark.requirement("AM-02")
@given(corrections())
def test_the_changes_made_to_the_old_manifest_give_the_new_one(
    case: tuple[Fields, Fields, list[int]],
) -> None:
    """Whatever came, went or changed, in head and items."""
    old, new, numbers = case
    changes = changes_between(sheet_of(old), sheet_of(new, numbers), FIELDS)
    assert modified(old, changes) == new
    assert all(change.old != change.new for change in changes)


@pytest.mark.requirement("AM-02")
@given(corrections())
def test_the_rows_of_a_message_say_the_same_as_the_changes(case: tuple[Fields, Fields, list[int]]) -> None:
    """Written as a DecModMessage has them and read again, nothing is lost."""
    old, new, numbers = case
    changes = changes_between(sheet_of(old), sheet_of(new, numbers), FIELDS)
    assert changes_of(rows_of(changes, FIELDS)) == changes


@given(manifests())
def test_no_change_changes_nothing(manifest: Fields) -> None:
    """A manifest does not differ from itself, and nothing made to it leaves it as it is."""
    sheet = sheet_of(manifest)
    assert changes_between(sheet, sheet, FIELDS) == []
    assert modified(manifest, []) == manifest
    assert assemble(sheet) == (manifest, list(range(1, len(manifest["Item"]) + 1)))


@given(corrections())
def test_what_says_the_same_keeps_the_old_words(case: tuple[Fields, Fields, list[int]]) -> None:
    """A number of equal value is no change; another text is one."""
    old, new, numbers = case
    before, after = sheet_of(old), in_words_of(sheet_of(old), sheet_of(new, numbers))
    for change in changes_between(before, after, FIELDS):
        assert not is_same(change.field, change.old, change.new)


@pytest.mark.parametrize(
    ("field", "one", "other", "same"),
    [
        ("GQty", "100", "100.00", True),
        ("GQty", "100", "100.01", False),
        ("BillNo", "100", "100.00", False),
        ("BillNo", "0100", "0100", True),
        ("NetWt", "", "0", False),
        ("NetWt", "x", "y", False),
    ],
)
def test_numbers_are_the_same_by_value_and_texts_by_their_letters(
    field: str, one: str, other: str, *, same: bool
) -> None:
    """A bill of lading is no number, though it may look like one."""
    assert is_same(field, one, other) is same


def test_an_item_goes_with_its_number() -> None:
    """Where the row of an item's number has no new value, all its fields are gone."""
    sheet = sheet_of({"Item": [{"GQty": "1"}, {"GQty": "2"}]})
    assert patch(sheet, [FieldChange(1, "GNo", "1", "")]) == {(2, "GNo"): "2", (2, "GQty"): "2"}


def test_fields_that_are_numbers_are_those_of_the_schema() -> None:
    """A field of a number's type would otherwise differ by its zeros alone."""
    root = etree.parse(str(SCHEMAS / "manifest.xsd")).getroot()
    elements = root.iter("{http://www.w3.org/2001/XMLSchema}element")
    assert {e.get("name") for e in elements if e.get("type") in NUMBER_TYPES} == NUMBERS
