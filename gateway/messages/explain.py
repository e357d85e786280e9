"""Says what is wrong with a message that the schema refused: every fault, its path, what would be right."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lxml import etree

from gateway.errors import Violation
from gateway.messages.model import Element, naming
from gateway.messages.names import MESSAGE, SIGNATURE
from gateway.messages.nodes import elements, local_name, text_of

if TYPE_CHECKING:
    from gateway.messages.judge import Judge

_SHOWN: Final = 60
# Nobody reads more, and whoever sends a million faults is not to keep all others waiting.
_MOST: Final = 2_000
# Attributes about the schema itself, for example xsi:schemaLocation, say nothing of the content.
_ABOUT_SCHEMA: Final = "{http://www.w3.org/2001/XMLSchema-instance}"


class Explainer:
    """Explains the faults of one schema set.

    The structure is compared with the model, so that all that is missing or misplaced is found at once; each
    value is judged by `xmlschema`. What neither of them sees is told in the validators' own words.
    """

    def __init__(self, file: Path, model: Element) -> None:
        self._file = file
        self._model = model

    @cached_property
    def _judge(self) -> Judge:
        # It brings `xmlschema`: a quarter of a second of every start, and most processes refuse nothing.
        from gateway.messages.judge import Judge  # noqa: PLC0415 -- for that reason

        return Judge(self._file)

    def explain(self, root: etree._Element, said: str) -> list[Violation]:
        """Return every fault, at least one, up to a number that no person would read.

        Args:
            root: The message that libxml2 refused.
            said: What libxml2 said of it.
        """
        found = list(islice(self._group(root, self._model, self._model.spec.path), _MOST))
        return found or self._otherwise(root, said)

    def _group(self, node: etree._Element, group: Element, path: str) -> Iterator[Violation]:
        yield from _stray(node, group, path)
        places = {child.tag: place for place, child in enumerate(group.children)}
        counts: Counter[str] = Counter()
        furthest = 0
        for child in elements(node):
            if group is self._model and child.tag == SIGNATURE:
                continue
            place = places.get(str(child.tag))
            if place is None:
                yield _unknown(child, group, path)
                continue
            element = group.children[place]
            counts[element.name] += 1
            position = f"[{counts[element.name]}]" if element.repeats else ""
            here = _join(path, element.name) + position
            if place < furthest:
                before = group.children[furthest].name
                yield Violation("schema.wrong-order", here, {**naming(element), "before": before})
            furthest = max(furthest, place)
            # What is too many is told as such.
            if element.most is None or counts[element.name] <= element.most:
                yield from self._below(child, element, here)
        yield from _counted(group, counts, path)

    def _below(self, node: etree._Element, element: Element, path: str) -> Iterator[Violation]:
        if element.type is None:
            yield from self._group(node, element, path)
            return
        yield from _attributes(node, element, path)
        inner = [_unknown(child, element, path) for child in elements(node)]
        yield from inner or self._judge.value(text_of(node), element, element.type, path)

    def _otherwise(self, root: etree._Element, said: str) -> list[Violation]:
        found = [
            Violation("schema.invalid", _below_root(path, root), {"reason": reason})
            for path, reason in self._judge.document(root)
        ]
        # The two validators disagree at the edges; then libxml2, which decided, has the word.
        return found or [Violation("schema.invalid", values={"reason": said})]


def _counted(group: Element, counts: Counter[str], path: str) -> Iterator[Violation]:
    alternatives = [child.name for child in group.children if child.choice]
    if alternatives and not any(counts[name] for name in alternatives):
        yield Violation("schema.body-missing", path, {"allowed": ", ".join(alternatives)})
    for child in group.children:
        count = counts[child.name]
        here = _join(path, child.name)
        if count < child.least and not child.choice:
            yield Violation("schema.missing", here, naming(child))
        if child.most is not None and count > child.most:
            yield Violation("schema.too-many", here, {**naming(child), "count": count, "limit": child.most})


def _stray(node: etree._Element, group: Element, path: str) -> Iterator[Violation]:
    yield from _attributes(node, group, path)
    stray = text_of(node).strip()
    if stray:
        yield Violation("schema.unexpected-text", path, {**naming(group), "value": stray[:_SHOWN]})


def _attributes(node: etree._Element, element: Element, path: str) -> Iterator[Violation]:
    for name in map(str, node.attrib):
        if name not in element.attributes and not name.startswith(_ABOUT_SCHEMA):
            yield Violation("schema.unknown-attribute", path, {**naming(element), "name": name})


def _unknown(node: etree._Element, group: Element, path: str) -> Violation:
    name = etree.QName(node)
    foreign = name.namespace != etree.QName(group.tag).namespace
    shown = f"{name.localname} ({name.namespace})" if foreign else name.localname
    values = {"name": shown, "group_en": group.spec.en, "group_zh": group.spec.zh}
    return Violation("schema.unknown-field", _join(path, name.localname), values)


def _join(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _below_root(path: str, root: etree._Element) -> str:
    """Turn a path of `xmlschema` into ours: without prefixes, and without the root of a message."""
    steps = re.sub(r"\{[^}]*\}|[^/:{}\[\]]+:", "", path).strip("/")
    name = local_name(root)
    return steps.removeprefix(name).strip("/") if name == MESSAGE else steps
