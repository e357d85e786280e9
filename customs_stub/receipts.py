"""Builds the receipt of one answer as a signed message."""

from __future__ import annotations

import re
from dataclasses import dataclass

from customs_stub.keys import Identity
from customs_stub.letters import Letter, add, optional, sealed
from customs_stub.schedule import Slot
from customs_stub.submission import Kind, Submission

# What a receipt may name; a broken submission may hold anything, and a receipt must stay valid.
MESSAGE_ID = re.compile(r"[A-Za-z0-9._-]{1,36}")
PARTY = re.compile(r"[A-Za-z0-9._-]{1,18}")
CLIENT = re.compile(r"[A-Za-z0-9._/-]{1,18}")
UNIFIED = re.compile(r"[0-9A-Z]{18}")
OFFICE = re.compile(r"[0-9]{2}[0-9A-Z]{2}")
LONGEST_TEXT, LONGEST_PATH, MOST_FAULTS = 1000, 255, 999


@dataclass(frozen=True, slots=True)
class Result:
    """What customs gave a document besides the code.

    Attributes:
        customs_number: The number that customs gave, from approval on.
        valid_until: The approved date of a qualification.
    """

    customs_number: str = ""
    valid_until: str = ""


def build(submission: Submission, slot: Slot, result: Result, office: str, identity: Identity) -> bytes:
    """Return the file of a receipt; `office` speaks where the submission names none."""
    step = slot.step
    sender = _fit(OFFICE, submission.office) or office
    known = submission.message_type in set(Kind)
    root, body = Letter(
        message_type="Receipt",
        sender=sender,
        moment=slot.moment,
        receiver=_fit(PARTY, submission.sender),
        client_number=_fit(CLIENT, submission.client_number),
        answers=_fit(MESSAGE_ID, submission.message_id),
    ).begin()
    add(body, "ReceiptType", "T" if step.technical else "B")
    add(body, "DocumentType", submission.message_type if known else Kind.DECLARATION)
    optional(body, "ClientSeqNo", _fit(CLIENT, submission.client_number))
    optional(body, "SeqNo", _fit(UNIFIED, submission.unified_number))
    optional(body, "CustomsNo", "" if step.technical else result.customs_number)
    add(body, "CustomMaster", sender)
    optional(body, "RefDigest", submission.digest)
    add(body, "ResultCode", step.code)
    add(body, "ResultText", step.text[:LONGEST_TEXT])
    add(body, "NoticeTime", slot.moment.isoformat(timespec="seconds"))
    optional(body, "ValidDate", "" if step.technical else result.valid_until)
    for fault in step.faults[:MOST_FAULTS]:
        entry = add(body, "Fault")
        optional(entry, "FieldPath", fault.path[:LONGEST_PATH])
        add(entry, "Code", fault.code)
        add(entry, "Text", fault.text[:LONGEST_TEXT])
    return sealed(root, identity)


def _fit(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""
