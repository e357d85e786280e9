"""The structure of a mapped message: whether it can be the command that it wants to be."""

from __future__ import annotations

from datetime import datetime

from gateway.errors import RejectedError, Violation
from gateway.fields import plain
from gateway.mapping import Mapped
from gateway.messages import Head, build
from gateway.records import World


def faults_of_structure(world: World, mapped: Mapped, at: datetime) -> list[Violation]:
    """Return what mapping and schema find wrong, with warnings; one fault for a field is enough.

    Args:
        world: What stays the same.
        mapped: The message.
        at: The moment of the message's making.
    """
    found = list(mapped.violations)
    known = {plain(violation.path) for violation in found if violation.path}
    head = Head(
        message_id=world.new_message_id(),
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
    return found + [v for v in world.catalogue.check(root, command=True) if plain(v.path) not in known]
