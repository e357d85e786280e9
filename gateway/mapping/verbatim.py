"""Takes over an XML body that is standard already: each element is a field or group of its own name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml import etree

from gateway.fields import Fields
from gateway.mapping.dialect import Pick
from gateway.mapping.rules import Entry, Frame, Rule
from gateway.mapping.step_model import StepError
from gateway.mapping.xpaths import text_of


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Where a body stands that is taken as it is.

    Attributes:
        pick: Finds the body's element.
        lists: The names of the groups that repeat.
        rule: What is told as the origin of its fields.
    """

    pick: Pick[Any]
    lists: frozenset[str]
    rule: Rule

    def take(self, frame: Frame, node: Any, path: str) -> Fields:
        """Return the body with every field that has a text; every fault is noted in the frame."""
        try:
            found = frame.reading.group(node, self.pick)
        except StepError as fault:
            frame.fault(fault.code, path, fault.values, frame.reading.node_place(node))
            return {}
        if len(found) != 1:
            place = frame.reading.expected(node, self.pick.each)
            frame.fault("map.not-one-body", path, {"count": len(found)}, place)
            return {}
        frame.nodes[path] = found[0]
        return self._group(frame, found[0], path)

    def _group(self, frame: Frame, element: Any, path: str) -> Fields:
        tree: Fields = {}
        lists: dict[str, list[Fields]] = {}
        for child in element.iterchildren(tag=etree.Element):
            name = etree.QName(child).localname
            at = f"{path}/{name}"
            if name in self.lists:
                several = lists.setdefault(name, [])
                several.append(self._below(frame, child, f"{at}[{len(several) + 1}]"))
            elif at in frame.nodes or at in frame.entries:
                values = {"count": 2, "texts": f"{at}, {at}"}
                frame.fault("map.several-values", at, values, frame.reading.node_place(child))
            elif child.find("*") is not None:
                tree[name] = self._below(frame, child, at)
            elif text := text_of(child).strip():
                frame.entries[at] = Entry(self.rule, child, text, None, None, None)
                tree[name] = text
        return {**tree, **lists}

    def _below(self, frame: Frame, element: Any, path: str) -> Fields:
        frame.nodes[path] = element
        if (element.text or "").strip():
            where = frame.reading.node_place(element)
            frame.fault("map.not-a-group", path, {"expression": path}, where)
        return self._group(frame, element, path)
