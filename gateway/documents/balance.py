"""The proof that declarations say the same as their manifests (AG-09); it shares no code with merging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from gateway.documents import amounts
from gateway.documents.core import Document, Relation
from gateway.errors import ParkedError
from gateway.fields import Fields

_SUMS: Final = ("GQty", "DeclTotal", "FirstQty", "SecondQty")
_SAME: Final = ("CodeTS", "GName", "GModel", "GUnit", "TradeCurr", "FirstUnit", "SecondUnit")
_WEIGHTS: Final = ("GrossWet", "NetWt")

ItemId = tuple[str, int]


def prove(
    run: str, manifests: Sequence[Document], declarations: Sequence[Document], relations: Iterable[Relation]
) -> None:
    """Prove that every manifest item stands in exactly one declaration item and that nothing was lost.

    Quantities, totals, units and currencies are compared item by item, so their sums over all are equal
    too; weights are compared over all.

    Raises:
        ParkedError: `aggregation.invariant`; nothing of the run may be kept.
    """
    sources = {
        (manifest.number, int(str(item["GNo"]))): item
        for manifest in manifests
        for item in _groups(manifest.content.get("Item"))
    }
    targets = {
        (declaration.number, int(str(item["GNo"]))): item
        for declaration in declarations
        for item in _groups(_group(declaration.content.get("DecLists")).get("DecList"))
    }
    left = set(sources)
    sums: dict[ItemId, dict[str, Decimal]] = {}
    for relation in relations:
        source = (relation.manifest, relation.manifest_item)
        target = (relation.declaration, relation.declaration_item)
        if source not in left or target not in targets:
            raise _broken(run, f"item {source} went twice, or to no item: {target}")
        left.discard(source)
        _compare_words(run, sources[source], targets[target], target)
        found = sums.setdefault(target, dict.fromkeys(_SUMS, amounts.ZERO))
        for name in _SUMS:
            found[name] = amounts.total((found[name], amounts.value(sources[source].get(name))))
    if left:
        raise _broken(run, f"left out: {sorted(left)[:3]}")
    _compare_sums(run, targets, sums)
    _compare_weights(run, manifests, declarations)


def _compare_words(run: str, source: Fields, target: Fields, place: ItemId) -> None:
    for name in _SAME:
        if source.get(name) != target.get(name):
            raise _broken(run, f"{name} of {place}: {source.get(name)} against {target.get(name)}")
    if amounts.value(source.get("DeclPrice")) != amounts.value(target.get("DeclPrice")):
        raise _broken(
            run, f"DeclPrice of {place}: {source.get('DeclPrice')} against {target.get('DeclPrice')}"
        )
    # For exports the public structure has origin and destination swapped.
    if source.get("OriginCountry") not in (target.get("OriginCountry"), target.get("DestinationCountry")):
        raise _broken(run, f"OriginCountry of {place}: {source.get('OriginCountry')} is lost")


def _compare_sums(
    run: str, targets: Mapping[ItemId, Fields], sums: Mapping[ItemId, Mapping[str, Decimal]]
) -> None:
    for place, item in targets.items():
        for name in _SUMS:
            ours = sums[place][name] if place in sums else None
            if ours != amounts.value(item.get(name)):
                raise _broken(run, f"{name} of {place}: {ours} against {item.get(name)}")


def _compare_weights(run: str, manifests: Sequence[Document], declarations: Sequence[Document]) -> None:
    for name in _WEIGHTS:
        ours = amounts.total(amounts.value(manifest.content.get(name)) for manifest in manifests)
        theirs = amounts.total(
            amounts.value(_group(declaration.content.get("DecHead")).get(name))
            for declaration in declarations
        )
        if ours != theirs:
            raise _broken(run, f"{name}: {ours} against {theirs}")


def _groups(value: str | Fields | list[Fields] | None) -> list[Fields]:
    return value if isinstance(value, list) else []


def _group(value: str | Fields | list[Fields] | None) -> Fields:
    return value if isinstance(value, dict) else {}


def _broken(run: str, reason: str) -> ParkedError:
    return ParkedError("aggregation.invariant", run=run, reason=reason)
