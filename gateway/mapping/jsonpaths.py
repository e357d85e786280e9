"""The dialect of JSON: an expression is a JSON path, from the record or, with `$`, from the top."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import jsonpath_rfc9535
from jsonpath_rfc9535.selectors import IndexSelector, NameSelector

from gateway.errors import Place
from gateway.mapping.dialect import Dialect, ExpressionError, Found, Part, Pick, Reading, Split
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
