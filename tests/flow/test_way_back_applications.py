"""The way back through what customs decided: amendments, changes of filings, aggregation, corrections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.steps.aggregating import aggregate_month
from tests.flow import erp
from tests.flow.way_back import Desk, command, item, manifest
from tests.services.installation import AGGREGATION, FILING, Installation, Running
from tests.services.softhsm import ENTERPRISE

pytestmark = [pytest.mark.usefixtures("installation"), pytest.mark.requirement("EN-05", "ER-06")]

WHY = {"reason": "复磅", "contact": {"name": "李敏", "phone": "0755-82000003"}}
LINES = [erp.line(), erp.line(volumeItem=2, qty=10, total=115.00, legalQty=[10])]


@pytest.fixture
def desk(approved: Running) -> Desk:
    """An ERP with a cleared manifest of two items."""
    opened = Desk(approved)
    opened.send("m.json", erp.manifests(erp.manifest(items=LINES)))
    assert approved.document(erp.MANIFEST).state == "cleared"
    return opened


def modification(number: str, **content: Any) -> str:
    """Write a modification of that manifest."""
    named = {"document": "modification", "number": number, "manifest": {"ourNumber": erp.MANIFEST}, **WHY}
    return erp.text({**named, **content})


def test_single_fields_of_a_modification_are_found_whatever_order_they_came_in(desk: Desk) -> None:
    """Customs gets them in the order of the schema, and the whole corrected manifest beside them."""
    changes = [
        {"field": "GQty", "item": 2, "to": 20},
        {"field": "DeclTotal", "item": 2, "to": 230},
        {"field": "FirstQty", "item": 2, "to": 20},
        {"field": "GrossWet", "to": 1090},
    ]
    desk.send("x.json", modification("N0-X", changes=changes))
    content = desk.running.document("N0-X").content
    assert [each["FieldCode"] for each in content["Change"]] == ["GrossWet", "GQty", "DeclTotal", "FirstQty"]
    first, second, item_two, kept, untouched, number = desk.refused(
        "N0-X",
        "ManifestModification/Change[1]/NewValue",
        "ManifestModification/Change[2]/NewValue",
        "ManifestModification/Corrected/Item[2]/GQty",
        "ManifestModification/Corrected/Item[2]/ContrItem",
        "ManifestModification/Corrected/NetWt",
        "ManifestModification/ManifestSeqNo",
    )
    assert first["source"]["path"] == "$.changes[3].to"
    assert second["source"]["path"] == item_two["source"]["path"] == "$.changes[0].to"
    manifest_number = desk.running.document(erp.MANIFEST).number
    assert (kept["source"]["file"], kept["source"]["document"]) == ("m.json", manifest_number)
    assert kept["source"]["path"] == "$.manifests[0].items[1].volumeItem"
    assert untouched["source"]["path"] == "$.manifests[0].weight.net"
    assert number["source"]["given"] == erp.MANIFEST


def test_a_whole_corrected_manifest_is_traced_item_by_item(desk: Desk) -> None:
    """The first item is left out and a third comes new, so that everything stands elsewhere."""
    added = erp.line(qty=30, total=345.00, legalQty=[30])
    whole = erp.manifest(items=[LINES[1], added])
    whole["company"] = {"customsCode": ENTERPRISE, "name": "深圳示例进出口有限公司"}
    desk.send("x.json", modification("N0-X", corrected=whole))
    rows = desk.running.document("N0-X").content["Change"]
    new = {row["FieldCode"]: n for n, row in enumerate(rows, 1) if row.get("GNo") == "3"}
    quantity, goods, corrected, second = desk.refused(
        "N0-X",
        f"ManifestModification/Change[{new['GQty']}]/NewValue",
        f"ManifestModification/Change[{new['CodeTS']}]/NewValue",
        "ManifestModification/Corrected/Item[2]/GQty",
        "ManifestModification/Corrected/Item[1]/GQty",
    )
    assert quantity["source"]["path"] == corrected["source"]["path"] == "$.corrected.items[1].qty"
    assert second["source"]["path"] == "$.corrected.items[0].qty"
    assert goods["because"]["code"] == "origin.parent"


def test_what_an_approved_modification_brought_is_traced_into_it(desk: Desk) -> None:
    """A copy of the modified manifest leads to the file of the modification, or past it to the first."""
    added = erp.line(qty=30, total=345.00, legalQty=[30])
    whole = erp.manifest(items=[LINES[1], added], weight={"gross": 1085, "net": 1000})
    whole["company"] = {"customsCode": ENTERPRISE, "name": "深圳示例进出口有限公司"}
    desk.send("x.json", modification("XG-1", corrected=whole))
    original = desk.running.document(erp.MANIFEST)
    assert [each["GQty"] for each in original.content["Item"]] == ["10", "30"]
    desk.send("copy.csv", command("N0-C", "复制", of=original.number))
    desk.send("declare.csv", command("N0-C", "申报"))
    first, second, gross, net = desk.refused(
        "N0-C", "Manifest/Item[1]/GQty", "Manifest/Item[2]/GQty", "Manifest/GrossWet", "Manifest/NetWt"
    )
    assert (first["source"]["file"], first["source"]["path"]) == ("m.json", "$.manifests[0].items[1].qty")
    assert (second["source"]["file"], second["source"]["path"]) == ("x.json", "$.corrected.items[1].qty")
    assert (gross["source"]["file"], net["source"]["file"]) == ("x.json", "m.json")


def test_goods_that_an_approved_change_added_are_traced_into_it(desk: Desk) -> None:
    """A copy of the changed volume: two items of the filing, one of the change."""
    change = {"document": "volume-change", "number": "GC-1", "volume": {"ourNumber": erp.VOLUME}}
    desk.send("c.json", erp.text({**change, "added": [erp.goods("0304410000", name="冻鱼")]}))
    volume = desk.running.document(erp.VOLUME)
    assert len(volume.content["Item"]) == 3
    desk.send("copy.csv", command("N0-V", "复制", document="商品备案", of=volume.number))
    desk.send("declare.csv", command("N0-V", "申报", document="商品备案"))
    filed, added = desk.refused("N0-V", "GoodsFiling/Item[2]/CodeTS", "GoodsFiling/Item[3]/GName")
    assert (filed["source"]["file"], filed["source"]["path"]) == (
        "volume.json",
        "$.volumes[0].goods[1].hsCode",
    )
    assert (added["source"]["file"], added["source"]["path"]) == ("c.json", "$.added[0].name")


@pytest.fixture
def declared(installation: Installation) -> Iterator[Desk]:
    """Two manifests of October, one in CSV, aggregated into a declaration about which customs is silent."""
    with installation.open(FILING) as running:
        running.send("q.json", erp.qualification())
        running.send("v.json", erp.volume())
        opened = Desk(running)
        opened.send("one.csv", manifest("JB-1", item(10), item(20, 2), operation="暂存并申报"))
        opened.send("two.csv", manifest("JB-2", item(5), operation="暂存并申报"))
    with installation.open(AGGREGATION) as running:
        with running.gateway.store.begin() as unit:
            aggregate_month(running.gateway.world, unit, ENTERPRISE, "202610", "N0-AGG")
        running.settle()
        opened.running = running
        yield opened


def test_an_item_of_a_declaration_is_told_with_the_items_of_manifests_that_it_was_made_of(
    declared: Desk,
) -> None:
    """Each with its row; a head field with the manifests; what the gateway writes itself with that."""
    (row,) = declared.running.documents(kind="declaration")
    items = row.content["DecLists"]["DecList"]
    merged = next(n for n, each in enumerate(items, 1) if each["GQty"] == "15")
    quantity, whole, weight, sign = declared.refused(
        row.client_number,
        f"/DecMessage/DecLists/DecList[{merged}]/GQty",
        f"GNo={merged}",
        "DecMessage/DecHead/NetWt",
        "DecMessage/DecSign/ClientSeqNo",
        code="E",
    )
    told = [
        (m["client_number"], m["item"], m["source"]["file"], m["source"]["row"])
        for m in quantity["manifests"]
    ]
    assert told == [("JB-1", 1, "one.csv", 3), ("JB-2", 1, "two.csv", 3)]
    assert [declared.stands(m["source"]) for m in quantity["manifests"]] == ["10", "5"]
    assert "2 items of 2 manifests" in quantity["because"]["text_en"]
    assert [m["source"]["row"] for m in whole["manifests"]] == [3, 3]
    assert [declared.stands(m["source"]) for m in weight["manifests"]] == ["400", "400"]
    assert sign["because"]["code"] == "origin.filled"


def test_what_was_corrected_in_a_declaration_is_traced_to_the_correction(declared: Desk) -> None:
    """By the ERP with its place, by an operator with that word."""
    (row,) = declared.running.documents(kind="declaration")
    declared.refused(row.client_number, "DecMessage/DecHead/NoteS", code="E")
    correction = {"document": "declaration", "unifiedNumber": row.number, "action": "edit", "note": "更正"}
    fields = {"items": [{"item": 1, "inspectionCode": "101"}]}
    declared.send("correct.json", erp.text({**correction, **fields}))
    at = declared.running.installation
    done = at.gateway("correct", row.number, "EntyPortCode=470601", "--declare", now=AGGREGATION)
    assert done.returncode == 0, done.stderr
    declared.running.settle()
    note, code, port = declared.refused(
        row.client_number,
        "DecMessage/DecHead/NoteS",
        "DecMessage/DecLists/DecList[1]/CiqCode",
        "DecMessage/DecHead/EntyPortCode",
        code="E",
    )
    assert (note["source"]["file"], note["source"]["path"]) == ("correct.json", "$.note")
    assert code["source"]["path"] == "$.items[0].inspectionCode"
    assert port["because"]["code"] == "origin.operator"
