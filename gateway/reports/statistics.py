"""Statistics of manifests: counted one by one into groups, exactly, in the memory of the groups (QR-06)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Any, Final, TypeAlias

# A number of 19 digits, a hundred thousand million times: nothing is ever rounded unseen.
_EXACT: Final = Context(prec=80)
_NOTHING: Final = Decimal(0)

Key: TypeAlias = "tuple[str, ...]"


@dataclass(slots=True)
class Figures:
    """What a group of manifests comes to.

    Attributes:
        count: How many manifests.
        items: How many items they have.
        gross: Gross weight in kilograms.
        net: Net weight in kilograms.
        quantities: Quantity by unit.
        totals: Value by currency.
    """

    count: int = 0
    items: int = 0
    gross: Decimal = Decimal(0)
    net: Decimal = Decimal(0)
    quantities: dict[str, Decimal] = field(default_factory=dict)
    totals: dict[str, Decimal] = field(default_factory=dict)

    def add(self, content: Mapping[str, Any]) -> None:
        """Count one manifest."""
        self.count += 1
        self.gross = _EXACT.add(self.gross, _number(content.get("GrossWet")))
        self.net = _EXACT.add(self.net, _number(content.get("NetWt")))
        items = content.get("Item", ())
        self.items += len(items)
        for item in items:
            # A manifest that is only saved may have items without them.
            if quantity := item.get("GQty"):
                _add(self.quantities, item.get("GUnit", ""), Decimal(quantity))
            if total := item.get("DeclTotal"):
                _add(self.totals, item.get("TradeCurr", ""), Decimal(total))

    def join(self, other: Figures) -> None:
        """Count all that another group holds."""
        self.count += other.count
        self.items += other.items
        self.gross = _EXACT.add(self.gross, other.gross)
        self.net = _EXACT.add(self.net, other.net)
        for sums, others in ((self.quantities, other.quantities), (self.totals, other.totals)):
            for key, value in others.items():
                _add(sums, key, value)


@dataclass(slots=True)
class Tally:
    """The figures of each group, by the key of the group."""

    groups: dict[Key, Figures] = field(default_factory=dict)

    def of(self, key: Key) -> Figures:
        """Return the figures of a group, empty ones where it is new."""
        return self.groups.setdefault(key, Figures())

    def whole(self) -> Figures:
        """Return the figures of all groups together."""
        whole = Figures()
        for figures in self.groups.values():
            whole.join(figures)
        return whole

    def sorted(self) -> list[tuple[Key, Figures]]:
        """Return the groups in the order of their keys, so that the order of arrival makes no difference."""
        return sorted(self.groups.items())


def plain(number: Decimal) -> str:
    """Write a number without exponent and trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _number(text: str | None) -> Decimal:
    """Return the number of a field; what is absent counts as nothing."""
    return Decimal(text) if text else _NOTHING


def _add(sums: dict[str, Decimal], key: str, value: Decimal) -> None:
    sums[key] = _EXACT.add(sums.get(key, _NOTHING), value)
