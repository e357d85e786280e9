"""Statistics: exact sums, whatever the order of arrival; charts that say the same."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.reports import Panel, Tally, chart, plain

NUMBERS = st.decimals(min_value=0, max_value=Decimal("99999999999999.99999"), places=5, allow_nan=False)
ITEMS = st.fixed_dictionaries(
    {
        "GUnit": st.sampled_from(["035", "011"]),
        "GQty": NUMBERS.map(str),
        "TradeCurr": st.sampled_from(["USD", "EUR", "JPY"]),
        "DeclTotal": NUMBERS.map(str),
    }
)
MANIFESTS = st.lists(
    st.tuples(
        st.sampled_from(["1I", "1E"]),
        st.fixed_dictionaries({"GrossWet": NUMBERS.map(str), "Item": st.lists(ITEMS, max_size=4)}),
    ),
    max_size=12,
)


def _tally(manifests: list[tuple[str, dict[str, object]]]) -> Tally:
    tally = Tally()
    for key, content in manifests:
        tally.of((key,)).add(content)
    return tally


@pytest.mark.requirement("QR-06")
@given(MANIFESTS, st.randoms(use_true_random=False))
def test_sums_are_exact_and_know_no_order(
    manifests: list[tuple[str, dict[str, object]]], random: object
) -> None:
    """Against fractions, by unit and currency; the groups add up to the whole."""
    tally, whole = _tally(manifests), _tally(manifests).whole()
    shuffled = list(manifests)
    random.shuffle(shuffled)
    assert _tally(shuffled).sorted() == tally.sorted()
    items = [item for _, content in manifests for item in content["Item"]]
    assert (whole.count, whole.items) == (len(manifests), len(items))
    assert Fraction(whole.gross) == sum(
        (Fraction(content["GrossWet"]) for _, content in manifests), Fraction()
    )
    for sums, code, value in ((whole.quantities, "GUnit", "GQty"), (whole.totals, "TradeCurr", "DeclTotal")):
        expected: dict[str, Fraction] = {}
        for item in items:
            expected[item[code]] = expected.get(item[code], Fraction()) + Fraction(item[value])
        assert {key: Fraction(number) for key, number in sums.items()} == expected


@pytest.mark.requirement("QR-06")
def test_what_a_saved_item_lacks_is_no_sum_of_its_own() -> None:
    """An item without quantity or value counts as an item and adds nothing, not a nought of no unit."""
    whole = _tally([("1I", {"Item": [{"GName": "甲"}, {"GUnit": "035", "GQty": "2.5"}]}), ("1I", {})]).whole()
    assert (whole.count, whole.items) == (2, 2)
    assert (whole.quantities, whole.totals) == ({"035": Decimal("2.5")}, {})


@pytest.mark.parametrize(
    ("number", "text"), [("100.00", "100"), ("1E+3", "1000"), ("0.50", "0.5"), ("0", "0")]
)
def test_numbers_are_written_plainly(number: str, text: str) -> None:
    """Neither exponent nor trailing zeros."""
    assert plain(Decimal(number)) == text


def _texts(svg: str) -> list[str]:
    return [node.text or "" for node in etree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


@pytest.mark.requirement("QR-06")
def test_a_chart_shows_each_figure_beside_a_bar_of_its_length() -> None:
    """The longest is as long as the room; half the figure is half as long; text cannot break the drawing."""
    svg = chart("<统计>", [Panel("net & kg", [("一般贸易", Decimal(1000)), ("保税", Decimal(500))])], "rest")
    assert _texts(svg) == ["<统计>", "net & kg", "一般贸易", "1,000", "保税", "500"]
    bars = [
        int(node.get("width", "0")) for node in etree.fromstring(svg).iter("{http://www.w3.org/2000/svg}rect")
    ]
    assert bars[2] * 2 == bars[1]


def test_what_a_panel_has_no_room_for_is_told_as_a_sum() -> None:
    """Without a bar, which would be out of scale; nothing is left out of the sum."""
    panel = Panel("n", [(str(n), Decimal(1)) for n in range(30)])
    texts = _texts(chart("t", [panel], "其余"))
    assert texts[-2:] == ["其余 (6)", "6"]


def test_a_chart_of_nothing_is_empty_but_whole() -> None:
    """No manifest, no bar, no fault; neither with figures that are all zero."""
    assert _texts(chart("t", [Panel("n", [])], "rest")) == ["t", "n"]
    assert _texts(chart("t", [Panel("n", [("a", Decimal(0))])], "rest")) == ["t", "n", "a", "0"]
