"""What the tests of changes share: the messages' names, right bodies, and a refusal that changes nothing."""

from __future__ import annotations

import pytest

from gateway.documents import Document
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.world import World, codes_of, qualification

QF, GF, MF = "QualificationFiling", "GoodsFiling", "Manifest"
QC, GC, QE = "QualificationChange", "GoodsFilingChange", "QualificationExtension"


def of(world: World, client_number: str) -> Document:
    """Return a document as it is now."""
    return next(d for d in world.documents.values() if d.client_number == client_number)


def terms_of(**fields: str) -> Fields:
    """Return a change of the qualification `QF-1`."""
    return {"QualificationClientNo": "QF-1", **fields}


def goods_of(*items: Fields, disabled: tuple[str, ...] = (), **fields: str) -> Fields:
    """Return a change of the volume `GF-1` with items to be added and numbers of those to be disabled."""
    body: Fields = {"VolumeClientNo": "GF-1", **fields}
    if items:
        body["Item"] = list(items)
    if disabled:
        body["DisabledItem"] = [{"GNo": number} for number in disabled]
    return body


def faults_of(world: World, message: str, body: Fields, operation: str = "save-declare") -> list[str]:
    """Return what is wrong with a command, which must not have changed anything."""
    before = dict(world.documents)
    with pytest.raises(RejectedError) as fault:
        world.do(message, operation, "C-9", body)
    assert world.documents == before
    return codes_of(fault.value)


def bonded(world: World) -> str:
    """Return the number of an approved bonded qualification `QB-1`, valid until the end of June 2027."""
    body: Fields = {k: v for k, v in qualification(GoodsNature="2").items() if not k.startswith("Guarantee")}
    number = world.do(QF, "save-declare", "QB-1", body).document.number
    world.answer(number, "A", valid_until="20270630", customs_number="Q53016000002")
    return number
