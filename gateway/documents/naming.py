"""How a command names another document: by the unified number, or by the ERP's own number of it."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.documents.core import Document, Kind
from gateway.documents.draft import Draft


@dataclass(frozen=True, slots=True)
class Naming:
    """The two fields that name a document.

    Attributes:
        number: The field of the unified number.
        own: The field of the ERP's own number; it never stays in a content.
        kind: What is named.
        unknown: The code of the violation when there is no such document.
    """

    number: str
    own: str
    kind: Kind
    unknown: str

    def take_own(self, draft: Draft) -> bool:
        """Put the unified number in the place of the ERP's own; tell whether there is nothing to look for."""
        own = draft.take(self.own)
        if not own:
            return False
        path = draft.head.at(self.own)
        found = draft.facts.by_client_number(draft.partner, self.kind, own)
        if found is None:
            draft.fault(self.unknown, path, given=own)
            return not draft.head.text(self.number)
        if not draft.head.text(self.number):
            draft.head.fields[self.number] = found.number
        elif draft.head.text(self.number) != found.number:
            draft.fault("rule.fill-differs", path, given=own, expected=found.client_number)
        return False

    def find(self, draft: Draft) -> Document | None:
        """Return the document that is named; a foreign one is as unknown as none (QR-08)."""
        number = draft.head.text(self.number)
        if not number:
            return None
        found = draft.facts.document(number)
        own = draft.facts.enterprises_of(draft.partner)
        if found is None or found.kind is not self.kind or found.enterprise not in own:
            draft.fault(self.unknown, draft.head.at(self.number), given=number)
            return None
        return found


QUALIFICATION = Naming(
    "QualificationSeqNo", "QualificationClientNo", Kind.QUALIFICATION, "rule.unknown-qualification"
)
VOLUME = Naming("VolumeSeqNo", "VolumeClientNo", Kind.VOLUME, "change.unknown-volume")
MANIFEST = Naming("ManifestSeqNo", "ManifestClientNo", Kind.MANIFEST, "rule.unknown-document")
