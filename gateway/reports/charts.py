"""Statistics as a chart: a panel of bars for each measure, as SVG that any viewer shows (QR-06)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from xml.sax.saxutils import escape

_MOST_BARS: Final = 24
_WIDTH, _LABEL, _VALUE, _BAR, _GAP, _HEAD = 960, 300, 150, 18, 6, 34
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
    parts: list[str] = []
    top = _HEAD if title else 0
    for place, panel in enumerate(panels):
        colour = _COLOURS[place % len(_COLOURS)]
        parts.append(_text(8, top + 14, panel.title, 'font-size="14" font-weight="bold"'))
        top += _HEAD - 8
        bars, left = panel.bars[:_MOST_BARS], panel.bars[_MOST_BARS:]
        most = max((number for _, number in bars), default=Decimal(0))
        for label, number in bars:
            parts += _bar(top, label, number, number / most if most > 0 else Decimal(0), colour)
            top += _BAR + _GAP
        if left:
            # A bar of the rest would be out of all scale.
            total = sum((number for _, number in left), Decimal(0))
            parts += [_label(top, f"{rest} ({len(left)})"), _figure(top, 0, total)]
            top += _BAR + _GAP
        top += _GAP * 2
    head = _text(_WIDTH // 2, 20, title, 'font-size="16" font-weight="bold" text-anchor="middle"')
    size = f'viewBox="0 0 {_WIDTH} {top}" width="{_WIDTH}" height="{top}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} '
        'font-family="Noto Sans CJK SC, Microsoft YaHei, PingFang SC, sans-serif">'
        f'<rect width="{_WIDTH}" height="{top}" fill="#ffffff"/>{head}{"".join(parts)}</svg>'
    )


def _bar(top: int, label: str, number: Decimal, share: Decimal, colour: str) -> list[str]:
    width = max(1, int((_WIDTH - _LABEL - _VALUE) * share))
    bar = f'<rect x="{_LABEL}" y="{top}" width="{width}" height="{_BAR}" fill="{colour}"/>'
    return [_label(top, label), bar, _figure(top, width, number)]


def _label(top: int, text: str) -> str:
    return _text(_LABEL - 8, top + _BAR - 5, text, 'font-size="12" text-anchor="end"')


def _figure(top: int, width: int, number: Decimal) -> str:
    return _text(_LABEL + width + 6, top + _BAR - 5, f"{number:,f}", 'font-size="12"')


def _text(x: int, y: int, text: str, style: str) -> str:
    return f'<text x="{x}" y="{y}" {style}>{escape(text)}</text>'
