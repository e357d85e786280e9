"""The dialect of JSON: an expression is a JSON path, from the record or, with `$`, from the top."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import jsonpath_rfc9535
from jsonpath_rfc9535.segments import JSONPathChildSegment, JSONPathSegment
from jsonpath_rfc9535.selectors import IndexSelector, NameSelector, SliceSelector, WildcardSelector

from gateway.errors import Place
from gateway.mapping.dialect import Dialect, ExpressionError, Found, Part, Pick, Reading, Split, Unknown
from gateway.mapping.known import Known, Step, Way
from gateway.mapping.lookup import SourceLike
from gateway.mapping.step_model import StepError

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class JsonNode:
    """A value and the way to it from the top of the file."""

    value: Any
    way: Steps


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A compiled JSON path.

    Attributes:
        text: The path without its first sign.
        absolute: It looks from the top of the file.
        steps: The names and positions, where it has nothing else; the fast way.
        query: The compiled path for everything else.
    """

    text: str
    absolute: bool
    steps: Steps | None
    query: jsonpath_rfc9535.JSONPathQuery


class JsonPaths(Dialect[JsonNode, JsonPath]):
    """Expressions over a JSON value."""

    def compile(self, text: str) -> JsonPath:
        """Compile a JSON path (RFC 9535); `qty` and `@.qty` look from the record, `$.qty` from the top."""
        text = text.strip()
        absolute = text.startswith("$")
        if absolute or text.startswith("@"):
            rest = text[1:]
        elif re.search(r"[.\[\]*?'\"]", text):
            rest = text if text.startswith("[") else f".{text}"
        else:
            rest = f"[{json.dumps(text, ensure_ascii=False)}]"
        try:
            query = jsonpath_rfc9535.compile(f"${rest}")
        except jsonpath_rfc9535.JSONPathError as fault:
            raise ExpressionError(str(fault)) from fault
        return JsonPath(rest, absolute, _plain_steps(query), query)

    def way(self, start: Way, expression: JsonPath) -> Way:
        """Return the names and positions that lead to what a path finds."""
        way = list(() if expression.absolute else start)
        for segment in expression.query.segments:
            step = _known_step(segment)
            if step is Step.ALL and "$" in expression.text:
                # A condition may look from the top.
                return (Step.ALL,)
            way.append(step)
        return tuple(way)

    def open(self, source: SourceLike) -> Reading[JsonNode, JsonPath]:
        """Open a JSON value."""
        return _JsonReading(source)


class _JsonReading(Reading[JsonNode, JsonPath]):
    def __init__(self, source: SourceLike) -> None:
        super().__init__(source)
        self._root = JsonNode(source.content, ())

    @property
    def root(self) -> JsonNode:
        return self._root

    def parts(self, split: Split[JsonPath]) -> list[Part[JsonNode]]:
        if split.each is None:
            return [Part(self._root)]
        return [Part(node) for node in self._records(self._root, split.each)]

    def group(self, node: JsonNode, pick: Pick[JsonPath]) -> list[JsonNode]:
        assert pick.each is not None, "the specification demands it of trees"
        return self._records(node, pick.each)

    def find(self, node: JsonNode, expression: JsonPath) -> list[Found]:
        found: list[Found] = []
        for value, way in self._values(node, expression):
            if isinstance(value, bool):
                found.append(("true" if value else "false", way))
            elif isinstance(value, str):
                if text := value.strip():
                    found.append((text, way))
            elif value is not None:
                raise StepError("map.not-a-value", expression=_path(way))
        return found

    def unread(self, node: JsonNode, known: Known) -> Iterator[Unknown]:
        found: list[Unknown] = []
        if not known.whole:
            _look(node.value, known, node.way, found)
        return iter(found)

    def identity(self, node: JsonNode) -> Steps:
        return node.way

    def place(self, where: Steps) -> Place:
        return Place(self.name, path=_path(where))

    def node_place(self, node: JsonNode) -> Place:
        return Place(self.name, path=_path(node.way))

    def expected(self, node: JsonNode, expression: JsonPath) -> Place:
        start = () if expression.absolute else node.way
        if expression.steps is not None:
            return Place(self.name, path=_path((*start, *expression.steps)))
        return Place(self.name, path=_path(start) + expression.text)

    def _values(self, node: JsonNode, expression: JsonPath) -> list[tuple[Any, Steps]]:
        start = self._root if expression.absolute else node
        if expression.steps is None:
            return [(each.value, start.way + each.location) for each in expression.query.find(start.value)]
        value = start.value
        for step in expression.steps:
            if not _has(value, step):
                return []
            value = value[step]
        return [(value, start.way + expression.steps)]

    def _records(self, node: JsonNode, expression: JsonPath) -> list[JsonNode]:
        records = []
        for value, way in self._values(node, expression):
            if not isinstance(value, dict):
                raise StepError("map.not-a-group", expression=_path(way))
            records.append(JsonNode(value, way))
        return records


