"""The dialect of EDIFACT: an XPath over segments, nested by the segment groups that the mapping declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.errors import Place
from gateway.mapping.dialect import Part, Split
from gateway.mapping.lookup import SourceLike
from gateway.mapping.xpaths import Element, XPath, XPathReading, XPaths

# A group opened within itself would nest as deep as a file likes; so inner groups are declared below.
GroupTables = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Level:
    """What may stand at one depth: the groups that begin there, and the segments that belong to it."""

    element: Element
    begins: Mapping[str, str]
    members: frozenset[str] | None


class EdifactPaths(XPaths):
    """Expressions over an EDIFACT interchange.

    `[match]` sees the segments of each message one after another, everything else sees the groups.
    """

    def __init__(self, groups: GroupTables) -> None:
        super().__init__({})
        self._groups = groups

    def open(self, source: SourceLike) -> EdifactReading:
        """Open an interchange."""
        return EdifactReading(source, self._groups)


class EdifactReading(XPathReading):
    """One interchange, whose places are segments and elements as the standard counts them."""

    def __init__(self, source: SourceLike, groups: GroupTables) -> None:
        super().__init__(source)
        self._groups = groups

    def parts(self, split: Split[XPath]) -> list[Part[Element]]:
        """Return the messages, their segments nested in groups."""
        if self._groups:
            # The source may serve another mapping, too, so that it stays as it is.
            self._root = deepcopy(self._root)
            for message in self._root.iterchildren("Message"):
                nest(message, self._groups)
        return super().parts(split)

    def place(self, where: Any) -> Place:
        """Say where a value stood: segment and element."""
        if isinstance(where, (Element, tuple)):
            return super().place(where)
        return self.node_place(where.getparent())

    def node_place(self, node: Element) -> Place:
        """Say where a message, group, segment or value stands."""
        at = node.get("at")
        if at is not None:
            return Place(self.name, int(node.get("line", "0")), path=at)
        if node.tag in self._groups:
            return self.node_place(node[0])
        segment = node.getparent()
        assert segment is not None, "an element stands in a segment"
        place = self.node_place(segment)
        return Place(self.name, place.row, path=f"{place.path} element {str(node.tag)[1:]}")

    def held(self, node: Element, columns: frozenset[str]) -> str:
        """Return the tag of the segment: none is there without saying something."""
        del columns
        return str((node[0] if node.tag in self._groups else node).tag)

    def expected(self, node: Element, expression: XPath | str) -> Place:
        """Say in or after which segment a value would have stood."""
        text = expression if isinstance(expression, str) else expression.text
        place = self.node_place(node)
        return Place(self.name, place.row, path=text if text.startswith("/") else f"{place.path} {text}")


def nest(message: Element, groups: GroupTables) -> None:
    """Move the segments of a message into its groups.

    A group is the segment that begins it, and all that follow as long as they belong to it or to a group
    within it; the innermost group that a segment may belong to has it.
    """
    below = {name for members in groups.values() for name in members if name in groups}
    begins = {name: {groups[each][0]: each for each in groups[name][1:] if each in groups} for name in groups}
    top = {members[0]: name for name, members in groups.items() if name not in below}
    levels = [_Level(message, top, None)]
    for segment in list(message):
        tag = str(segment.tag)
        while True:
            level = levels[-1]
            if tag in level.begins:
                name = level.begins[tag]
                element = etree.SubElement(level.element, name)
                levels.append(_Level(element, begins[name], frozenset(groups[name][1:])))
                element.append(segment)
                break
            if level.members is None or tag in level.members:
                level.element.append(segment)
                break
            levels.pop()
