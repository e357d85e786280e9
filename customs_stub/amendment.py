"""Field changes of a manifest: applied to what is on file, and told apart from what stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from customs_stub.checks.figures import number
from customs_stub.xmltree import Record

# What a manifest is known by stays as it is; all else may be amended.
IDENTITY = (
    *("SeqNo", "CustomsNo", "IEFlag", "GoodsNature", "CustomMaster"),
    *("TradeCode", "ManualNo", "VolumeClientNo", "DeclDate"),
)
HEAD = (
    *("IEPort", "TradeName", "OwnerCode", "OwnerName", "AgentCode", "AgentName", "IEDate"),
    *("TrafMode", "TrafName", "VoyNo", "BillNo", "TradeMode", "CutMode", "TradeCountry", "TradeAreaCode"),
    *("DistinatePort", "LicenseNo", "ContrNo", "TransMode", "WrapType", "PackNo", "GrossWet", "NetWt"),
    *("FeeMark", "FeeRate", "FeeCurr", "InsurMark", "InsurRate", "InsurCurr"),
    *("OtherMark", "OtherRate", "OtherCurr", "ContainerNo", "NoteS"),
)
NUMBER, ITEMS = "GNo", "Item"
# The number stands for the item as such: told anew it is added, taken away the item goes.
ITEM = (
    NUMBER,
    *("ContrItem", "CodeTS", "GName", "GModel", "GUnit", "OriginCountry", "TradeCurr"),
    *("GQty", "DeclPrice", "DeclTotal", "FirstUnit", "FirstQty", "SecondUnit", "SecondQty"),
    *("DestinationCountry", "DutyMode", "LicenseNo", "DeclElements"),
)
# One figure may be written in several ways.
FIGURES = frozenset(
    {
        *("PackNo", "GrossWet", "NetWt", "FeeRate", "InsurRate", "OtherRate"),
        *("GQty", "DeclPrice", "DeclTotal", "FirstQty", "SecondQty"),
    }
)


def equal(name: str, one: str, other: str) -> bool:
    """Tell whether two texts are the same value of a field."""
    if name in FIGURES and one and other:
        return number(one) == number(other)
    return one == other


def value(manifest: Record, change: Record) -> str:
    """Return what stands in the field that a change names."""
    item = change.get(NUMBER)
    place = _numbered(manifest).get(item, Record()) if item else manifest
    return place.get(change.get("FieldCode"))


def amended(manifest: Record, changes: list[Record]) -> Record:
    """Return the manifest with the new values, its items counted anew.

    Changes name items by the numbers on file, new ones beyond the last. An item whose number goes is gone.
    """
    head = dict(manifest.values)
    items = {at: dict(item.values) for at, item in _numbered(manifest).items()}
    for change in changes:
        told = items.setdefault(change.get(NUMBER), {}) if change.get(NUMBER) else head
        told[change.get("FieldCode")] = change.get("NewValue")
    kept = [items[at] for at in sorted(items, key=number) if items[at].get(NUMBER)]
    listed = [Record(_told(item) | {NUMBER: str(count)}) for count, item in enumerate(kept, 1)]
    return Record(_told(head), {ITEMS: listed})


def _told(values: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in values.items() if text}


def differences(one: Record, other: Record) -> Iterator[str]:
    """Yield the path of each field, below the manifest, in which two of them differ."""
    for name in HEAD:
        if not equal(name, one.get(name), other.get(name)):
            yield name
    mine, theirs = _numbered(one), _numbered(other)
    for position, at in enumerate(dict.fromkeys([*theirs, *mine]), 1):
        for name in ITEM:
            if not _same(name, mine.get(at), theirs.get(at)):
                yield f"Item[{position}]/{name}"


def _same(name: str, one: Record | None, other: Record | None) -> bool:
    return equal(name, one.get(name) if one else "", other.get(name) if other else "")


def _numbered(manifest: Record) -> Mapping[str, Record]:
    return {item.get(NUMBER): item for item in manifest.all(ITEMS)}
