"""What the ERP and the operators are told: replies, notices, and lines of the receipt log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gateway.customs import Fault, Said
from gateway.documents import Change, Decision, Document, state_of
from gateway.errors import GatewayError, ParkedError, Place, RejectedError, Violation
from gateway.fields import FieldDictionary
from gateway.jsontext import write_json
from gateway.mapping import Mapped
from gateway.steps.acknowledging import acknowledge
from gateway.steps.records import World
from gateway.steps.trouble import values_of
from gateway.store import InterchangeRow, NoticeRow, NoticeState, ReceiptRow, Unit

ACCEPTED, REFUSED = "accepted", "refused"
# What is noted of a message that asked only; its reply says accepted.
ANSWERED = "answered"
# What a decision about another document does to a content, so that the new one is to be told.
_NEW_CONTENT = {"change", "extend", "modify"}
# The partner of those notices that are lines of the receipt log.
OPERATORS = ""
RECEIPT, LOG = "receipt", "log"
# In what is not finished yet: the submission whose faults are to be traced to the ERP's files.
TRACE = "trace"

# A source that breaks a rule in every row is told often enough; the count of the rest follows.
MOST_VIOLATIONS = 200
# What some readers take for the end of a line though JSON does not escape it.
_BREAKS = re.compile("[\x85\u2028\u2029]")
_UNSAFE = re.compile(r"[^\w.-]+")


@dataclass(frozen=True, slots=True)
class Heard:
    """A receipt, what it says, and the id of the submission that it answers."""

    receipt: ReceiptRow
    said: Said
    submission: str


def accepted_entry(world: World, position: int, mapped: Mapped, decision: Decision) -> dict[str, Any]:
    """Tell that a message was obeyed: number, state, what was filled in, and warnings (QF-04, EN-02).

    What a query finds belongs to no one document, and has no state of its own.
    """
    entry = _entry(position, mapped, ACCEPTED)
    if decision.changes or decision.subject:
        entry |= tell_state(decision.document)
    entry |= decision.shown
    further = [change.document for change in decision.changes[1:] if change.expected_state is None]
    if further:
        entry["documents"] = [tell_state(document) for document in (decision.document, *further)]
    entry |= _tell_effects(decision)
    if decision.filled:
        entry["filled"] = dict(decision.filled)
    if decision.news:
        entry["news"] = [{"code": n.code, "en": n.text("en"), "zh": n.text("zh")} for n in decision.news]
    warnings = (*mapped.violations, *decision.warnings)
    return entry | tell_violations(warnings, world.catalogue.dictionary, mapped.locate)


def refused_entry(
    world: World, position: int, mapped: Mapped, violations: Sequence[Violation]
) -> dict[str, Any]:
    """Tell that nothing of a message was done, and every reason (EN-05)."""
    told = tell_violations(violations, world.catalogue.dictionary, mapped.locate)
    return _entry(position, mapped, REFUSED) | told


def unreadable_entry(world: World, position: int, name: str, fault: RejectedError) -> dict[str, Any]:
    """Tell that a file within an interchange could not be read, and every reason (ER-05)."""
    told = tell_violations(fault.violations, world.catalogue.dictionary)
    return {"position": position, "file": name, "outcome": REFUSED} | told


def reply(world: World, unit: Unit, interchange: InterchangeRow, entries: Sequence[Mapping[str, Any]]) -> str:
    """Write the one reply to an interchange, and return the digest of its bytes (ER-04).

    It says nothing that differs from one time to the next, so that the same input gets the same bytes.
    """
    told = {
        "reply_to": {"name": interchange.name, "sha256": interchange.digest},
        "outcome": outcome_of(entries),
        "messages": list(entries),
    }
    asked = any("question" in entry for entry in entries)
    return deliver(world, unit, interchange, to_bytes(told), asked=asked)


def deliver(world: World, unit: Unit, interchange: InterchangeRow, data: bytes, *, asked: bool) -> str:
    """Keep a reply and let it go, or have its questions answered first; return its digest."""
    # What is asked for is found by the stage that makes it, which then lets the reply go.
    state = NoticeState.TO_MAKE if asked else NoticeState.TO_DELIVER
    return repeat(world, unit, interchange, unit.raw.put(data), state)


def outcome_of(entries: Iterable[Mapping[str, Any]]) -> str:
    """Return what became of an interchange as a whole."""
    outcomes = {entry["outcome"] for entry in entries}
    return str(outcomes.pop()) if len(outcomes) == 1 else "partly"


def refuse_unread(world: World, unit: Unit, interchange: InterchangeRow, violation: Violation) -> str:
    """Tell that a channel could not read a file, and return the digest of the reply (ER-05)."""
    told = {
        "reply_to": {"name": interchange.name},
        "outcome": "quarantined",
        **tell_violations([violation], world.catalogue.dictionary),
    }
    return repeat(world, unit, interchange, unit.raw.put(to_bytes(told)))


def quarantine(
    world: World, unit: Unit, interchange: InterchangeRow, fault: RejectedError | ParkedError
) -> None:
    """Tell that an interchange could not be understood, and why, in the reply and beside the file (ER-05)."""
    if isinstance(fault, ParkedError):
        unit.alerts.open(fault.code, interchange.name, values_of(fault))
    told = tell_violations(violations_of(fault, interchange.name), world.catalogue.dictionary)
    whole = {
        "reply_to": {"name": interchange.name, "sha256": interchange.digest},
        "outcome": "quarantined",
        **told,
    }
    digest = repeat(world, unit, interchange, unit.raw.put(to_bytes(whole)))
    unit.interchanges.quarantined(interchange.id, reason=told, reply=digest)


def repeat(
    world: World,
    unit: Unit,
    interchange: InterchangeRow,
    digest: str,
    state: NoticeState = NoticeState.TO_DELIVER,
) -> str:
    """Deliver a reply that is written already to the sender of this interchange."""
    name = f"{safe_name(interchange.name)}.{interchange.id:06d}"
    acknowledge(world, unit, interchange, f"{name}.contrl.edi")
    unit.notices.add(
        NoticeRow(
            partner=interchange.partner,
            kind="reply",
            name=f"{name}.reply.json",
            digest=digest,
            state=state,
            created_at=unit.now,
        )
    )
    return digest


def tell_said(faults: Iterable[Fault]) -> list[dict[str, str]]:
    """Tell faults as customs said them."""
    return [
        {name: text for name, text in (("code", f.code), ("text", f.text), ("pointer", f.path)) if text}
        for f in faults
    ]


def tell_receipt(unit: Unit, heard: Heard, document: Document, decision: Decision) -> None:
    """Tell the ERP what customs said of its document, and what it means (ER-06).

    Where customs names faults, the notice is finished by `refusals`, which says where they come from.
    """
    receipt, said = heard.receipt, heard.said
    told: dict[str, Any] = {
        "notice": "receipt",
        **tell_state(document),
        "said": {
            "type": "technical" if said.receipt_type == "T" else "business",
            "code": said.code,
            "text": said.text,
            "at": said.noticed_at,
            "faults": tell_said(said.faults),
        },
        "receipt": {"id": receipt.id, "message_id": said.message_id, "answers": said.refers_to},
        **_tell_effects(decision),
        "news": [
            {"number": n.number, "code": n.code, "en": n.text("en"), "zh": n.text("zh")}
            for n in decision.news
        ],
    }
    name = f"{document.number}.{receipt.id:06d}.{document.state}.receipt.json"
    if said.faults:
        told[TRACE] = heard.submission
    # Whoever made a document that this decision moves is told as well, where that is somebody else.
    for partner in sorted({change.document.partner for change in decision.changes}):
        tell(unit, replace(document, partner=partner), RECEIPT, name, told)


def _tell_effects(decision: Decision) -> dict[str, Any]:
    """Tell what a decision does to other documents: moved, changed, or let go (CH-04, AM-06, GF-07)."""
    told: dict[str, Any] = {}
    moved = [change for change in decision.changes[1:] if change.expected_state and _differs(change)]
    if moved:
        told["effects"] = [_tell_effect(change) for change in moved]
    if decision.release:
        told["released"] = list(decision.release)
    return told


def _differs(change: Change) -> bool:
    """Whether anybody can see a difference; some changes only keep others from coming in between."""
    return change.expected_state != change.document.state or change.event in _NEW_CONTENT


def _tell_effect(change: Change) -> dict[str, Any]:
    told = {**tell_state(change.document), "event": change.event}
    return {**told, "content": change.document.content} if change.event in _NEW_CONTENT else told


def log_receipts(unit: Unit, lines: Sequence[Mapping[str, Any]]) -> None:
    """Write lines of the operators' receipt log; one with `TRACE` is finished by `refusals`."""
    digests = unit.raw.put_many([line_of(line) for line in lines])
    unit.notices.add(
        *(
            NoticeRow(
                partner=OPERATORS,
                kind=LOG,
                name="receipts.log",
                digest=digest,
                state=NoticeState.TO_MAKE if TRACE in line else NoticeState.TO_DELIVER,
                created_at=unit.now,
            )
            for line, digest in zip(lines, digests, strict=True)
        )
    )


