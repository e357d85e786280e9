"""JSON as text: written and read by the fastest library, and by Python's own where that one gives up."""

from __future__ import annotations

import json
from typing import Any

import orjson


def write_json(value: object, *, indented: bool = False) -> bytes:
    """Write a value, its keys in the order given.

    What UTF-8 cannot carry, half a surrogate pair of a file name, becomes JSON's own escape.

    Args:
        value: Of dictionaries with text as keys, lists, texts, numbers, booleans and None.
        indented: For people: two blanks a level. Else no blanks at all.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 if indented else 0)
    except TypeError:
        text = json.dumps(
            value,
            ensure_ascii=False,
            indent=2 if indented else None,
            separators=None if indented else (",", ":"),
        )
        return text.encode("utf-8", "backslashreplace")


def read_json(text: str | bytes) -> Any:
    """Read what was written.

    Raises:
        ValueError: It is no JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)
