"""What customs sends: believed if its signature verifies, then carried to its document, or kept as told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from gateway.customs import TECHNICAL, Said, correlate, read_receipt
from gateway.documents import Answer, Decision, Document, Stale, advance
from gateway.errors import ParkedError, RejectedError, Violation, refuse
from gateway.messages import read
from gateway.steps import circuits
from gateway.steps.containment import contained
from gateway.steps.kept import to_document
from gateway.steps.operating import tell_if_on_paper
from gateway.steps.records import Cause, StoredFacts, World, carry_out
from gateway.steps.references import (
    REFERENCES,
    keep_reference,
    log_line,
    office_of,
    read_reference,
    receipt_content,
)
from gateway.steps.replies import (
    TRACE,
    Heard,
    line_about,
    log_receipts,
    tell_receipt,
    tell_said,
    tell_violations,
    violations_of,
)
from gateway.steps.transport import Word, line, note, opened
from gateway.steps.trust import Statement, Trust
from gateway.steps.waiting import answered
from gateway.store import (
    DocumentRow,
    ReceiptContent,
    ReceiptRow,
    ReceiptState,
    ReferenceRow,
    SubmissionRow,
    Unit,
)

RECEIPT: Final = "Receipt"
NOT_APPLIED: Final = "receipt.not-applied"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a receipt, for its row and its line in the log.

    Attributes:
        answered: The submission that it answered.
        traced: Whether faults are to be traced to the ERP's files.
    """

    state: ReceiptState
    told: Mapping[str, Any]
    answered: SubmissionRow | None = None
    traced: bool = False


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a receipt has to say besides its own row and its document's; it is written batch by batch.

    Attributes:
        lines: For the receipt log.
        answered: The message that it answers, if it does.
    """

    lines: Sequence[Mapping[str, Any]]
    answered: SubmissionRow | None = None


def conclude(unit: Unit, weighed: Sequence[Weighed]) -> None:
    """Log what a batch of receipts says, and learn from it that customs is there at the end of a route."""
    log_receipts(unit, [line for each in weighed for line in each.lines])
    # Messages are locked before their circuits, as by whoever looks at what is late.
    circuits.heard(unit, [each.answered for each in weighed if each.answered])


def weigh(world: World, trust: Trust, unit: Unit, receipt: ReceiptRow) -> Weighed:
    """Verify, read, and act; whatever comes out is noted, and to be logged (CU-02, CU-03, GF-09)."""
    said: Said | ReferenceRow | None = None
    try:
        with unit.savepoint(), contained(receipt.name):
            came = opened(world, receipt, unit.raw.get(receipt.digest))
            if not isinstance(came, bytes):
                return Weighed(_note(world, unit, receipt, came))
            heard = trust.hear(receipt, came, unit.now)
            said = _read(world, heard)
            if isinstance(said, ReferenceRow):
                trust.check_reference(heard, office_of(said), unit.now)
                outcome = _keep(unit, said)
            else:
                outcome = _apply(
                    world, unit, receipt, said, partial(trust.check_answer, heard, said, unit.now)
                )
    except (RejectedError, ParkedError) as fault:
        told = tell_violations(violations_of(fault, receipt.name), world.catalogue.dictionary)
        unexpected = fault.code == "state.unexpected-receipt"
        state = ReceiptState.UNEXPECTED if unexpected else ReceiptState.REFUSED
        outcome = Outcome(state, told)
        unit.alerts.open(NOT_APPLIED, receipt.name, {"receipt": receipt.id, "code": fault.code})
    content = _content(said, outcome)
    if outcome.state in {ReceiptState.APPLIED, ReceiptState.STALE}:
        _close_alerts(unit, receipt, content)
    unit.receipts.settle(receipt.id, outcome.state, content)
    trace = {TRACE: outcome.answered.id} if outcome.answered and outcome.traced else {}
    logged = {"outcome": str(outcome.state), **outcome.told, **trace}
    return Weighed([line_about(unit, receipt, _line(said), logged)], outcome.answered)


def _note(world: World, unit: Unit, receipt: ReceiptRow, words: Sequence[Word]) -> list[dict[str, Any]]:
    """Note what a carrier says, and return its lines; of several words the row keeps the first refusal."""
    told = list(note(world, unit, receipt, words))
    kept = next((each for each, word in zip(told, words, strict=True) if not word.passed), told[0])
    unit.receipts.settle(receipt.id, ReceiptState.NOTED, kept)
    outcome = str(ReceiptState.NOTED)
    return [line_about(unit, receipt, line(each), {"outcome": outcome, **each.reason}) for each in told]


def _read(world: World, told: Statement) -> Said | ReferenceRow:
    """Read the verified bytes and nothing else of what came (CU-02).

    Raises:
        RejectedError: Why it is not understood.
    """
    root = told.verified.root
    if faults := world.catalogue.check(root):
        raise RejectedError(faults)
    head, body = read(root)
    if head.message_type in REFERENCES:
        return read_reference(told.receipt, head, body)
    if head.message_type != RECEIPT:
        expected = ", ".join((RECEIPT, *REFERENCES))
        raise refuse(
            "receipt.unknown-message", "MessageHead/MessageType", given=head.message_type, expected=expected
        )
    return read_receipt(head.message_id, head.sender_id, head.ref_message_id, body)


def _close_alerts(unit: Unit, receipt: ReceiptRow, content: ReceiptContent) -> None:
    """Close what was told of receipts that say the same: these bytes, or this answer in a sound form."""
    for name in unit.receipts.failed(receipt.digest, content):
        unit.alerts.close(NOT_APPLIED, name)


def _keep(unit: Unit, told: ReferenceRow) -> Outcome:
    overtaken = keep_reference(unit, told)
    if overtaken is None:
        return Outcome(ReceiptState.APPLIED, {})
    return Outcome(ReceiptState.STALE, _because(overtaken))


def _apply(
    world: World,
    unit: Unit,
    receipt: ReceiptRow,
    said: Said,
    check: Callable[[SubmissionRow, DocumentRow], None],
) -> Outcome:
    sent = correlate(said, unit.submissions)
    if sent is None:
        # The store looks for what it names, by this where it is a client's number.
        return Outcome(ReceiptState.ORPHAN, {"document_type": said.document_type})
    assert isinstance(sent, SubmissionRow), "the store knows only its own rows"
    row = unit.documents.get(sent.number)
    assert row is not None, "a submission never exists without its document"
    check(sent, row)
    latest = unit.submissions.latest_of_number(sent.number)
    _mark(unit, said, sent)
    tell_if_on_paper(unit, sent)
    answered(unit, sent, finally_so=said.ends or said.receipt_type != TECHNICAL)
    if latest is None or latest.id != sent.id:
        reason = Violation("receipt.superseded", values={"number": sent.number})
        return Outcome(ReceiptState.STALE, {"state": row.state, **_because(reason)}, sent)
    decision = advance(to_document(row), _answer(said), StoredFacts(world, unit))
    if isinstance(decision, Stale):
        return Outcome(ReceiptState.STALE, {"state": row.state, **_because(decision.reason)}, sent)
    carry_out(world, unit, decision, Cause("receipt", str(receipt.id)))
    document = decision.changes[0].document
    tell_receipt(unit, Heard(receipt, said, sent.id), document, decision)
    told = _moved(row.state, document, decision)
    return Outcome(ReceiptState.APPLIED, told, sent, traced=bool(said.faults))


def _mark(unit: Unit, said: Said, sent: SubmissionRow) -> None:
    """Note the answer at its submission; any answer proves that customs has the message (CU-01, CU-05)."""
    if said.receipt_type == TECHNICAL:
        unit.submissions.mark_technical(sent.id, last=said.ends)
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


def _because(reason: Violation) -> dict[str, str]:
    return {"because": reason.code, "because_en": reason.text("en"), "because_zh": reason.text("zh")}


def _moved(before: str, document: Document, decision: Decision) -> dict[str, Any]:
    told: dict[str, Any] = {"from": before, "to": str(document.state)}
    if decision.release:
        told["released"] = list(decision.release)
    return told


def _content(said: Said | ReferenceRow | None, outcome: Outcome) -> ReceiptContent:
    if said is None:
        return ReceiptContent(reason=dict(outcome.told))
    if isinstance(said, ReferenceRow):
        return receipt_content(said, dict(outcome.told))
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


def _line(said: Said | ReferenceRow | None) -> dict[str, Any]:
    """Return what the receipt log tells of what was said."""
    if said is None:
        return {}
    if isinstance(said, ReferenceRow):
        return log_line(said)
    return {
        "answers": said.refers_to,
        "number": said.number,
        "client_number": said.client_number,
        "customs_number": said.customs_number,
        "type": said.receipt_type,
        "document_type": said.document_type,
        "code": said.code,
        "text": said.text,
        **({"faults": tell_said(said.faults)} if said.faults else {}),
    }
