"""Which machine each document follows, and what is still expected of customs (CU-01)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.documents import aggregation_states, application, declaration_states, filing, manifest_states
from gateway.documents.core import Change, Document, Kind, ReceiptType
from gateway.documents.states import Event, Machine, State
from gateway.errors import RejectedError, refuse

# The state of a qualification whose volumes may go to customs (GF-07).
APPROVED = filing.FilingState.APPROVED.value

_MACHINES = {
    Kind.QUALIFICATION: filing.QUALIFICATION,
    Kind.VOLUME: filing.VOLUME,
    Kind.CHANGE: application.MACHINE,
    Kind.AMENDMENT: application.MACHINE,
    Kind.AGGREGATION: aggregation_states.MACHINE,
    Kind.DECLARATION: declaration_states.MACHINE,
}

_MANIFEST_MACHINES = (manifest_states.MACHINE, manifest_states.BONDED_ROAD_MACHINE)

# What was said, by what it means; a code that means nothing for the state stands as None.
_MEANINGS: Mapping[Kind, Mapping[str, Event | None]] = {
    Kind.QUALIFICATION: filing.MEANINGS,
    Kind.VOLUME: filing.MEANINGS,
    Kind.CHANGE: application.MEANINGS,
    Kind.AMENDMENT: application.MEANINGS,
    Kind.MANIFEST: manifest_states.MEANINGS,
    Kind.DECLARATION: declaration_states.CHANNELS,
}


def machine_of(document: Document) -> Machine:
    """Return the life that a document leads."""
    if document.kind is Kind.MANIFEST:
        return manifest_states.machine_of(document)
    return _MACHINES[document.kind]


def state_of(document: Document) -> State:
    """Return the state of a document with its names."""
    return machine_of(document).states(document.state)


def states_of(kind: Kind) -> list[State]:
    """Return every state of a kind, in the order of its life."""
    machine = manifest_states.MACHINE if kind is Kind.MANIFEST else _MACHINES[kind]
    return list(machine.states)


def first_state(kind: Kind) -> State:
    """Return the state of a kind before its first saving."""
    return states_of(kind)[0]


def awaited(document: Document) -> frozenset[ReceiptType]:
    """Return which receipts are still expected in this state; of a held message none are yet."""
    return machine_of(document).awaited.get(state_of(document), frozenset())


def allowed_commands(document: Document) -> list[str]:
    """Return what an ERP may still ask of a document in its state."""
    return [event.value for event in machine_of(document).commands(state_of(document))]


def waiting_states(kind: Kind) -> list[str]:
    """Return the states of a kind in which a receipt is still expected."""
    machines = _MANIFEST_MACHINES if kind is Kind.MANIFEST else (_MACHINES[kind],)
    return sorted({state.value for machine in machines for state in machine.awaited})


def final_states(kind: Kind) -> list[str]:
    """Return the states of a kind from which nothing leads on, neither a command nor a receipt."""
    machines = _MANIFEST_MACHINES if kind is Kind.MANIFEST else (_MACHINES[kind],)
    left = {source for machine in machines for source, _ in machine.order}
    return [state.value for state in states_of(kind) if state not in left]


def meanings(kind: Kind) -> Mapping[str, Event | None]:
    """Return what each code of a business receipt means for a kind."""
    return _MEANINGS.get(kind, {})


def after(document: Document, event: Event) -> State:
    """Return the state after a command.

    Raises:
        RejectedError: `state.not-allowed`, naming the state and what is allowed in it.
    """
    machine, state = machine_of(document), state_of(document)
    target = machine.follow(state, event)
    if target is None:
        raise refuse(
            "state.not-allowed",
            "MessageHead/Operation",
            number=document.number,
            event=event.value,
            state_en=state.en,
            state_zh=state.zh,
            allowed=", ".join(machine.commands(state)) or "-",
        )
    return target


def moved(document: Document, event: Event) -> Change:
    """Return the change of a document into its next version; only the event decides its state.

    Raises:
        RejectedError: `state.not-allowed`.
    """
    changed = replace(document, state=after(document, event), version=document.version + 1)
    return Change(changed, document.state, document.version, event)


def already_used(client_number: str, document: Document) -> RejectedError:
    """Return the refusal of a new document under a number that stands for another one (ER-04)."""
    state = state_of(document)
    return refuse(
        "rule.client-number-taken",
        "MessageHead/ClientSeqNo",
        given=client_number,
        number=document.number,
        state_en=state.en,
        state_zh=state.zh,
        allowed=", ".join(allowed_commands(document)) or "-",
    )
