"""What a mapping of tables asks of whoever fills in a table: its columns, and what each of them takes."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.mapping.mapping import Mapping
from gateway.mapping.rules import Condition, Rule


@dataclass(frozen=True, slots=True)
class Asked:
    """A column.

    Attributes:
        name: Its header.
        targets: The fields that it makes; none of a column that only decides about others.
        allowed: The texts that it takes, where the mapping lists them.
        table: The code table that it is looked up in.
        is_number: It holds numbers, whose zeros at the left mean nothing.
        optional: It may be missing.
    """

    name: str
    targets: tuple[str, ...]
    allowed: tuple[str, ...]
    table: str
    is_number: bool
    optional: bool


def columns_of(mapping: Mapping) -> list[Asked]:
    """Return the columns that a mapping looks at, in the order in which people fill them in."""
    rules = list(mapping.every_rule())
    conditions = [each for rule in rules for choice in rule.choices for each in choice.conditions]
    groups = [group for body in mapping.bodies.values() for group in body.walk()]
    conditions += [each for group in groups for each in group.conditions]
    found: dict[str, list[Rule]] = {name: [] for name in (*mapping.split.key, mapping.split.record) if name}
    for rule in rules:
        for column in (column for choice in rule.choices for column in choice.expressions):
            found.setdefault(column, []).append(rule)
    for condition in conditions:
        found.setdefault(condition.expression, [])
    return [
        _asked(column, found[column], conditions) for column in sorted(found, key=lambda c: _order(found[c]))
    ]


def _order(rules: list[Rule]) -> int:
    """Put first what the head of a message is made of, then what decides, then what fills it."""
    if any(rule.target.startswith("MessageHead/") for rule in rules):
        return 0
    return 2 if rules else 1


def _asked(column: str, rules: list[Rule], conditions: list[Condition]) -> Asked:
    choices = [choice for rule in rules for choice in rule.choices if column in choice.expressions]
    allowed = {text: None for choice in choices for text in choice.values or ()}
    for condition in conditions:
        if condition.expression == column and not choices:
            allowed |= dict.fromkeys(sorted(condition.wanted or ()))
    return Asked(
        name=column,
        targets=tuple(dict.fromkeys(rule.target for rule in rules)),
        allowed=tuple(text for text in allowed if text != "*"),
        table=next((choice.table for choice in choices if choice.table), ""),
        is_number=any(rule.is_number for rule in rules),
        optional=bool(choices) and all(choice.optional for choice in choices),
    )
