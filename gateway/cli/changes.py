"""What changed in a document and what it was made by, as people are told it."""

from __future__ import annotations

import re
from typing import Any

from gateway.cli.show import Show
from gateway.documents import Difference, Kind
from gateway.fields import FieldDictionary
from gateway.store import DocumentRow, MessageRow, Unit

_GROUP = re.compile(r"(\w+)\[(\d+)\]")


def amendments_of(unit: Unit, row: DocumentRow) -> list[dict[str, Any]]:
    """Return the modifications and withdrawals of a manifest, oldest first."""
    return [
        {
            "number": child.number,
            "type": child.message_type,
            "state": child.state,
            "client_number": child.client_number,
            "customs_number": child.customs_number,
            "reason": child.content.get("DecModNote"),
        }
        for child in unit.documents.children(row.number)
        if child.kind == Kind.AMENDMENT
    ]


def changes_told(row: DocumentRow, dictionary: FieldDictionary) -> list[dict[str, Any]]:
    """Return what a modification changes in its manifest, field by field (AM-02)."""
    rows = row.content.get("Change", [])
    found: list[dict[str, Any]] = []
    for change in rows if isinstance(rows, list) else []:
        name, item = str(change["FieldCode"]), change.get("GNo")
        path = f"Item[{item}]/{name}" if item else name
        difference = Difference(path, str(change.get("OldValue", "")), str(change.get("NewValue", "")))
        found.append(told_of(difference, "Manifest", dictionary))
    return found


def sentences(show: Show, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was told as lines of a listing."""
    return [{"differences": sentence(show, each)} for each in found]


def made_by(message: MessageRow | None) -> str | None:
    """Return the mapping and version by which a message was made of an ERP's file (ER-03)."""
    if message is None or message.mapping is None:
        return None
    return f"{message.mapping}@{message.mapping_version}"


def told_of(difference: Difference, message: str, dictionary: FieldDictionary) -> dict[str, Any]:
    """Return a difference with the names of its field in both languages."""
    spec = dictionary.find(f"{message}/{difference.path}")
    groups = _GROUP.findall(difference.path)
    name = difference.path.rpartition("/")[2]
    return {
        "field": difference.path,
        "en": spec.en if spec and spec.en else name,
        "zh": spec.zh if spec and spec.zh else name,
        "item": int(groups[-1][1]) if groups else None,
        "old": difference.old or None,
        "new": difference.new or None,
    }


def sentence(show: Show, difference: dict[str, Any]) -> str:
    """Say a difference in the language: which item, which field, what it was and what it is."""
    values = {
        "name": difference[show.language],
        "old": difference["old"] or "–",
        "new": difference["new"] or "–",
    }
    if difference["item"] is None:
        return show.word("difference-of-head", **values)
    return show.word("difference-of-item", item=difference["item"], **values)
