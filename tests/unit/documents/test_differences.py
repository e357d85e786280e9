"""Items that came or went do not make all the others differ: each is followed to where it now stands."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.documents.differences import align, differences
from gateway.fields import Fields

OLD: Fields = {"A": "1", "B": "2", "Item": [{"ContrItem": "1"}, {"ContrItem": "2", "GQty": "5"}]}

_TEXTS = st.text("ab", min_size=1, max_size=2)
_NAMES = st.sampled_from(["A", "ContrItem", "Item"])
TREES = st.recursive(
    st.dictionaries(_NAMES, _TEXTS, max_size=3),
    lambda below: st.dictionaries(_NAMES, _TEXTS | below | st.lists(below, max_size=3), max_size=3),
    max_leaves=8,
)
LISTS = st.lists(st.dictionaries(st.sampled_from(["ContrItem", "GQty"]), _TEXTS), max_size=5)


def _told(old: Fields, new: Fields) -> list[tuple[str, str, str]]:
    return [(each.path, each.old, each.new) for each in differences(old, new)]


def test_what_changed_came_and_went_is_told_by_its_path() -> None:
    """Items by the position that they had; the same is not told."""
    new: Fields = {"A": "9", "Item": [{"ContrItem": "1", "K": "k"}, {"ContrItem": "2"}], "C": "3"}
    assert _told(OLD, new) == [
        ("A", "1", "9"),
        ("Item[1]/K", "", "k"),
        ("C", "", "3"),
        ("B", "2", ""),
        ("Item[2]/GQty", "5", ""),
    ]


def test_an_item_that_went_leaves_the_others_as_they_are() -> None:
    """The second of three is gone, and the third has not changed."""
    items: list[Fields] = [{"ContrItem": str(n), "GQty": "5"} for n in (1, 2, 3)]
    assert _told({"Item": items}, {"Item": [items[0], items[2]]}) == [
        ("Item[2]/ContrItem", "2", ""),
        ("Item[2]/GQty", "5", ""),
    ]


def test_an_item_that_came_counts_on() -> None:
    """Wherever it stands among the others."""
    items: list[Fields] = [{"ContrItem": str(n), "GQty": "5"} for n in (1, 2)]
    new: list[Fields] = [items[0], {"ContrItem": "9"}, items[1]]
    assert _told({"Item": items}, {"Item": new}) == [("Item[3]/ContrItem", "", "9")]


def test_an_item_that_became_another_is_one_change() -> None:
    """What stands in its place is rather changed than gone and come."""
    items: list[Fields] = [{"ContrItem": str(n)} for n in (1, 2, 3)]
    new: list[Fields] = [items[0], {"ContrItem": "7"}, items[2]]
    assert _told({"Item": items}, {"Item": new}) == [("Item[2]/ContrItem", "2", "7")]


@given(TREES)
def test_nothing_differs_from_itself(tree: Fields) -> None:
    """Whatever its shape."""
    assert differences(tree, tree) == []


@given(TREES, TREES)
def test_every_difference_is_one(old: Fields, new: Fields) -> None:
    """No path is told twice, and none whose text is the same."""
    told = _told(old, new)
    assert all(before != after for _, before, after in told)
    assert len({path for path, _, _ in told}) == len(told)


@given(LISTS, LISTS)
def test_items_keep_their_order_and_each_has_its_own_place(old: list[Fields], new: list[Fields]) -> None:
    """Those that were there rise, those that are new count on from the last."""
    places = align(old, new)
    known = [place for place in places if place <= len(old)]
    came = [place for place in places if place > len(old)]
    assert len(places) == len(new)
    assert all(one < other for one, other in pairwise(known))
    assert came == list(range(len(old) + 1, len(old) + 1 + len(came)))


@given(LISTS)
def test_a_list_lies_beside_itself(items: list[Fields]) -> None:
    """Each item in its own place."""
    assert align(items, items) == list(range(1, len(items) + 1))
