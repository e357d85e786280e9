"""New values of a modification's single fields, judged as the fields of a manifest that they are (AM-02)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from gateway.errors import Violation
from gateway.fields import Fields
from gateway.messages import Head, build
from gateway.steps.records import World

_MESSAGE = "ManifestModification"
_WHOLE = f"{_MESSAGE}/Corrected"


def faults_of_rows(world: World, head: Head, body: Fields) -> list[Violation]:
    """Return what the schema finds wrong with new values, told at their rows.

    To the schema the value of a row is any text; what it must be, the field that it names tells. Names and
    codes of a table are left to the rules, for no mapping could turn a name into its code here.
    """
    rows = body.get("Change", [])
    if head.message_type != _MESSAGE or not isinstance(rows, list):
        return []
    return [fault for count, row in enumerate(rows, 1) for fault in _faults(world, head, count, row)]


def _faults(world: World, head: Head, count: int, row: Fields) -> Iterator[Violation]:
    name, value = str(row.get("FieldCode", "")), row.get("NewValue")
    group, place = ("Item", "Item[1]/") if row.get("GNo") else ("", "")
    spec = world.catalogue.dictionary.find(f"{_WHOLE}/{group and 'Item/'}{name}")
    if spec is None or not value or name == "Item" or (spec.table and world.codes.today.has(spec.table)):
        return
    fields: Fields = {name: value}
    root = build(world.catalogue, head, {"Corrected": {group: [fields]} if group else fields})
    for fault in world.catalogue.check(root, command=True):
        if fault.path == f"{_WHOLE}/{place}{name}":
            yield replace(fault, path=f"{_MESSAGE}/Change[{count}]/NewValue")
