"""Reads the pointers of customs, in whatever notation they come: steps into our message, or nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# The number that each item bears; a pointer may name an item by it.
NUMBER: Final = "GNo"

_INDEX: Final = r"\[(?:position\(\)\s*=\s*)?(\d{1,9})\]|\((\d{1,9})\)"
_KEY: Final = rf"\[@?{NUMBER}\s*=\s*['\"]?(\d{{1,9}})['\"]?\]"
_STEP: Final = re.compile(
    r"(?:\*\[\s*local-name\(\)\s*=\s*['\"](\w+)['\"]\s*\]|(?:\{[^{}]*\}|[A-Za-z_][\w.-]*:)?([A-Za-z_]\w*))"
    rf"(?:{_INDEX}|{_KEY})?"
)
_BY_NUMBER: Final = re.compile(rf"{NUMBER}\s*[=:：]\s*(\d{{1,9}})(?:[\s/,;，；]+([A-Za-z_]\w*))?")
_CHINESE_NUMBER: Final = r"\d{1,9}|[一二三四五六七八九]?十[一二三四五六七八九]?|[一二三四五六七八九]"
_ITEM_IN_WORDS: Final = re.compile(
    rf"(?:商品|货物|表体)?第\s*({_CHINESE_NUMBER})\s*(?:项|条|行|个|款)\s*(?:商品(?!编|名|序)|货物|表体)?\s*[的，,：:/\s-]*"
)
_DIGITS: Final = {character: count for count, character in enumerate("一二三四五六七八九", 1)}
_ROOT: Final = "Message"
_TEXT: Final = "text()"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a pointer.

    Attributes:
        name: The element's name; empty for the group, whichever it is, that has a number of its own.
        position: Which of several of that name, counted from 1.
        number: The item's own number, where the pointer names it by that.
    """

    name: str
    position: int | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a pointer says.

    Attributes:
        steps: Its steps; the first need not be the message's body.
        words: Words of the last field: its Chinese name, in a text perhaps followed by others.
        in_text: It was not told as a pointer but stands in the text of the fault.
    """

    steps: tuple[Step, ...]
    words: str = ""
    in_text: bool = False


def read_pointer(path: str, text: str = "") -> Pointer | None:
    """Read a pointer as exactly as it was told; None for what cannot be read without guessing.

    Args:
        path: The pointer of a fault: a path in one of many notations, or words.
        text: The fault's text; it is looked at only where there is no pointer at all.
    """
    told = path.strip()
    if told:
        return _path(told) or _by_number(told) or _in_words(told)
    mentions = list(_ITEM_IN_WORDS.finditer(text))
    if len(mentions) != 1:
        return None
    found = mentions[0]
    return Pointer((_item(_counted(found[1])),), text[found.end() :].strip(), in_text=True)


def _path(text: str) -> Pointer | None:
    """Read a path: XPath-like with or without prefixes, in Clark notation, or with points."""
    rest, steps = re.sub(r"^\.?/{1,2}", "", text), []
    separator = "/" if "/" in re.sub(r"\{[^{}]*\}", "", rest) else "."
    while True:
        found = _STEP.match(rest)
        if found is None:
            return None
        local, name, bracket, round_, number = found.groups()
        position = bracket or round_
        steps.append(Step(local or name, _whole(position), _whole(number)))
        rest = rest[found.end() :]
        if rest in {"", separator + _TEXT}:
            break
        if not rest.startswith(separator):
            return None
        rest = rest[1:]
    if steps[0].name == _ROOT and len(steps) > 1 and steps[0].position in {None, 1}:
        steps = steps[1:]
    return Pointer(tuple(steps))


def _by_number(text: str) -> Pointer | None:
    found = _BY_NUMBER.fullmatch(text)
    if found is None:
        return None
    item = _item(int(found[1]))
    return Pointer((item, Step(found[2])) if found[2] else (item,))


def _in_words(text: str) -> Pointer | None:
    """Read `第3项商品 商品编号`, or the Chinese name of a field alone; the name is compared by the finder."""
    found = _ITEM_IN_WORDS.match(text)
    if found is None:
        return Pointer((), text)
    rest = text[found.end() :].strip()
    name = _STEP.fullmatch(rest)
    if name is not None and name[2] is not None and name[2].isascii():
        return Pointer((_item(_counted(found[1])), Step(name[2])))
    return Pointer((_item(_counted(found[1])),), rest)


def _item(number: int) -> Step:
    return Step("", number=number)


def _whole(text: str | None) -> int | None:
    return None if text is None else int(text)


def _counted(text: str) -> int:
    """Read a number in digits or, up to 99, in Chinese."""
    if text.isdecimal():
        return int(text)
    tens, ten, ones = text.rpartition("十")
    return (_DIGITS.get(tens, 1) * 10 if ten else 0) + _DIGITS.get(ones, 0)