def _look(value: Any, known: Known, way: Steps, found: list[Unknown]) -> None:
    """Gather what rules do not read of a value of which they do not read everything."""
    if isinstance(value, dict):
        if known.others is None and known.below.keys() >= value.keys():
            # As it should be: only what has more below it need be looked into.
            for step, place in known.deeper:
                if step in value:
                    _look(value[step], place, (*way, step), found)
            return
        _look_into(value.items(), value, known, way, found)
    elif isinstance(value, list):
        _look_into(enumerate(value), (), known, way, found)
    elif not (known.text or known.node) and _carries(value):
        found.append(_unknown(way, (), known))


def _look_into(
    members: Iterable[tuple[str | int, Any]],
    there: Container[str],
    known: Known,
    way: Steps,
    found: list[Unknown],
) -> None:
    for step, each in members:
        place = known.below.get(step, known.others)
        if place is None:
            if _carries(each):
                found.append(_unknown((*way, step), there, known))
        elif not place.whole:
            _look(each, place, (*way, step), found)


def _unknown(way: Steps, there: Container[str], known: Known) -> Unknown:
    key = tuple(Step.ANY if isinstance(step, int) else step for step in way)
    missing = tuple(name for name in known.below if isinstance(name, str) and name not in there)
    name = next((step for step in reversed(way) if isinstance(step, str)), "$")
    return Unknown(key, name, way, missing)


def _carries(value: Any) -> bool:
    """Tell whether there is a value in it."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, (dict, list)):
        return any(map(_carries, value.values() if isinstance(value, dict) else value))
    return value is not None


def _known_step(segment: JSONPathSegment) -> str | int | Step:
    if isinstance(segment, JSONPathChildSegment) and len(segment.selectors) == 1:
        selector = segment.selectors[0]
        if isinstance(selector, NameSelector):
            return selector.name
        if isinstance(selector, IndexSelector):
            return selector.index if selector.index >= 0 else Step.ANY
        if isinstance(selector, (SliceSelector, WildcardSelector)):
            return Step.ANY
    return Step.ALL


def _plain_steps(query: jsonpath_rfc9535.JSONPathQuery) -> Steps | None:
    if not query.singular_query():
        return None
    steps: list[str | int] = []
    for segment in query.segments:
        (selector,) = segment.selectors
        if isinstance(selector, NameSelector):
            steps.append(selector.name)
        elif isinstance(selector, IndexSelector):
            steps.append(selector.index)
    return tuple(steps)


def _has(value: object, step: str | int) -> bool:
    if isinstance(step, str):
        return isinstance(value, dict) and step in value
    return isinstance(value, list) and -len(value) <= step < len(value)


def _path(way: Steps) -> str:
    path = "$"
    for step in way:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if step.isidentifier() else f"[{json.dumps(step, ensure_ascii=False)}]"
    return path
