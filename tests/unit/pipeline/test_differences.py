"""The difference of two contents: every field that changed, came or went, by its path."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gateway.fields import Fields
from gateway.reports import differences

OLD: Fields = {"A": "1", "B": "2", "Item": [{"G": "x"}, {"G": "y", "H": "z"}]}

_TEXTS = st.text("ab", min_size=1, max_size=2)
_NAMES = st.sampled_from(["A", "B", "Item"])
TREES = st.recursive(
    st.dictionaries(_NAMES, _TEXTS, max_size=3),
    lambda below: st.dictionaries(_NAMES, _TEXTS | below | st.lists(below, max_size=2), max_size=3),
    max_leaves=6,
)


def _told(old: Fields, new: Fields) -> list[tuple[str, str, str]]:
    return [(each.path, each.old, each.new) for each in differences(old, new)]


def test_what_changed_came_and_went_is_told_by_its_path() -> None:
    """Items by their position; the same is not told."""
    new: Fields = {"A": "9", "Item": [{"G": "x", "K": "k"}, {"G": "y"}], "C": "3"}
    assert _told(OLD, new) == [
        ("A", "1", "9"),
        ("Item[1]/K", "", "k"),
        ("C", "", "3"),
        ("B", "2", ""),
        ("Item[2]/H", "z", ""),
    ]


@given(TREES)
def test_nothing_differs_from_itself(tree: Fields) -> None:
    """Whatever its shape."""
    assert differences(tree, tree) == []


@given(TREES, TREES)
def test_the_way_back_tells_the_same_the_other_way_round(old: Fields, new: Fields) -> None:
    """Old and new change their places."""
    assert sorted(_told(old, new)) == sorted((path, b, a) for path, a, b in _told(new, old))
