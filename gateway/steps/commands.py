"""An interchange of an ERP: read, mapped, and each of its commands checked, decided and answered."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from gateway.documents import Command, Decision, allowed_commands, decide, state_of
from gateway.errors import RejectedError, Violation
from gateway.fields import Fields, plain
from gateway.formats import ReadOptions, read
from gateway.mapping import Mapped, MappingSet
from gateway.steps.asking import PRINT, ask
from gateway.steps.month_view import AGGREGATION, REHEARSE, ask_rehearsal
from gateway.steps.ordering import order_print
from gateway.steps.questions import MESSAGE
from gateway.steps.records import Cause, StoredFacts, World, carry_out, to_document
from gateway.steps.replies import (
    ACCEPTED,
    ANSWERED,
    MOST_VIOLATIONS,
    REFUSED,
    accepted_entry,
    refused_entry,
    repeat,
    reply,
)
from gateway.steps.structure import faults_of_structure
from gateway.store import InterchangeRow, MessageRow, Unit

# Making the same again under the same number is the same command, in whatever file it comes; declaring,
# editing, deleting and work on items depend on the state, and are for the document to judge (ER-04).
_REPEATABLE = ("save", "save-declare", "copy", "extend", "disable", "aggregate", "")


@dataclass(frozen=True, slots=True)
class Task:
    """One interchange in one transaction."""

    world: World
    unit: Unit
    interchange: InterchangeRow


def understand_one(world: World, mappings: MappingSet, unit: Unit, interchange: InterchangeRow) -> None:
    """Do what an interchange asks and write its reply; the same bytes again have no second effect (ER-04).

    What only asks has no effect at all: the same question again is answered as of now.

    Raises:
        RejectedError: It cannot be read, or no mapping or more than one fits.
    """
    earlier = unit.interchanges.same(interchange.partner, interchange.digest, interchange.id)
    messages = [] if earlier is None else unit.messages.of_interchange(earlier.id)
    obeyed = {each.position: each for each in messages if each.outcome == ACCEPTED and _stands(unit, each)}
    if earlier is not None and earlier.reply_digest and messages and len(obeyed) == len(messages):
        unit.interchanges.repeated(interchange.id, same_as=earlier.id, reply=earlier.reply_digest)
        repeat(unit, interchange, earlier.reply_digest)
        return
    partner = world.partner(interchange.partner)
    data = unit.raw.get(interchange.digest)
    source = read(interchange.name, data, ReadOptions(encoding=partner.encoding or ""))
    mapping = mappings.choose(source, partner.mappings)
    entries = [
        _obey(Task(world, unit, interchange), position, mapped, obeyed.get(position))
        for position, mapped in enumerate(mapping.apply(source), 1)
    ]
    digest = reply(unit, interchange, entries)
    unit.interchanges.understood(interchange.id, mapping=mapping.name, version=mapping.version, reply=digest)


def _obey(task: Task, position: int, mapped: Mapped, obeyed: MessageRow | None) -> dict[str, Any]:
    """Do what a message asks, or nothing of it, and return its entry of the reply."""
    world, unit, interchange = task.world, task.unit, task.interchange
    digest = _digest(mapped)
    earlier = obeyed or _earlier(unit, interchange, mapped)
    number: str | None = None
    entry: dict[str, Any]
    if earlier is not None and earlier.content_digest == digest:
        entry, outcome, number = {**earlier.reply, "position": position}, ACCEPTED, earlier.document_number
    else:
        try:
            with unit.savepoint():
                decision = _decide(world, unit, interchange.partner, mapped, conflict=earlier)
                cause = Cause("message", f"{interchange.id}/{position}")
                carry_out(world, unit, decision, cause)
            entry, outcome = accepted_entry(world, position, mapped, decision), ANSWERED
            if decision.changes:
                number, outcome = decision.document.number, ACCEPTED
        except RejectedError as fault:
            entry, outcome = refused_entry(world, position, mapped, fault.violations), REFUSED
    unit.messages.add(
        MessageRow(
            interchange_id=interchange.id,
            position=position,
            message_type=mapped.message_type,
            operation=mapped.operation,
            partner=interchange.partner,
            client_number=mapped.client_seq_no,
            content_digest=digest,
            outcome=outcome,
            document_number=number,
            reply=entry,
            mapping=mapped.mapping,
            mapping_version=mapped.version,
        )
    )
    return entry


def _decide(
    world: World, unit: Unit, partner: str, mapped: Mapped, *, conflict: MessageRow | None
) -> Decision:
    """Check structure and rules; every fault of both is told at once, as many as anybody reads (EN-01).

    Raises:
        RejectedError: Every fault and warning found.
    """
    found = faults_of_structure(world, mapped, unit.now)
    if conflict is not None:
        values = _conflict(unit, conflict)
        found.append(Violation("command.conflict", "MessageHead/ClientSeqNo", values))
    # Nothing further would be told, and not every unsound value is known by now.
    if sum(not violation.warning for violation in found) > MOST_VIOLATIONS:
        raise RejectedError(sorted(found, key=lambda violation: violation.warning))
    known = {violation.path for violation in found if not violation.warning}
    command = Command(
        message_type=mapped.message_type,
        operation=mapped.operation,
        client_number=mapped.client_seq_no,
        partner=partner,
        body=_without(mapped.body, known, mapped.message_type),
    )
    decision: Decision | None = None
    try:
        decision = _judge(world, unit, command)
    except RejectedError as fault:
        found += [v for v in fault.violations if not v.path or known.isdisjoint({v.path, plain(v.path)})]
    if decision is None or any(not violation.warning for violation in found):
        raise RejectedError(sorted(found, key=lambda violation: violation.warning))
    return decision


def _judge(world: World, unit: Unit, command: Command) -> Decision:
    """Let the document decide; query, rehearsal and print are taken down to be made later (QR-01, AG-11).

    Raises:
        RejectedError: Every violation found.
    """
    if command.message_type == MESSAGE:
        return ask(world, unit, command)
    if command.message_type == AGGREGATION and command.operation == REHEARSE:
        return ask_rehearsal(world, unit, command)
    decision = decide(command, StoredFacts(world, unit))
    if command.operation != PRINT:
        return decision
    return replace(decision, shown={"print": order_print(world, unit, command.partner, decision.document)})


def _conflict(unit: Unit, earlier: MessageRow) -> dict[str, object]:
    """Tell what the number stands for already, and what may still be done with that."""
    row = unit.documents.get(earlier.document_number or "")
    assert row is not None, "an accepted command has made or changed a document"
    document = to_document(row)
    state = state_of(document)
    return {
        "client_number": earlier.client_number,
        "number": row.number,
        "state_en": state.en,
        "state_zh": state.zh,
        "allowed": ", ".join(allowed_commands(document)) or "–",
    }


def _earlier(unit: Unit, interchange: InterchangeRow, mapped: Mapped) -> MessageRow | None:
    """Return the accepted message that this one repeats or contradicts (ER-04)."""
    if mapped.operation not in _REPEATABLE or not mapped.client_seq_no:
        return None
    found = unit.messages.find(
        interchange.partner, mapped.message_type, mapped.client_seq_no, mapped.operation
    )
    return next((each for each in found if each.outcome == ACCEPTED and _stands(unit, each)), None)


def _stands(unit: Unit, message: MessageRow) -> bool:
    """Tell whether a message is still the last word of the ERP about its document.

    After another command, the same bytes are no repetition but a wish of their own, for the document
    to judge; what customs did meanwhile makes no difference.
    """
    last = unit.messages.last_accepted(message.document_number or "")
    return last is None or last.content_digest == message.content_digest


def _digest(mapped: Mapped) -> str:
    """Return what makes two commands the same: their fields, in whatever order they came."""
    return sha256(json.dumps(mapped.tree(), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _without(body: Fields, faulty: Collection[str], prefix: str) -> Fields:
    """Leave out the fields that are known to be faulty, so that rules see only sound values."""
    if not faulty:
        return body
    return dict(_sound(body, faulty, prefix))


def _sound(body: Fields, faulty: Collection[str], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        path = f"{prefix}/{name}"
        if path in faulty:
            continue
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, dict):
            yield name, _without(value, faulty, path)
        else:
            yield name, [_without(group, faulty, f"{path}[{n}]") for n, group in enumerate(value, 1)]
