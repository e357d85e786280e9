"""The structure of a mapped message: whether it can be the command that it wants to be."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from gateway.errors import RejectedError, Violation
from gateway.fields import plain
from gateway.mapping import AS_IT_STANDS, Mapped
from gateway.messages import Head, build
from gateway.steps.records import World
from gateway.steps.single_fields import faults_of_rows

# A command is held against the schema only; what leaves gets an id of its own.
_ANY_ID: Final = "00000000-0000-0000-0000-000000000000"


def faults_of_structure(world: World, mapped: Mapped, at: datetime) -> list[Violation]:
    """Return what mapping and schema find wrong, with warnings; one fault for a field is enough.

    Args:
        world: What stays the same.
        mapped: The message.
        at: The moment of the message's making.
    """
    found = list(mapped.violations)
    # A column that is missing is a fault of every item, and stands there without positions.
    known = {violation.path for violation in found if violation.path}
    head = Head(
        message_id=_ANY_ID,
        message_type=mapped.message_type,
        sender_id=world.settings.sender,
        receiver_id=world.settings.sender,
        create_time=at,
        client_seq_no=mapped.client_seq_no,
        operation=mapped.operation,
    )
    try:
        root = build(world.catalogue, head, mapped.body)
    except RejectedError as fault:
        return [*found, *fault.violations]
    faults = world.catalogue.check(root, command=True) + faults_of_rows(world, head, mapped.body)
    if mapped.operation in AS_IT_STANDS:
        faults = [fault for fault in faults if fault.code != "schema.missing"]
    return found + [fault for fault in faults if known.isdisjoint({fault.path, plain(fault.path)})]
