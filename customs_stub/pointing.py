"""Objections that a trial asks for: faults that point to a field of the message, in several notations."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from customs_stub.faults import Fault
from customs_stub.submission import Kind
from customs_stub.xmltree import Record

CODE = "G10"
# A field of the head that every message of the kind has.
HEADS: Mapping[Kind, str] = {
    Kind.QUALIFICATION: "ContactName",
    Kind.QUALIFICATION_CHANGE: "QualificationSeqNo",
    Kind.EXTENSION: "QualificationSeqNo",
    Kind.VOLUME: "QualificationSeqNo",
    Kind.VOLUME_CHANGE: "VolumeSeqNo",
    Kind.MANIFEST: "NetWt",
    Kind.MODIFICATION: "DecModNote",
    Kind.WITHDRAWAL: "DecModNote",
    Kind.DECLARATION: "DecHead/NetWt",
}
# The groups that repeat, each with a field that its members have; the first that the message holds is taken.
ITEMS: Mapping[Kind, tuple[tuple[str, str], ...]] = {
    Kind.VOLUME: (("Item", "GName"),),
    Kind.VOLUME_CHANGE: (("Item", "GName"), ("DisabledItem", "GNo")),
    Kind.MANIFEST: (("Item", "GQty"),),
    Kind.MODIFICATION: (("Change", "NewValue"),),
    Kind.DECLARATION: (("DecLists/DecList", "GQty"),),
}


class Aim(Enum):
    """At what a trial's refusal points."""

    HEAD = "head"
    ITEM = "item"
    NOTATIONS = "notations"


def aimed(aim: Aim, kind: Kind, body: Record) -> list[Fault]:
    """Return the objections to a message; one without items is objected to at its head."""
    found = _last_item(kind, body)
    if aim is Aim.HEAD or found is None:
        return [Fault(CODE, f"{kind}/{HEADS[kind]}")]
    group, count, field = found
    path = f"{kind}/{group}[{count}]/{field}"
    if aim is Aim.ITEM:
        return [Fault(CODE, path)]
    root = "" if kind is Kind.DECLARATION else "/Message"
    prefixed = "/".join(f"c:{step}" for step in path.split("/"))
    item = f"第{count}项商品"
    told = [f"{root}/{path}", prefixed, f"GNo={count}", item, f"{kind}/{group}[99999]/{field}"]
    return [*(Fault(CODE, each) for each in told), Fault(CODE, "", f"{item}有误"), Fault(CODE, "")]


def _last_item(kind: Kind, body: Record) -> tuple[str, int, str] | None:
    """Return the first group that has members, how many, and the field to point at."""
    for path, field in ITEMS.get(kind, ()):
        *above, name = path.split("/")
        parent = body.group(above[0]) if above else body
        if count := len(parent.all(name)):
            return path, count, field
    return None
