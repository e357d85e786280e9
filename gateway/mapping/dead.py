"""What stands in a mapping file and can never do anything: choices, groups, steps, words, prefixes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.errors import Place, Violation
from gateway.mapping.dead_steps import idle_steps, unreachable
from gateway.mapping.spec import ConditionSpec, GroupSpec, MappingSpec, OnceSpec, RuleSpec
from gateway.mapping.worlds import World, holds, worlds


@dataclass(frozen=True, slots=True)
class _Rule:
    """A rule with its key, the conditions of the group around it, and what is certain there."""

    key: str
    choices: Sequence[RuleSpec]
    around: Sequence[ConditionSpec]
    known: World


def dead_rules(data: bytes, file: str) -> Iterator[Violation]:
    """Yield what can never do anything, as far as that is certain; what only might is not told (ER-03).

    What was meant to do something is a fault; what is merely left over, a warning.

    Args:
        data: The bytes of a mapping file that can be loaded.
        file: Its name as faults show it.
    """
    spec = MappingSpec.model_validate(tomllib.loads(data.decode("utf-8")))
    for code, key, values in _faults(spec):
        yield Violation(code, key, {"key": key, **values}, Place(file, path=key))
    for code, key, values in _left_over(spec):
        yield Violation(code, key, {"key": key, **values}, Place(file, path=key), warning=True)


_Fault = tuple[str, str, dict[str, object]]


def _faults(spec: MappingSpec) -> Iterator[_Fault]:
    trees = spec.format != "csv"
    for key, group, known in _groups(spec):
        cases = worlds(group.when, known, trees=trees)
        if cases is not None and not any(holds(group.when, case) for case in cases):
            yield "mapping.dead-group", f"{key}.when", {}
    for rule in _rules(spec):
        yield from _dead_choices(rule, trees=trees)
        for number, choice in enumerate(rule.choices, 1):
            key = rule.key if len(rule.choices) == 1 else f"{rule.key}[{number}]"
            for position, failing in idle_steps(choice):
                if failing:
                    yield "mapping.dead-step", f"{key}.do[{position}]", {}
    yield from _dead_words(spec)


def _dead_choices(rule: _Rule, *, trees: bool) -> Iterator[_Fault]:
    conditions = [each for choice in rule.choices for each in choice.when]
    cases = worlds([*rule.around, *conditions], rule.known, trees=trees)
    if cases is None:
        return
    possible = [case for case in cases if holds(rule.around, case)]
    taken = {
        next((n for n, choice in enumerate(rule.choices, 1) if holds(choice.when, case)), 0)
        for case in possible
    }
    for number, choice in enumerate(rule.choices, 1):
        if possible and number not in taken:
            key = rule.key if len(rule.choices) == 1 else f"{rule.key}[{number}]"
            alone = any(holds(choice.when, case) for case in possible)
            yield "mapping.dead-choice" if alone else "mapping.dead-when", key, {}


def _dead_words(spec: MappingSpec) -> Iterator[_Fault]:
    users: dict[str, list[RuleSpec]] = {}
    for rule in _rules(spec):
        for choice in rule.choices:
            if choice.values is not None:
                users.setdefault(choice.values, []).append(choice)
    for name, choices in users.items():
        for word in spec.values[name]:
            if word != "*" and all(unreachable(choice, word) for choice in choices):
                yield "mapping.dead-word", f'values.{name}."{word}"', {"word": word}


def _left_over(spec: MappingSpec) -> Iterator[_Fault]:
    rules = list(_rules(spec))
    choices = [choice for rule in rules for choice in rule.choices]
    for name in spec.values.keys() - {choice.values for choice in choices}:
        yield "mapping.values-unused", f"values.{name}", {"name": name}
    paths = " ".join(_paths(spec, rules))
    for prefix in spec.namespaces:
        if not re.search(rf"(?<![\w.-]){re.escape(prefix)}:(?!:)", paths):
            yield "mapping.prefix-unused", f"namespaces.{prefix}", {"prefix": prefix}
    for rule in rules:
        for number, choice in enumerate(rule.choices, 1):
            key = rule.key if len(rule.choices) == 1 else f"{rule.key}[{number}]"
            for position, failing in idle_steps(choice):
                if not failing:
                    yield "mapping.idle-step", f"{key}.do[{position}]", {}
            yield from _repeated(choice, key)


def _repeated(choice: RuleSpec, key: str) -> Iterator[_Fault]:
    """An expression that was empty when it was tried first is empty when it is tried again."""
    texts = choice.source or []
    if choice.join is None:
        for text in dict.fromkeys(each for n, each in enumerate(texts) if each in texts[:n]):
            yield "mapping.source-twice", f"{key}.from", {"text": text}


def _paths(spec: MappingSpec, rules: Sequence[_Rule]) -> Iterator[str]:
    yield from (*spec.match.paths, *spec.match.values)
    yield from filter(None, (spec.message.each, spec.message.body))
    yield from (*spec.ignored_texts, *(each.source for each in spec.ignored_records))
    for rule in rules:
        for choice in rule.choices:
            yield from (*(choice.source or ()), *(each.source for each in choice.when))
    for _, group, _ in _groups(spec):
        yield from (each.source for each in group.when)
        if isinstance(group, GroupSpec) and group.each:
            yield group.each


def _rules(spec: MappingSpec) -> Iterator[_Rule]:
    message = spec.message
    head: Mapping[str, Sequence[RuleSpec] | None] = {
        "message.type": message.type,
        "message.client-number": message.client_number,
        "message.operation": message.operation,
        **{f"header.{name}": choices for name, choices in spec.header.items()},
    }
    known: World = {}
    if message.record and message.begins:
        known = {(message.record, ""): message.begins}
    for key, choices in head.items():
        if choices:
            yield _Rule(key, choices, (), known)
    for key, group, certain in _groups(spec):
        for name, choices in group.fields.items():
            yield _Rule(f"{key}.{name}", choices, group.when, certain)


def _groups(spec: MappingSpec) -> Iterator[tuple[str, OnceSpec, World]]:
    """Yield each group with its key and what is certain of its records."""
    tops: dict[str, OnceSpec] = {} if spec.items is None else {"items": spec.items}
    tops |= {f"groups.{name}": group for name, group in spec.groups.items()}
    tops |= {f"once.{name}": group for name, group in spec.once.items()}
    for key, group in tops.items():
        yield from _with_below(key, group, spec)


def _with_below(key: str, group: OnceSpec, spec: MappingSpec) -> Iterator[tuple[str, OnceSpec, World]]:
    kind = group.record if isinstance(group, GroupSpec) else spec.message.begins
    column = spec.message.record
    yield key, group, {(column, ""): kind} if column and kind else {}
    for name, below in group.groups.items():
        yield from _with_below(f"{key}.groups.{name}", below, spec)
