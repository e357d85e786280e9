"""Which keys of a mapping file belong together: each format has its own layouts of messages and groups."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.errors import Place, Violation
from gateway.mapping.spec import GroupSpec, MappingSpec

SEGMENT_TAG = re.compile("[A-Z][A-Z0-9]{2}")


def faults_of_layout(spec: MappingSpec, file: str) -> Iterator[Violation]:
    """Yield every key that belongs to another format or layout; one that does is a misunderstanding."""
    for code, key, values in _faults(spec):
        yield Violation(code, key, {"key": key, **values}, Place(file, path=key))


def every_group(spec: MappingSpec) -> Iterator[tuple[str, GroupSpec]]:
    """Yield each group that repeats with its key, wherever it stands."""
    if spec.items is not None:
        yield from _with_groups_below("items", spec.items)
    for name, group in spec.groups.items():
        yield from _with_groups_below(f"groups.{name}", group)
    for name, once in spec.once.items():
        for below, group in once.groups.items():
            yield from _with_groups_below(f"once.{name}.groups.{below}", group)


def _with_groups_below(key: str, spec: GroupSpec) -> Iterator[tuple[str, GroupSpec]]:
    yield key, spec
    for name, below in spec.groups.items():
        yield from _with_groups_below(f"{key}.groups.{name}", below)


_Fault = tuple[str, str, dict[str, object]]


def _faults(spec: MappingSpec) -> Iterator[_Fault]:
    if len(spec.formats) > 1 and not {"csv", "xlsx"}.issuperset(spec.formats):
        yield "mapping.formats-differ", "format", {}
    yield from _csv_layout(spec) if spec.format == "csv" else ()
    yield from _foreign_keys(spec)
    yield from _segment_groups(spec)
    match = spec.match
    if not (match.file or match.columns or match.paths or match.values):
        yield "mapping.empty-match", "match", {}
    if spec.items is not None and "Item" in spec.groups:
        yield "mapping.items-twice", "groups.Item", {}
    yield from _type(spec)
    for key, group in every_group(spec):
        yield from _group(key, group, spec)


def _csv_layout(spec: MappingSpec) -> Iterator[_Fault]:
    message = spec.message
    ways = [message.each is not None, message.key is not None, message.record is not None]
    if sum(ways) != 1 or message.each not in {None, "row", "file"}:
        yield "mapping.csv-layout", "message", {}
    if (message.record is None) != (message.begins is None):
        yield "mapping.record-needs-begins", "message", {}


def _foreign_keys(spec: MappingSpec) -> Iterator[_Fault]:
    message, match = spec.message, spec.match
    of: dict[str, tuple[object, str]] = {
        "match.columns": (match.columns, "csv"),
        "message.key": (message.key, "csv"),
        "message.record": (message.record, "csv"),
        "message.begins": (message.begins, "csv"),
        "match.paths": (match.paths, "xml json edifact"),
        "message.body": (message.body, "xml"),
        "message.lists": (message.lists, "xml"),
        "namespaces": (spec.namespaces, "xml"),
        "segment-groups": (spec.segment_groups, "edifact"),
        "unread": (spec.unread, "csv json xml"),
        "ignored": (spec.ignored_texts, "csv json xml"),
    }
    for key, (given, formats) in of.items():
        if given and spec.format not in formats.split():
            yield "mapping.key-of-other-format", key, {"format": spec.format}


def _segment_groups(spec: MappingSpec) -> Iterator[_Fault]:
    """A group is a list of tags and of groups that are declared below it, which keeps them from turning."""
    below = list(spec.segment_groups)
    for name, members in spec.segment_groups.items():
        below.remove(name)
        wrong = [each for each in members[1:] if each not in below and not SEGMENT_TAG.fullmatch(each)]
        if not members or not SEGMENT_TAG.fullmatch(members[0]) or wrong:
            shown = ", ".join(wrong or members[:1]) or "–"
            yield "mapping.bad-segment-group", f"segment-groups.{name}", {"found": shown}


def _type(spec: MappingSpec) -> Iterator[_Fault]:
    """A body that is taken as it is has no rules; every other type is named in the mapping file."""
    if spec.message.body is None:
        if not all(rule.value or rule.values for rule in spec.message.type):
            yield "mapping.type-open", "message.type", {}
        return
    rules: dict[str, object] = {"unread": spec.unread, "ignored": spec.ignored}
    rules |= {"header": spec.header, "items": spec.items, "once": spec.once, "groups": spec.groups}
    for key, given in rules.items():
        if given:
            yield "mapping.body-and-rules", key, {}


def _group(key: str, group: GroupSpec, spec: MappingSpec) -> Iterator[_Fault]:
    if spec.format != "csv":
        if group.each is None:
            yield "mapping.group-needs-each", f"{key}.each", {}
        if group.record is not None:
            yield "mapping.key-of-other-format", f"{key}.record", {"format": spec.format}
        return
    if group.each is not None or group.groups:
        wrong = "each" if group.each else "groups"
        yield "mapping.key-of-other-format", f"{key}.{wrong}", {"format": "csv"}
    if (group.record is None) != (spec.message.record is None):
        yield "mapping.group-record", f"{key}.record", {}
