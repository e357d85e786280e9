"""Goes through a compiled mapping for every place that it looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.mapping.bodies import Group
from gateway.mapping.dialect import Dialect
from gateway.mapping.known import Step, Way, known_by
from gateway.mapping.mapping import Mapping
from gateway.mapping.rules import Condition, Rule
from gateway.mapping.unread import Policy, Reads


def reads_of(mapping: Mapping, policy: Policy, ignored: Iterable[Any]) -> Reads:
    """Return what a mapping reads.

    Args:
        mapping: The mapping, compiled.
        policy: What is to become of everything else.
        ignored: What no rule reads on purpose, as expressions seen from the message.
    """
    each = mapping.split.each
    message = () if each is None else mapping.dialect.way((), each)
    survey = _Survey(mapping.dialect, message)
    ways = [
        *survey.around(mapping),
        *survey.within(mapping),
        *((*survey.way(message, expression), Step.ALL) for expression in ignored),
    ]
    within = known_by(ways).at(message)
    if each is None:
        return Reads(policy, within)
    return Reads(policy, within, known_by([*ways, (*message, Step.ALL)]))


class _Survey:
    """Yields the ways from the top of a file to whatever a mapping looks at.

    Attributes:
        message: The way to each message.
    """

    def __init__(self, dialect: Dialect[Any, Any], message: Way) -> None:
        self._dialect = dialect
        self.message = message

    def way(self, start: Way, expression: Any) -> Way:
        """Return the way to what an expression finds, seen from the end of another way."""
        return self._dialect.way(start, expression)

    def around(self, mapping: Mapping) -> Iterator[Way]:
        """Yield what is looked at to choose the mapping, and the way to the messages."""
        for _, expression in mapping.match.needed:
            yield self.way((), expression)
        for _, expression, _ in mapping.match.values:
            yield self.way((), expression)
        yield self.message

    def within(self, mapping: Mapping) -> Iterator[Way]:
        """Yield what is looked at to cut the messages out and to make them."""
        for column in filter(None, (*mapping.split.key, mapping.split.record)):
            yield self.way(self.message, column)
        yield from self._rules(
            self.message, mapping.head if mapping.kind is None else (mapping.kind, *mapping.head)
        )
        for body in mapping.bodies.values():
            yield from self._group(self.message, body)

    def _group(self, start: Way, group: Group) -> Iterator[Way]:
        if group.pick is not None and group.pick.each is not None:
            start = self.way(start, group.pick.each)
            yield start
        yield from self._conditions(start, group.conditions)
        yield from self._rules(start, group.rules)
        for below in group.groups:
            yield from self._group(start, below)

    def _rules(self, start: Way, rules: Iterable[Rule]) -> Iterator[Way]:
        for rule in rules:
            for choice in rule.choices:
                seen_from = self.message if choice.of_message else start
                for expression in choice.expressions:
                    yield self.way(seen_from, expression)
                yield from self._conditions(start, choice.conditions)

    def _conditions(self, start: Way, conditions: Iterable[Condition]) -> Iterator[Way]:
        for each in conditions:
            yield self.way(self.message if each.of_message else start, each.expression)
