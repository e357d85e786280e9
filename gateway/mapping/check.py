"""Holds a mapping against the structure of its message: what it aims at, what it leaves out, which tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Values

from gateway.errors import Place, Violation
from gateway.fields import FieldDictionary, FieldSpec
from gateway.mapping.bodies import Group
from gateway.mapping.dead import dead_rules
from gateway.mapping.lookup import CodeLookup
from gateway.mapping.mapping import OPERATION, Mapping
from gateway.mapping.nearest import nearest
from gateway.mapping.overlap import shadowed
from gateway.mapping.own_numbers import STANDS_FOR
from gateway.mapping.rules import Rule

# Operations on a document as it stands: what the command leaves out stands there already.
AS_IT_STANDS = frozenset(
    {"declare", "delete", "copy", "show", "print", "append-item", "insert-item", "delete-item", "reclassify"}
)


def check_mapping(mapping: Mapping, dictionary: FieldDictionary, tables: CodeLookup) -> list[Violation]:
    """Return every fault of a mapping, and as warnings what only declaring would miss.

    A mapping is right if each target exists, each field that saving needs is made (those that the
    gateway fills in excepted), tables and constants are those of the field, and nothing in it is dead. One
    that makes several types of message is right if each target exists in one of them.
    """
    unknown = [name for name in mapping.messages if dictionary.find(name) is None]
    if unknown:
        values = {"key": "message.type", "name": ", ".join(unknown)}
        return [_fault("mapping.unknown-message", mapping, "message.type", values)]
    groups = [group for body in mapping.bodies.values() for group in body.walk()]
    targets: dict[str, list[tuple[str, Rule | None]]] = {}
    for group in groups:
        if group.target not in mapping.bodies:
            targets.setdefault(group.key, []).append((group.target, None))
        for rule in group.rules:
            targets.setdefault(rule.key, []).append((rule.target, rule))
    found = [
        fault
        for key, aimed_at in targets.items()
        for fault in _check_targets(mapping, key, aimed_at, dictionary, tables)
    ]
    if _needs_everything(mapping):
        found += [fault for group in groups for fault in _left_out(mapping, group, dictionary)]
    return [*found, *dead_rules(mapping.data, f"{mapping.name}.toml")]


def check_all(
    mappings: Iterable[Mapping],
    dictionary: FieldDictionary,
    tables: CodeLookup,
    agreements: Iterable[Sequence[str]] = (),
) -> list[Violation]:
    """Return every fault and warning of all mappings of an installation (ER-03).

    Args:
        mappings: All of them.
        dictionary: The structure of the messages.
        tables: The code tables.
        agreements: The names and patterns that each partner may use.
    """
    every = list(mappings)
    found = [fault for mapping in every for fault in check_mapping(mapping, dictionary, tables)]
    return [*found, *shadowed(every, agreements)]


def _check_targets(
    mapping: Mapping,
    key: str,
    aimed_at: list[tuple[str, Rule | None]],
    dictionary: FieldDictionary,
    tables: CodeLookup,
) -> Iterator[Violation]:
    """Check one key of the mapping file, which aims at a field or group of each type of message."""
    known = [(target, rule) for target, rule in aimed_at if _is_known(target, rule, dictionary)]
    if not known:
        yield _unknown(mapping, key, aimed_at[0][0], dictionary)
    for target, rule in known:
        spec = dictionary.find(target)
        if rule is not None and spec is not None:
            yield from _check_rule(mapping, rule, spec, tables)


def _is_known(target: str, rule: Rule | None, dictionary: FieldDictionary) -> bool:
    if rule is None:
        return next(dictionary.below(target), None) is not None
    return target in STANDS_FOR or dictionary.find(target) is not None


def _needs_everything(mapping: Mapping) -> bool:
    """Tell whether a message of this mapping may make a document, or only asks something of one."""
    rules = [rule for rule in mapping.head if rule.target == OPERATION]
    open_ended = [c for rule in rules for c in rule.choices if c.expressions and c.values is None]
    operations = {outcome for rule in rules for outcome in rule.outcomes()}
    return not rules or bool(open_ended) or not operations <= AS_IT_STANDS


def _check_rule(mapping: Mapping, rule: Rule, spec: FieldSpec, tables: CodeLookup) -> Iterator[Violation]:
    for choice in rule.choices:
        if choice.table and choice.table != spec.table:
            values = {"key": rule.key, "table": choice.table, "path": rule.target, "right": spec.table or "–"}
            yield _fault("mapping.table-differs", mapping, rule.key, values)
        for constant in filter(None, (choice.constant, choice.default)):
            if spec.table and tables.has(spec.table) and tables.code(spec.table, constant) != constant:
                near = ", ".join(f"{code} {name}" for code, name in tables.near(spec.table, constant))
                values = {"key": rule.key, "text": constant, "table": spec.table, "near": near or "–"}
                yield _fault("mapping.constant-unknown", mapping, rule.key, values)


def _left_out(mapping: Mapping, group: Group, dictionary: FieldDictionary) -> Iterator[Violation]:
    """Tell what nothing fills: what saving needs is a fault; what declaring needs may still come later."""
    aimed_at = {rule.target for rule in group.rules} | {below.target for below in group.groups}
    made = aimed_at | {STANDS_FOR[target] for target in aimed_at if target in STANDS_FOR}
    for spec in dictionary.below(group.target):
        if spec.path in made or spec.filled or not (spec.save or spec.declare):
            continue
        code = "mapping.mandatory-unmapped" if spec.save else "mapping.declare-unmapped"
        yield Violation(code, spec.path, _names(spec), Place(f"{mapping.name}.toml"), warning=not spec.save)


def _names(spec: FieldSpec) -> dict[str, object]:
    return {"path": spec.path, "name_en": spec.en, "name_zh": spec.zh}


def _unknown(mapping: Mapping, key: str, path: str, dictionary: FieldDictionary) -> Violation:
    group, _, name = path.rpartition("/")
    known = [spec.name for spec in dictionary.below(group)]
    near = ", ".join(nearest(name, tuple(known))) or "–"
    return _fault("mapping.unknown-target", mapping, key, {"key": key, "path": path, "near": near})


def _fault(code: str, mapping: Mapping, key: str, values: Values[str, object]) -> Violation:
    return Violation(code, key, values, Place(f"{mapping.name}.toml", path=key))
