"""Finds the field of a message that a pointer of customs means: one, or none and the reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from gateway.customs.pointers import NUMBER, Pointer, Step
from gateway.fields import FieldDictionary, Fields

HEAD: Final = "MessageHead"
# A pointer that fits so many fits several, and nobody wants to know how many.
_MOST: Final = 2
_Candidate: TypeAlias = tuple[str, tuple[Step, ...]]


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds fields of one message that was sent.

    Attributes:
        message_type: The body's element name.
        body: The body as it was sent.
        dictionary: What the schema says of each field.
    """

    message_type: str
    body: Fields
    dictionary: FieldDictionary
    _by_name: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False)
    _by_words: dict[str, list[str]] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        for path, spec in self.dictionary.specs.items():
            if path.partition("/")[0] in {self.message_type, HEAD}:
                self._by_name.setdefault(spec.name, []).append(path)
                self._by_words.setdefault(spec.zh, []).append(path)

    def find(self, pointer: Pointer | None) -> tuple[str, ...]:
        """Return the paths that a pointer fits, with positions: one when it is clear what is meant.

        None are returned for a pointer that fits nothing, two or more for one that fits several fields.
        """
        if pointer is None:
            return ()
        found: list[str] = []
        for path, steps in self._candidates(pointer):
            for place in _places(self._tree(path), _aligned(path, steps)):
                found.append(place)
                if len(found) == _MOST:
                    return tuple(found)
        return tuple(found)

    def _tree(self, path: str) -> Mapping[str, str | Fields | list[Fields]]:
        return {path.partition("/")[0]: {} if path.startswith(HEAD) else self.body}

    def _candidates(self, pointer: Pointer) -> Iterator[_Candidate]:
        """Yield each path of the schema that the pointer may end at, with the steps that lead there."""
        steps, last = pointer.steps, pointer.steps[-1].name if pointer.steps else ""
        if pointer.words:
            for path in self._named(pointer):
                is_field = path not in self._numbered
                yield path, (*steps, Step(path.rpartition("/")[2])) if is_field else steps
        elif last:
            paths, whole = self._by_name.get(last, []), "/".join(step.name for step in steps)
            yield from ((path, steps) for path in ([whole] if whole in paths else paths))
        else:
            yield from ((path, steps) for path in self._numbered)

    def _named(self, pointer: Pointer) -> Sequence[str]:
        """Return the fields of a Chinese name; in a text it is the longest with which the words begin."""
        if not pointer.in_text:
            return self._by_words.get(pointer.words, [])
        below = [spec for group in self._numbered for spec in self.dictionary.below(group)]
        names = {spec.zh for spec in below if spec.zh and pointer.words.startswith(spec.zh)}
        longest = max(names, key=len, default=None)
        return self._numbered if longest is None else [spec.path for spec in below if spec.zh == longest]

    @property
    def _numbered(self) -> list[str]:
        """The groups whose members bear a number of their own."""
        return [path.rpartition("/")[0] for path in self._by_name.get(NUMBER, []) if path.count("/") > 1]


def _aligned(path: str, steps: tuple[Step, ...]) -> list[Step]:
    """Lay the steps of a pointer beside the end of a path; none where they are not its end."""
    names = path.split("/")
    before = len(names) - len(steps)
    if before < 0 or any(
        step.name not in {"", name} for name, step in zip(names[before:], steps, strict=True)
    ):
        return []
    told = [Step(name, step.position, step.number) for name, step in zip(names[before:], steps, strict=True)]
    return [*map(Step, names[:before]), *told]


def _places(
    tree: Mapping[str, str | Fields | list[Fields]], steps: list[Step], prefix: str = ""
) -> Iterator[str]:
    """Yield each place in the message where the steps lead; a field need not be there, its group must."""
    if not steps:
        return
    step, *rest = steps
    path = f"{prefix}/{step.name}" if prefix else step.name
    value = tree.get(step.name, {} if rest else "")
    if isinstance(value, list):
        for position, group in enumerate(value, 1):
            if step.position in {None, position} and step.number in {None, _number(group)}:
                yield from _places(group, rest, f"{path}[{position}]") if rest else (f"{path}[{position}]",)
    elif step.position in {None, 1} and step.number is None:
        if not rest:
            yield path
        elif isinstance(value, dict):
            yield from _places(value, rest, path)


def _number(group: Fields) -> int:
    value = group.get(NUMBER, "")
    return int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else 0
