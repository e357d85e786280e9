"""What a mapping makes below a message: fields, groups that repeat, and groups that stand once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gateway.fields import Fields
from gateway.mapping.dialect import Pick
from gateway.mapping.rules import Condition, Frame, Rule
from gateway.mapping.step_model import StepError


@dataclass(frozen=True, slots=True)
class Group:
    """A compiled body or group.

    Attributes:
        key: The key of the mapping file, for example `items`.
        name: The name of its element.
        target: Its path without positions.
        rules: What makes its fields.
        groups: What is below it.
        pick: Which records it has; None where it stands once, seen from what is around it.
        conditions: Only records for which all of them hold.
    """

    key: str
    name: str
    target: str
    rules: tuple[Rule, ...] = ()
    groups: tuple[Group, ...] = ()
    pick: Pick[Any] | None = None
    conditions: tuple[Condition, ...] = ()

    def walk(self) -> Iterator[Group]:
        """Yield this group and all below it."""
        yield self
        for group in self.groups:
            yield from group.walk()


def fill(frame: Frame, group: Group, node: Any, path: str) -> Fields:
    """Make the fields of a body or group, and what is below it; every fault is noted in the frame."""
    tree: Fields = {}
    for rule in group.rules:
        text = frame.evaluate(rule, node, f"{path}/{rule.name}")
        if text:
            tree[rule.name] = text
    for below in group.groups:
        at = f"{path}/{below.name}"
        if below.pick is None:
            one = _once(frame, below, node, at)
            if one:
                tree[below.name] = one
        else:
            several = _repeated(frame, below, below.pick, node, at)
            if several:
                tree[below.name] = several
    return tree


def _once(frame: Frame, group: Group, node: Any, path: str) -> Fields:
    if not frame.holds(group.conditions, node):
        return {}
    frame.nodes[path] = node
    return fill(frame, group, node, path)


def _repeated(frame: Frame, group: Group, pick: Pick[Any], node: Any, path: str) -> list[Fields]:
    try:
        records = frame.reading.group(node, pick)
    except StepError as fault:
        frame.fault(fault.code, path, fault.values, frame.reading.node_place(node))
        return []
    if group.conditions:
        records = [record for record in records if frame.holds(group.conditions, record)]
    made: list[Fields] = []
    for position, record in enumerate(records, 1):
        at = f"{path}[{position}]"
        frame.nodes[at] = record
        made.append(fill(frame, group, record, at))
    return made
