"""The reply to a large interchange, written from its messages as they are kept, a page at a time."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.steps.replies import ACCEPTED, ANSWERED
from gateway.store import InterchangeRow, Unit

# What comes behind is told without its faults, only with their number: nobody reads so many, and the
# whole has to fit into memory here and at the ERP.
MOST_BYTES = 32 * 1024 * 1024
_PAGE = 200
_INDENT = "\n    "


@dataclass(frozen=True, slots=True)
class Written:
    """A reply, and whether it has questions that are still to be answered."""

    data: bytes
    asked: bool


def write_reply(unit: Unit, interchange: InterchangeRow) -> Written:
    """Write the one reply, with the same bytes as if all of it were written at once (ER-04)."""
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
    left_out = entry.get("violations_left_out", 0) + len(entry.get("violations", ()))
    short = {key: value for key, value in entry.items() if key not in {"violations", "warnings"}}
    return short | {"violations_left_out": left_out} if left_out else short
