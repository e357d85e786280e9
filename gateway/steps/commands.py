"""An interchange of an ERP: read, mapped, and each of its commands checked, decided and answered."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import islice
from typing import Any

from gateway.documents import Command, Decision, allowed_commands, decide, state_of
from gateway.errors import RejectedError, Violation
from gateway.fields import Fields, plain
from gateway.formats import Unreadable
from gateway.mapping import Mapped, MappingSet
from gateway.steps.asking import PRINT, ask
from gateway.steps.kept import to_document
from gateway.steps.month_view import AGGREGATION, REHEARSE, ask_rehearsal
from gateway.steps.opening import Opening, messages_of
from gateway.steps.ordering import order_print
from gateway.steps.questions import MESSAGE
from gateway.steps.records import Cause, StoredFacts, World, carry_out
from gateway.steps.replies import (
    ACCEPTED,
    ANSWERED,
    MOST_VIOLATIONS,
    REFUSED,
    accepted_entry,
    refused_entry,
    repeat,
    reply,
    unreadable_entry,
)
from gateway.steps.structure import faults_of_structure
from gateway.store import InterchangeRow, InterchangeState, MessageRow, Unit

# Making the same again under the same number is the same command, in whatever file it comes; declaring,
# editing, deleting and work on items depend on the state, and are for the document to judge (ER-04).
_REPEATABLE = ("save", "save-declare", "copy", "extend", "disable", "aggregate", "")

_CONTENT = json.JSONEncoder(sort_keys=True, ensure_ascii=False)

# More messages, and longer files, are obeyed in portions of so many, a transaction each.
PORTION = 50
WHOLE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Task:
    """One interchange in one transaction, and the earlier one of the same bytes, if there is one."""

    world: World
    unit: Unit
    interchange: InterchangeRow
    earlier: InterchangeRow | None


def understand_one(world: World, mappings: MappingSet, unit: Unit, interchange: InterchangeRow) -> None:
    """Do what an interchange asks and write its reply; the same bytes again have no second effect (ER-04).

    What only asks has no effect at all: the same question again is answered as of now. Of a large one
    at most the beginning is done here, the rest by `portions`.

    Raises:
        RejectedError: It cannot be read, or no mapping or more than one fits.
    """
    earlier = unit.interchanges.same(interchange.partner, interchange.digest, interchange.id)
    if answered := if_answered(unit, earlier):
        repeat_answer(world, unit, interchange, answered)
        return
    data = unit.raw.get(interchange.digest)
    if len(data) > WHOLE_BYTES or (earlier is not None and earlier.state == InterchangeState.BEGUN):
        unit.interchanges.begin(interchange.id)
        return
    messages = messages_of(Opening(world, mappings, interchange, data))
    task = Task(world, unit, interchange, earlier)
    rows = [obey(task, position, made) for position, made in enumerate(islice(messages, PORTION), 1)]
    if next(messages, None) is not None:
        unit.interchanges.begin(interchange.id)
        return
    digest = reply(world, unit, interchange, [row.reply for row in rows])
    first = rows[0]
    unit.interchanges.understood(
        interchange.id, mapping=first.mapping, version=first.mapping_version, reply=digest
    )


def if_answered(unit: Unit, earlier: InterchangeRow | None) -> InterchangeRow | None:
    """Return an earlier interchange if all of it was obeyed and still stands, so that its reply does, too."""
    if earlier is None or earlier.state != InterchangeState.UNDERSTOOD or earlier.reply_digest is None:
        return None
    return earlier if unit.messages.stands(earlier.id, ACCEPTED) else None


def repeat_answer(world: World, unit: Unit, interchange: InterchangeRow, earlier: InterchangeRow) -> None:
    """Give an interchange the reply to the earlier one of the same bytes (ER-04)."""
    unit.interchanges.repeated(interchange.id, same_as=earlier.id, reply=earlier.reply_digest)
    repeat(world, unit, interchange, earlier.reply_digest or "")


def obey(task: Task, position: int, made: Mapped | Unreadable) -> MessageRow:
    """Do what a message asks, or nothing of it, and keep it with its entry of the reply."""
    if isinstance(made, Unreadable):
        return _keep_unreadable(task, position, made)
    world, unit, interchange = task.world, task.unit, task.interchange
    digest = digest_of(made)
    earlier = _obeyed(task, position) or _earlier(unit, interchange, made)
    number: str | None = None
    entry: dict[str, Any]
    # Of what is archived there is no entry to repeat: it is refused below, with the name of the archive.
    if earlier is not None and earlier.content_digest == digest and earlier.reply is not None:
        entry, outcome, number = {**earlier.reply, "position": position}, ACCEPTED, earlier.document_number
    else:
        try:
            with unit.savepoint():
                decision = _decide(world, unit, interchange.partner, made, conflict=earlier)
                cause = Cause("message", f"{interchange.id}/{position}")
                carry_out(world, unit, decision, cause)
            entry, outcome = accepted_entry(world, position, made, decision), ANSWERED
            if decision.changes:
                number, outcome = decision.document.number, ACCEPTED
        except RejectedError as fault:
            entry, outcome = refused_entry(world, position, made, fault.violations), REFUSED
    return unit.messages.add(
        MessageRow(
            interchange_id=interchange.id,
            position=position,
            message_type=made.message_type,
            operation=made.operation,
            partner=interchange.partner,
            client_number=made.client_seq_no,
            content_digest=digest,
            outcome=outcome,
            document_number=number,
            reply=entry,
            mapping=made.mapping,
            mapping_version=made.version,
        )
    )


def _keep_unreadable(task: Task, position: int, made: Unreadable) -> MessageRow:
    """Keep that nothing came of a part of an interchange, in the place of its messages."""
    return task.unit.messages.add(
        MessageRow(
            interchange_id=task.interchange.id,
            position=position,
            message_type="",
            operation="",
            partner=task.interchange.partner,
            client_number="",
            content_digest="",
            outcome=REFUSED,
            reply=unreadable_entry(task.world, position, made.name, made.fault),
        )
    )


def _obeyed(task: Task, position: int) -> MessageRow | None:
    """Return the same message of the same file sent before, if it was obeyed and still stands."""
    if task.earlier is None:
        return None
    found = task.unit.messages.at(task.earlier.id, position)
    return found if found and found.outcome == ACCEPTED and _stands(task.unit, found) else None


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


def digest_of(mapped: Mapped) -> str:
    """Return what makes two commands the same: their fields, in whatever order they came."""
    return sha256(_CONTENT.encode(mapped.tree()).encode()).hexdigest()


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
