"""What the store takes and gives: plain frozen rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from gateway.fields import Fields
from gateway.store.states import InterchangeState, NoticeState, ReceiptState, SubmissionState


@dataclass(frozen=True, slots=True, kw_only=True)
class InterchangeRow:
    """Bytes as they arrived on one channel under one name.

    Attributes:
        digest: SHA-256 of the bytes, kept in `raw`.
        delivery: The channel's own mark of this one delivery, so that a delivery that was stored but
            not yet settled when the process died is known again; None where the channel has none.
        mapping: The mapping that understood it, with `mapping_version`.
        reply_digest: The bytes of its one reply.
        same_as: The interchange whose repetition this one is (ER-04).
        reason: Why it is quarantined, as told to people.
        settled_at: When the channel was told to put the delivery away, which it may be told once known
            what became of it.
    """

    id: int = 0
    channel: str
    partner: str
    name: str
    digest: str
    delivery: str | None = None
    received_at: datetime
    state: str = InterchangeState.STORED
    mapping: str | None = None
    mapping_version: str | None = None
    reply_digest: str | None = None
    same_as: int | None = None
    reason: Any = None
    settled_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleRow:
    """A delivery that its channel is to put away, and how."""

    id: int
    delivery: str
    outcome: Literal["done", "quarantined"]
    reason: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageRow:
    """One command of an interchange and its one outcome; the outcome's words are the pipeline's.

    Attributes:
        document_number: The document that it made or changed; None where it did neither.
        mapping: The mapping that made it of the file, with `mapping_version`.
    """

    id: int = 0
    interchange_id: int
    position: int
    message_type: str
    operation: str
    partner: str
    client_number: str
    content_digest: str
    outcome: str
    document_number: str | None = None
    reply: Any = None
    mapping: str | None = None
    mapping_version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    """The present state and content of one document.

    Attributes:
        archive: The file in which its content lies; here there is none of it any more.
    """

    number: str
    kind: str
    message_type: str
    state: str
    version: int
    enterprise: str
    partner: str
    office: str
    nature: str
    ie_flag: str
    client_number: str
    customs_number: str | None = None
    parent: str | None = None
    period: str | None = None
    valid_until: str | None = None
    content: Fields
    archive: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedDocument:
    """One line of a listing: a document without its content.

    Attributes:
        archive: As of the whole row.
    """

    number: str
    kind: str
    message_type: str
    state: str
    version: int
    enterprise: str
    partner: str
    office: str
    nature: str
    ie_flag: str
    client_number: str
    customs_number: str | None
    parent: str | None
    period: str | None
    valid_until: str | None
    created_at: datetime
    updated_at: datetime
    archive: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRow:
    """A document as it is to be, and as it must be found for that.

    Attributes:
        document: The new state and content; its version is set by the store, one above the expected.
        expected_state: The state in which it must be found, or None for a new document.
        expected_version: The version in which it must be found, 0 for a new document.
        event: What happened, for the history.
        cause_kind: What caused it: `message`, `receipt`, `clock`, `operator`.
        cause_id: Which one.
    """

    document: DocumentRow
    expected_state: str | None
    expected_version: int
    event: str
    cause_kind: str
    cause_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One change of a document."""

    id: int
    number: str
    version: int
    at: datetime
    event: str
    from_state: str | None
    to_state: str
    cause_kind: str
    cause_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """The content that a document has had since one of its versions."""

    number: str
    version: int
    content: Fields
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmissionRow:
    """One message on its way to customs; its id is the message id, `seq` the order of making.

    `awaited_anew` is there where the clock was put back after it was sent, and says to when.
    """

    seq: int = 0
    id: str
    number: str
    message_type: str
    client_number: str
    enterprise: str
    route: str
    state: str = SubmissionState.TO_SIGN
    unsigned_digest: str
    signed_digest: str | None = None
    sent_digest: str | None = None
    created_at: datetime
    sent_at: datetime | None = None
    technical_at: datetime | None = None
    business_at: datetime | None = None
    holder: str | None = None
    due_at: datetime | None = None
    awaited_anew: datetime | None = None

    @property
    def awaited_since(self) -> datetime | None:
        """Since when its answers are awaited, by the clock as it goes now; None before it was sent."""
        return self.awaited_anew or self.sent_at


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitRow:
    """How the exchange over a route goes; `gateway/customs/circuit.py` says what each state means."""

    route: str
    state: str
    since: datetime
    failures: int = 0
    due_at: datetime | None = None
    outage: str | None = None
    pilot: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """One attempt to send a submission, recorded before and after."""

    id: int
    submission_id: str
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRow:
    """What customs answered, stored before it is read; the middle fields are what it was found to say.

    Attributes:
        lane: What is in one lane of a channel is believed in order; 0 for what nobody can tell.
    """

    id: int = 0
    digest: str
    channel: str
    name: str
    received_at: datetime
    state: str = ReceiptState.STORED
    lane: int = 0
    message_id: str | None = None
    own_id: str | None = None
    receipt_type: str | None = None
    code: str | None = None
    text: str | None = None
    number: str | None = None
    client_number: str | None = None
    customs_number: str | None = None
    reason: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """What the ERP is told: bytes for its channel under a name."""

    id: int = 0
    partner: str
    kind: str
    name: str
    digest: str
    state: str = NoticeState.TO_DELIVER
    created_at: datetime
    delivered_at: datetime | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RelationRow:
    """Where one manifest item went when a month was aggregated (AG-09)."""

    manifest_number: str
    manifest_item: int
    declaration_number: str
    declaration_item: int
    quantity: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """Something that a person must see, until it is closed."""

    id: int
    code: str
    subject: str
    opened_at: datetime
    closed_at: datetime | None
    values: Mapping[str, Any]
