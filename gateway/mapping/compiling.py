"""From a checked mapping file to a mapping that runs: expressions, steps and tables are understood once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import Place, Violation
from gateway.mapping.columns import Columns
from gateway.mapping.dialect import Dialect, ExpressionError, Pick, Split
from gateway.mapping.jsonpaths import JsonPaths
from gateway.mapping.lookup import CodeLookup
from gateway.mapping.mapping import CLIENT_NUMBER, OPERATION, Group, Mapping, Match, Need
from gateway.mapping.rules import Choice, Condition, Rule
from gateway.mapping.spec import ConditionSpec, GroupSpec, MappingSpec, RuleSpec
from gateway.mapping.xpaths import XPaths


@dataclass(slots=True)
class Compiler:
    """Compiles one mapping file; every fault is gathered in `faults`, with the key that it is about."""

    spec: MappingSpec
    file: str
    tables: CodeLookup
    faults: list[Violation] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)

    def compile(self, name: str, version: str) -> Mapping:
        """Return the mapping; it is of use only if `faults` is empty."""
        spec = self.spec
        self._check_layout()
        message = spec.message
        head = [self._rule("message.client-number", CLIENT_NUMBER, message.client_number)]
        if message.operation:
            head.append(self._rule("message.operation", OPERATION, message.operation))
        rules = self._rules("header", message.type, spec.header)
        header = [*head, *rules]
        groups = tuple(self._groups("groups", message.type, spec.groups))
        if spec.items is not None:
            groups = (self._group("items", "Item", message.type, spec.items), *groups)
        return Mapping(
            name=name,
            version=version,
            message=message.type,
            format=spec.format,
            dialect=self._dialect,
            tables=self.tables,
            match=self._match(),
            split=self._split(header),
            head=tuple(head),
            rules=rules,
            groups=groups,
            needs=tuple(self._needs()) if spec.format == "csv" else (),
            by_target={rule.target: rule for rule in self.rules},
        )

    @property
    def _dialect(self) -> Dialect[Any, Any]:
        if self.spec.format == "csv":
            return Columns()
        return XPaths(self.spec.namespaces) if self.spec.format == "xml" else JsonPaths()

    def _fault(self, code: str, key: str, **values: object) -> None:
        self.faults.append(Violation(code, key, {"key": key, **values}, Place(self.file, path=key)))

    def _expression(self, text: str, key: str) -> Any:
        try:
            return self._dialect.compile(text)
        except ExpressionError as fault:
            kind = {"csv": "column name", "xml": "XPath", "json": "JSON path"}[self.spec.format]
            self._fault("mapping.bad-expression", key, text=text, kind=kind, reason=str(fault))
            return None

    def _rules(self, key: str, path: str, fields: dict[str, list[RuleSpec]]) -> tuple[Rule, ...]:
        return tuple(self._rule(f"{key}.{name}", f"{path}/{name}", each) for name, each in fields.items())

    def _rule(self, key: str, target: str, specs: list[RuleSpec]) -> Rule:
        choices = tuple(self._choice(each, key) for each in specs)
        rule = Rule(key, target.rpartition("/")[2], target, choices)
        self.rules.append(rule)
        return rule

    def _choice(self, spec: RuleSpec, key: str) -> Choice:
        values = None
        if spec.values is not None:
            values = self.spec.values.get(spec.values)
            if values is None:
                known = ", ".join(self.spec.values) or "–"
                self._fault("mapping.unknown-values", f"{key}.values", name=spec.values, known=known)
        if spec.table is not None and not self.tables.has(spec.table):
            self._fault("mapping.unknown-table", f"{key}.table", name=spec.table)
        return Choice(
            expressions=tuple(self._expression(text, f"{key}.from") for text in spec.source or ()),
            constant=spec.value or "",
            join=spec.join,
            steps=tuple(step.compile() for step in spec.do),
            values=values,
            values_name=spec.values or "",
            table=spec.table or "",
            default=spec.default or "",
            conditions=tuple(self._condition(each, f"{key}.when") for each in spec.when),
            optional=spec.optional,
            of_message=spec.of is not None,
        )

    def _condition(self, spec: ConditionSpec, key: str) -> Condition:
        wanted = spec.equals or spec.differs
        return Condition(
            expression=self._expression(spec.source, f"{key}.from"),
            wanted=frozenset(wanted) if wanted else None,
            holds=spec.equals is not None if wanted else spec.empty is False,
            of_message=spec.of is not None,
        )

    def _groups(self, key: str, path: str, specs: dict[str, GroupSpec]) -> Iterator[Group]:
        for name, spec in specs.items():
            yield self._group(f"{key}.{name}", name, path, spec)

    def _group(self, key: str, name: str, path: str, spec: GroupSpec) -> Group:
        self._check_group(key, spec)
        target = f"{path}/{name}"
        each = self._expression(spec.each, f"{key}.each") if spec.each else None
        pick = Pick(each, self.spec.message.record or "", spec.record or "")
        below = tuple(self._groups(f"{key}.groups", target, spec.groups))
        return Group(key, name, target, pick, self._rules(key, target, spec.fields), below)

    def _match(self) -> Match:
        match = self.spec.match
        key, texts = (
            ("match.columns", match.columns) if self.spec.format == "csv" else ("match.paths", match.paths)
        )
        values = tuple(
            (text, self._expression(text, f"match.values.{text}"), frozenset(wanted))
            for text, wanted in match.values.items()
        )
        return Match(tuple(match.file), tuple((text, self._expression(text, key)) for text in texts), values)

    def _split(self, header: list[Rule]) -> Split[Any]:
        message = self.spec.message
        if self.spec.format != "csv":
            return Split(each=self._expression(message.each, "message.each") if message.each else None)
        in_items = {text for rule in self.rules if rule not in header for text in _texts(rule)}
        columns = tuple({text: None for rule in header for text in _texts(rule) if text not in in_items})
        every = [self.spec.items, *self.spec.groups.values()]
        return Split(
            by_row=message.each == "row",
            key=message.key or "",
            record=message.record or "",
            begins=message.begins or "",
            kinds=frozenset(group.record for group in every if group and group.record),
            header=columns,
        )

    def _needs(self) -> Iterator[Need]:
        """Tell which columns a table must have for each rule."""
        message = self.spec.message
        if message.key or message.record:
            key = "message.key" if message.key else "message.record"
            yield Need(key, "", (message.key or message.record or "",))
        for rule in self.rules:
            for choice in rule.choices:
                if choice.optional:
                    continue
                joined = choice.join is not None
                groups = [(each,) for each in choice.expressions] if joined else [choice.expressions]
                for columns in [*groups, *((each.expression,) for each in choice.conditions)]:
                    if columns:
                        yield Need(rule.key, rule.target, columns)

    def _check_layout(self) -> None:
        """Each format has its own keys; one that belongs to another is a misunderstanding."""
        message, match = self.spec.message, self.spec.match
        if self.spec.format == "csv":
            ways = [message.each is not None, message.key is not None, message.record is not None]
            if sum(ways) != 1 or message.each not in {None, "row", "file"}:
                self._fault("mapping.csv-layout", "message")
            if (message.record is None) != (message.begins is None):
                self._fault("mapping.record-needs-begins", "message")
            foreign: dict[str, object] = {"match.paths": match.paths, "namespaces": self.spec.namespaces}
        else:
            foreign = {
                "match.columns": match.columns,
                "message.key": message.key,
                "message.record": message.record,
                "message.begins": message.begins,
                "namespaces": self.spec.namespaces if self.spec.format == "json" else None,
            }
        for key, given in foreign.items():
            if given:
                self._fault("mapping.key-of-other-format", key, format=self.spec.format)
        if not (match.file or match.columns or match.paths or match.values):
            self._fault("mapping.empty-match", "match")
        if self.spec.items is not None and "Item" in self.spec.groups:
            self._fault("mapping.items-twice", "groups.Item")

    def _check_group(self, key: str, spec: GroupSpec) -> None:
        if self.spec.format == "csv":
            if spec.each is not None or spec.groups:
                self._fault(
                    "mapping.key-of-other-format", f"{key}.{'each' if spec.each else 'groups'}", format="csv"
                )
            if (spec.record is None) != (self.spec.message.record is None):
                self._fault("mapping.group-record", f"{key}.record")
        else:
            if spec.each is None:
                self._fault("mapping.group-needs-each", f"{key}.each")
            if spec.record is not None:
                self._fault("mapping.key-of-other-format", f"{key}.record", format=self.spec.format)


def _texts(rule: Rule) -> list[str]:
    return [text for choice in rule.choices for text in choice.expressions]
