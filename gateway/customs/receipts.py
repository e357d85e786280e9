"""What customs said in a receipt, apart from what it means for a document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from gateway.errors import refuse
from gateway.fields import Fields

ReceiptType = Literal["T", "B"]
TECHNICAL: Final = "T"
# Codes of technical receipts by which customs has the message: received, and received before (CU-05).
RECEIVED: Final = frozenset({"0", "-8"})
BUSINESS: Final = "B"
_TYPES: Final[dict[str, ReceiptType]] = {TECHNICAL: TECHNICAL, BUSINESS: BUSINESS}


@dataclass(frozen=True, slots=True)
class Fault:
    """One field that customs objects to: the path into our message, customs' code and text."""

    path: str
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Said:
    """A verified receipt's content; absent parts are empty.

    Attributes:
        message_id: The receipt's own id.
        office: The customs office that signed as sender.
        refers_to: The id of the submission that it answers (CU-03).
        receipt_type: `T` technical or `B` business (CU-01).
        document_type: The type of the message that it answers, for example `Manifest`.
        code: Customs' code, the only thing that decides (CU-04).
        text: Customs' words, kept and shown, never read by a rule.
        number: Our unified number.
        client_number: The client's own number.
        customs_number: The number that customs gave.
        valid_until: The approved valid-until date, `yyyyMMdd`.
        declared_at: The office to which the document was declared.
        digest: SHA-256 of the message that it answers, as customs verified it.
        noticed_at: Customs' own time, as it stands in the receipt.
        faults: The fields that customs objects to.
    """

    message_id: str
    office: str
    refers_to: str
    receipt_type: ReceiptType
    document_type: str
    code: str
    text: str
    number: str
    client_number: str
    customs_number: str
    valid_until: str
    declared_at: str
    digest: str
    noticed_at: str
    faults: tuple[Fault, ...]

    @property
    def ends(self) -> bool:
        """Whether no decision will follow: customs could not receive the message."""
        return self.receipt_type == TECHNICAL and self.code not in RECEIVED


def read_receipt(message_id: str, office: str, refers_to: str, body: Fields) -> Said:
    """Read the body of a verified `Receipt` message.

    Raises:
        RejectedError: `receipt.incomplete` when type, document type or code is absent, or
            `receipt.unknown-type`.
    """

    def text(name: str) -> str:
        value = body.get(name, "")
        return value if isinstance(value, str) else ""

    for name in ("ReceiptType", "DocumentType", "ResultCode"):
        if not text(name):
            raise refuse("receipt.incomplete", f"Receipt/{name}", field=name)
    receipt_type = _TYPES.get(text("ReceiptType"))
    if receipt_type is None:
        raise refuse("receipt.unknown-type", "Receipt/ReceiptType", given=text("ReceiptType"))
    faults = body.get("Fault", [])
    return Said(
        message_id=message_id,
        office=office,
        refers_to=refers_to,
        receipt_type=receipt_type,
        document_type=text("DocumentType"),
        code=text("ResultCode"),
        text=text("ResultText"),
        number=text("SeqNo"),
        client_number=text("ClientSeqNo"),
        customs_number=text("CustomsNo"),
        valid_until=text("ValidDate"),
        declared_at=text("CustomMaster"),
        digest=text("RefDigest"),
        noticed_at=text("NoticeTime"),
        faults=tuple(_fault(group) for group in faults if isinstance(group, dict)),
    )


def _fault(group: Fields) -> Fault:
    path, code, text = (str(group.get(name, "")) for name in ("FieldPath", "Code", "Text"))
    return Fault(path, code, text)