def line_about(
    unit: Unit, receipt: ReceiptRow, said: Mapping[str, Any], outcome: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the line of the receipt log about a receipt."""
    return {"receipt": receipt.id, "at": unit.now.isoformat(), "name": receipt.name, **said, **outcome}


def line_of(told: Mapping[str, Any]) -> bytes:
    """Write a line of the receipt log; JSON escapes line breaks, so nothing forges a line."""
    return (_BREAKS.sub(_escaped, write_json(told).decode()) + "\n").encode()


def tell_state(document: Document) -> dict[str, Any]:
    """Tell which document it is and how far it is, in both languages."""
    state = state_of(document)
    told: dict[str, Any] = {
        "number": document.number,
        "kind": str(document.kind),
        "client_number": document.client_number,
        "customs_number": document.customs_number,
        "state": state.value,
        "state_en": state.en,
        "state_zh": state.zh,
        "state_code": state.official or None,
        "valid_until": document.valid_until,
    }
    return {key: value for key, value in told.items() if value is not None}


def violations_of(fault: GatewayError, file: str) -> tuple[Violation, ...]:
    """Return what an error is to be told as, an error of our own making in the place of a violation."""
    if isinstance(fault, RejectedError):
        return fault.violations
    return (Violation(fault.code, values=fault.values, place=Place(file)),)


def tell_violations(
    violations: Sequence[Violation],
    dictionary: FieldDictionary,
    locate: Callable[[Violation], Violation] | None = None,
) -> dict[str, Any]:
    """Tell faults and warnings apart, and how many faults were left out.

    Args:
        violations: Faults and warnings.
        dictionary: What the schema says of each field.
        locate: Adds the place of the source; only what is told is looked for there, since that takes time.
    """
    told: dict[str, Any] = {}
    faults = [v for v in violations if not v.warning]
    warnings = [v for v in violations if v.warning]
    for name, found in (("violations", faults), ("warnings", warnings)):
        shown = found[:MOST_VIOLATIONS]
        if shown:
            told[name] = [_tell_violation(locate(v) if locate else v, dictionary) for v in shown]
    if len(faults) > MOST_VIOLATIONS:
        told["violations_left_out"] = len(faults) - MOST_VIOLATIONS
    return told


def _tell_violation(violation: Violation, dictionary: FieldDictionary) -> dict[str, Any]:
    """Tell one fault with code, field in both languages, place, and texts in both languages (EN-05)."""
    told: dict[str, Any] = {"code": violation.code}
    if violation.path:
        told["field"] = violation.path
        if spec := dictionary.find(violation.path):
            told |= {"field_en": spec.en, "field_zh": spec.zh}
    if violation.place is not None:
        place = violation.place
        named = {"file": place.file, "row": place.row, "column": place.column, "path": place.path}
        told["place"] = {key: value for key, value in named.items() if value not in (None, "")}
    return told | {"text_en": violation.text("en"), "text_zh": violation.text("zh")}


def _entry(position: int, mapped: Mapped, outcome: str) -> dict[str, Any]:
    return {
        "position": position,
        "type": mapped.message_type,
        "operation": mapped.operation,
        "client_number": mapped.client_seq_no,
        "outcome": outcome,
        "mapping": f"{mapped.mapping}@{mapped.version}",
    }


def tell(unit: Unit, document: Document, kind: str, name: str, told: Mapping[str, Any]) -> None:
    """Tell a partner something about its document, as a file of this name; with `TRACE` it is unfinished."""
    unit.notices.add(
        NoticeRow(
            partner=document.partner,
            kind=kind,
            name=name,
            digest=unit.raw.put(to_bytes(told)),
            state=NoticeState.TO_MAKE if TRACE in told else NoticeState.TO_DELIVER,
            created_at=unit.now,
            number=document.number,
        )
    )


def to_bytes(told: Mapping[str, Any]) -> bytes:
    """Write what the ERP is told."""
    return write_json(told, indented=True) + b"\n"


def safe_name(name: str) -> str:
    """Return a name that every file system takes, still to be recognised by its sender."""
    text = _UNSAFE.sub("_", name).strip("._") or "interchange"
    while len(text.encode()) > 120:
        text = text[:-1]
    return text


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
