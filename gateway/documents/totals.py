"""Totals of manifests by currency and unit, compared with what the ERP has added up itself (AG-11)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.documents import amounts
from gateway.documents.draft import Draft
from gateway.documents.merging import items_of, text_of
from gateway.fields import Fields

COUNT: Final = "ManifestCount"
_REQUEST: Final = "AggregationRequest"
_ROWS: Final = "Total"
# What is added up, and by what.
_PRICE: Final = ("TradeCurr", "DeclTotal")
_QUANTITY: Final = ("GUnit", "GQty")


@dataclass
class Totals:
    """What manifests add up to; figures count in the smallest unit.

    Attributes:
        manifests: How many.
        items: How many items they have.
        prices: Total prices by currency.
        quantities: Declared quantities by unit.
        gross: Gross weight.
        net: Net weight.
        packages: Number of packages.
    """

    manifests: int = 0
    items: int = 0
    prices: dict[str, int] = field(default_factory=dict)
    quantities: dict[str, int] = field(default_factory=dict)
    gross: int = 0
    net: int = 0
    packages: int = 0

    def add(self, content: Fields) -> None:
        """Add a manifest, or a declaration's head and items put together."""
        self.manifests += 1
        self.gross += amounts.units(content.get("GrossWet"))
        self.net += amounts.units(content.get("NetWt"))
        self.packages += amounts.units(content.get("PackNo"))
        for item in items_of(content):
            self.items += 1
            for (key, name), sums in ((_PRICE, self.prices), (_QUANTITY, self.quantities)):
                of = text_of(item, key)
                sums[of] = sums.get(of, 0) + amounts.units(item.get(name))


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the ERP's own totals beside ours.

    Attributes:
        path: Its field.
        what: A currency, a unit, or `ManifestCount`.
        given: What the ERP says, empty where it says nothing of what we have.
        found: What the manifests add up to.
    """

    path: str
    what: str
    given: str
    found: str

    @property
    def differs(self) -> bool:
        """Tell whether the two are different numbers."""
        return not self.given or amounts.value(self.given) != amounts.value(self.found)

    @property
    def values(self) -> Mapping[str, object]:
        """Return the figures for a text."""
        return {"what": self.what, "given": self.given or "-", "found": self.found}


def is_given(request: Fields) -> bool:
    """Tell whether a request has totals of the ERP's own."""
    return bool(request.get(COUNT) or request.get(_ROWS))


def check_rows(draft: Draft) -> None:
    """Check that each row says one total, and none is said twice."""
    seen: set[tuple[str, str]] = set()
    for path, row in _rows(draft.head.fields):
        names = {name for name, text in row.items() if text}
        if names not in ({*_PRICE}, {*_QUANTITY}):
            draft.fault("aggregation.total-form", path)
            continue
        key = _PRICE[0] if _PRICE[0] in names else _QUANTITY[0]
        of = (key, text_of(row, key))
        if of in seen:
            draft.fault("aggregation.total-twice", f"{path}/{key}", given=of[1])
        seen.add(of)


def compare(request: Fields, found: Totals) -> list[Compared]:
    """Lay the ERP's own totals beside ours; where it adds up prices at all, it must have every currency."""
    compared = []
    if count := text_of(request, COUNT):
        compared.append(Compared(f"{_REQUEST}/{COUNT}", COUNT, count, str(found.manifests)))
    for (key, name), sums in ((_PRICE, found.prices), (_QUANTITY, found.quantities)):
        given = {
            text_of(row, key): (path, text_of(row, name)) for path, row in _rows(request) if row.get(key)
        }
        for of, (path, text) in given.items():
            compared.append(Compared(f"{path}/{name}", of, text, shown(sums.get(of, 0))))
        missing = sorted(sums.keys() - given.keys()) if given else []
        compared += (Compared(f"{_REQUEST}/{_ROWS}", of, "", shown(sums[of])) for of in missing)
    return compared


def shown(figure: int) -> str:
    """Write a figure as people read it."""
    return amounts.show(amounts.of_units(figure))


def _rows(request: Fields) -> Iterator[tuple[str, Fields]]:
    value = request.get(_ROWS, [])
    for count, row in enumerate(value if isinstance(value, list) else [], 1):
        yield f"{_REQUEST}/{_ROWS}[{count}]", row
