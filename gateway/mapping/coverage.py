"""Which parts of a mapping its examples bring into play: rules, choices, conditions, defaults, words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from gateway.fields import plain
from gateway.mapping.bodies import Group
from gateway.mapping.dialect import Reading
from gateway.mapping.lookup import CodeLookup
from gateway.mapping.mapping import Mapping
from gateway.mapping.rules import Choice, Condition, Frame, Rule


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a mapping its examples have brought into play.

    Attributes:
        mapping: The mapping.
        parts: How many parts it has: each rule or choice that makes a value, each group, each condition
            that holds and that does not, each default.
        missed: The parts that no example needed, as keys of the mapping file.
        words: How many entries its `[values]` have.
        missed_words: The entries that no example looked up.
    """

    mapping: str
    parts: int
    missed: tuple[str, ...]
    words: int
    missed_words: tuple[str, ...]


class Watch:
    """Looks on while a mapping is applied.

    Attributes:
        mapping: The mapping as it is to be applied; the one that was given does not know of the watch.
    """

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = replace(mapping, frame=self._frame)
        self._names = dict(_names(mapping))
        self._words = dict(_words(mapping))
        self._groups = {group.target: group.key for body in mapping.bodies.values() for group in _below(body)}
        self._frames: list[_WatchedFrame] = []

    def _frame(
        self, reading: Reading[Any, Any], tables: CodeLookup, message: Any, violations: list[Any]
    ) -> Frame:
        made = _WatchedFrame(reading, tables, message, violations)
        self._frames.append(made)
        return made

    def coverage(self) -> Coverage:
        """Tell what was needed up to now."""
        seen = {self._names.get(point, "") for frame in self._frames for point in frame.seen}
        seen |= {self._groups.get(plain(path), "") for frame in self._frames for path in frame.nodes}
        parts = dict.fromkeys([*self._names.values(), *self._groups.values()])
        looked_up = {self._words.get(word, "") for frame in self._frames for word in frame.words}
        words = dict.fromkeys(self._words.values())
        return Coverage(
            self.mapping.name,
            len(parts),
            tuple(part for part in parts if part not in seen),
            len(words),
            tuple(word for word in words if word not in looked_up),
        )


# A part is known by the object that it was compiled to, and by what became of it.
_Point = tuple[int, str]
_MADE, _DEFAULT, _HELD, _FAILED = "made", "default", "held", "failed"


class _WatchedFrame(Frame):
    def __init__(
        self, reading: Reading[Any, Any], tables: CodeLookup, message: Any, violations: list[Any]
    ) -> None:
        super().__init__(reading, tables, message, violations)
        self.seen: set[_Point] = set()
        self.words: set[tuple[int, str]] = set()
        self._converted = ""

    def _holds(self, condition: Condition, node: Any) -> bool:
        held = super()._holds(condition, node)
        self.seen.add((id(condition), _HELD if held else _FAILED))
        return held

    def _make(self, rule: Rule, choice: Choice, node: Any, path: str) -> str:
        self._converted = ""
        text = super()._make(rule, choice, node, path)
        if choice.constant or self._converted:
            self.seen.add((id(choice), _MADE))
        elif text:
            self.seen.add((id(choice), _DEFAULT))
        return text

    def _convert(self, choice: Choice, text: str) -> str:
        self._converted = super()._convert(choice, text)
        if choice.values is not None and self._converted:
            for step in choice.steps:
                text = step(text)
            self.words.add((id(choice.values), text if text in choice.values else "*"))
        return self._converted


def _names(mapping: Mapping) -> Iterator[tuple[_Point, str]]:
    """Name each part; a field of several types of message was compiled for each of them, and is one."""
    for group in (group for body in mapping.bodies.values() for group in body.walk()):
        yield from _of_conditions(group.conditions, f"{group.key}.when")
    for rule in mapping.every_rule():
        for position, choice in enumerate(rule.choices, 1):
            name = rule.key if len(rule.choices) == 1 else f"{rule.key}[{position}]"
            yield (id(choice), _MADE), name
            if choice.default:
                yield (id(choice), _DEFAULT), f"{name}.default"
            yield from _of_conditions(choice.conditions, f"{name}.when")


def _of_conditions(conditions: tuple[Condition, ...], name: str) -> Iterator[tuple[_Point, str]]:
    for position, condition in enumerate(conditions, 1):
        shown = name if len(conditions) == 1 else f"{name}[{position}]"
        yield (id(condition), _HELD), f"{shown} = true"
        yield (id(condition), _FAILED), f"{shown} = false"


def _words(mapping: Mapping) -> Iterator[tuple[tuple[int, str], str]]:
    for rule in mapping.every_rule():
        for choice in rule.choices:
            for word in choice.values or ():
                yield (id(choice.values), word), f'values.{choice.values_name}."{word}"'


def _below(body: Group) -> Iterator[Group]:
    for group in body.groups:
        yield from group.walk()
