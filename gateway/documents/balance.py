"""The proof that declarations say the same as their manifests (AG-09); it shares no code with merging.

It has two halves. Each manifest says what its lines say, and its lines are all that it says; each declaration
says what those lines add up to that were put into it, added up once more and by nobody who wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256
from operator import attrgetter
from typing import Final, Protocol

from gateway.documents import amounts
from gateway.documents.core import Document
from gateway.errors import ParkedError
from gateway.fields import Fields

_WORDS: Final = ("CodeTS", "GName", "GModel", "GUnit", "TradeCurr", "FirstUnit", "SecondUnit")
_EXPORT: Final = "E"
_AMOUNT: Final = "3"
_CHARGES: Final = (("Fee", "freight"), ("Insur", "insurance"), ("Other", "other"))
_FIGURES: Final = (
    *(("GQty", "quantity"), ("DeclTotal", "total")),
    *(("FirstQty", "first_quantity"), ("SecondQty", "second_quantity")),
)
_NAMES: Final = tuple(name for name, _ in _FIGURES)
_ENTERED: Final = attrgetter("words", *(figure for _, figure in _FIGURES))
_DIGITS: Final = 32


class Entry(Protocol):
    """A line as it was stored."""

    @property
    def manifest(self) -> str:
        """Its manifest."""
        ...

    @property
    def position(self) -> int:
        """Its number in the manifest."""
        ...

    @property
    def words(self) -> str:
        """What it says beside figures."""
        ...


@dataclass(frozen=True, slots=True)
class Sum:
    """What was put into one item of a declaration, added up over its lines.

    Attributes:
        position: The number of the item.
        lines: How many lines.
        words: The least and the greatest of what the lines say beside figures.
    """

    position: int
    lines: int
    words: tuple[str, str]
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


def words_of(item: Fields, *, declared: bool = False, flag: str = "") -> str:
    """Return one short text for what an item says beside figures: goods, units, currency, price, origin.

    Args:
        item: The item of a manifest or a declaration.
        declared: Whether it is a declaration's.
        flag: Of a declaration, `I` or `E`: for exports origin and destination are swapped in it.
    """
    origin = item.get("DestinationCountry" if declared and flag == _EXPORT else "OriginCountry")
    return _words((*map(item.get, _WORDS), item.get("DeclPrice"), origin))


# A month has few goods and many items.
@lru_cache(maxsize=10_000)
def _words(said: tuple[object, ...]) -> str:
    *names, price, origin = said
    plain = [*("" if name is None else str(name) for name in names), amounts.show(amounts.value(price))]
    return sha256("\x1f".join([*plain, str(origin or "")]).encode()).hexdigest()[:_DIGITS]


def prove_manifest(run: str, manifest: Document, lines: Sequence[Entry]) -> None:
    """Prove that the lines of a manifest are its items, each once, and share all that it tells as a whole.

    Raises:
        ParkedError: `aggregation.invariant`; nothing of the run may be published.
    """
    content = manifest.content
    items = {int(str(item["GNo"])): item for item in _groups(content.get("Item"))}
    place = manifest.number
    positions = [line.position for line in lines]
    if sorted(positions) != sorted(items):
        raise _broken(run, f"items of {place}: {sorted(items)} against {sorted(positions)}")
    for line in lines:
        item = items[line.position]
        said = (words_of(item), *(_given(item, name) for name in _NAMES))
        if said != (entered := _ENTERED(line)):
            raise _broken(run, f"{place}/{line.position} is {said} against {entered}")
    wholes = {"NetWt": ("net",), "GrossWet": ("net", "tare")}
    wholes |= {f"{c}Rate": (figure,) for c, figure in _CHARGES if content.get(f"{c}Mark") == _AMOUNT}
    for name, figures in wholes.items():
        found = _total(lines, *figures)
        _compare(run, f"{name} of {place}", amounts.units(content.get(name)), found)
    packages = amounts.value(content.get("PackNo"))
    _compare(run, f"PackNo of {place}", packages, Decimal(_total(lines, "packages")))


def prove_declaration(run: str, index: int, content: Fields, sums: Sequence[Sum]) -> int:
    """Prove that a declaration says what was put into it; return how many lines that was.

    A declaration has at least one package, also where its manifests had fewer packages than declarations.

    Raises:
        ParkedError: `aggregation.invariant`; nothing of the run may be published.
    """
    head = _group(content.get("DecHead"))
    items = _groups(_group(content.get("DecLists")).get("DecList"))
    place = f"declaration {index}"
    numbers = [str(item.get("GNo")) for item in items]
    if numbers != [str(found.position) for found in sums]:
        raise _broken(run, f"items of {place}: {numbers} against {[found.position for found in sums]}")
    for item, found in zip(items, sums, strict=True):
        words = words_of(item, declared=True, flag=str(head.get("IEFlag")))
        if found.words != (words, words):
            raise _broken(run, f"{place}/{found.position} says something else than its lines")
        for name, figure in _FIGURES:
            _compare(run, f"{name} of {place}/{found.position}", getattr(found, figure), _given(item, name))
    for name, figures in (("NetWt", ("net",)), ("GrossWet", ("net", "tare"))):
        declared = amounts.units(head.get(name))
        _compare(run, f"{name} of {place}", _total(sums, *figures), declared)
    for charge, figure in _CHARGES:
        if head.get(f"{charge}Mark") == _AMOUNT or any(getattr(each, figure) is not None for each in sums):
            declared = amounts.units(head.get(f"{charge}Rate"))
            _compare(run, f"{charge}Rate of {place}", _total(sums, figure), declared)
    packages = max(_total(sums, "packages"), 1)
    _compare(run, f"PackNo of {place}", Decimal(packages), amounts.value(head.get("PackNo")))
    return sum(found.lines for found in sums)


def prove_whole(run: str, *, lines: int, proved: int) -> None:
    """Prove that no line was left out of the declarations.

    Raises:
        ParkedError: `aggregation.invariant`; nothing of the run may be published.
    """
    _compare(run, "lines", lines, proved)


def _given(item: Fields, name: str) -> int | None:
    return amounts.units(item[name]) if item.get(name) else None


def _total(rows: Iterable[object], *figures: str) -> int:
    return sum(getattr(row, figure) or 0 for row in rows for figure in figures)


def _compare(run: str, what: str, ours: object, theirs: object) -> None:
    # A sum of nothing and nothing said are the same.
    if (ours or 0) != (theirs or 0):
        raise _broken(run, f"{what}: {_told(ours)} against {_told(theirs)}")


def _told(figure: object) -> str:
    return amounts.show(amounts.of_units(figure)) if isinstance(figure, int) else str(figure)


def _groups(value: str | Fields | list[Fields] | None) -> list[Fields]:
    return value if isinstance(value, list) else []


def _group(value: str | Fields | list[Fields] | None) -> Fields:
    return value if isinstance(value, dict) else {}


def _broken(run: str, reason: str) -> ParkedError:
    return ParkedError("aggregation.invariant", run=run, reason=reason)
