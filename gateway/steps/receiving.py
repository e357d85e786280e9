"""One receipt of customs: believed if its signature verifies, correlated, and carried to its document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.customs import TECHNICAL, Said, correlate, read_receipt
from gateway.documents import Answer, Decision, Document, Stale, advance
from gateway.errors import ParkedError, RejectedError, Violation
from gateway.messages import read
from gateway.signing import Verifier
from gateway.steps.containment import contained
from gateway.steps.records import Cause, StoredFacts, World, carry_out, to_document
from gateway.steps.replies import log_receipt, tell_receipt, tell_violations, violations_of
from gateway.steps.waiting import OVERDUE
from gateway.store import ReceiptContent, ReceiptRow, ReceiptState, SubmissionRow, Unit


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a receipt, for its row and its line in the log."""

    state: ReceiptState
    told: Mapping[str, Any]


def believe(world: World, verifier: Verifier, unit: Unit, receipt: ReceiptRow) -> None:
    """Verify, read, correlate and advance; whatever comes out is noted and logged (CU-02, CU-03)."""
    said: Said | None = None
    try:
        with unit.savepoint(), contained(receipt.name):
            said = _read(world, verifier, unit, receipt)
            outcome = _apply(world, unit, receipt, said)
    except (RejectedError, ParkedError) as fault:
        told = tell_violations(violations_of(fault, receipt.name), world.catalogue.dictionary)
        unexpected = fault.code == "state.unexpected-receipt"
        state = ReceiptState.UNEXPECTED if unexpected else ReceiptState.REFUSED
        outcome = Outcome(state, told)
        unit.alerts.open("receipt.not-applied", receipt.name, {"receipt": receipt.id, "code": fault.code})
    unit.receipts.settle(receipt.id, outcome.state, _content(said, outcome))
    log_receipt(unit, receipt, said, {"outcome": str(outcome.state), **outcome.told})


def _read(world: World, verifier: Verifier, unit: Unit, receipt: ReceiptRow) -> Said:
    """Read the verified bytes and nothing else of what came (CU-02).

    Raises:
        RejectedError: Why it is not believed, or not understood.
    """
    verified = verifier.verify(unit.raw.get(receipt.digest), unit.now)
    if faults := world.catalogue.check(verified.root):
        raise RejectedError(faults)
    head, body = read(verified.root)
    return read_receipt(head.message_id, head.sender_id, head.ref_message_id, body)


def _apply(world: World, unit: Unit, receipt: ReceiptRow, said: Said) -> Outcome:
    sent = correlate(said, unit.submissions)
    if sent is None:
        return Outcome(ReceiptState.ORPHAN, {})
    assert isinstance(sent, SubmissionRow), "the store knows only its own rows"
    row = unit.documents.get(sent.number)
    assert row is not None, "a submission never exists without its document"
    latest = unit.submissions.latest_of_number(sent.number)
    _mark(unit, said, sent)
    unit.alerts.close(OVERDUE, sent.id)
    if latest is None or latest.id != sent.id:
        return _stale(row.state, Violation("receipt.superseded", values={"number": sent.number}))
    decision = advance(to_document(row), _answer(said), StoredFacts(world, unit))
    if isinstance(decision, Stale):
        return _stale(row.state, decision.reason)
    carry_out(world, unit, decision, Cause("receipt", str(receipt.id)))
    document = decision.changes[0].document
    unit.receipts.rematch(customs_number=document.customs_number)
    tell_receipt(unit, receipt, said, document, decision)
    return Outcome(ReceiptState.APPLIED, _moved(row.state, document, decision))


def _mark(unit: Unit, said: Said, sent: SubmissionRow) -> None:
    """Note the answer at its submission; any answer proves that customs has the message (CU-01, CU-05)."""
    if said.receipt_type == TECHNICAL:
        unit.submissions.mark_technical(sent.id, last=said.code != "0")
    else:
        unit.submissions.mark_business(sent.id)


def _answer(said: Said) -> Answer:
    return Answer(
        receipt_type=said.receipt_type,
        code=said.code,
        customs_number=said.customs_number or None,
        valid_until=said.valid_until or None,
        text=said.text,
    )


def _stale(state: str, reason: Violation) -> Outcome:
    texts = {"because_en": reason.text("en"), "because_zh": reason.text("zh")}
    return Outcome(ReceiptState.STALE, {"state": state, "because": reason.code, **texts})


def _moved(before: str, document: Document, decision: Decision) -> dict[str, Any]:
    told: dict[str, Any] = {"from": before, "to": str(document.state)}
    if decision.release:
        told["released"] = list(decision.release)
    return told


def _content(said: Said | None, outcome: Outcome) -> ReceiptContent:
    if said is None:
        return ReceiptContent(reason=dict(outcome.told))
    return ReceiptContent(
        message_id=said.refers_to or None,
        own_id=said.message_id,
        receipt_type=said.receipt_type,
        code=said.code,
        text=said.text,
        number=said.number or None,
        client_number=said.client_number or None,
        customs_number=said.customs_number or None,
        reason=dict(outcome.told),
    )
