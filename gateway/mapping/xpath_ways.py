"""Which elements an XPath looks at: by name where it names them, else everything that it may look at."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.mapping.known import Step, Way

_STEP = re.compile(r"(@?)(?:([\w.-]+):)?([\w-][\w.-]*|\*)(?![\w.(:*-])|\.\.?(?!\w)|text\(\)")
_POSITION = re.compile(r"\[(?:[0-9]+|last\(\))\]")
_FIRST_OF = re.compile(r"\(([^()]*)\)" + _POSITION.pattern)
_LITERAL = re.compile(r"'[^']*'|\"[^\"]*\"")
_CONDITION = re.compile(r"\[[^\[\]]*\]")
_PATH = re.compile(r"(?:[\w.:*@/-]|text\(\))+")
# What leads out of the element from which it is seen: up, to its neighbours, or from the top.
_OUT = re.compile(r"\.\.|\b(?:ancestor|parent|preceding|following)|\bid\(|(?<![\w\]).*@/])/")


def way_of(start: Way, text: str, namespaces: Mapping[str, str]) -> Way:
    """Return the way to what an XPath finds, seen from the end of another way.

    Ways begin at the root element. Of what a condition, a function or an axis may look at everything counts.
    """
    text = text.strip()
    if first_of := _FIRST_OF.fullmatch(text):
        text = first_of[1].strip()
    if not _is_path(text):
        return (Step.ALL,) if _OUT.search(text) else (*start, Step.ALL)
    if not text.startswith("/"):
        return _along(start, text, namespaces)
    # The root element is the same whatever it is called.
    root, _, below = text[1:].partition("/")
    if not root or "[" in root:
        return (Step.ALL,)
    return _along((), below, namespaces) if below else ()


def _is_path(text: str) -> bool:
    """Tell whether it is one path, with conditions or without."""
    bare, found = _LITERAL.sub("''", text), 1
    while found:
        bare, found = _CONDITION.subn("", bare)
    return _PATH.fullmatch(bare) is not None


def _along(way: Way, text: str, namespaces: Mapping[str, str]) -> Way:
    position = 0
    while step := _STEP.match(text, position):
        if step[0] == "..":
            if not way or way[-1] is Step.ALL:
                return (Step.ALL,)
            way = way[:-1]
        elif step[3] is not None:
            way = (*way, _name(step, namespaces))
        position = step.end()
        if place := _POSITION.match(text, position):
            position = place.end()
        if position == len(text):
            return way
        if text[position] != "/":
            break
        position += 1
    return (Step.ALL,) if _OUT.search(text, position) else (*way, Step.ALL)


def _name(step: re.Match[str], namespaces: Mapping[str, str]) -> str | Step:
    attribute, prefix, name = step[1], step[2], step[3]
    if name == "*":
        return Step.ALL if attribute else Step.ANY
    return attribute + (f"{{{namespaces[prefix]}}}{name}" if prefix else name)
