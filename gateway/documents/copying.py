"""The copy of a document: what of its content a new one begins with (GF-06, MF-11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gateway.documents.core import Document
from gateway.documents.draft import copy
from gateway.documents.items import Line, lines_of
from gateway.fields import FieldDictionary, Fields

# Whose copy it is stays, although it would be back-filled: a partner may speak for several.
_KEPT: Final = frozenset({"TradeCode"})
# What is named by another field is named anew by the ERP's own number of it.
_NAMED_BY: Final = {"QualificationClientNo": "QualificationSeqNo", "VolumeClientNo": "ManualNo"}


def copied(
    source: Document, given: Mapping[str, str | Fields | list[Fields]], dictionary: FieldDictionary
) -> tuple[Fields, list[Line]]:
    """Return head and items of a copy; what the command brings beside the source takes its place.

    What is back-filled at the head is left out, to be filled anew: profile, date and trade mode are those of
    today. A disabled item of a volume is an item like any other in the copy.
    """
    head = {
        name: value
        for name, value in copy(source.content).items()
        if name in _KEPT or not _is_filled(dictionary, f"{source.message_type}/{name}")
    }
    for own, number in _NAMED_BY.items():
        if own in given:
            head.pop(number, None)
    head |= {name: value for name, value in given.items() if name != "SeqNo"}
    if "Item" in given:
        return head, lines_of(given)
    lines = lines_of(source.content, kept=True)
    return head, [replace(line, fields=_without_mark(line.fields)) for line in lines]


def _is_filled(dictionary: FieldDictionary, path: str) -> bool:
    spec = dictionary.find(path)
    return spec is not None and spec.filled


def _without_mark(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name != "Disabled"}
