"""Reads a submission by the office's own understanding: who sends what, under which numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from customs_stub.xmltree import Record, elements, local, record


class Kind(StrEnum):
    """What an enterprise submits to this office."""

    QUALIFICATION = "QualificationFiling"
    QUALIFICATION_CHANGE = "QualificationChange"
    EXTENSION = "QualificationExtension"
    VOLUME = "GoodsFiling"
    VOLUME_CHANGE = "GoodsFilingChange"
    MANIFEST = "Manifest"
    MODIFICATION = "ManifestModification"
    WITHDRAWAL = "ManifestWithdrawal"
    DECLARATION = "DecMessage"


# What an application is made against, and the field that names it.
PARENTS: Mapping[Kind, tuple[Kind, str]] = {
    Kind.QUALIFICATION_CHANGE: (Kind.QUALIFICATION, "QualificationSeqNo"),
    Kind.EXTENSION: (Kind.QUALIFICATION, "QualificationSeqNo"),
    Kind.VOLUME_CHANGE: (Kind.VOLUME, "VolumeSeqNo"),
    Kind.MODIFICATION: (Kind.MANIFEST, "ManifestSeqNo"),
    Kind.WITHDRAWAL: (Kind.MANIFEST, "ManifestSeqNo"),
}


@dataclass(frozen=True, slots=True)
class Submission:
    """One message of an enterprise, read but not yet believed.

    Attributes:
        message_id: The head's message id; of a declaration, which has none, the stem of the file's name.
        message_type: The name of the body.
        sender: Whom receipts are addressed to.
        client_number: The client's own number, whose first characters choose the outcome of a trial.
        unified_number: The unified number, where the sender told one.
        office: The declaring customs office.
        enterprise: The enterprise's customs code.
        body: The values of the body.
        digest: What tells its bytes apart, where its signature was verified.
    """

    message_id: str
    message_type: str
    sender: str
    client_number: str
    unified_number: str
    office: str
    enterprise: str
    body: Record
    digest: str = ""

    @property
    def kind(self) -> Kind | None:
        """The kind of document, or None for one that this office does not take."""
        return Kind(self.message_type) if self.message_type in set(Kind) else None


def read(root: etree._Element, stem: str) -> Submission:
    """Read a submission; what is absent is empty, the schema has the word on that."""
    return _declaration(root, stem) if local(root) == Kind.DECLARATION else _message(root, stem)


def _message(root: etree._Element, stem: str) -> Submission:
    children = {local(child): child for child in elements(root)}
    head = record(children["MessageHead"]) if "MessageHead" in children else Record()
    message_type = head.get("MessageType")
    body = record(children[message_type]) if message_type in children else Record()
    return Submission(
        message_id=head.get("MessageId") or stem,
        message_type=message_type,
        sender=head.get("SenderId"),
        client_number=head.get("ClientSeqNo"),
        unified_number=body.get("SeqNo"),
        office=body.get("CustomMaster"),
        enterprise=body.get("TradeCode"),
        body=body,
    )


def _declaration(root: etree._Element, stem: str) -> Submission:
    body = record(root)
    head = body.group("DecHead")
    return Submission(
        message_id=stem,
        message_type=Kind.DECLARATION,
        sender=head.get("TradeCode"),
        client_number=body.group("DecSign").get("ClientSeqNo"),
        unified_number=head.get("SeqNo"),
        office=head.get("CustomMaster"),
        enterprise=head.get("TradeCode"),
        body=body,
    )


def digest(data: bytes) -> str:
    """Return what tells the bytes of two files apart."""
    return hashlib.sha256(data).hexdigest()
