"""Declarations by an operator's word: corrected, and declared again (DC-01)."""

from __future__ import annotations

from typing import Final

from gateway.documents import Command, Decision, Kind, decide
from gateway.errors import RejectedError, refuse
from gateway.fields import Fields
from gateway.messages import Head, build
from gateway.steps.records import Cause, StoredFacts, World, carry_out
from gateway.store import Unit

MESSAGE: Final = "Declaration"


def correct_declaration(
    world: World, unit: Unit, number: str, corrections: Fields, *, declare: bool = False
) -> Decision:
    """Correct a declaration that is saved or was not accepted, and declare it if that is wanted.

    Args:
        world: What stays the same.
        unit: The transaction.
        number: Its unified number.
        corrections: The fields as a message of an ERP would have them.
        declare: Declare it at once.

    Raises:
        RejectedError: `aggregation.no-declaration`, or every fault of the corrections.
    """
    row = unit.documents.get(number)
    if row is None or row.kind != Kind.DECLARATION:
        raise refuse("aggregation.no-declaration", number=number)
    partners = [each.name for each in world.settings.partner if row.enterprise in each.enterprises]
    if not partners:
        raise refuse("aggregation.no-partner", enterprise=row.enterprise)
    body: Fields = {"SeqNo": number, **corrections}
    operation = "declare" if declare else "edit"
    partner = row.partner if row.partner in partners else partners[0]
    command = Command(MESSAGE, operation, row.client_number, partner, body, number)
    _check(world, unit, command)
    decision = decide(command, StoredFacts(world, unit))
    carry_out(world, unit, decision, Cause("operator", "correct"))
    return decision


def _check(world: World, unit: Unit, command: Command) -> None:
    """Hold what an operator gave against the schema, as is done with what an ERP sends.

    Raises:
        RejectedError: With every violation found.
    """
    head = Head(
        message_id=world.new_message_id(),
        message_type=command.message_type,
        sender_id=world.settings.sender,
        receiver_id=world.settings.sender,
        create_time=unit.now,
        client_seq_no=command.client_number,
        operation=command.operation,
    )
    faults = world.catalogue.check(build(world.catalogue, head, command.body), command=True)
    if faults:
        raise RejectedError(faults)
