"""Receipts as files: valid, signed, and fit for whatever was submitted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from customs_stub.courses import Delivery, Step
from customs_stub.faults import Fault
from customs_stub.keys import Identity, load_identity
from customs_stub.receipts import Result, build
from customs_stub.schedule import Slot
from customs_stub.schemas import Schemas
from customs_stub.seal import SealError, verify
from customs_stub.spoiling import spoil
from customs_stub.submission import Submission
from customs_stub.xmltree import Record
from tests.unit.customs_stub.messages import JB, make_signer
from tests.unit.customs_stub.trial import NOW, SCHEMAS, Trial

WEIRD = st.lists(st.text(max_size=40), min_size=7, max_size=7)
SCHEMA = Schemas.load(SCHEMAS)


@pytest.fixture
def identity(trial: Trial) -> Identity:
    """What the office signs with."""
    return load_identity(trial.key, trial.certificate)


def slot(step: Step) -> Slot:
    """Return the answer as due now."""
    return Slot(step, NOW, 0.0)


def sound() -> Submission:
    """Return a submission that can be named in full."""
    return Submission(
        "ID1", "Manifest", "GW4403180001", "A0-1", "MF0000000000000001", "5301", "4403180001", Record()
    )


APPROVAL = Step(technical=False, code="7", text="海关审批通过")


def test_a_business_receipt_tells_number_code_and_what_it_answers(identity: Identity) -> None:
    """Everything by which it can be correlated stands in it."""
    root = etree.fromstring(build(sound(), slot(APPROVAL), Result("53012026E000000001"), "5301", identity))
    told = {etree.QName(node).localname: node.text for node in root.iter(f"{{{JB}}}*")}
    assert told["RefMessageId"] == "ID1"
    assert (told["SenderId"], told["ReceiverId"]) == ("5301", "GW4403180001")
    assert (told["ClientSeqNo"], told["SeqNo"]) == ("A0-1", "MF0000000000000001")
    assert (told["ReceiptType"], told["ResultCode"]) == ("B", "7")
    assert (told["CustomsNo"], told["NoticeTime"]) == ("53012026E000000001", "2026-10-20T08:00:00+08:00")


def test_a_technical_receipt_gives_no_number(identity: Identity) -> None:
    """Numbers come with decisions."""
    step = Step(technical=True, code="0", text="接收成功")
    data = build(sound(), slot(step), Result("53012026E000000001", "20270430"), "5301", identity)
    assert b"CustomsNo" not in data
    assert b"ValidDate" not in data


KEY = make_signer()


@given(WEIRD)
def test_whatever_was_submitted_the_receipt_is_valid(texts: list[str]) -> None:
    """A broken submission must not make a broken receipt."""
    message_id, message_type, sender, client, unified, office, detail = texts
    submission = Submission(message_id, message_type, sender, client, unified, office, "", Record())
    step = Step(technical=True, code="-1", text="接收失败", faults=(Fault("X01", "", detail * 30),))
    identity = Identity(KEY.key, KEY.certificate)
    root = etree.fromstring(build(submission, slot(step), Result(), "0000", identity))
    assert SCHEMA.check(root) == []
    verify(root, [KEY.certificate])


def test_a_forged_receipt_is_well_formed_and_does_not_verify(identity: Identity) -> None:
    """Only the signature gives it away."""
    data = build(sound(), slot(APPROVAL), Result(), "5301", identity)
    forged = etree.fromstring(spoil(data, Delivery.FORGED))
    assert SCHEMA.check(forged) == []
    with pytest.raises(SealError):
        verify(forged, [identity.certificate])


def test_a_broken_receipt_is_no_xml(identity: Identity) -> None:
    """It ends in the middle."""
    data = build(sound(), slot(APPROVAL), Result(), "5301", identity)
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(spoil(data, Delivery.BROKEN))
    assert spoil(data, Delivery.WHOLE) == data
