"""The states of the work that stages hand to each other; those of documents are the documents' own."""

from __future__ import annotations

from enum import StrEnum


class InterchangeState(StrEnum):
    """How far an interchange is."""

    STORED = "stored"
    BEGUN = "begun"  # is obeyed portion by portion; its messages say how far
    UNDERSTOOD = "understood"
    QUARANTINED = "quarantined"
    DROPPED = "dropped"  # was in quarantine, and a person wants no more of it


class SubmissionState(StrEnum):
    """How far a submission is on its way to customs; what customs answered is told by the moments."""

    HELD = "held"
    RECALLED = "recalled"  # is never sent: it was held, or a person has put it away
    ON_PAPER = "on_paper"  # its document was filed on paper: nothing of it is sent until a person says so
    TO_SIGN = "to_sign"
    TO_SEND = "to_send"
    SENDING = "sending"
    IN_DOUBT = "in_doubt"
    SENT = "sent"
    FAILED = "failed"


class AttemptOutcome(StrEnum):
    """How one attempt to send ended."""

    SENT = "sent"
    RETRY = "retry"  # certainly not arrived: sent again later
    IN_DOUBT = "in_doubt"  # may have arrived: sent again as the same bytes
    FAILED = "failed"  # parked for a person


class ReceiptState(StrEnum):
    """What became of a receipt."""

    STORED = "stored"
    APPLIED = "applied"
    STALE = "stale"
    ORPHAN = "orphan"
    REFUSED = "refused"
    UNEXPECTED = "unexpected"
    DUPLICATE = "duplicate"
    NOTED = "noted"  # an unsigned word of the transport: it is told, and moves nothing
    DROPPED = "dropped"  # was not applied, and a person wants no more of it


class NoticeState(StrEnum):
    """Whether a notice has reached its channel."""

    TO_MAKE = "to_make"  # what is asked for is kept, and made outside of the transaction that took it
    TO_DELIVER = "to_deliver"
    DELIVERED = "delivered"
    PARKED = "parked"
    DROPPED = "dropped"  # is never delivered, by a person's word
