"""The content of documents and references as text, for the office's memory."""

from __future__ import annotations

import json
from typing import Any

from customs_stub.xmltree import Record


def to_text(record: Record) -> str:
    """Write a content: values and groups by name, in order."""
    return json.dumps(_plain(record), ensure_ascii=False, separators=(",", ":"))


def to_record(text: str) -> Record:
    """Read a content as it was written."""
    return _record(json.loads(text))


def _plain(record: Record) -> list[Any]:
    groups = {name: [_plain(each) for each in group] for name, group in record.groups.items()}
    return [record.values, groups] if groups else [record.values]


def _record(plain: list[Any]) -> Record:
    values, *rest = plain
    groups = rest[0] if rest else {}
    return Record(values, {name: [_record(each) for each in group] for name, group in groups.items()})
