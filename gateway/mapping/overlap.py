"""Mappings of which one fits wherever another does, so that the other can never be chosen."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import permutations

from gateway.errors import Place, Violation
from gateway.mapping.mapping import Mapping


def shadowed(mappings: Iterable[Mapping], agreements: Iterable[Sequence[str]]) -> Iterator[Violation]:
    """Yield a fault for each mapping whose every file fits another one too, which is always refused.

    Args:
        mappings: All of an installation.
        agreements: The names and patterns that each partner may use; mappings of one folder are meant to
            stand beside each other in any case.
    """
    every = list(mappings)
    sets = {frozenset(each.name for each in every if _allowed(each, names)) for names in agreements}
    sets |= {frozenset(each.name for each in every if _folder(each) == _folder(one)) for one in every}
    for one, other in permutations(every, 2):
        if any({one.name, other.name} <= together for together in sets) and _covers(other, one):
            values = {"key": "match", "other": other.name}
            yield Violation("mapping.shadowed", "match", values, Place(f"{one.name}.toml", path="match"))


def _allowed(mapping: Mapping, names: Sequence[str]) -> bool:
    return any(fnmatchcase(mapping.name, name) for name in names)


def _folder(mapping: Mapping) -> str:
    return mapping.name.partition("/")[0]


def _covers(wide: Mapping, narrow: Mapping) -> bool:
    """Tell whether every source that fits the narrow one fits the wide one: it asks for nothing more."""
    if wide.format != narrow.format or not {*narrow.formats} <= {*wide.formats}:
        return False
    files = {each.lower() for each in wide.match.files} or {"*"}
    if not files & {"*"} and not files >= {each.lower() for each in narrow.match.files or ("*",)}:
        return False
    if not {text for text, _ in wide.match.needed} <= {text for text, _ in narrow.match.needed}:
        return False
    asked = {text: wanted for text, _, wanted in narrow.match.values}
    if not all(text in asked and asked[text] <= wanted for text, _, wanted in wide.match.values):
        return False
    # Last, for it reads both files again.
    return _prefixes(wide) == _prefixes(narrow)


def _prefixes(mapping: Mapping) -> object:
    return tomllib.loads(mapping.data.decode("utf-8")).get("namespaces")
