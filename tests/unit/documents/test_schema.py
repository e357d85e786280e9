"""What documents send is what the published schemas ask for, field by field."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from gateway.clock import CHINA
from gateway.codes import CodeLibrary
from gateway.documents import Decision
from gateway.fields import Fields
from gateway.messages import Catalogue, Head, build, build_declaration
from tests.unit.documents.month import aggregate
from tests.unit.documents.world import World, goods, line, manifest, qualification, volume

SCHEMAS = Path(__file__).parents[3] / "schemas" / "xsd"


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """Compile the shipped schemas."""
    return Catalogue.load(SCHEMAS)


def _valid(catalogue: Catalogue, world: World, decision: Decision) -> str:
    """Check every outgoing message; return the number of the document that was decided."""
    assert decision.outgoing
    for _, outgoing in decision.outgoing:
        head = Head("ID-1", outgoing.message_type, "GW", "CUSTOMS", world.now, "CN-1")
        root = build(catalogue, head, outgoing.body)
        assert catalogue.check(root) == []
    return decision.changes[0].document.number


@pytest.mark.requirement("DC-02", "QF-08", "GF-06", "MF-11")
def test_everything_that_goes_to_customs_is_valid(catalogue: Catalogue) -> None:
    """From filing to declaration, with the shipped schemas and code tables."""
    codes = CodeLibrary.load(None, lambda: date(2026, 10, 20)).today
    world = World(dictionary=catalogue.dictionary, codes=codes)
    number = _valid(
        catalogue, world, world.do("QualificationFiling", "save-declare", "QF-1", qualification())
    )
    world.answer(number, "A", valid_until="20270630", customs_number="Q53016000001")
    filed = volume(goods(LicenseNo="1:26-AB-100200", CiqCode="101"), goods())
    number = _valid(catalogue, world, world.do("GoodsFiling", "save-declare", "GF-1", filed))
    world.answer(number, "A", customs_number="J53016000001")
    water = {"LicenseNo": "1:26-AB-100200", "TrafMode": "水路运输", "VoyNo": "026E"}
    for count, fields in enumerate(({}, {"IEFlag": "E"}, {"LicenseNo": "7:12345"}, water)):
        numbers = ("2", "1") if "LicenseNo" in fields else ("2",)
        items = (line(ContrItem=number) for number in numbers)
        body = manifest(*items, DistinatePort="USA309", **fields)
        decision = world.do("Manifest", "save-declare", f"M-{count}", body)
        number = _valid(catalogue, world, decision)
        flag = decision.changes[0].document.ie_flag
        world.answer(number, "7", customs_number=f"53012026{flag}{count:09}")
        world.answer(number, "15")
    world.now = datetime(2026, 11, 3, 8, 0, tzinfo=CHINA)
    made = aggregate(world)
    assert len(made.outgoing) == len(made.declarations)
    for _, outgoing in made.outgoing:
        assert catalogue.check(build_declaration(catalogue, outgoing.body)) == []


@pytest.mark.requirement("CH-02", "CH-03", "EX-01")
def test_changes_and_extensions_that_go_to_customs_are_valid(catalogue: Catalogue) -> None:
    """So is a filing with what they made of it, and every further volume of a long one."""
    codes = CodeLibrary.load(None, lambda: date(2026, 10, 20)).today
    world = World(dictionary=catalogue.dictionary, codes=codes)
    number = world.do("QualificationFiling", "save-declare", "QF-1", qualification()).document.number
    world.answer(number, "A", valid_until="20270630", customs_number="Q53016000001")
    long = world.do("GoodsFiling", "save-declare", "GF-1", volume(*[goods()] * 120))
    filed = _valid(catalogue, world, long)
    world.answer(filed, "A", customs_number="J53016000001")
    further = long.changes[1].document.number
    world.answer(further, "A", customs_number="J53016000002")
    change: Fields = {
        "VolumeSeqNo": further,
        "Item": [goods()],
        "DisabledItem": [{"GNo": "1", "Reason": "停产"}],
    }
    applied = _valid(catalogue, world, world.do("GoodsFilingChange", "save-declare", "C-1", change))
    world.answer(applied, "A", customs_number="J53016000002")
    terms: Fields = {"QualificationClientNo": "QF-1", "IEBatches": "24", "GuaranteeAmount": "80"}
    _valid(catalogue, world, world.do("QualificationChange", "save-declare", "C-2", terms))
    bonded: Fields = {
        name: value for name, value in qualification(GoodsNature="2").items() if "Guarantee" not in name
    }
    number = world.do("QualificationFiling", "save-declare", "QB-1", bonded).document.number
    world.answer(number, "A", valid_until="20261025", customs_number="Q53016000002")
    _valid(
        catalogue,
        world,
        world.do("QualificationExtension", "extend", "E-1", {"QualificationClientNo": "QB-1"}),
    )
    kept = world.documents[further]
    assert "Disabled" in str(kept.content)
    head = Head("ID-1", kept.message_type, "GW", "CUSTOMS", world.now, "CN-1")
    assert catalogue.check(build(catalogue, head, kept.content)) == []
