"""The reply to a large interchange, written from its messages as they are kept, a page at a time."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.steps.replies import ACCEPTED, ANSWERED
from gateway.store import InterchangeRow, Unit

# What comes behind is told in short: nobody reads so much, and the whole has to fit into memory here and
# at the ERP, which can have each document shown.
MOST_BYTES = 16 * 1024 * 1024
_LONG = ("violations", "warnings", "filled", "content", "changes")
_PAGE = 200
_INDENT = "\n    "


@dataclass(frozen=True, slots=True)
class Written:
    """A reply, and whether it has questions that are still to be answered."""

    data: bytes
    asked: bool


def write_reply(unit: Unit, interchange: InterchangeRow) -> Written:
    """Write the one reply: the same bytes however often it is written, and whoever asks (ER-04)."""
    outcomes = {ACCEPTED if each == ANSWERED else each for each in unit.messages.outcomes(interchange.id)}
    told = {
        "reply_to": {"name": interchange.name, "sha256": interchange.digest},
        "outcome": outcomes.pop() if len(outcomes) == 1 else "partly",
        "messages": [],
    }
    head, _, tail = json.dumps(told, ensure_ascii=False, indent=2).rpartition("[]")
    out = io.BytesIO()
    out.write(f"{head}[".encode())
    asked = False
    separator = _INDENT
    for entry in _entries(unit, interchange.id):
        asked = asked or "question" in entry
        shown = _short(entry) if out.tell() > MOST_BYTES else entry
        text = json.dumps(shown, ensure_ascii=False, indent=2).replace("\n", _INDENT)
        out.write((separator + text).encode())
        separator = f",{_INDENT}"
    out.write(f"\n  ]{tail}\n".encode())
    return Written(out.getvalue(), asked)


def _entries(unit: Unit, interchange: int) -> Iterator[dict[str, Any]]:
    position = 0
    while page := unit.messages.page(interchange, position, _PAGE):
        yield from (row.reply for row in page)
        position = page[-1].position


def _short(entry: Mapping[str, Any]) -> dict[str, Any]:
    left_out = {key: len(entry[key]) for key in _LONG if key in entry}
    short = {key: value for key, value in entry.items() if key not in left_out}
    return short | {"left_out": left_out} if left_out else short
