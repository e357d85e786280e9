"""Compiled rules: how one value is made, evaluated for each record of each message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gateway.errors import Place, Violation
from gateway.mapping.dialect import Found, Reading
from gateway.mapping.lookup import CodeLookup
from gateway.mapping.step_model import Step, StepError

MAX_VIOLATIONS = 200


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition.

    Attributes:
        text: What is looked at, as the mapping file has it.
        expression: The same, compiled.
        wanted: The texts of which the value must be one, or None to look only whether there is one.
        holds: What the comparison must give.
        of_message: Look from the message instead of the record.
    """

    text: str
    expression: Any
    wanted: frozenset[str] | None
    holds: bool
    of_message: bool


class Passed(NamedTuple):
    """What a group does not take, as its conditions do not hold.

    Attributes:
        target: The path of the group, without positions.
        conditions: Its conditions.
        records: The records.
        once: From where the conditions are seen if the group stands once, else None: from each record.
    """

    target: str
    conditions: tuple[Condition, ...]
    records: list[Any]
    once: Any = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to make a value; of several the first whose conditions hold is taken.

    Its steps, list of words and code table stand in `told` once more, as a person reads them.
    """

    expressions: tuple[Any, ...] = ()
    constant: str = ""
    join: str | None = None
    steps: tuple[Step, ...] = ()
    values: Mapping[str, str] | None = None
    values_name: str = ""
    table: str = ""
    default: str = ""
    conditions: tuple[Condition, ...] = ()
    optional: bool = False
    of_message: bool = False
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """What makes one target field.

    Attributes:
        key: The key of the mapping file, for example `items.GQty`.
        name: The field's name.
        target: The field's path without positions.
        choices: The ways to make it.
        is_text: It takes a text as it stands, so that zeros at its left count.
        is_number: It reads a number.
    """

    key: str
    name: str
    target: str
    choices: tuple[Choice, ...]
    is_text: bool = False
    is_number: bool = False

    def outcomes(self) -> Iterator[str]:
        """Yield the values that it can make, as far as the mapping file names them."""
        for choice in self.choices:
            yield from filter(None, (choice.constant, *(choice.values or {}).values(), choice.default))


class Entry(NamedTuple):
    """What made one target value: enough to say its place later, when somebody asks."""

    rule: Rule
    where: Any
    text: str
    node: Any
    expression: Any
    choice: Choice | None


# One is made for each value of each message, and its own constructor takes three times as long.
_entry = tuple.__new__


@dataclass(slots=True)
class Frame:
    """What grows while one message is mapped."""

    reading: Reading[Any, Any]
    tables: CodeLookup
    message: Any
    violations: list[Violation]
    entries: dict[str, Entry] = field(default_factory=dict)
    nodes: dict[str, Any] = field(default_factory=dict)
    taken: list[Any] = field(default_factory=list)
    passed: list[Passed] = field(default_factory=list)
    # The same names stand in item after item.
    _codes: dict[tuple[str, str], str | None] = field(default_factory=dict)

    def fault(self, code: str, path: str, values: Mapping[str, object], place: Place) -> None:
        """Note a violation, up to a number that a person can still read."""
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(Violation(code, path, values, place))
        elif len(self.violations) == MAX_VIOLATIONS:
            self.violations.append(Violation("map.more-faults", values={"limit": MAX_VIOLATIONS}))

    def evaluate(self, rule: Rule, node: Any, path: str) -> str:
        """Make the value of one field; empty where there is none."""
        for choice in rule.choices:
            if not choice.conditions or self.holds(choice.conditions, node):
                return self._make(rule, choice, self.message if choice.of_message else node, path)
        return ""

    def holds(self, conditions: tuple[Condition, ...], node: Any) -> bool:
        """Tell whether all conditions hold, seen from a node."""
        for each in conditions:  # noqa: SIM110 -- asked for each record: all() would take twice as long
            if not self._holds(each, node):
                return False
        return True

    def _holds(self, condition: Condition, node: Any) -> bool:
        try:
            found = self.reading.find(self.message if condition.of_message else node, condition.expression)
        except StepError:
            # Elements or objects are there, although they are no single value.
            return condition.wanted is None and condition.holds
        if condition.wanted is None:
            return bool(found) is condition.holds
        return (bool(found) and found[0][0] in condition.wanted) is condition.holds

    def _make(self, rule: Rule, choice: Choice, node: Any, path: str) -> str:
        if choice.constant:
            self.entries[path] = _entry(Entry, (rule, None, "", None, None, choice))
            return choice.constant
        found: Found | None = None
        text = ""
        try:
            found = self._find(choice, node)
            if found:
                text = self._convert(choice, found[0])
        except StepError as fault:
            place = self.reading.place(found[1]) if found else None
            self.fault(fault.code, path, fault.values, place or self._expected(choice, node))
        if not text and choice.default:
            text = choice.default
        if text or found:
            where, raw = (found[1], found[0]) if found else (None, "")
            expression = None if found else choice.expressions[0]
            self.entries[path] = _entry(Entry, (rule, where, raw, node, expression, choice))
        return text

    def _find(self, choice: Choice, node: Any) -> Found | None:
        """Return the first expression's value that is there, or all of them joined."""
        if choice.join is not None:
            every = [found for each in choice.expressions for found in self.reading.find(node, each)]
            return (choice.join.join(text for text, _ in every), every[0][1]) if every else None
        return self.reading.first(node, choice.expressions)

    def _convert(self, choice: Choice, text: str) -> str:
        for step in choice.steps:
            text = step(text)
            if not text:
                return ""
        if choice.values is not None:
            known = choice.values.get(text, choice.values.get("*"))
            if known is None:
                allowed = ", ".join(choice.values)
                raise StepError("map.unknown-value", text=text, values=choice.values_name, allowed=allowed)
            text = known
        if choice.table:
            code = self._code(choice.table, text)
            if code is None and (valid := self.tables.validity(choice.table, text)):
                raise StepError("map.code-not-valid", text=text, table=choice.table, valid=valid)
            if code is None:
                near = ", ".join(f"{code} {name}" for code, name in self.tables.near(choice.table, text))
                raise StepError("map.unknown-code", text=text, table=choice.table, near=near or "–")
            text = code
        return text

    def _code(self, table: str, text: str) -> str | None:
        asked = table, text
        if asked not in self._codes:
            self._codes[asked] = self.tables.code(table, text)
        return self._codes[asked]

    def _expected(self, choice: Choice, node: Any) -> Place:
        return self.reading.expected(node, choice.expressions[0])
