"""What an answer of customs makes of a document (QF-08, GF-07, MF-12, DC-01, CU-03, CU-04)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gateway.documents.core import Answer, Change, Decision, Document, Facts, Kind, Stale
from gateway.documents.forms import effects
from gateway.documents.lives import machine_of, meanings, state_of
from gateway.documents.states import Event
from gateway.errors import RejectedError, Violation

# Received, and received before: who asks twice learns that the first one came (CU-05).
RECEIVED: Final = frozenset({"0", "-8"})
# A volume's customs number, 备案分册海关编号, and those of a manifest and a declaration.
_LENGTHS: Final = {Kind.VOLUME: 12, Kind.MANIFEST: 18, Kind.DECLARATION: 18}
# What these say of a submission is over once the ERP has begun to correct the document.
_CLOSED: Final = {Event.RECEIVE, Event.FAIL, Event.REFUSE}
_CORRECTED: Final = {"saved", "deleted"}


def advance(document: Document, answer: Answer, facts: Facts) -> Decision | Stale:
    """Move a document by a receipt.

    A receipt may come early, late or twice: what overtook others is taken, what was overtaken is stale.
    A stale receipt still brings the customs number or last day that the document lacks.

    Raises:
        RejectedError: `receipt.unknown-code`, `receipt.customs-number` or `state.unexpected-receipt`;
            nothing changes, and a person must look.
    """
    event = _meaning(document, answer)
    if event is None:
        return _stale("state.notice-only", document, answer)
    machine, state = machine_of(document), state_of(document)
    target = machine.follow(state, event)
    corrected = state in _CORRECTED and event in _CLOSED
    if target is None and not corrected and not machine.is_stale(state, event):
        raise _refused("state.unexpected-receipt", document, answer, event=event.value)
    learned = document if corrected else _learn(document, answer, event)
    if target is None and learned == document:
        return _stale("state.stale-receipt", document, answer)
    changed = replace(learned, state=target or state, version=document.version + 1)
    change = Change(changed, document.state, document.version, event)
    return Decision((change,)) if target is None else effects(change, facts)


def _meaning(document: Document, answer: Answer) -> Event | None:
    if answer.receipt_type == "T":
        return Event.RECEIVE if answer.code in RECEIVED else Event.FAIL
    known = meanings(document.kind)
    if answer.code not in known:
        expected = ", ".join(known) or "-"
        raise _refused("receipt.unknown-code", document, answer, expected=expected)
    return known[answer.code]


def _learn(document: Document, answer: Answer, event: Event) -> Document:
    """Take what the receipt tells beside the decision: customs number and last day (GF-08, QF-08)."""
    if answer.receipt_type == "T":
        return document
    given = (answer.customs_number or "").strip()
    missing = document.kind is Kind.VOLUME and event is Event.APPROVE and not given
    wrong_form = bool(given) and len(given) != _LENGTHS.get(document.kind, len(given))
    if missing or wrong_form or (given and given != (document.customs_number or given)):
        raise _refused("receipt.customs-number", document, answer, given=given or "-")
    number = document.customs_number or given or None
    if document.kind is Kind.CHANGE:
        # It has no number of its own: what customs tells is that of the filing, and its new last day.
        day = answer.valid_until if event is Event.APPROVE else None
        return replace(document, valid_until=day or document.valid_until)
    valid_until = document.valid_until
    if document.kind is Kind.QUALIFICATION and event is Event.APPROVE and valid_until is None:
        # Where customs names no day, the right lasts as long as the guarantee.
        guarantee = document.content.get("GuaranteeValidDate")
        valid_until = answer.valid_until or (guarantee if isinstance(guarantee, str) else None)
    content = dict(document.content)
    if number and document.kind is not Kind.DECLARATION:
        content["CustomsNo"] = number
    if valid_until:
        content["ApprovedValidDate"] = valid_until
    return replace(document, customs_number=number, valid_until=valid_until, content=content)


def _stale(code: str, document: Document, answer: Answer) -> Stale:
    return Stale(Violation(code, values=_values(document, answer), warning=True))


def _refused(code: str, document: Document, answer: Answer, **values: object) -> RejectedError:
    return RejectedError([Violation(code, values={**_values(document, answer), **values})])


def _values(document: Document, answer: Answer) -> dict[str, object]:
    state = state_of(document)
    return {
        "number": document.number,
        "kind": document.kind.value,
        "state_en": state.en,
        "state_zh": state.zh,
        "type": answer.receipt_type,
        "result": answer.code,
    }
