"""Goes through a compiled mapping for every place that it looks at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.mapping.bodies import Group
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
    survey = _Survey(mapping)
    ways = [*survey.every(), *((*survey.way(survey.message, each), Step.ALL) for each in ignored)]
    within = known_by(ways).at(survey.message)
    if mapping.split.each is None:
        return Reads(policy, within)
    return Reads(policy, within, known_by([*ways, (*survey.message, Step.ALL)]))


def read_once(mapping: Mapping) -> dict[str, tuple[Any, ...]]:
    """Return for each group that stands once under conditions the expressions of what nothing else reads."""
    survey = _Survey(mapping)
    found = {}
    for body in mapping.bodies.values():
        for group in body.groups:
            if group.pick is None and group.conditions:
                others = known_by(survey.every(without=group))
                found[group.target] = tuple(
                    expression
                    for rule in group.rules
                    for choice in rule.choices
                    for expression in choice.expressions
                    if not others.reads(survey.way(survey.message, expression))
                )
    return found


class _Survey:
    """Yields the ways from the top of a file to whatever a mapping looks at.

    Attributes:
        message: The way to each message.
    """

    def __init__(self, mapping: Mapping) -> None:
        self._mapping = mapping
        each = mapping.split.each
        self.message = () if each is None else self.way((), each)

    def way(self, start: Way, expression: Any) -> Way:
        """Return the way to what an expression finds, seen from the end of another way."""
        return self._mapping.dialect.way(start, expression)

    def every(self, without: Group | None = None) -> Iterator[Way]:
        """Yield all of them, except those of what stands in one group."""
        yield from self._around()
        yield from self._within(without)

    def _around(self) -> Iterator[Way]:
        """Yield what is looked at to choose the mapping, and the way to the messages."""
        match = self._mapping.match
        for _, expression in match.needed:
            yield (*self.way((), expression), Step.NODE)
        for _, expression, _ in match.values:
            yield self.way((), expression)
        yield (*self.message, Step.NODE)

    def _within(self, without: Group | None) -> Iterator[Way]:
        """Yield what is looked at to cut the messages out and to make them."""
        mapping = self._mapping
        for column in filter(None, (*mapping.split.key, mapping.split.record)):
            yield self.way(self.message, column)
        yield from self._rules(
            self.message, mapping.head if mapping.kind is None else (mapping.kind, *mapping.head)
        )
        for body in mapping.bodies.values():
            yield from self._group(self.message, body, without)

    def _group(self, start: Way, group: Group, without: Group | None) -> Iterator[Way]:
        if group.pick is not None:
            if group.pick.each is not None:
                start = self.way(start, group.pick.each)
                yield (*start, Step.NODE)
            yield from self._conditions(start, self._mapping.shares.ignored)
        yield from self._conditions(start, group.conditions)
        if group is without:
            return
        yield from self._rules(start, group.rules)
        for below in group.groups:
            yield from self._group(start, below, without)

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
