"""A manifest laid out by item and field, the changes between two such sheets, and their rows (AM-02)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from gateway.documents import amounts
from gateway.documents.core import CodeLookup
from gateway.fields import FieldDictionary, Fields

# Texts by item number and field; the head is item 0. An item keeps the number that it has in the manifest as
# it stands; new items count on behind its last.
Sheet: TypeAlias = "dict[tuple[int, str], str]"

HEAD: Final = 0
ITEM_NUMBER: Final = "GNo"
_GOODS: Final = "1"

# Fields whose texts are numbers: 100 and 100.00 are the same.
NUMBERS: Final = frozenset(
    {
        *("PackNo", "GrossWet", "NetWt", "FeeRate", "InsurRate", "OtherRate"),
        *("GNo", "ContrItem", "GQty", "DeclPrice", "DeclTotal", "FirstQty", "SecondQty"),
    }
)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that a modification changes; an absent value is empty.

    Attributes:
        item: The item's number, 0 for the head. Its field `GNo` stands for the item as such: without an old
            value it is new, without a new one it goes.
        field: The element name.
        old: The text before.
        new: The text after.
    """

    item: int
    field: str
    old: str
    new: str


def sheet_of(content: Fields, numbers: Iterable[int] | None = None) -> Sheet:
    """Lay a manifest out; its items have the numbers given, else those of their order."""
    sheet = {(HEAD, name): value for name, value in content.items() if isinstance(value, str)}
    items = items_of(content)
    for number, item in zip(numbers or range(1, len(items) + 1), items, strict=True):
        texts = {name: value for name, value in item.items() if isinstance(value, str)}
        sheet |= {(number, name): value for name, value in texts.items()}
        sheet[number, ITEM_NUMBER] = str(number)
    return sheet


def items_of(content: Fields) -> list[Fields]:
    """Return the items of a manifest."""
    return groups_of(content, "Item")


def groups_of(content: Fields, name: str) -> list[Fields]:
    """Return the groups that repeat under a name."""
    value = content.get(name, [])
    return value if isinstance(value, list) else []


def assemble(sheet: Sheet) -> tuple[Fields, list[int]]:
    """Return the manifest of a sheet, its items counted anew from 1, and the numbers that they had."""
    groups: dict[int, Fields] = {HEAD: {}}
    for (item, field), text in sheet.items():
        groups.setdefault(item, {})[field] = text
    content = groups.pop(HEAD)
    numbers = sorted(groups)
    content["Item"] = [{**groups[number], ITEM_NUMBER: str(n)} for n, number in enumerate(numbers, 1)]
    return content, numbers


def changes_between(old: Sheet, new: Sheet, dictionary: FieldDictionary) -> list[FieldChange]:
    """List what changes: the head first, then the items by number, fields as the schema orders them."""
    places = {
        (prefix != "Manifest", spec.name): place
        for prefix in ("Manifest", "Manifest/Item")
        for place, spec in enumerate(dictionary.below(prefix))
    }

    def place(key: tuple[int, str]) -> tuple[int, int, str]:
        item, field = key
        return item, places.get((item != HEAD, field), len(places)), field

    return [
        FieldChange(*key, old.get(key, ""), new.get(key, ""))
        for key in sorted(old.keys() | new.keys(), key=place)
        if old.get(key, "") != new.get(key, "")
    ]


def patch(sheet: Sheet, changes: Iterable[FieldChange]) -> Sheet:
    """Return the sheet with the changes made; an item whose number goes is gone with all its fields."""
    changed = dict(sheet)
    for change in changes:
        key = change.item, change.field
        if change.new:
            changed[key] = change.new
        else:
            changed.pop(key, None)
    kept = {item for item, field in changed if field == ITEM_NUMBER} | {HEAD}
    return {key: text for key, text in changed.items() if key[0] in kept}


def modified(content: Fields, changes: Iterable[FieldChange]) -> Fields:
    """Return a manifest with the changes made."""
    return assemble(patch(sheet_of(content), changes))[0]


def is_same(field: str, one: str, other: str) -> bool:
    """Tell whether two texts of a field say the same: equal, or numbers of equal value."""
    if one == other:
        return True
    value = amounts.parse(one) if field in NUMBERS else None
    return value is not None and value == amounts.parse(other)


def in_words_of(old: Sheet, new: Sheet) -> Sheet:
    """Return the new sheet with the old text wherever it says the same."""
    return {
        key: old[key] if key in old and is_same(key[1], old[key], text) else text for key, text in new.items()
    }


def code_of(codes: CodeLookup, table: str, text: str) -> str:
    """Return the code for a code or name, the text itself where no table knows it."""
    return (codes.code(table, text) if table and codes.has(table) else None) or text


def path_of(change: FieldChange) -> str:
    """Return what the dictionary calls the field."""
    return f"Manifest/{change.field}" if change.item == HEAD else f"Manifest/Item/{change.field}"


def rows_of(changes: Iterable[FieldChange], dictionary: FieldDictionary) -> list[Fields]:
    """Write changes as the rows of a modification, as in a DecModMessage."""
    return [
        {name: text for name, text in _row(count, change, dictionary).items() if text}
        for count, change in enumerate(changes, 1)
    ]


def changes_of(rows: Iterable[Mapping[str, object]]) -> list[FieldChange]:
    """Read the rows that `rows_of` wrote."""
    return [
        FieldChange(
            int(_text(row, "GNo") or HEAD), *(_text(row, n) for n in ("FieldCode", "OldValue", "NewValue"))
        )
        for row in rows
    ]


def told(changes: Iterable[FieldChange], dictionary: FieldDictionary) -> list[dict[str, object]]:
    """Tell changes as a reply shows them (查看修改申请)."""
    return [_told(change, dictionary) for change in changes]


def _told(change: FieldChange, dictionary: FieldDictionary) -> dict[str, object]:
    spec = dictionary.find(path_of(change))
    return {
        "field": change.field,
        "en": spec.en if spec else change.field,
        "zh": spec.zh if spec else change.field,
        "item": change.item or None,
        "old": change.old or None,
        "new": change.new or None,
    }


def _row(count: int, change: FieldChange, dictionary: FieldDictionary) -> dict[str, str]:
    spec = dictionary.find(path_of(change))
    goods = change.item != HEAD
    return {
        "No": str(count),
        "FieldCode": change.field,
        "FieldName": spec.zh if spec else change.field,
        "OldValue": change.old,
        "NewValue": change.new,
        "GNo": str(change.item) if goods else "",
        "ListType": _GOODS if goods else "",
    }


def _text(row: Mapping[str, object], name: str) -> str:
    value = row.get(name, "")
    return value if isinstance(value, str) else ""
