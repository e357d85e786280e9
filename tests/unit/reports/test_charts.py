"""Charts: what stands in them can be read, however long a label and however large a figure is."""

from __future__ import annotations

import unicodedata
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from gateway.reports import Panel, chart

_SVG = "{http://www.w3.org/2000/svg}"
_LABEL = "对外承包出口货物出口 · 深圳宝安机场海关 · 发往海关成功 · 202610"


def _drawn(*bars: tuple[str, Decimal], panels: int = 1) -> etree._Element:
    return etree.fromstring(chart("统计", [Panel("净重", bars)] * panels, "其余").encode())


def _texts(svg: etree._Element) -> list[str]:
    return [node.text or "" for node in svg.iter(f"{_SVG}text")]


def _reaches(svg: etree._Element) -> list[tuple[float, float]]:
    """Return from where to where each label and figure reaches, each character as wide as it can be."""
    found = []
    for node in svg.iter(f"{_SVG}text"):
        if node.get("font-size") != "12":
            continue
        text, x = node.text or "", float(str(node.get("x")))
        wide = sum(12 if unicodedata.east_asian_width(each) in "WFA" else 7 for each in text)
        found.append((x - wide, x) if node.get("text-anchor") == "end" else (x, x + wide))
    return found


@pytest.mark.requirement("QR-06")
@given(
    st.lists(
        st.tuples(st.text("海关 A1·", max_size=80), st.decimals(0, 10**24, allow_nan=False, places=5)),
        max_size=30,
    )
)
def test_no_label_and_no_figure_is_cut_off_by_an_edge(bars: list[tuple[str, Decimal]]) -> None:
    """Each has its room, that of the bars is what is left."""
    svg = _drawn(*bars)
    width = float(str(svg.get("width")))
    assert all(first >= 0 and last <= width for first, last in _reaches(svg))


@pytest.mark.requirement("QR-06")
def test_the_longest_label_of_the_tables_is_shown_whole() -> None:
    """Kind, office, state and month together; the largest sum beside the longest bar."""
    assert {_LABEL, "999,999,999,999,999,999.99"} <= set(
        _texts(_drawn((_LABEL, Decimal("999999999999999999.99"))))
    )


def test_a_label_without_room_says_that_something_is_missing() -> None:
    """It ends with the sign of an omission, never in the middle without one."""
    label = next(text for text in _texts(_drawn(("海关" * 200, Decimal(1)))) if text.startswith("海关"))
    assert label.endswith(("关…", "海…"))


def test_a_chart_of_nothing_is_drawn() -> None:
    """No bars, no panels, only zeros."""
    assert len(_texts(_drawn(("a", Decimal(0))))) == 4
    assert _texts(_drawn()) == ["统计", "净重"]
    assert _texts(_drawn(panels=0)) == ["统计"]
