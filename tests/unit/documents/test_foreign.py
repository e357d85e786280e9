"""What belongs to another enterprise is as unknown as what never was, whatever names it (QR-08)."""

from __future__ import annotations

import pytest

from gateway.documents.forms import FORMS
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.amending import MOD, OUT, WHY, row, rows, withdrawal
from tests.unit.documents.changing import GC, GF, MF, QC, QE, QF, bonded, goods_of, of, terms_of
from tests.unit.documents.world import (
    World,
    approved_world,
    cleared,
    codes_of,
    goods,
    manifest,
    qualification,
    volume,
)

pytestmark = pytest.mark.requirement("QR-08")

CASES = [(message, operation) for message, form in FORMS.items() for operation in form.operations]
MAKES = {"save", "save-declare", "extend", "disable"}


def _full_world() -> World:
    """Return a world in which `acme` has a document of every message, under the number `X-1`."""
    world = approved_world()
    bonded(world)
    cleared(world, "M-1")
    made: dict[str, Fields] = {
        QF: qualification(CustomMaster="5304"),
        GF: volume(),
        MF: manifest(),
        QC: terms_of(IEBatches="24"),
        GC: goods_of(goods()),
        MOD: rows(row("GrossWet", "130")),
    }
    for message, body in made.items():
        world.do(message, "save", f"X-{message}", body)
    world.do(QE, "save", f"X-{QE}", {"QualificationClientNo": "QB-1"})
    world.do(OUT, "save", f"X-{OUT}", withdrawal())
    return world


def _refused(world: World, message: str, operation: str, body: Fields) -> list[str]:
    before = dict(world.documents)
    with pytest.raises(RejectedError) as fault:
        world.do(message, operation, f"X-{message}", body, partner="other")
    assert world.documents == before
    for each in fault.value.violations:
        for secret in ("深圳示例", "4403180001"):
            assert secret not in each.text("en") + each.text("zh")
    return codes_of(fault.value)


@pytest.mark.parametrize(("message", "operation"), [case for case in CASES if case[1] not in MAKES])
@pytest.mark.parametrize("by", ["unified number", "client number"])
def test_no_command_reaches_another_enterprises_document(message: str, operation: str, by: str) -> None:
    """Neither by its unified number nor by the number that its own ERP calls it."""
    world = _full_world()
    body: Fields = {"SeqNo": of(world, f"X-{message}").number} if by == "unified number" else {}
    if operation == "copy" and not body:
        body = {"SeqNo": f"X-{message}"}
    path = f"{message}/SeqNo" if body else "MessageHead/ClientSeqNo"
    assert _refused(world, message, operation, body) == [f"rule.unknown-document {path}"]


@pytest.mark.parametrize(
    ("message", "field", "named", "fault"),
    [
        (GF, "QualificationSeqNo", "QF-1", "rule.unknown-qualification"),
        (GF, "QualificationClientNo", "", "rule.unknown-qualification"),
        (QC, "QualificationSeqNo", "QF-1", "rule.unknown-qualification"),
        (QC, "QualificationClientNo", "", "rule.unknown-qualification"),
        (QE, "QualificationSeqNo", "QB-1", "rule.unknown-qualification"),
        (GC, "VolumeSeqNo", "GF-1", "change.unknown-volume"),
        (GC, "VolumeClientNo", "", "change.unknown-volume"),
        (GC, "VolumeCustomsNo", "", "change.unknown-volume"),
        (MF, "ManualNo", "", "rule.unknown-volume"),
        (MF, "VolumeClientNo", "", "rule.unknown-volume"),
        (MOD, "ManifestSeqNo", "M-1", "rule.unknown-document"),
        (MOD, "ManifestClientNo", "", "rule.unknown-document"),
        (OUT, "ManifestSeqNo", "M-1", "rule.unknown-document"),
        (OUT, "ManifestClientNo", "", "rule.unknown-document"),
    ],
)
def test_no_document_is_made_about_another_enterprises(
    message: str, field: str, named: str, fault: str
) -> None:
    """A field that names another document finds only the sender's own."""
    world = approved_world()
    bonded(world)
    cleared(world, "M-1")
    own_numbers = {
        "QualificationClientNo": "QF-1",
        "VolumeClientNo": "GF-1",
        "ManifestClientNo": "M-1",
        "VolumeCustomsNo": "J53016000001",
        "ManualNo": "J53016000001",
    }
    bodies: dict[str, Fields] = {
        GF: {"Item": [goods()]},
        QC: {"IEBatches": "24"},
        QE: {},
        GC: {"Item": [goods()]},
        MF: manifest(VolumeClientNo=""),
        MOD: {**WHY, "Change": [row("GrossWet", "130")]},
        OUT: dict(WHY),
    }
    body = {**bodies[message], field: of(world, named).number if named else own_numbers[field]}
    assert f"{fault} {message}/{field}" in _refused(world, message, "save", body)
