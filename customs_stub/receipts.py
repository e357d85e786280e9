"""Builds the receipt of one answer as a signed message."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass

from lxml import etree

from customs_stub.courses import Delivery
from customs_stub.keys import Identity
from customs_stub.schedule import Slot
from customs_stub.seal import sign
from customs_stub.submission import Kind, Submission
from customs_stub.xmltree import JB

# What a receipt may name; a broken submission may hold anything, and a receipt must stay valid.
MESSAGE_ID = re.compile(r"[A-Za-z0-9._-]{1,36}")
PARTY = re.compile(r"[A-Za-z0-9._-]{1,18}")
CLIENT = re.compile(r"[A-Za-z0-9._/-]{1,18}")
UNIFIED = re.compile(r"[0-9A-Z]{18}")
OFFICE = re.compile(r"[0-9]{2}[0-9A-Z]{2}")
TYPES = frozenset(
    {
        *Kind,
        "QualificationChange",
        "QualificationExtension",
        "GoodsFilingChange",
        "ManifestModification",
        "ManifestWithdrawal",
    }
)
# Characters that XML cannot carry; a parser's words about garbage may quote them.
UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LONGEST_TEXT, LONGEST_PATH, MOST_FAULTS = 1000, 255, 999
NOBODY = "-"


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
    time = slot.moment.isoformat(timespec="seconds")
    root = etree.fromstring(f'<Message xmlns="{JB}"/>')
    head = _add(root, "MessageHead")
    _add(head, "MessageId", str(uuid.uuid4()).upper())
    _add(head, "MessageType", "Receipt")
    _add(head, "SenderId", sender)
    _add(head, "ReceiverId", _fit(PARTY, submission.sender) or NOBODY)
    _add(head, "CreateTime", time)
    _add(head, "ClientSeqNo", _fit(CLIENT, submission.client_number) or NOBODY)
    _optional(head, "RefMessageId", _fit(MESSAGE_ID, submission.message_id))
    body = _add(root, "Receipt")
    _add(body, "ReceiptType", "T" if step.technical else "B")
    _add(
        body,
        "DocumentType",
        submission.message_type if submission.message_type in TYPES else Kind.DECLARATION,
    )
    _optional(body, "ClientSeqNo", _fit(CLIENT, submission.client_number))
    _optional(body, "SeqNo", _fit(UNIFIED, submission.unified_number))
    _optional(body, "CustomsNo", "" if step.technical else result.customs_number)
    _add(body, "CustomMaster", sender)
    _add(body, "ResultCode", step.code)
    _add(body, "ResultText", step.text[:LONGEST_TEXT])
    _add(body, "NoticeTime", time)
    _optional(body, "ValidDate", "" if step.technical else result.valid_until)
    for fault in step.faults[:MOST_FAULTS]:
        entry = _add(body, "Fault")
        _optional(entry, "FieldPath", fault.path[:LONGEST_PATH])
        _add(entry, "Code", fault.code)
        _add(entry, "Text", fault.text[:LONGEST_TEXT])
    sign(root, identity.key, identity.certificate)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def spoil(data: bytes, delivery: Delivery) -> bytes:
    """Return the bytes as a bad delivery has them: altered after signing, or cut off in the middle."""
    if delivery is Delivery.FORGED:
        return data.replace(b"</ResultText>", "（伪）</ResultText>".encode())
    if delivery is Delivery.BROKEN:
        return data[: len(data) // 2]
    return data


def _fit(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""


def _add(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    child = etree.SubElement(parent, f"{{{JB}}}{name}")
    child.text = UNFIT.sub("?", text) if text else None
    return child


def _optional(parent: etree._Element, name: str, text: str) -> None:
    if text:
        _add(parent, name, text)
