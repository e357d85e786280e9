"""Merging, 归并: what goes together, and how a month is cut into declarations (AG-06, AG-07).

A manifest is spread into lines, one for each item. Lines of one key are merged into goods, lines of one part
may stand in one declaration. Each line carries its share of what its manifest tells as a whole (weights,
packages, charges), so that everything in a declaration is a plain sum of lines, whoever adds them up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from itertools import groupby, islice
from operator import attrgetter
from typing import Final

from gateway.config import Aggregation
from gateway.documents import amounts
from gateway.documents.balance import words_of
from gateway.documents.core import Document
from gateway.fields import Fields

CHARGES: Final = ("Fee", "Insur", "Other")
TOTAL_AMOUNT: Final = "3"
# Of these the number counts, not the way it is written.
_NUMBERS: Final = ("Price", "Qty", "Total", "Rate")
_DIGITS: Final = 32
# Rank: the day, the customs number, then number and item of fixed length.
_DAY, _NUMBER, _ITEM = slice(0, 8), slice(-24, -6), slice(-5, None)


@dataclass(frozen=True, slots=True)
class Line:
    """One manifest item on its way into a declaration; figures in units of 0.00001, packages whole.

    Attributes:
        manifest: The unified number of its manifest.
        position: Its number in the manifest.
        part: What its manifest's header key comes to.
        item: What header key and item key come to.
        words: What it says beside figures, as the proof compares it.
        rank: Its age: older lines are of a lesser rank; no two have the same.
        wrap: The manifest's kind of packing.
        contract: The manifest's contract.
        tare: Its share of the difference between gross and net weight.
    """

    manifest: str
    position: int
    part: str
    item: str
    words: str
    rank: str
    wrap: str
    contract: str
    quantity: int
    total: int
    first_quantity: int | None
    second_quantity: int | None
    net: int
    tare: int
    packages: int
    freight: int | None
    insurance: int | None
    other: int | None


@dataclass(frozen=True, slots=True)
class Goods:
    """All lines of one key: an item of a declaration to be.

    Attributes:
        first: The rank of its oldest line, whose words it has.
        last: The rank of its youngest line.
        wraps: The least and the greatest kind of packing.
        contracts: The least and the greatest contract.
    """

    part: str
    item: str
    first: str
    last: str
    wraps: tuple[str, str]
    contracts: tuple[str, str]
    quantity: int
    total: int
    first_quantity: int | None
    second_quantity: int | None
    net: int
    tare: int
    packages: int
    freight: int | None
    insurance: int | None
    other: int | None

    @property
    def days(self) -> tuple[str, str]:
        """Return the declaration dates of the oldest and the youngest manifest."""
        return self.first[_DAY], self.last[_DAY]

    @property
    def manifest(self) -> str:
        """Return the number of the manifest of the oldest line."""
        return self.first[_NUMBER]

    @property
    def position(self) -> int:
        """Return the number of the oldest line in its manifest."""
        return int(self.first[_ITEM])


def spread(manifest: Document, keys: Aggregation) -> Iterator[Line]:
    """Spread a manifest into lines, and what it tells as a whole over them.

    Raises:
        ParkedError: `aggregation.figure`.
    """
    content = manifest.content
    items = items_of(content)
    basis = _basis(items)
    part = _part(manifest, keys.header_keys)
    age = f"{text_of(content, 'DeclDate'):8} {manifest.customs_number or ''} {manifest.number:18}"
    wrap, contract = text_of(content, "WrapType"), text_of(content, "ContrNo")
    net = amounts.units(content.get("NetWt"))
    nets = amounts.allot(net, basis)
    tares = amounts.allot(amounts.units(content.get("GrossWet")) - net, basis)
    packages = amounts.allot(int(text_of(content, "PackNo") or 0), basis)
    freight, insurance, other = (_charge(content, charge, basis) for charge in CHARGES)
    for index, item in enumerate(items):
        position = int(text_of(item, "GNo"))
        yield Line(
            manifest=manifest.number,
            position=position,
            part=part,
            item=_key((part, *keys.item_keys), (part, *map(item.get, keys.item_keys))),
            words=words_of(item),
            rank=f"{age} {position:05}",
            wrap=wrap,
            contract=contract,
            quantity=amounts.units(item.get("GQty")),
            total=amounts.units(item.get("DeclTotal")),
            first_quantity=_optional(item, "FirstQty"),
            second_quantity=_optional(item, "SecondQty"),
            net=nets[index],
            tare=tares[index],
            packages=packages[index],
            freight=freight[index],
            insurance=insurance[index],
            other=other[index],
        )


def pieces(goods: Iterable[Goods], limit: int) -> Iterator[tuple[Goods, ...]]:
    """Cut goods into declarations of at most so many items (AG-07).

    Args:
        goods: Part after part, that with the oldest line first, and so the goods of each.
        limit: How many items a declaration may have.
    """
    for _, group in groupby(goods, key=attrgetter("part")):
        while piece := tuple(islice(group, limit)):
            yield piece


def text_of(fields: Fields, name: str) -> str:
    """Return a field's text, empty when absent."""
    value = fields.get(name, "")
    return value if isinstance(value, str) else ""


