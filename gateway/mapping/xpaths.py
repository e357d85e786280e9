"""The dialect of XML: an expression is an XPath 1.0, seen from the message or the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Any, TypeAlias

from lxml import etree

from gateway.errors import Place
from gateway.mapping.dialect import Dialect, ExpressionError, Found, Part, Pick, Reading, Split, Unknown
from gateway.mapping.known import Known, Way
from gateway.mapping.lookup import SourceLike
from gateway.mapping.numbers import plain_number
from gateway.mapping.step_model import StepError
from gateway.mapping.xpath_ways import way_of

# One look for all of them takes less than to ask each element.
_ANY_ATTRIBUTE = etree.XPath("boolean(descendant::*/@*)")
Element: TypeAlias = etree._Element  # noqa: SLF001 lxml has no public name for the class of its elements


@dataclass(frozen=True, slots=True)
class XPath:
    """A compiled XPath with its text."""

    text: str
    run: etree.XPath


class XPaths(Dialect[Element, XPath]):
    """Expressions over an XML tree, with the prefixes that the mapping declares."""

    def __init__(self, namespaces: Mapping[str, str]) -> None:
        self._namespaces = dict(namespaces)

    def compile(self, text: str) -> XPath:
        """Compile an XPath; prefixes and functions are tried at once on an empty element."""
        try:
            compiled = etree.XPath(text, namespaces=self._namespaces, regexp=False)
            compiled(etree.Element("x"))
        except (etree.XPathError, ValueError, TypeError) as fault:
            raise ExpressionError(str(fault)) from fault
        return XPath(text, compiled)

    def way(self, start: Way, expression: XPath) -> Way:
        """Return the elements that lead to what an XPath finds."""
        return way_of(start, expression.text, self._namespaces)

    def open(self, source: SourceLike) -> Reading[Element, XPath]:
        """Open an XML tree."""
        return XPathReading(source)


class XPathReading(Reading[Element, XPath]):
    """One tree, whose places are lines and paths."""

    def __init__(self, source: SourceLike) -> None:
        super().__init__(source)
        assert isinstance(source.content, Element), "the format says that it is XML"
        self._root = source.content
        # The step of each child of an element that a place has led to: one walk for all of them.
        self._steps: dict[Element, Mapping[Element, str]] = {}

    @property
    def root(self) -> Element:
        """The root element."""
        return self._root

    def parts(self, split: Split[XPath]) -> list[Part[Element]]:
        """Return the elements that are a message each."""
        if split.each is None:
            return [Part(self._root)]
        return [Part(element) for element in _elements(self._root, split.each)]

    def group(self, node: Element, pick: Pick[XPath]) -> list[Element]:
        """Return the elements that are a record each."""
        assert pick.each is not None, "the specification demands it of trees"
        return _elements(node, pick.each)

    def find(self, node: Element, expression: XPath) -> list[Found]:
        """Return the texts that an XPath finds, or the one that it computes."""
        result = expression.run(node)
        if not isinstance(result, list):
            text = _computed(result)
            return [(text, (node, expression.text))] if text else []
        found: list[Found] = []
        for each in result:
            text = (text_of(each) if isinstance(each, Element) else str(each)).strip()
            if text:
                found.append((text, each))
        return found

    def place(self, where: Any) -> Place:
        """Say where an element or attribute stood."""
        if isinstance(where, tuple):
            return self.expected(*where)
        if isinstance(where, Element):
            return self.node_place(where)
        element = where.getparent()
        path = self._path(element) + (f"/@{_local(where.attrname)}" if where.is_attribute else "")
        return Place(self.name, _line(element), path=path)

    def node_place(self, node: Element) -> Place:
        """Say where an element stands."""
        return Place(self.name, _line(node), path=self._path(node))

    def expected(self, node: Element, expression: XPath | str) -> Place:
        """Say where an element would have stood."""
        text = expression if isinstance(expression, str) else expression.text
        path = text if text.startswith("/") else f"{self._path(node)}/{text.removeprefix('./')}"
        return Place(self.name, _line(node), path=path)

    def unread(self, node: Element, known: Known) -> Iterator[Unknown]:
        """Yield elements and attributes with a text in them that no rule reads."""
        found: dict[Way, Unknown] = {}
        if not known.whole:
            _look(node, known, (), found, attributes=bool(_ANY_ATTRIBUTE(node)))
        return iter(found.values())

    def identity(self, node: Element) -> Element:
        """Return the element itself: lxml keeps one object for it as long as somebody has it."""
        return node

    def _path(self, element: Element) -> str:
        """Return the path as people read it: prefixed or plain names, positions where there are several."""
        steps = []
        for each in (element, *element.iterancestors()):
            parent = each.getparent()
            if parent is None:
                steps.append(_name(each))
                continue
            if parent not in self._steps:
                self._steps[parent] = _steps(parent)
            steps.append(self._steps[parent][each])
        return "/" + "/".join(reversed(steps))


def _elements(node: Element, expression: XPath) -> list[Element]:
    found = expression.run(node)
    elements = [each for each in found if isinstance(each, Element)] if isinstance(found, list) else []
    if not isinstance(found, list) or len(elements) != len(found):
        raise StepError("map.not-a-group", expression=expression.text)
    return elements


def _look(element: Element, known: Known, way: Way, found: dict[Way, Unknown], *, attributes: bool) -> None:
    """Gather what rules do not read of an element of which they do not read everything.

    Args:
        element: The element.
        known: What is known of it.
        way: The way to it.
        found: What is found, the first of each way.
        attributes: Whether there are attributes at all, which would else be asked of each value.
    """
    others, below = known.others, known.below
    if others is None and element.attrib:
        _note_attributes(element, known, way, found)
    bare = not known.text
    if bare and (element.text or "").strip():
        _note(found, way, element, element, known)
    for child in element:
        tag: Any = child.tag
        place = below.get(tag, others)
        if not isinstance(tag, str):
            # A comment or an instruction, which no name stands for, not even any.
            pass
        elif place is None:
            if any(map(str.strip, _texts(child))):
                _note(found, (*way, tag), child, element, known)
        elif not place.whole:
            _look(child, place, (*way, tag), found, attributes=attributes)
        elif attributes and place.leaf and child.keys():
            _note_attributes(child, place, (*way, tag), found)
        if bare and (tail := child.tail) and not tail.isspace():
            _note(found, way, element, element, known)


def _note_attributes(element: Element, known: Known, way: Way, found: dict[Way, Unknown]) -> None:
    for name in _attributes(element):
        if name not in known.below:
            _note(found, (*way, name), (element, name), element, known)


def _attributes(element: Element) -> list[str]:
    """Return the attributes, as an XPath names them; what has a prefix is about the XML, not about goods."""
    return [f"@{name}" for name in map(str, element.keys()) if not name.startswith("{")]


def _texts(element: Element) -> Iterator[str]:
    """Yield all that stands in an element or below it; `xsi:nil` and the like are no values."""
    for each in element.iter(etree.Element):
        yield str(each.text or "")
        yield from (str(value) for name, value in each.items() if not str(name).startswith("{"))


def _note(found: dict[Way, Unknown], way: Way, where: Any, parent: Element, known: Known) -> None:
    if way not in found:
        there = {*(str(child.tag) for child in parent), *_attributes(parent)}
        missing = tuple(_local(name) for name in known.below if name not in there)
        found[way] = Unknown(way, _local(way[-1] if way else parent.tag), where, missing)


def text_of(element: Element) -> str:
    """Return the text of an element; a comment within it does not cut it off.

    Raises:
        StepError: `map.not-a-value`, it holds further elements.
    """
    text = element.text or ""
    if len(element):
        if element.find("*") is not None:
            raise StepError("map.not-a-value", expression=_name(element))
        text += "".join(comment.tail or "" for comment in element)
    return text


def _computed(result: object) -> str:
    """XPath's own functions give booleans, floats and texts."""
    if isinstance(result, bool):
        return "true" if result else "false"
    if isinstance(result, float):
        return plain_number(Decimal(repr(result))) if isfinite(result) else ""
    return str(result).strip()


def _line(element: Element) -> int | None:
    # The type stubs do not know what kind of attribute this is.
    line: int | None = getattr(element, "sourceline", None)
    return line


def _steps(parent: Element) -> Mapping[Element, str]:
    """Return the step that leads to each child, with a position where another has its name."""
    children = list(parent.iterchildren(tag=etree.Element))
    totals = Counter(child.tag for child in children)
    counts: Counter[str] = Counter()
    steps = {}
    for child in children:
        counts[child.tag] += 1
        steps[child] = _name(child) + (f"[{counts[child.tag]}]" if totals[child.tag] > 1 else "")
    return steps


def _name(element: Element) -> str:
    return f"{element.prefix}:{_local(element.tag)}" if element.prefix else _local(element.tag)


def _local(tag: Any) -> str:
    return str(tag).rpartition("}")[2]
