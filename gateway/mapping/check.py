"""Holds a mapping against the structure of its message: what it aims at, what it leaves out, which tables."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Values
from difflib import get_close_matches

from gateway.errors import Place, Violation
from gateway.fields import FieldDictionary, FieldSpec
from gateway.mapping.lookup import CodeLookup
from gateway.mapping.mapping import Group, Mapping
from gateway.mapping.rules import Rule

# An ERP may name a document by its own number where the message wants the gateway's or customs';
# the left one exists in commands only and is turned into the right one before anything leaves.
BY_CLIENT_NUMBER = {
    "GoodsFiling/QualificationClientNo": "GoodsFiling/QualificationSeqNo",
    "Manifest/VolumeClientNo": "Manifest/ManualNo",
}


def check_mapping(mapping: Mapping, dictionary: FieldDictionary, tables: CodeLookup) -> list[Violation]:
    """Return every fault of a mapping, and as warnings what only declaring would miss.

    A mapping is right if each target exists, each field that saving needs is made (those that the
    gateway fills in excepted), and tables and constants are those of the field.
    """
    if dictionary.find(mapping.message) is None:
        values = {"key": "message.type", "name": mapping.message}
        return [_fault("mapping.unknown-message", mapping, "message.type", values)]
    found = [fault for rule in _rules(mapping) for fault in _check_rule(mapping, rule, dictionary, tables)]
    aimed_at = {rule.target for rule in mapping.rules} | {group.target for group in mapping.groups}
    found += _left_out(mapping, mapping.message, aimed_at, dictionary)
    for group in mapping.groups:
        found += _check_group(mapping, group, dictionary)
    return found


def _rules(mapping: Mapping) -> Iterator[Rule]:
    yield from mapping.rules
    for group in mapping.groups:
        yield from _group_rules(group)


def _group_rules(group: Group) -> Iterator[Rule]:
    yield from group.rules
    for below in group.groups:
        yield from _group_rules(below)


def _check_rule(
    mapping: Mapping, rule: Rule, dictionary: FieldDictionary, tables: CodeLookup
) -> Iterator[Violation]:
    if rule.target in BY_CLIENT_NUMBER:
        return
    spec = dictionary.find(rule.target)
    if spec is None:
        yield _unknown(mapping, rule.key, rule.target, dictionary)
        return
    for choice in rule.choices:
        if choice.table and choice.table != spec.table:
            values = {"key": rule.key, "table": choice.table, "path": rule.target, "right": spec.table or "–"}
            yield _fault("mapping.table-differs", mapping, rule.key, values)
        for constant in filter(None, (choice.constant, choice.default)):
            if spec.table and tables.has(spec.table) and tables.code(spec.table, constant) != constant:
                near = ", ".join(f"{code} {name}" for code, name in tables.near(spec.table, constant))
                values = {"key": rule.key, "text": constant, "table": spec.table, "near": near or "–"}
                yield _fault("mapping.constant-unknown", mapping, rule.key, values)


def _check_group(mapping: Mapping, group: Group, dictionary: FieldDictionary) -> Iterator[Violation]:
    if next(dictionary.below(group.target), None) is None:
        yield _unknown(mapping, group.key, group.target, dictionary)
        return
    aimed_at = {rule.target for rule in group.rules} | {below.target for below in group.groups}
    yield from _left_out(mapping, group.target, aimed_at, dictionary)
    for below in group.groups:
        yield from _check_group(mapping, below, dictionary)


def _left_out(
    mapping: Mapping, path: str, aimed_at: set[str], dictionary: FieldDictionary
) -> Iterator[Violation]:
    """Tell what nothing fills: what saving needs is a fault; what declaring needs may still come later."""
    made = aimed_at | {BY_CLIENT_NUMBER[target] for target in aimed_at if target in BY_CLIENT_NUMBER}
    for spec in dictionary.below(path):
        if spec.path in made or spec.filled or not (spec.save or spec.declare):
            continue
        code = "mapping.mandatory-unmapped" if spec.save else "mapping.declare-unmapped"
        yield Violation(code, spec.path, _names(spec), Place(f"{mapping.name}.toml"), warning=not spec.save)


def _names(spec: FieldSpec) -> dict[str, object]:
    return {"path": spec.path, "name_en": spec.en, "name_zh": spec.zh}


def _unknown(mapping: Mapping, key: str, path: str, dictionary: FieldDictionary) -> Violation:
    group, _, name = path.rpartition("/")
    known = [spec.name for spec in dictionary.below(group)]
    near = ", ".join(get_close_matches(name, known, n=3, cutoff=0.4)) or "–"
    return _fault("mapping.unknown-target", mapping, key, {"key": key, "path": path, "near": near})


def _fault(code: str, mapping: Mapping, key: str, values: Values[str, object]) -> Violation:
    return Violation(code, key, values, Place(f"{mapping.name}.toml", path=key))
