"""Statistics as a chart: a panel of bars for each measure, as SVG that any viewer shows (QR-06)."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from xml.sax.saxutils import escape

_MOST_BARS: Final = 24
_WIDTH, _BAR, _GAP, _HEAD, _ASIDE = 960, 18, 6, 34, 8
# Labels and figures take what they need; bars have what is left, but never less than this.
_LEAST_BARS: Final = 120
# How wide a character of 12 pixels is, in a typeface for Chinese.
_FULL, _HALF = 12, 7
_COLOURS: Final = ("#2f6f9f", "#3f8f5f", "#a8632f", "#7a5aa0", "#a03f5a")


@dataclass(frozen=True, slots=True)
class Panel:
    """One measure: its name, and a number for each label."""

    title: str
    bars: Sequence[tuple[str, Decimal]]


def chart(title: str, panels: Sequence[Panel], rest: str) -> str:
    """Draw panels below each other, as SVG.

    Args:
        title: What stands above all; may be empty.
        panels: The measures, each with its own scale: what has different units cannot share one.
        rest: The label of what is left out where a panel has too many bars.
    """
    columns = _columns(panels, rest)
    parts: list[str] = []
    top = _HEAD if title else 0
    for place, panel in enumerate(panels):
        colour = _COLOURS[place % len(_COLOURS)]
        parts.append(_text(8, top + 14, panel.title, 'font-size="14" font-weight="bold"'))
        top += _HEAD - 8
        bars, left = panel.bars[:_MOST_BARS], panel.bars[_MOST_BARS:]
        most = max((number for _, number in bars), default=Decimal(0))
        for label, number in bars:
            width = int(columns.bars * (number / most)) if most > 0 else 0
            parts += _bar(columns, top, (label, number), max(1, width), colour)
            top += _BAR + _GAP
        if left:
            # A bar of the rest would be out of all scale.
            parts += [_label(columns, top, _left_out(rest, left)), _figure(columns, top, 0, _total(left))]
            top += _BAR + _GAP
        top += _GAP * 2
    head = _text(_WIDTH // 2, 20, title, 'font-size="16" font-weight="bold" text-anchor="middle"')
    size = f'viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        'font-family="Noto Sans CJK SC, Microsoft YaHei, PingFang SC, sans-serif">'
        f'<rect width="{_WIDTH}" height="{top}" fill="#ffffff"/>{head}{"".join(parts)}</svg>'
    )


@dataclass(frozen=True, slots=True)
class _Columns:
    """How wide labels and bars are, the same in all panels."""

    label: int
    bars: int


def _columns(panels: Sequence[Panel], rest: str) -> _Columns:
    """Give labels and figures the room of the longest, so that none is cut off by an edge."""
    labels, figures = [0], [0]
    for panel in panels:
        shown, left = panel.bars[:_MOST_BARS], panel.bars[_MOST_BARS:]
        labels += [_wide(label) for label, _ in shown]
        labels.append(_wide(_left_out(rest, left)))
        figures += [_wide(_written(number)) for number in (*(n for _, n in shown), _total(left))]
    figure = max(figures) + 2 * _ASIDE
    label = min(max(labels) + 2 * _ASIDE, _WIDTH - figure - _LEAST_BARS)
    # An even number, so that half of a figure has exactly half the bar of the whole.
    return _Columns(label, (_WIDTH - figure - label) // 2 * 2)


def _left_out(rest: str, left: Sequence[tuple[str, Decimal]]) -> str:
    return f"{rest} ({len(left)})"


def _total(bars: Iterable[tuple[str, Decimal]]) -> Decimal:
    return sum((number for _, number in bars), Decimal(0))


def _wide(text: str) -> int:
    return sum(_FULL if unicodedata.east_asian_width(each) in "WFA" else _HALF for each in text)


def _fitting(text: str, width: int) -> str:
    """Return a text as long as there is room for it, with a sign of what is missing."""
    if _wide(text) <= width:
        return text
    while text and _wide(text) > width - _FULL:
        text = text[:-1]
    return f"{text}…"


def _written(number: Decimal) -> str:
    return f"{number:,f}"


def _bar(columns: _Columns, top: int, bar: tuple[str, Decimal], width: int, colour: str) -> list[str]:
    label, number = bar
    drawn = f'<rect x="{columns.label}" y="{top}" width="{width}" height="{_BAR}" fill="{colour}"/>'
    return [_label(columns, top, label), drawn, _figure(columns, top, width, number)]


def _label(columns: _Columns, top: int, text: str) -> str:
    shown = _fitting(text, columns.label - 2 * _ASIDE)
    return _text(columns.label - _ASIDE, top + _BAR - 5, shown, 'font-size="12" text-anchor="end"')


def _figure(columns: _Columns, top: int, width: int, number: Decimal) -> str:
    return _text(columns.label + width + _ASIDE, top + _BAR - 5, _written(number), 'font-size="12"')


def _text(x: int, y: int, text: str, style: str) -> str:
    return f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>'
