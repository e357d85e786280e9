"""The copy of a document: what of its content a new one begins with (GF-06, MF-11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gateway.documents.core import Document
from gateway.documents.draft import copy
from gateway.documents.items import Line, lines_of
from gateway.fields import FieldDictionary, Fields

# Back-filled, and yet not to be found out anew: a partner may speak for several enterprises, and an account
# book may leave the trade mode to the ERP.
_KEPT: Final = frozenset({"TradeCode", "TradeMode"})
# What is no longer true of a copy once the command brings another value of these.
_REPLACED: Final = {
    "QualificationClientNo": ("QualificationSeqNo",),
    "VolumeClientNo": ("ManualNo", "TradeMode"),
    "ManualNo": ("TradeMode",),
    "GoodsNature": ("TradeMode",),
}


def copied(
    source: Document, given: Mapping[str, str | Fields | list[Fields]], dictionary: FieldDictionary
) -> tuple[Fields, list[Line]]:
    """Return head and items of a copy; what the command brings beside the source takes its place.

    What is back-filled at the head is left out, to be filled anew: profile and date are those of today. A
    disabled item of a volume is an item like any other in the copy.
    """
    head = {
        name: value
        for name, value in copy(source.content).items()
        if name in _KEPT or not _is_filled(dictionary, f"{source.message_type}/{name}")
    }
    for brought, replaced in _REPLACED.items():
        if brought in given:
            for name in replaced:
                head.pop(name, None)
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