def items_of(content: Fields) -> list[Fields]:
    """Return the items of a manifest."""
    value = content.get("Item", [])
    return value if isinstance(value, list) else []


def added(figures: Iterable[int | None]) -> int | None:
    """Add up the figures that are there, None where none is."""
    there = [figure for figure in figures if figure is not None]
    return sum(there) if there else None


def _basis(items: Sequence[Fields]) -> list[int]:
    """Return by what the items share what their manifest tells as a whole.

    By total price where all are priced in one currency, else by the first of the quantities that all have in
    one unit, else equally: amounts of different currencies or units cannot be compared.
    """
    for name, unit in (("DeclTotal", "TradeCurr"), ("FirstQty", "FirstUnit"), ("GQty", "GUnit")):
        if len({text_of(item, unit) for item in items}) == 1 and all(item.get(name) for item in items):
            return [amounts.units(item.get(name)) for item in items]
    return [1] * len(items)


def _charge(content: Fields, charge: str, basis: Sequence[int]) -> Sequence[int | None]:
    """Share out a charge that is an amount; a rate or unit price holds for each item as it is."""
    if text_of(content, charge + "Mark") != TOTAL_AMOUNT:
        return [None] * len(basis)
    return amounts.allot(amounts.units(content.get(charge + "Rate")), basis)


def _part(manifest: Document, names: Sequence[str]) -> str:
    """Return what must be equal; the month stands for the period of tax and exchange rate.

    Charges given as a rate or unit price must be equal too, for a declaration has room for one of each.
    Amounts in one currency add up.
    """
    content = manifest.content
    said: dict[str, object] = {"": manifest.period}
    for charge in CHARGES:
        mark, rate, currency = (f"{charge}{part}" for part in ("Mark", "Rate", "Curr"))
        said |= {mark: content.get(mark), currency: content.get(currency)}
        said[rate] = None if content.get(mark) == TOTAL_AMOUNT else content.get(rate)
    return _key((*names, *said), (*map(content.get, names), *said.values()))


# A month has few goods and many items.
@lru_cache(maxsize=10_000)
def _key(names: tuple[str, ...], said: tuple[object, ...]) -> str:
    """Return one short text for a key; each of its values goes in with its length, so that none runs over."""
    texts = (text if isinstance(text, str) else "" for text in said)
    plain = (_plain(name, text) for name, text in zip(names, texts, strict=True))
    return sha256("".join(f"{len(text)}:{text}" for text in plain).encode()).hexdigest()[:_DIGITS]


def _plain(name: str, text: str) -> str:
    number = amounts.parse(text) if name.endswith(_NUMBERS) else None
    return text if number is None else amounts.show(number)


def _optional(item: Fields, name: str) -> int | None:
    return amounts.units(item[name]) if item.get(name) else None
