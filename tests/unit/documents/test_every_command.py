"""Every command in every state: done with the right outcome, or refused with what is allowed instead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.documents import Document, Kind, allowed_commands, states_of
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.amending import row, rows, withdrawal
from tests.unit.documents.world import (
    World,
    approved_world,
    cleared,
    goods,
    line,
    manifest,
    qualification,
    volume,
)

QF, GF, MF = "QualificationFiling", "GoodsFiling", "Manifest"
QC, GC = "QualificationChange", "GoodsFilingChange"
MM, MW = "ManifestModification", "ManifestWithdrawal"

ITEMS = ("append-item", "insert-item", "delete-item", "reclassify")
READINGS = ("copy", "show", "print")
# What may be asked of a document that is there, by message; the outcome by state, written by hand.
_PLAIN = ("edit", "declare", "delete", "show", "print")
OPERATIONS = {
    QF: _PLAIN,
    GF: (*_PLAIN, "copy", *ITEMS),
    MF: (*_PLAIN, "copy", *ITEMS),
    QC: _PLAIN,
    GC: _PLAIN,
    MM: _PLAIN,
    MW: _PLAIN,
}
OUTCOMES = {
    ("edit", "saved"): "saved",
    ("edit", "receive_failed"): "saved",
    ("edit", "refused"): "saved",
    ("edit", "rejected"): "saved",
    ("declare", "saved"): "declared",
    ("delete", "saved"): "deleted",
    ("delete", "receive_failed"): "deleted",
    ("delete", "refused"): "deleted",
    ("delete", "rejected"): "deleted",
    ("delete", "revoked"): "deleted",
}
PROVEN = {
    QF: (Kind.QUALIFICATION, "QF-08", "QF-09"),
    GF: (Kind.VOLUME, "GF-06"),
    MF: (Kind.MANIFEST, "MF-11"),
    QC: (Kind.CHANGE, "CH-01"),
    GC: (Kind.CHANGE, "CH-01"),
    MM: (Kind.AMENDMENT, "AM-03"),
    MW: (Kind.AMENDMENT, "AM-03"),
}
CASES = [
    pytest.param(
        message,
        state.value,
        operation,
        marks=pytest.mark.requirement(*ids),
        id=f"{message}-{state}-{operation}",
    )
    for message, (kind, *ids) in PROVEN.items()
    for state in states_of(kind)[1:]
    for operation in OPERATIONS[message]
]


def _outcome(state: str, operation: str) -> str | None:
    if operation in READINGS:
        return state
    return OUTCOMES.get(("edit" if operation in ITEMS else operation, state))


def _body(message: str, operation: str) -> Fields:
    if operation in {"declare", "delete", "show", "print"}:
        return {}
    item = goods if message == GF else line
    of_items: dict[str, list[Fields]] = {
        "append-item": [item()],
        "insert-item": [item(GNo="1")],
        "delete-item": [{"GNo": "1"}],
        "reclassify": [{"GNo": "1", "DeclElements": "0|0|新"}],
    }
    if operation in of_items:
        return {"Item": of_items[operation]}
    whole = {
        QF: qualification(CustomMaster="5304", IEBatches="99"),
        GF: volume(goods(), goods(), goods()),
        MF: manifest(BillNo="CORRECTED"),
        QC: {"IEBatches": "99"},
        GC: {"DisabledItem": [{"GNo": "2"}]},
        MM: rows(row("PackNo", "12")),
        MW: withdrawal(DecModNote="另一原因"),
    }
    return whole[message]


def _document(world: World, message: str) -> Document:
    if message == QF:
        return world.do(QF, "save", "N-1", qualification(CustomMaster="5304")).document
    if message == QC:
        return world.do(QC, "save", "N-1", {"QualificationClientNo": "QF-1", "IEBatches": "20"}).document
    if message == GC:
        return world.do(GC, "save", "N-1", {"VolumeClientNo": "GF-1", "Item": [goods()]}).document
    if message in {MM, MW}:
        cleared(world, "M-1")
        body = rows(row("GrossWet", "130")) if message == MM else withdrawal()
        return world.do(message, "save", "N-1", body).document
    return world.do(message, "save", "N-1", volume() if message == GF else manifest()).document


@pytest.mark.parametrize(("message", "state", "operation"), CASES)
def test_every_command_in_every_state(message: str, state: str, operation: str) -> None:
    """It leads where the table says, or it is refused and nothing changes."""
    world = approved_world()
    document = world.put(replace(_document(world, message), state=state))
    body = _body(message, operation)
    expected = _outcome(state, operation)
    number = "N-1" if operation != "copy" else "N-2"
    if operation == "copy":
        body = {"SeqNo": document.number}
    if expected is None:
        with pytest.raises(RejectedError) as fault:
            world.do(message, operation, number, body)
        assert fault.value.code == "state.not-allowed"
        allowed = str(fault.value.values["allowed"]).split(", ")
        assert allowed == (allowed_commands(document) or ["-"])
        assert operation not in allowed
        assert world.documents[document.number] == document
    else:
        world.do(message, operation, number, body)
        assert operation in allowed_commands(document)
        assert world.documents[document.number].state == expected


@pytest.mark.parametrize("message", list(OPERATIONS))
def test_what_is_allowed_can_be_asked(message: str) -> None:
    """A refusal never tells of an operation that the message does not have."""
    world = approved_world()
    document = _document(world, message)
    for state in states_of(document.kind)[1:]:
        assert set(allowed_commands(replace(document, state=state.value))) <= set(OPERATIONS[message])
