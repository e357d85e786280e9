"""The account books, cargo manifests and licences that an office keeps, as its file has them."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from customs_stub.checks.cargo import bill, squeezed
from customs_stub.config import ConfigError
from customs_stub.facts import Referred
from customs_stub.xmltree import Record

LABELS = {
    Referred.ACCOUNT_BOOK: "ManualNo",
    Referred.CARGO_MANIFEST: "BillNo",
    Referred.LICENCE: "LicenseNo",
}
# The fields in the order of the messages; `UpdateTime` stands where the office puts its own.
FIELDS = {
    Referred.ACCOUNT_BOOK: (
        *("ManualNo", "CustomMaster", "TradeCode", "TradeName", "TradeMode", "ValidDate"),
        "UpdateTime",
    ),
    Referred.CARGO_MANIFEST: (
        *("IEFlag", "CustomMaster", "TrafMode", "TrafName", "VoyNo", "BillNo", "IEDate"),
        *("PackNo", "WrapType", "GrossWet", "NetWt", "ContainerNo"),
        "UpdateTime",
    ),
    Referred.LICENCE: (
        *("LicenseNo", "IEFlag", "TradeCode", "TradeName", "ValidFrom", "ValidDate"),
        "UpdateTime",
    ),
}
ITEM_FIELDS = {
    Referred.ACCOUNT_BOOK: (
        *("GNo", "CodeTS", "GName", "GModel", "GUnit", "FirstUnit", "SecondUnit"),
        *("OriginCountry", "DeclPrice", "TradeCurr", "GQty", "Disabled"),
    ),
    Referred.CARGO_MANIFEST: (),
    Referred.LICENCE: ("GNo", "CodeTS", "GName", "GUnit", "GQty"),
}
ITEM, UPDATED = "Item", "UpdateTime"


@dataclass(frozen=True, slots=True)
class Reference:
    """One account book, cargo manifest or licence."""

    kind: Referred
    body: Record

    @property
    def label(self) -> str:
        """The number that people call it by, as it is looked up."""
        told = self.body.get(LABELS[self.kind])
        return bill(told) if self.kind is Referred.CARGO_MANIFEST else told

    @property
    def key(self) -> str:
        """What tells it from all others of its kind."""
        if self.kind is not Referred.CARGO_MANIFEST:
            return self.label
        vessel = (squeezed(self.body.get(name)) for name in ("TrafName", "VoyNo"))
        return "/".join((self.body.get("IEFlag"), self.label, *vessel))


def load(file: Path | None) -> list[Reference]:
    """Read the file of references; without one there are none.

    Raises:
        ConfigError: The file cannot be read, names what is unknown, or names something twice.
    """
    if file is None:
        return []
    try:
        given = tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ConfigError([f"{file}: {fault}"]) from fault
    faults = [f"unknown table `{name}`" for name in given.keys() - set(Referred)]
    found: dict[tuple[Referred, str], Reference] = {}
    for kind in Referred:
        for position, table in enumerate(_tables(given.get(kind, []))):
            place = f"{kind}[{position + 1}]"
            reference = Reference(kind, _record(table, kind, place, faults))
            if not reference.label:
                faults.append(f"{place}: `{LABELS[kind]}` is missing")
            elif (kind, reference.key) in found:
                faults.append(f"{place}: {reference.key} stands here twice")
            found[kind, reference.key] = reference
    if faults:
        raise ConfigError([f"{file}: {fault}" for fault in sorted(faults)])
    return list(found.values())


def _tables(given: Any) -> list[dict[str, Any]]:
    return [table for table in given if isinstance(table, dict)] if isinstance(given, list) else []


def _record(table: dict[str, Any], kind: Referred, place: str, faults: list[str]) -> Record:
    items = [
        Record(_values(item, ITEM_FIELDS[kind], f"{place}.{ITEM}[{position}]", faults))
        for position, item in enumerate(_tables(table.get(ITEM, [])), 1)
    ]
    numbers = [item.get("GNo") for item in items]
    faults += [f"{place}: item {number} stands here twice" for number in _repeated(numbers)]
    head = {name: value for name, value in table.items() if name != ITEM}
    return Record(_values(head, FIELDS[kind], place, faults), {ITEM: items} if items else {})


def _repeated(numbers: list[str]) -> list[str]:
    return [number for number, count in Counter(numbers).items() if count > 1]


def _values(table: dict[str, Any], known: tuple[str, ...], place: str, faults: list[str]) -> dict[str, str]:
    for name, value in table.items():
        if name not in known or name == UPDATED:
            faults.append(f"{place}: unknown field `{name}`")
        elif not isinstance(value, str) or not value.strip():
            faults.append(f"{place}: `{name}` must be a text in quotes")
    return {name: table[name] for name in known if isinstance(table.get(name), str)}
