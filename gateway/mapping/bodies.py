"""What a mapping makes below a message: fields, groups that repeat, and groups that stand once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, compress
from operator import not_
from typing import Any

from gateway.fields import Fields
from gateway.mapping.dialect import Pick
from gateway.mapping.rules import Condition, Frame, Passed, Rule
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
            several = _repeated(frame, below, node, at)
            if several:
                tree[below.name] = several
    return tree


def _once(frame: Frame, group: Group, node: Any, path: str) -> Fields:
    if not frame.holds(group.conditions, node):
        below = [_records(frame, each, node, f"{path}/{each.name}") for each in group.groups]
        frame.passed.append(Passed(group.target, group.conditions, list(chain(*below)), node))
        return {}
    frame.nodes[path] = node
    return fill(frame, group, node, path)


def _records(frame: Frame, group: Group, node: Any, path: str) -> list[Any]:
    assert group.pick is not None, "only what repeats has records"
    try:
        return frame.reading.group(node, group.pick)
    except StepError as fault:
        frame.fault(fault.code, path, fault.values, frame.reading.node_place(node))
        return []


def _repeated(frame: Frame, group: Group, node: Any, path: str) -> list[Fields]:
    records = _records(frame, group, node, path)
    if group.conditions:
        held = [frame.holds(group.conditions, record) for record in records]
        if not all(held):
            left = list(compress(records, map(not_, held)))
            frame.passed.append(Passed(group.target, group.conditions, left))
            records = list(compress(records, held))
    frame.taken += records
    made: list[Fields] = []
    for position, record in enumerate(records, 1):
        at = f"{path}[{position}]"
        frame.nodes[at] = record
        made.append(fill(frame, group, record, at))
    return made
