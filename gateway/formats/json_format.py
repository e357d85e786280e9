"""Reads JSON strictly: no key twice, no NaN, bounded depth, numbers as their literal text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

from gateway.errors import Place, RejectedError, Violation, refuse
from gateway.formats.encoding import ILLEGAL, decode
from gateway.formats.source import Json, Source

MAX_DEPTH = 64
MAX_FAULTS = 200


def read_json(name: str, data: bytes) -> Source:
    """Read a JSON file; it is UTF-8, as the standard demands, or else GB18030.

    Raises:
        RejectedError: `format.not-json` (with row and column), `format.not-a-number`, `format.too-deep`,
            or every `format.duplicate-key` and `format.control-character` with its path.
    """
    place = Place(name)
    text = decode(data, "", place)
    # By identity: the objects are kept alive beside their keys, so that no identity is used twice.
    doubles: dict[int, tuple[dict[str, Json], set[str]]] = {}

    def build(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        made: dict[str, Json] = {}
        for key, value in pairs:
            if key in made:
                doubles.setdefault(id(made), (made, set()))[1].add(key)
            made[key] = value
        return made

    def refuse_constant(literal: str) -> Json:
        raise refuse("format.not-a-number", place=place, literal=literal)

    try:
        content: Json = json.loads(
            text.text, object_pairs_hook=build, parse_constant=refuse_constant, parse_float=str, parse_int=str
        )
    except json.JSONDecodeError as fault:
        at = Place(name, fault.lineno)
        raise refuse(
            "format.not-json", place=at, row=fault.lineno, column=fault.colno, reason=fault.msg
        ) from fault
    except RecursionError as fault:
        raise refuse("format.too-deep", place=place, limit=MAX_DEPTH) from fault
    faults = _faults(content, doubles, name)
    if faults:
        raise RejectedError(faults)
    return Source(name, "json", text.encoding, content, text.warnings)


def _faults(
    content: Json, doubles: dict[int, tuple[dict[str, Json], set[str]]], name: str
) -> list[Violation]:
    faults = []
    for path, value in _walk(content, "$", 0, name):
        texts = [value] if isinstance(value, str) else list(value) if isinstance(value, dict) else []
        for text in texts:
            if illegal := ILLEGAL.search(text):
                values = {"character": f"U+{ord(illegal[0]):04X}", "row": path}
                at = Place(name, path=path)
                faults.append(Violation("format.control-character", values=values, place=at))
        for key in islice(sorted(doubles[id(value)][1]) if id(value) in doubles else (), MAX_FAULTS):
            at = Place(name, path=step(path, key))
            faults.append(Violation("format.duplicate-key", values={"key": key, "path": path}, place=at))
        if len(faults) >= MAX_FAULTS:
            break
    return faults


def _walk(value: Json, path: str, depth: int, name: str) -> Iterator[tuple[str, Json]]:
    if depth > MAX_DEPTH:
        raise refuse("format.too-deep", place=Place(name, path=path), limit=MAX_DEPTH)
    yield path, value
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _walk(below, step(path, key), depth + 1, name)
    elif isinstance(value, list):
        for position, below in enumerate(value):
            yield from _walk(below, f"{path}[{position}]", depth + 1, name)


def step(path: str, key: str) -> str:
    """Add a member to a JSON path, quoted where it is no plain name."""
    if key.isidentifier():
        return f"{path}.{key}"
    # A key that XML cannot carry is shown escaped, because the path is told to the sender in XML.
    return f"{path}[{json.dumps(key, ensure_ascii=ILLEGAL.search(key) is not None)}]"
