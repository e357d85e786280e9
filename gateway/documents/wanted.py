"""What an ERP wants of a manifest: all of it corrected or single fields, read as one sheet (AM-02)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.documents.core import Document
from gateway.documents.corrections import (
    HEAD,
    ITEM_NUMBER,
    FieldChange,
    Sheet,
    code_of,
    is_same,
    items_of,
    patch,
    path_of,
    sheet_of,
)
from gateway.documents.differences import align, number_on
from gateway.documents.draft import Draft, Group
from gateway.documents.filed import ELEMENTS, FROM_FILING
from gateway.fields import Fields

# These say which manifest it is; another value would be another manifest.
IDENTITY: Final = frozenset(
    {
        *("SeqNo", "CustomsNo", "IEFlag", "GoodsNature", "CustomMaster"),
        *("TradeCode", "TradeName", "ManualNo", "DeclDate"),
    }
)
_ITEMS: Final = "Item"
# A group, and what only commands have.
_NO_FIELDS: Final = frozenset({_ITEMS, "VolumeClientNo"})
_FILED_ITEM: Final = "ContrItem"
_PLACE: Final = re.compile(r"Manifest/(?:Item(?:\[(\d+)\])?/)?(\w+)")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The manifest as it is wanted, and where the ERP said so.

    Attributes:
        sheet: The manifest as it is to be, not yet completed.
        items: The path at which the items were sent.
        positions: At which position each item stands in the corrected manifest, by number; empty for rows.
        rows: The row of each field, where single fields were sent.
        corrected: The path of the corrected manifest, empty where single fields were sent.
    """

    sheet: Sheet
    items: str
    positions: Mapping[int, int] = field(default_factory=dict)
    rows: Mapping[tuple[int, str], int] = field(default_factory=dict)
    corrected: str = ""

    def locate(self, path: str, numbers: Sequence[int]) -> str:
        """Return where the ERP said what a path of the manifest is about.

        Args:
            path: Into the manifest as it is to be, for example `Manifest/Item[2]/GQty`.
            numbers: The number of each of its items, in order.
        """
        found = _PLACE.fullmatch(path)
        if found is None:
            return self.corrected or self.items
        position, name = int(found[1] or 0), found[2]
        if name == _ITEMS:
            return self.items
        number = numbers[position - 1] if position else HEAD
        if not self.corrected:
            return self._row(number, name)
        if not position:
            return f"{self.corrected}/{name}"
        return f"{self.items}[{self.positions[number]}]/{name}"

    def _row(self, number: int, name: str) -> str:
        """Return the row of a field; of one that was not sent, the first row of its item or of the head."""
        row = self.rows.get((number, name))
        row = row or min((row for (item, _), row in self.rows.items() if item == number), default=None)
        return f"{self.items}[{row}]/NewValue" if row else self.items


def read_corrected(draft: Draft, manifest: Document, corrected: Fields) -> Wanted:
    """Read a whole corrected manifest; fields that it lacks are to go, but for those that say which it is.

    An item with a number is the one that has it in the manifest as it stands; without a number, or with a
    higher one, it is new. Where no item has a number, they are laid beside those of the manifest.
    """
    path = draft.head.at("Corrected")
    items = items_of(corrected)
    numbers = _numbers(draft, items, items_of(manifest.content), f"{path}/Item")
    sheet = sheet_of(corrected, numbers)
    old = sheet_of(manifest.content)
    for name in sorted(IDENTITY):
        given, kept = sheet.pop((HEAD, name), ""), old.get((HEAD, name), "")
        if given:
            _check_identity(draft, FieldChange(HEAD, name, kept, given), f"{path}/{name}")
        if kept:
            sheet[HEAD, name] = kept
    positions = {number: position for position, number in enumerate(numbers, 1)}
    return Wanted(sheet, f"{path}/Item", positions, corrected=path)


