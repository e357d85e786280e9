"""From a checked mapping file to a mapping that runs: expressions, steps and tables are understood once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.errors import Place, Violation
from gateway.mapping.bodies import Group
from gateway.mapping.columns import Columns
from gateway.mapping.dialect import Dialect, ExpressionError, Pick, Split
from gateway.mapping.edifact_paths import EdifactPaths
from gateway.mapping.jsonpaths import JsonPaths
from gateway.mapping.layouts import every_group, faults_of_layout
from gateway.mapping.lookup import CodeLookup
from gateway.mapping.mapping import CLIENT_NUMBER, MESSAGE_TYPE, OPERATION, Mapping, Match, Need
from gateway.mapping.numbers import DecimalStep, Multiply
from gateway.mapping.rules import Choice, Condition, Rule
from gateway.mapping.spec import ConditionSpec, GroupSpec, MappingSpec, OnceSpec, RuleSpec
from gateway.mapping.steps import Date
from gateway.mapping.surveying import read_once, reads_of
from gateway.mapping.unread import Policy
from gateway.mapping.untaken import Shares
from gateway.mapping.verbatim import Verbatim
from gateway.mapping.xpaths import XPaths

# What reads a number or date for its meaning.
_NUMBERS = (DecimalStep, Multiply)
_READS = (*_NUMBERS, Date)


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
        self.faults += faults_of_layout(spec, self.file)
        message = spec.message
        head = [self._rule("message.client-number", CLIENT_NUMBER, message.client_number)]
        if message.operation:
            head.append(self._rule("message.operation", OPERATION, message.operation))
        kind = self._rule("message.type", MESSAGE_TYPE, message.type)
        kinds = tuple(dict.fromkeys(kind.outcomes()))
        bodies = {each: self._body(each) for each in kinds if message.body is None}
        looked = [group for body in bodies.values() for group in (body, *body.groups) if group.pick is None]
        mapping = Mapping(
            name=name,
            version=version,
            messages=kinds,
            format=spec.format,
            formats=tuple(spec.formats),
            dialect=self._dialect,
            tables=self.tables,
            match=self._match(),
            split=self._split([*head, *(rule for group in looked for rule in group.rules)]),
            head=tuple(head),
            bodies=bodies,
            kind=None if len(kinds) == 1 and kind.choices[0].constant else kind,
            verbatim=self._verbatim(),
            needs=tuple(self._needs()) if spec.format == "csv" else (),
            by_target={rule.target: rule for rule in self.rules},
        )
        return self._with_reads(mapping)

    def _with_reads(self, mapping: Mapping) -> Mapping:
        """Add what the mapping reads, which is known once everything is understood."""
        ignored = [self._expression(text, "ignored") for text in self.spec.ignored_texts]
        records = self._conditions(self.spec.ignored_records, "ignored")
        if self.faults:
            return mapping
        mapping = replace(mapping, shares=Shares(self._columns_of_records(mapping), records))
        mapping = replace(mapping, shares=replace(mapping.shares, once=read_once(mapping)))
        # By its standard an interchange carries far more than anybody reads, and a body is taken as a whole.
        by_itself: Policy = (
            "left" if self.spec.format == "edifact" or mapping.verbatim is not None else "told"
        )
        policy = self.spec.unread or by_itself
        if policy == "left" and self.spec.format != "csv":
            # Nobody asks; of a table it is shown to who writes the mapping.
            return mapping
        return replace(mapping, reads=reads_of(mapping, policy, ignored))

    @property
    def _dialect(self) -> Dialect[Any, Any]:
        if self.spec.format == "csv":
            return Columns()
        if self.spec.format == "edifact":
            return EdifactPaths(self.spec.segment_groups)
        return XPaths(self.spec.namespaces) if self.spec.format == "xml" else JsonPaths()

    def _fault(self, code: str, key: str, **values: object) -> None:
        fault = Violation(code, key, {"key": key, **values}, Place(self.file, path=key))
        # A field of several types of message is compiled for each of them; its fault is one.
        if fault not in self.faults:
            self.faults.append(fault)

    def _body(self, kind: str) -> Group:
        """Compile what is made below one type of message."""
        spec = self.spec
        groups = [*self._once(kind), *self._groups("groups", kind, spec.groups)]
        if spec.items is not None:
            groups.insert(0, self._group("items", "Item", kind, spec.items))
        return Group("header", kind, kind, self._rules("header", kind, spec.header), tuple(groups))

    def _verbatim(self) -> Verbatim | None:
        message = self.spec.message
        if message.body is None:
            return None
        pick = Pick(self._expression(message.body, "message.body"))
        return Verbatim(pick, frozenset(message.lists), Rule("message.body", "", "", ()))

    def _expression(self, text: str, key: str) -> Any:
        try:
            return self._dialect.compile(text)
        except ExpressionError as fault:
            kind = {"csv": "column name", "json": "JSON path"}.get(self.spec.format, "XPath")
            self._fault("mapping.bad-expression", key, text=text, kind=kind, reason=str(fault))
            return None

    def _rules(self, key: str, path: str, fields: dict[str, list[RuleSpec]]) -> tuple[Rule, ...]:
        return tuple(self._rule(f"{key}.{name}", f"{path}/{name}", each) for name, each in fields.items())

    def _rule(self, key: str, target: str, specs: list[RuleSpec]) -> Rule:
        choices = tuple(self._choice(each, key) for each in specs)
        rule = Rule(
            key,
            target.rpartition("/")[2],
            target,
            choices,
            is_text=any(map(_is_text, specs)),
            is_number=any(isinstance(step, _NUMBERS) for spec in specs for step in spec.do),
        )
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
            conditions=self._conditions(spec.when, f"{key}.when"),
            optional=spec.optional,
            of_message=spec.of is not None,
            told=tuple(_told(spec)),
        )

    def _conditions(self, specs: list[ConditionSpec], key: str) -> tuple[Condition, ...]:
        return tuple(self._condition(each, key) for each in specs)

    def _condition(self, spec: ConditionSpec, key: str) -> Condition:
        wanted = spec.equals or spec.differs
        return Condition(
            text=spec.source,
            expression=self._expression(spec.source, f"{key}.from"),
            wanted=frozenset(wanted) if wanted else None,
            holds=spec.equals is not None if wanted else spec.empty is False,
            of_message=spec.of is not None,
        )

    def _once(self, path: str) -> Iterator[Group]:
        for name, spec in self.spec.once.items():
            key = f"once.{name}"
            yield self._filled(Group(key, name, f"{path}/{name}"), spec)

    def _groups(self, key: str, path: str, specs: dict[str, GroupSpec]) -> Iterator[Group]:
        for name, spec in specs.items():
            yield self._group(f"{key}.{name}", name, path, spec)

    def _group(self, key: str, name: str, path: str, spec: GroupSpec) -> Group:
        each = self._expression(spec.each, f"{key}.each") if spec.each else None
        pick = Pick(each, self.spec.message.record or "", spec.record or "")
        return self._filled(Group(key, name, f"{path}/{name}", pick=pick), spec)

    def _filled(self, group: Group, spec: OnceSpec) -> Group:
        return replace(
            group,
            rules=self._rules(group.key, group.target, spec.fields),
            groups=tuple(self._groups(f"{group.key}.groups", group.target, spec.groups)),
            conditions=self._conditions(spec.when, f"{group.key}.when"),
        )

    def _match(self) -> Match:
        match = self.spec.match
        key, texts = (
            ("match.columns", match.columns) if self.spec.format == "csv" else ("match.paths", match.paths)
        )
        values = tuple(
            (text, self._expression(text, f"match.values.{text}"), frozenset(wanted))
            for text, wanted in match.values.items()
        )
        needed = tuple((text, self._expression(text, key)) for text in texts)
        columns = frozenset(column for _, column in needed) if self.spec.format == "csv" else frozenset()
        return Match(tuple(match.file), needed, values, columns)

    def _split(self, header: list[Rule]) -> Split[Any]:
        message = self.spec.message
        if self.spec.format != "csv":
            return Split(each=self._expression(message.each, "message.each") if message.each else None)
        in_items = {text for rule in self.rules if rule not in header for text in _texts(rule)}
        columns = tuple({text: None for rule in header for text in _texts(rule) if text not in in_items})
        return Split(
            by_row=message.each == "row",
            key=tuple(message.key or ()),
            record=message.record or "",
            begins=message.begins or "",
            kinds=frozenset(group.record for _, group in every_group(self.spec) if group.record),
            header=columns,
        )

    def _columns_of_records(self, mapping: Mapping) -> frozenset[str]:
        """Return the columns that only groups that repeat look at; in a tree records stand apart."""
        if self.spec.format != "csv":
            return frozenset()
        groups = [group for body in mapping.bodies.values() for group in body.walk()]
        once = [rule for group in groups if group.pick is None for rule in group.rules]
        head = mapping.head if mapping.kind is None else (mapping.kind, *mapping.head)
        of_message = {text for rule in (*head, *once) for text in _texts(rule)}
        looked_at = {text for group in groups if group.pick is not None for text in _looked_at(group)}
        return frozenset(looked_at - of_message - {*mapping.split.key, mapping.split.record})

    def _needs(self) -> Iterator[Need]:
        """Tell which columns a table must have for each rule."""
        message = self.spec.message
        if message.key or message.record:
            key = "message.key" if message.key else "message.record"
            for column in message.key or [message.record or ""]:
                yield Need(key, "", (column,))
        for rule in self.rules:
            for choice in rule.choices:
                if choice.optional:
                    continue
                joined = choice.join is not None
                groups = [(each,) for each in choice.expressions] if joined else [choice.expressions]
                for columns in [*groups, *((each.expression,) for each in choice.conditions)]:
                    if columns:
                        yield Need(rule.key, rule.target, columns)


def _is_text(spec: RuleSpec) -> bool:
    """Tell whether a value is taken as text, so that zeros at its left would count."""
    known = spec.table or spec.values or any(isinstance(step, _READS) for step in spec.do)
    return spec.source is not None and not known


def _texts(rule: Rule) -> list[str]:
    return [text for choice in rule.choices for text in choice.expressions]


def _looked_at(group: Group) -> Iterator[str]:
    """Yield the columns of a row in which a group looks for its values, and for what the row is."""
    for rule in group.rules:
        for choice in rule.choices:
            yield from () if choice.of_message else choice.expressions
            yield from (each.expression for each in choice.conditions if not each.of_message)
    yield from (each.expression for each in group.conditions if each.wanted and not each.of_message)


def _told(spec: RuleSpec) -> Iterator[str]:
    """Say what is done to a value, in the order in which it is done."""
    if spec.join is not None:
        yield f'join "{spec.join}"'
    for step in spec.do:
        given = step.model_dump(by_alias=True, exclude_defaults=True)
        yield " ".join(name if value is True else f"{name} {_quoted(value)}" for name, value in given.items())
    if spec.values is not None:
        yield f"values {spec.values}"
    if spec.table is not None:
        yield f"table {spec.table}"


def _quoted(value: object) -> str:
    if isinstance(value, list):
        return " / ".join(_quoted(each) for each in value)
    return f'"{value}"' if isinstance(value, str) else str(value)
