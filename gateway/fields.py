"""The tree of named fields that every message body is, the paths into it, and what is known of a field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

# Names are those of the standard XML; text is the lexical value, never empty: an empty field is absent.
Fields: TypeAlias = "dict[str, str | Fields | list[Fields]]"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What the schema says of one field, the only place where it is said.

    Attributes:
        name: The element name, for example `CustomMaster`.
        path: The path without positions, for example `Manifest/Item/CodeTS`.
        zh: The Chinese name as on the page of the Single Window.
        en: The English name.
        save: Mandatory for saving (QF-03, MF-02).
        declare: Mandatory for declaring (EN-01), a yellow field of the page.
        filled: Back-filled by the gateway (EN-02), a grey field of the page.
        table: The code table that the value comes from (EN-03), or empty.
    """

    name: str
    path: str
    zh: str
    en: str
    save: bool = False
    declare: bool = False
    filled: bool = False
    table: str = ""


@dataclass(frozen=True, slots=True)
class FieldDictionary:
    """Every field of every message body, by path without positions."""

    specs: Mapping[str, FieldSpec] = field(default_factory=dict)
    _below: dict[str, dict[str, FieldSpec]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _wanted: dict[tuple[str, bool], list[str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        for path, spec in self.specs.items():
            prefix = path.rpartition("/")[0]
            self._below.setdefault(prefix, {})[spec.name] = spec
            for declaring in (False, True):
                if not spec.filled and (spec.save or (declaring and spec.declare)):
                    self._wanted.setdefault((prefix, declaring), []).append(spec.name)

    def find(self, path: str) -> FieldSpec | None:
        """Return what is known of the field at a path, with or without positions."""
        return self.specs.get(plain(path))

    def below(self, prefix: str) -> Iterator[FieldSpec]:
        """Return the fields directly below a body or group, in schema order."""
        return iter(self.named(prefix).values())

    def named(self, prefix: str) -> Mapping[str, FieldSpec]:
        """Return the fields directly below a body or group by name."""
        return self._below.get(prefix, {})

    def wanted(self, prefix: str, *, declaring: bool) -> Sequence[str]:
        """Return the names of the fields below a body or group that the sender must give (EN-01)."""
        return self._wanted.get((prefix, declaring), ())


# The paths of one message are those of the next: this holds every field of two bodies with 99 items.
@lru_cache(maxsize=8192)
def plain(path: str) -> str:
    """Drop the positions from a path: `Manifest/Item[3]/CodeTS` becomes `Manifest/Item/CodeTS`."""
    if "[" not in path:
        return path
    return "/".join(step.partition("[")[0] for step in path.split("/"))


def walk(tree: Mapping[str, str | Fields | list[Fields]], prefix: str) -> Iterator[tuple[str, str]]:
    """Yield each text value of the tree with its path; groups that repeat are counted from 1."""
    for name, value in tree.items():
        if isinstance(value, str):
            yield f"{prefix}/{name}", value
        elif isinstance(value, dict):
            yield from walk(value, f"{prefix}/{name}")
        else:
            for position, group in enumerate(value, 1):
                yield from walk(group, f"{prefix}/{name}[{position}]")
