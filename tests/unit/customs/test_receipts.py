"""What a receipt says is read by its codes, and one that contradicts what was sent belongs to nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from gateway.customs import Said, correlate, read_receipt
from gateway.errors import RejectedError
from gateway.fields import Fields

BODY: Fields = {
    "ReceiptType": "B",
    "DocumentType": "Manifest",
    "ClientSeqNo": "JB-1",
    "SeqNo": "M20260000000000001",
    "CustomsNo": "53012026I000000001",
    "ResultCode": "7",
    "ResultText": "海关审批通过",
    "Fault": [{"FieldPath": "Manifest/GrossWet", "Code": "M09", "Text": "毛重"}],
}


def said(**changes: str) -> Said:
    """Read the usual receipt with some fields changed; an empty one is left out."""
    body = {name: value for name, value in {**BODY, **changes}.items() if value != ""}
    return read_receipt("R1", "5301", "ID-1", body)


@dataclass(frozen=True)
class Submission:
    """A submission as correlation sees it."""

    id: str = "ID-1"
    number: str = "M20260000000000001"
    message_type: str = "Manifest"
    client_number: str = "JB-1"
    signed_digest: str | None = "a" * 64


class Submissions:
    """Where one submission is found by everything that names it."""

    def by_message_id(self, message_id: str) -> Submission | None:
        """Find by message id."""
        return Submission() if message_id == "ID-1" else None

    def latest_of_number(self, number: str) -> Submission | None:
        """Find by unified number."""
        return Submission() if number == Submission().number else None

    def latest_of_client_number(self, message_type: str, client_number: str) -> list[Submission]:
        """Find by type and client number; one number is two clients'."""
        if client_number == "JB-2":
            return [Submission(client_number="JB-2"), Submission("ID-2", "M2", client_number="JB-2")]
        return [Submission()] if (message_type, client_number) == ("Manifest", "JB-1") else []

    def latest_of_customs_number(self, customs_number: str) -> Submission | None:
        """Find by customs number."""
        return Submission() if customs_number == BODY["CustomsNo"] else None


@pytest.mark.requirement("CU-04")
def test_a_receipt_is_read_with_its_faults() -> None:
    """Each field keeps what customs said of it."""
    read = said()
    assert (read.receipt_type, read.code, read.refers_to, read.office) == ("B", "7", "ID-1", "5301")
    assert [(fault.path, fault.code) for fault in read.faults] == [("Manifest/GrossWet", "M09")]


@pytest.mark.requirement("CU-01", "CU-04")
@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ReceiptType": "X"}, "receipt.unknown-type"),
        ({"ReceiptType": ""}, "receipt.incomplete"),
        ({"ResultCode": ""}, "receipt.incomplete"),
        ({"DocumentType": ""}, "receipt.incomplete"),
    ],
)
def test_what_is_neither_technical_nor_a_decision_is_refused(changes: dict[str, str], code: str) -> None:
    """A type that nobody knows decides nothing."""
    with pytest.raises(RejectedError) as refused:
        said(**changes)
    assert refused.value.code == code


@pytest.mark.requirement("CU-03")
@pytest.mark.parametrize(
    "missing",
    [(), ("SeqNo",), ("SeqNo", "CustomsNo"), ("CustomsNo", "ClientSeqNo")],
)
def test_a_receipt_without_reference_is_found_by_what_it_names(missing: tuple[str, ...]) -> None:
    """By unified number, then by customs number, then by the client's own."""
    body = {name: value for name, value in BODY.items() if name not in missing}
    assert correlate(read_receipt("R1", "5301", "", body), Submissions()) == Submission()


@pytest.mark.requirement("CU-03")
def test_a_receipt_that_fits_nothing_belongs_to_nothing_yet() -> None:
    """The reference decides, even where the numbers would fit."""
    assert correlate(read_receipt("R1", "5301", "ID-2", BODY), Submissions()) is None


@pytest.mark.requirement("CU-03", "QR-08")
def test_a_number_that_two_clients_use_belongs_to_neither() -> None:
    """It is left to a person, who asks customs; anything else that it names decides."""
    body = {name: value for name, value in BODY.items() if name not in {"SeqNo", "CustomsNo"}}
    with pytest.raises(RejectedError) as refused:
        correlate(read_receipt("R1", "5301", "", {**body, "ClientSeqNo": "JB-2"}), Submissions())
    assert refused.value.code == "receipt.ambiguous"
    assert "M2" in refused.value.violations[0].text()


@pytest.mark.requirement("CU-03")
@pytest.mark.parametrize("name", ["DocumentType", "SeqNo", "ClientSeqNo", "RefDigest"])
def test_a_receipt_that_contradicts_what_was_sent_is_refused(name: str) -> None:
    """An answer to one document can never move another."""
    with pytest.raises(RejectedError) as refused:
        correlate(said(**{name: "Other"}), Submissions())
    assert refused.value.code == "receipt.contradicts"
