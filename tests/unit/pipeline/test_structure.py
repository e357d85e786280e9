"""The order of faults: what a mapping could not make is told once, what the schema objects to beside it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from gateway.building import make_mappings, make_world
from gateway.clock import CHINA, Clock
from gateway.config import load_settings
from gateway.formats import read
from gateway.mapping import Mapped, MappingSet
from gateway.steps.records import World
from gateway.steps.structure import faults_of_structure
from tests.flow import erp
from tests.services.installation import ROOT

NOON = datetime(2026, 10, 20, 12, tzinfo=CHINA)


@pytest.fixture(scope="module")
def loaded() -> tuple[World, MappingSet]:
    """The shipped schemas, tables and mappings."""
    settings = load_settings(ROOT / "gateway.toml")
    world = make_world(settings, Clock(NOON))
    return world, make_mappings(settings, world)


def _mapped(loaded: tuple[World, MappingSet], name: str, data: str) -> Mapped:
    source = read(name, data.encode())
    (mapped,) = loaded[1].choose(source).apply(source)
    return mapped


def _faults(loaded: tuple[World, MappingSet], name: str, data: str) -> dict[str, str]:
    found = faults_of_structure(loaded[0], _mapped(loaded, name, data), NOON)
    assert len({fault.path for fault in found}) == len(found), "one fault for a field is enough"
    return {fault.path: fault.code for fault in found}


@pytest.mark.requirement("EN-01")
def test_a_fault_of_one_item_hides_none_of_another(loaded: tuple[World, MappingSet]) -> None:
    """The same field, in one item no number, in the next too long a one."""
    items = [erp.line(qty="abc"), erp.line(qty="1" * 30), erp.line()]
    told = _faults(loaded, "m.json", erp.manifests(erp.manifest(items=items)))
    assert told == {"Manifest/Item[1]/GQty": "map.bad-number", "Manifest/Item[2]/GQty": "schema.bad-number"}


@pytest.mark.requirement("EN-01")
def test_a_missing_column_is_one_fault_for_all_items(loaded: tuple[World, MappingSet]) -> None:
    """Not one for each row below it, and not one more for the column that is there in its place."""
    text = (Path(ROOT) / "tests/examples/main-job/03-manifest.csv").read_bytes().decode("gb18030")
    told = _faults(loaded, "m.csv", text.replace("总价", "总额"))
    assert told == {"Manifest/Item/DeclTotal": "map.missing-column"}


@pytest.mark.parametrize(
    ("action", "faults"),
    [
        *(("declare", 0), ("delete", 0), ("copy", 0), ("show", 0), ("print", 0), ("append-item", 0)),
        *(("insert-item", 0), ("delete-item", 0), ("reclassify", 0)),
        *(("edit", 2), ("save", 2), ("save-declare", 2)),
    ],
)
@pytest.mark.requirement("QF-03", "MF-02")
def test_a_command_about_a_document_as_it_stands_repeats_nothing(
    loaded: tuple[World, MappingSet], action: str, faults: int
) -> None:
    """What saving needs is needed where something is saved."""
    told = _faults(loaded, "m.json", erp.manifests({"number": "JB-1"}, action=action))
    assert set(told.values()) <= {"schema.missing"}
    assert len(told) == faults


@pytest.mark.requirement("GF-02")
def test_a_filing_of_more_items_than_a_volume_holds_is_no_fault_of_structure(
    loaded: tuple[World, MappingSet],
) -> None:
    """It is split later; numbers that the ERP gives may run on."""
    mapped = _mapped(loaded, "v.json", erp.volume("GF-1", "QF-1", *(erp.goods() for _ in range(250))))
    items = mapped.body["Item"]
    assert isinstance(items, list)
    for number, item in enumerate(items, 1):
        item["GNo"] = str(number)
    assert faults_of_structure(loaded[0], mapped, NOON) == []


MODIFICATION = """<Message xmlns="urn:cn:collective-declaration:1.0"><MessageHead><MessageId>A</MessageId>
<MessageType>ManifestModification</MessageType><SenderId>ACME</SenderId><ReceiverId>GW</ReceiverId>
<CreateTime>2026-10-20T12:00:00+08:00</CreateTime><ClientSeqNo>A-1</ClientSeqNo><Operation>save</Operation>
</MessageHead><ManifestModification><ManifestClientNo>M-1</ManifestClientNo>{rows}</ManifestModification></Message>"""


@pytest.mark.requirement("AM-02")
@pytest.mark.parametrize(
    ("field", "value", "item", "code"),
    [
        ("GQty", "6.5", "3", None),
        ("GQty", "much", "3", "schema.bad-number"),
        ("GrossWet", "1.123456", "", "schema.bad-number"),
        ("BillNo", "X" * 33, "", "schema.too-long"),
        ("IEDate", "20.10.2026", "", "schema.bad-date"),
        # Names of tables, and fields that there are not, are for the rules to judge.
        ("WrapType", "纸制或纤维板制盒/箱", "", None),
        ("Weight", "1", "", None),
    ],
)
def test_the_value_of_a_single_field_is_judged_as_that_field(
    loaded: tuple[World, MappingSet], field: str, value: str, item: str, code: str | None
) -> None:
    """What a row may say depends on the field that it names; the fault is told at its value."""
    number = f"<GNo>{item}</GNo>" if item else ""
    row = f"<Change><FieldCode>{field}</FieldCode><NewValue>{value}</NewValue>{number}</Change>"
    good = "<Change><FieldCode>PackNo</FieldCode><NewValue>7</NewValue></Change>"
    told = _faults(loaded, "a.xml", MODIFICATION.format(rows=good + row))
    assert told == ({"ManifestModification/Change[2]/NewValue": code} if code else {})