def read_rows(draft: Draft, manifest: Document, rows: Sequence[Fields]) -> Wanted:
    """Read single fields: each row names a field, its item, and the value that it is to have.

    A row about an item's own number, `GNo`, without a new value takes the item out; numbers behind the last
    are those of new items.
    """
    path = draft.head.at("Change")
    old, last = sheet_of(manifest.content), len(items_of(manifest.content))
    new = sorted({number for row in rows if (number := _number(row)) > last})
    numbers = dict(zip(new, range(last + 1, last + 1 + len(new)), strict=True))
    changes: dict[tuple[int, str], FieldChange] = {}
    places: dict[tuple[int, str], int] = {}
    for count, row in enumerate(rows, 1):
        group = Group(row, f"{path}[{count}]")
        change = _read_row(draft, group, numbers.get(_number(row), _number(row)), old)
        if change is None:
            continue
        if (change.item, change.field) in changes:
            draft.fault("amendment.field-twice", group.at("FieldCode"), given=change.field, item=change.item)
        changes[change.item, change.field] = change
        places[change.item, change.field] = count
    came = (FieldChange(item, ITEM_NUMBER, "", str(item)) for item in numbers.values())
    refilled = _refilled(changes.values(), places)
    return Wanted(patch(old, [*refilled, *came, *changes.values()]), path, rows=places)


def _numbers(draft: Draft, items: Sequence[Fields], old: Sequence[Fields], path: str) -> list[int]:
    if not any(item.get(ITEM_NUMBER) for item in items):
        return align(old, items)
    places: list[int | None] = []
    for position, item in enumerate(items, 1):
        number = _number(item)
        if number and number <= len(old) and number in places:
            draft.fault("amendment.item-twice", f"{path}[{position}]/{ITEM_NUMBER}", given=number)
        known = 0 < number <= len(old) and number not in places
        places.append(number if known else None)
    return number_on(places, len(old))


def _number(group: Fields) -> int:
    """Return the item that a group names, 0 where it names none."""
    text = group.get(ITEM_NUMBER, "")
    return int(text) if isinstance(text, str) and text.isascii() and text.isdecimal() else HEAD


def _read_row(draft: Draft, row: Group, item: int, old: Sheet) -> FieldChange | None:
    """Read a row; None, with the fault told, where it names no field that can be amended."""
    name = row.text("FieldCode")
    if not name:
        level = draft.level
        draft.fault("rule.mandatory", row.at("FieldCode"), level_en=level, level_zh=level.zh)
        return None
    change = FieldChange(item, name, old.get((item, name), ""), row.text("NewValue"))
    spec = draft.facts.dictionary.find(path_of(change))
    if spec is None or (item == HEAD and name in _NO_FIELDS):
        draft.fault("amendment.unknown-field", row.at("FieldCode"), given=name, item=item or "-")
        return None
    draft.fill(row, "FieldName", spec.zh)
    codes = draft.facts.codes
    said = row.text("OldValue")
    if said and not is_same(name, code_of(codes, spec.table, said), change.old):
        draft.fault("amendment.old-value", row.at("OldValue"), given=said, expected=change.old or "-")
    if item == HEAD and name in IDENTITY:
        _check_identity(draft, change, row.at("NewValue"))
        return None
    if name == ITEM_NUMBER and change.new not in ("", str(item)):
        draft.fault("amendment.item-number", row.at("NewValue"), given=change.new, expected=item)
        return None
    return change


def _check_identity(draft: Draft, change: FieldChange, path: str) -> None:
    spec = draft.facts.dictionary.find(path_of(change))
    code = code_of(draft.facts.codes, spec.table if spec else "", change.new)
    if code != change.old:
        draft.fault("amendment.fixed-field", path, given=change.new or "-", expected=change.old)


def _refilled(changes: Iterable[FieldChange], named: Mapping[tuple[int, str], int]) -> list[FieldChange]:
    """Empty what the filing says of an item that becomes another one of the filing, to be filled in anew."""
    moved = [change.item for change in changes if change.field == _FILED_ITEM and change.new != change.old]
    return [
        FieldChange(item, name, "", "")
        for item in moved
        for name in (*FROM_FILING, ELEMENTS)
        if (item, name) not in named
    ]
