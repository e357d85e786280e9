"""What a command repeats of the document that it is about: it must be what is saved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.documents.core import Kind
from gateway.documents.draft import Draft
from gateway.fields import Fields, walk

# What is judged elsewhere: the number finds the document, the day is that of declaring (MF-06).
_JUDGED: Final = frozenset({"SeqNo", "DeclDate"})
# The ERP's own numbers of other documents never stay in a content; what they name does.
_OWN_NUMBERS: Final[Mapping[str, tuple[Kind, tuple[str, ...]]]] = {
    "QualificationClientNo": (Kind.QUALIFICATION, ("QualificationSeqNo",)),
    "VolumeClientNo": (Kind.VOLUME, ("VolumeSeqNo", "ManualNo")),
    "ManifestClientNo": (Kind.MANIFEST, ("ManifestSeqNo",)),
}


def compare(draft: Draft, body: Fields) -> None:
    """Refuse a command that says something else than what is saved; names and codes are the same."""
    for name, given in body.items():
        if name in _OWN_NUMBERS and isinstance(given, str):
            _compare_own_number(draft, name, given)
        elif name not in _JUDGED:
            _compare_field(draft, name, given)


def _compare_own_number(draft: Draft, name: str, given: str) -> None:
    kind, places = _OWN_NUMBERS[name]
    kept = next(filter(None, map(draft.head.text, places)), "")
    named = draft.facts.by_client_number(draft.partner, kind, given)
    if named is None or kept not in {named.number, named.customs_number}:
        draft.fault("rule.differs-from-saved", draft.head.at(name), given=given, expected=kept or "-")


def _compare_field(draft: Draft, name: str, given: str | Fields | list[Fields]) -> None:
    prefix = draft.message_type
    kept, groups = dict(walk(draft.head.fields, prefix)), draft.head.fields.get(name)
    if isinstance(given, list) and isinstance(groups, list) and len(given) < len(groups):
        path = draft.head.at(name)
        draft.fault("rule.fewer-than-saved", path, given=len(given), expected=len(groups))
    codes = draft.facts.codes
    for path, text in walk({name: given}, prefix):
        spec = draft.facts.dictionary.find(path)
        table = spec.table if spec else ""
        same = (codes.code(table, text) if table and codes.has(table) else None) or text
        if kept.get(path) != same:
            draft.fault("rule.differs-from-saved", path, given=text, expected=kept.get(path) or "-")
