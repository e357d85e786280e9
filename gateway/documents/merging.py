"""Merging, 归并: what goes together, and how a month is cut into declarations (AG-06, AG-07)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Final

from gateway.config import Aggregation
from gateway.documents import amounts
from gateway.documents.core import Document
from gateway.fields import Fields

CHARGES: Final = ("Fee", "Insur", "Other")
TOTAL_AMOUNT: Final = "3"
_FRACTION: Final = Decimal("0.00001")
_ONE: Final = Decimal(1)
# Of these the number counts, not the way it is written.
_NUMBERS: Final = ("Price", "Qty", "Total", "Rate")

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One manifest item on its way into a declaration."""

    manifest: Document
    item: Fields

    @property
    def position(self) -> int:
        """Return its number in the manifest."""
        return int(text_of(self.item, "GNo"))

    @property
    def quantity(self) -> Decimal:
        """Return its quantity in the unit of the declaration."""
        return amounts.value(self.item.get("GQty"))

    @property
    def total(self) -> Decimal:
        """Return its total price."""
        return amounts.value(self.item.get("DeclTotal"))


@dataclass(frozen=True, slots=True)
class Part:
    """One declaration to be.

    Attributes:
        manifests: Those that have a line in it, the oldest first.
        items: The lines of each item.
        net: Net weight.
        gross: Gross weight.
        packages: Number of packages.
        charges: Freight, insurance and other charges as header fields.
    """

    manifests: tuple[Document, ...]
    items: tuple[tuple[Line, ...], ...]
    net: Decimal
    gross: Decimal
    packages: Decimal
    charges: Fields


def merge(manifests: Iterable[Document], keys: Aggregation) -> list[Part]:
    """Sort manifests into declarations and their items into merged items.

    The result depends on the manifests alone, not on the order in which they come (AG-10).
    """
    groups: dict[Key, list[Document]] = {}
    for manifest in sorted(manifests, key=_age):
        groups.setdefault(_header_key(manifest, keys.header_keys), []).append(manifest)
    return [part for group in groups.values() for part in _cut(group, keys)]


def text_of(fields: Fields, name: str) -> str:
    """Return a field's text, empty when absent."""
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


def items_of(content: Fields) -> list[Fields]:
    """Return the items of a manifest."""
    value = content.get("Item", [])
    return value if isinstance(value, list) else []


def _age(manifest: Document) -> tuple[str, str, str]:
    return (text_of(manifest.content, "DeclDate"), manifest.customs_number or "", manifest.number)


def _header_key(manifest: Document, names: Sequence[str]) -> Key:
    """Return what must be equal; the month stands for the period of tax and exchange rate.

    Charges given as a rate or unit price must be equal too, for a declaration has room for one of each.
    Amounts in one currency add up.
    """
    content = manifest.content
    charges: list[str] = []
    for charge in CHARGES:
        mark, rate, currency = (text_of(content, charge + part) for part in ("Mark", "Rate", "Curr"))
        charges += [mark, currency, "" if mark == TOTAL_AMOUNT else _plain("Rate", rate)]
    return (manifest.period or "", *(_plain(name, text_of(content, name)) for name in names), *charges)


def _plain(name: str, text: str) -> str:
    number = amounts.parse(text) if name.endswith(_NUMBERS) else None
    return text if number is None else amounts.show(number)


def _cut(group: list[Document], keys: Aggregation) -> list[Part]:
    merged: dict[Key, list[Line]] = {}
    for manifest in group:
        for item in items_of(manifest.content):
            key = tuple(_plain(name, text_of(item, name)) for name in keys.item_keys)
            merged.setdefault(key, []).append(Line(manifest, item))
    lines = iter(merged.values())
    pieces = []
    while piece := tuple(map(tuple, islice(lines, keys.max_items))):
        pieces.append(piece)
    if not pieces:
        return []
    shares = [amounts.total(line.total for lines in piece for line in lines) for piece in pieces]
    net = _sum(group, "NetWt")
    # Packing is shared out beside the net weight, so that no part weighs more net than gross.
    nets = amounts.allot(net, shares, _FRACTION)
    packings = amounts.allot(_sum(group, "GrossWet") - net, shares, _FRACTION)
    packages = _packages(_sum(group, "PackNo"), shares)
    charges = _charges(group, shares)
    return [
        Part(
            manifests=tuple(
                {line.manifest.number: line.manifest for lines in piece for line in lines}.values()
            ),
            items=piece,
            net=nets[index],
            gross=nets[index] + packings[index],
            packages=packages[index],
            charges=charges[index],
        )
        for index, piece in enumerate(pieces)
    ]


def _packages(count: Decimal, shares: Sequence[Decimal]) -> list[Decimal]:
    """Share out whole packages, at least one to each part, as a declaration must have one."""
    spare = max(count - len(shares), amounts.ZERO)
    return [part + 1 for part in amounts.allot(spare, shares, _ONE)]


def _charges(group: list[Document], shares: Sequence[Decimal]) -> list[Fields]:
    fields: list[Fields] = [{} for _ in shares]
    first = group[0].content
    for charge in CHARGES:
        mark, currency = text_of(first, charge + "Mark"), text_of(first, charge + "Curr")
        if not mark:
            continue
        rates = [text_of(first, charge + "Rate")] * len(shares)
        if mark == TOTAL_AMOUNT:
            whole = _sum(group, charge + "Rate")
            rates = [amounts.show(part) for part in amounts.allot(whole, shares, _FRACTION)]
        for part, rate in zip(fields, rates, strict=True):
            given = {charge + "Mark": mark, charge + "Rate": rate, charge + "Curr": currency}
            part.update({name: text for name, text in given.items() if text})
    return fields


def _sum(group: list[Document], name: str) -> Decimal:
    return amounts.total(amounts.value(manifest.content.get(name)) for manifest in group)
