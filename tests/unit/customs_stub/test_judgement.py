"""What the office believes, and what it says to what it does not."""

from __future__ import annotations

import pytest

from customs_stub.choosing import by_number
from customs_stub.judgement import Examined, Examiner, Judgement, judge
from customs_stub.keys import Register
from customs_stub.schemas import Schemas
from customs_stub.submission import Kind
from tests.unit.customs_stub import messages
from tests.unit.customs_stub.messages import (
    Signer,
    declaration,
    declaration_message,
    message,
    qualification,
    sign,
)
from tests.unit.customs_stub.records_for_tests import PlainRecords
from tests.unit.customs_stub.trial import SCHEMAS, Trial, altered


@pytest.fixture
def examiner(trial: Trial) -> Examiner:
    """An examiner for the one office and its register."""
    return Examiner(Schemas.load(SCHEMAS), Register(trial.folder / "enterprises"), (messages.OFFICE,))


def filing(signer: Signer, client_number: str = "A0-1", **values: str) -> bytes:
    """Return a signed filing."""
    return sign(message("QualificationFiling", qualification(**values), client_number, "ID1"), signer)


def judged(examined: Examined, *, claimed: bool = False) -> Judgement:
    """Judge by the letter of the client's number."""
    return judge(examined, PlainRecords(), by_number(examined.submission.client_number), claimed=claimed)


def codes(examiner: Examiner, data: bytes) -> list[tuple[str, str]]:
    """Return why it is not believed."""
    return [(fault.code, fault.path) for fault in examiner.examine(data, "stem").faults]


def test_a_valid_signed_message_is_believed(examiner: Examiner, signer: Signer) -> None:
    """And read from the octets that the signature covers."""
    examined = examiner.examine(filing(signer), "stem")
    assert examined.faults == ()
    assert (examined.submission.message_id, examined.submission.enterprise) == ("ID1", messages.ENTERPRISE)


def test_a_declaration_is_known_by_the_name_of_its_file(examiner: Examiner, signer: Signer) -> None:
    """It has no head."""
    examined = examiner.examine(sign(declaration_message(declaration(), "DC-1"), signer), "0A1B")
    assert examined.faults == ()
    submission = examined.submission
    assert (submission.message_id, submission.client_number, submission.unified_number) == (
        "0A1B",
        "DC-1",
        "DC0000000000000001",
    )


def test_what_cannot_be_read_is_answered_under_the_name_of_its_file(examiner: Examiner) -> None:
    """Its kind is guessed from the bytes."""
    examined = examiner.examine(b"<Message><Manifest", "stem")
    assert [fault.code for fault in examined.faults] == ["X01"]
    assert (examined.submission.message_id, examined.submission.message_type) == ("stem", "Manifest")


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_guessed_by_its_name(examiner: Examiner, kind: Kind) -> None:
    """The longer name is not taken for the shorter one that it begins with."""
    examined = examiner.examine(f"<Message><{kind}".encode(), "stem")
    assert examined.submission.message_type == kind


def test_an_unknown_root_is_told(examiner: Examiner) -> None:
    """There is no schema for it."""
    assert codes(examiner, b"<invoice/>") == [("X02", "")]


def test_every_schema_fault_has_its_pointer(examiner: Examiner, signer: Signer) -> None:
    """Each is told by itself."""
    assert codes(examiner, filing(signer, CustomMaster="XX", GuaranteeValidDate="soon")) == [
        ("X02", "QualificationFiling/CustomMaster"),
        ("X02", "QualificationFiling/GuaranteeValidDate"),
    ]


def test_kinds_that_this_office_does_not_take_are_told(examiner: Examiner, signer: Signer) -> None:
    """Valid they may be."""
    body: messages.Body = {
        "LicenseNo": "1:26-AB-100001",
        "IEFlag": "I",
        "TradeCode": messages.ENTERPRISE,
        "ValidDate": "20261231",
        "UpdateTime": "2026-10-20T08:00:00+08:00",
        "Item": [{"GNo": "1", "CodeTS": "0810600000", "GUnit": "035", "GQty": "10000"}],
    }
    assert codes(examiner, sign(message("Licence", body, "A0-1", "ID1"), signer)) == [
        ("X06", "MessageHead/MessageType")
    ]


def test_an_altered_message_is_not_believed(examiner: Examiner, signer: Signer) -> None:
    """However valid."""
    assert codes(examiner, altered(filing(signer))) == [("X03", "")]


def test_a_message_for_an_enterprise_with_another_certificate_is_not_believed(
    examiner: Examiner, signer: Signer
) -> None:
    """The trade code in the body decides whose certificate is asked for."""
    assert codes(examiner, filing(signer, TradeCode="4403180002")) == [("X04", "")]


def test_another_office_is_not_this_one(examiner: Examiner, signer: Signer) -> None:
    """The office answers only for those in its settings."""
    assert codes(examiner, filing(signer, CustomMaster="5302")) == [("X07", "")]


def test_a_claimed_id_with_other_bytes_does_not_get_in(examiner: Examiner, signer: Signer) -> None:
    """The first believed message owns its id."""
    judgement = judged(examiner.examine(filing(signer), "stem"), claimed=True)
    assert judgement.filed is None
    assert [step.code for step in judgement.plan] == ["-5"]


def test_letters_f_and_r_decide_before_the_checks(examiner: Examiner, signer: Signer) -> None:
    """F does not get in, R gets in and is refused."""
    failed = judged(examiner.examine(filing(signer, "F0-1"), "stem"))
    assert (failed.filed, [step.code for step in failed.plan]) == (None, ["-9"])
    refused = judged(examiner.examine(filing(signer, "R3-1"), "stem"))
    assert (refused.approved, [step.code for step in refused.plan]) == (False, ["0", "R"])
    assert refused.filed is not None


def test_what_fails_the_schema_is_not_approved_under_any_letter(examiner: Examiner, signer: Signer) -> None:
    """A letter cannot make a bad message good."""
    examined = examiner.examine(filing(signer, "V0-1", CustomMaster="XX"), "stem")
    judgement = judged(examined)
    assert [step.code for step in judgement.plan] == ["-2"]
