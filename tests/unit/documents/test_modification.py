"""A modification tells each field that it changes, and the corrected manifest keeps every rule (AM-02)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import cast

import pytest

from gateway.clock import CHINA
from gateway.fields import Fields
from tests.unit.documents.amending import (
    MOD,
    amended_world,
    corrected,
    declared,
    faults,
    row,
    rows,
    three_items,
    told,
)
from tests.unit.documents.world import line

pytestmark = pytest.mark.requirement("AM-02")


def _items(body: Fields) -> list[Fields]:
    items = body["Item"]
    assert isinstance(items, list)
    return items


def test_single_fields_show_what_they_were() -> None:
    """The ERP sends item, field and new value; the gateway finds the old one."""
    world, _ = amended_world()
    given = rows(row("DeclTotal", "75.00", 3), row("GQty", "6", 3), row("GrossWet", "130"))
    assert told(world, given) == [
        (0, "GrossWet", "120.5", "130"),
        (3, "GQty", "5", "6"),
        (3, "DeclTotal", "62.50", "75.00"),
    ]


def test_the_whole_corrected_manifest_shows_the_same() -> None:
    """Sent as manifests are: with names for codes, without grey fields, numbers written otherwise."""
    world, _ = amended_world()
    body = three_items(
        GrossWet="130", NetWt="100.000", CustomMaster="皇岗海关", WrapType="纸制或纤维板制盒/箱"
    )
    _items(body)[2] |= {"GQty": "6", "DeclTotal": "75"}
    assert told(world, corrected(body)) == [
        (0, "GrossWet", "120.5", "130"),
        (3, "GQty", "5", "6"),
        (3, "DeclTotal", "62.50", "75"),
    ]


def test_a_change_is_shown_with_its_names_and_kept_as_in_a_declaration_amendment() -> None:
    """Field names in both languages in the reply; numbered rows with the list type in the message."""
    world, manifest = amended_world()
    decision = world.do(MOD, "save-declare", "A-1", rows(row("GQty", "6", 3), row("DeclTotal", "75.00", 3)))
    shown = decision.shown["changes"]
    assert isinstance(shown, list)
    names = {"field": "GQty", "en": "name of GQty", "zh": "中文GQty"}
    assert shown[0] == {**names, "item": 3, "old": "5", "new": "6"}
    ((number, outgoing),) = decision.outgoing
    assert (number, outgoing.message_type) == (decision.document.number, MOD)
    changes = outgoing.body["Change"]
    assert isinstance(changes, list)
    assert changes[0] == {
        "No": "1",
        "FieldCode": "GQty",
        "FieldName": "中文GQty",
        "OldValue": "5",
        "NewValue": "6",
        "GNo": "3",
        "ListType": "1",
    }
    whole = outgoing.body["Corrected"]
    assert isinstance(whole, dict)
    assert [item["GQty"] for item in _items(whole)] == ["100", "10", "6"]
    assert (whole["SeqNo"], whole["DeclDate"]) == (manifest.number, manifest.content["DeclDate"])


def test_names_and_codes_are_the_same_and_so_are_equal_numbers() -> None:
    """Nothing differs, so nothing is to be modified."""
    world, _ = amended_world()
    body = three_items(GrossWet="120.50", NetWt="100.0", TrafMode="公路运输", TradeCountry="美国")
    assert faults(world, corrected(body)) == [f"amendment.no-changes {MOD}/Corrected"]
    same = rows(row("GrossWet", "120.500"), row("WrapType", "纸制或纤维板制盒/箱"), row("GQty", "5.0", 3))
    assert faults(world, same) == [f"amendment.no-changes {MOD}/Change"]


def test_a_field_that_the_corrected_manifest_lacks_goes() -> None:
    """Whole means whole; only what says which manifest it is may be left out."""
    world, manifest = amended_world()
    world.put(replace(manifest, content={**manifest.content, "NoteS": "急"}))
    body = corrected(three_items())
    assert told(world, body) == [(0, "NoteS", "急", "")]
    (change,) = cast("list[dict[str, object]]", world.do(MOD, "save", "A-2", body).shown["changes"])
    assert (change["old"], change["new"]) == ("急", None)


def test_an_item_that_is_left_out_goes_and_the_others_stay_as_they_are() -> None:
    """Its fields are told as gone, under the number that it has; the third is not told as changed."""
    world, _ = amended_world()
    body = three_items()
    del _items(body)[1]
    shown = told(world, corrected(body))
    assert {item for item, *_ in shown} == {2}
    assert shown[0] == (2, "GNo", "2", "")
    assert all(new == "" for *_, new in shown)
    assert told(world, rows(row("GNo", item=2)), "A-2") == shown


def test_an_item_with_a_number_is_the_one_that_has_it() -> None:
    """So an ERP says which of two alike it means; a new one has none, or one behind the last."""
    world, _ = amended_world()
    first, second, third = _items(three_items())
    ways: list[Fields] = [{}, {"GNo": "4"}]
    for count, number in enumerate(ways):
        items: list[Fields] = [{**third, "GNo": "3"}, {**first, "GNo": "1"}, {**second, **number}]
        shown = told(world, corrected({**three_items(), "Item": items}), f"A-{count}")
        assert [change for change in shown if change[1] == "GNo"] == [
            (2, "GNo", "2", ""),
            (4, "GNo", "", "4"),
        ]
        assert (4, "CodeTS", "", "8518290000") in shown
        assert {item for item, *_ in shown} == {2, 4}


def test_a_new_item_by_single_fields_is_filled_like_any_item() -> None:
    """Behind the last, with a number of its own, and back-filled from the filing."""
    world, _ = amended_world()
    values = {"ContrItem": "2", "GQty": "4", "DeclPrice": "12.50", "DeclTotal": "50.00"}
    shown = told(world, rows(*(row(name, value, 7) for name, value in values.items())))
    assert {item for item, *_ in shown} == {4}
    assert {(field, new) for _, field, _, new in shown} >= {("GNo", "4"), ("GName", "扬声器"), ("GQty", "4")}


def test_another_item_of_the_filing_is_filled_in_anew() -> None:
    """Code, name and unit of an item follow its filing item number."""
    world, _ = amended_world()
    assert told(world, rows(row("ContrItem", "2", 1))) == [
        (1, "ContrItem", "1", "2"),
        (1, "CodeTS", "4901990000", "8518290000"),
        (1, "GName", "书籍", "扬声器"),
    ]


def test_items_that_get_other_numbers_are_told_of() -> None:
    """The manifest's items are counted from 1 without gaps once the modification is approved."""
    world, manifest = amended_world()
    decision = world.do(MOD, "save", "A-1", rows(row("GNo", item=2)))
    assert [(w.code, w.values["moves"]) for w in decision.warnings] == [
        ("amendment.items-renumbered", "3 → 2")
    ]
    body = three_items()
    _items(body).insert(0, line(ContrItem="2"))
    decision = world.do(MOD, "save", "A-2", corrected(body))
    assert decision.warnings[0].values["moves"] == "1 → 1, 2 → 2, 3 → 3, + → 4"
    assert manifest.number


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"IEFlag": "E"}, "IEFlag"),
        ({"GoodsNature": "3"}, "GoodsNature"),
        ({"CustomMaster": "蛇口海关"}, "CustomMaster"),
        ({"VolumeClientNo": "", "ManualNo": "J53016000009"}, "ManualNo"),
        ({"DeclDate": "20261019"}, "DeclDate"),
        ({"TradeCode": "4403180002"}, "TradeCode"),
        ({"SeqNo": "M00000000000000009"}, "SeqNo"),
        ({"CustomsNo": "530120261000000009"}, "CustomsNo"),
    ],
)
def test_what_says_which_manifest_it_is_stays(fields: dict[str, str], name: str) -> None:
    """In both ways of sending; the same value is no fault."""
    world, manifest = amended_world()
    found = faults(world, corrected(three_items(**fields)))
    assert f"amendment.fixed-field {MOD}/Corrected/{name}" in found
    assert faults(world, rows(row(name, fields[name]))) == [f"amendment.fixed-field {MOD}/Change[1]/NewValue"]
    kept = str(manifest.content[name])
    assert len(told(world, rows(row(name, kept), row("PackNo", "11")), "A-2")) == 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (row("GQty", "6"), "amendment.unknown-field Change[1]/FieldCode"),
        (row("GrossWet", "6", 1), "amendment.unknown-field Change[1]/FieldCode"),
        (row("Item", "6"), "amendment.unknown-field Change[1]/FieldCode"),
        (row("VolumeClientNo", "GF-2"), "amendment.unknown-field Change[1]/FieldCode"),
        (row("", "6"), "rule.mandatory Change[1]/FieldCode"),
        (row("GNo", "2", 1), "amendment.item-number Change[1]/NewValue"),
        (row("GrossWet", "130", OldValue="121"), "amendment.old-value Change[1]/OldValue"),
        (row("GrossWet", "130", FieldName="净重"), "rule.fill-differs Change[1]/FieldName"),
        (row("ContrItem", "9", 2), "rule.unknown-item Change[1]/NewValue"),
        (row("WrapType", "99"), "rule.unknown-code Change[1]/NewValue"),
        (row("NetWt", "130"), "rule.net-above-gross Change[1]/NewValue"),
        (row("BillNo"), "rule.mandatory Change[1]/NewValue"),
        # What no longer agrees is told at the row of the same item that brought it about.
        (row("GQty", "7", 3), "rule.total-differs Change[1]/NewValue"),
    ],
)
def test_a_fault_of_a_single_field_is_told_at_its_row(change: Fields, expected: str) -> None:
    """The path is the ERP's own field, and the text names the field of the manifest."""
    world, _ = amended_world()
    code, path = expected.split()
    assert faults(world, rows(change)) == [f"{code} {MOD}/{path}"]


def test_a_fault_of_the_corrected_manifest_is_told_where_the_erp_put_it() -> None:
    """Items by the position that they were sent at, in whatever order."""
    world, _ = amended_world()
    first, second, third = _items(three_items())
    items: list[Fields] = [{**third, "GNo": "3", "GQty": "9"}, {**first, "GNo": "1"}, {**second, "GNo": "2"}]
    body = {**three_items(NetWt="500"), "Item": items}
    assert faults(world, corrected(body)) == [
        f"rule.total-differs {MOD}/Corrected/Item[1]/DeclTotal",
        f"rule.net-above-gross {MOD}/Corrected/NetWt",
    ]
    twice: list[Fields] = [{**first, "GNo": "1"}, {**second, "GNo": "1"}]
    assert faults(world, corrected({**three_items(), "Item": twice})) == [
        f"amendment.item-twice {MOD}/Corrected/Item[2]/GNo"
    ]


def test_a_field_is_changed_once() -> None:
    """Two rows for one field could say two things."""
    world, _ = amended_world()
    given = rows(row("GrossWet", "130"), row("GrossWet", "131"))
    assert faults(world, given) == [f"amendment.field-twice {MOD}/Change[2]/FieldCode"]


def test_a_modification_is_asked_for_in_one_way() -> None:
    """Neither none nor both."""
    world, _ = amended_world()
    neither = rows()
    assert faults(world, neither) == [f"amendment.nothing-asked {MOD}/Change"]
    both = {**rows(row("GrossWet", "130")), **corrected(three_items())}
    assert faults(world, both) == [f"amendment.both-ways {MOD}/Change"]


def test_more_changes_than_a_message_holds_are_refused() -> None:
    """The reply tells how many there may be."""
    world, manifest = amended_world()
    items: list[Fields] = [{**_items(manifest.content)[0], "GNo": str(n)} for n in range(1, 99)]
    world.put(replace(manifest, content={**manifest.content, "Item": items}))
    removed = rows(*(row("GNo", item=n) for n in range(1, 98)))
    assert faults(world, removed) == [f"amendment.too-many-changes {MOD}/Change"]


def test_the_day_of_declaration_stays_and_no_deadline_begins_anew() -> None:
    """Two months later and after the qualification ended, a mistake can still be put right."""
    world, _ = amended_world()
    world.now = datetime(2027, 9, 1, 8, 0, tzinfo=CHINA)
    amendment = declared(world)
    whole = amendment.content["Corrected"]
    assert isinstance(whole, dict)
    assert (whole["DeclDate"], amendment.period) == ("20261020", "202610")


def test_an_enterprise_with_another_name_keeps_the_one_that_its_manifest_has() -> None:
    """No change is told that nobody asked for; the amendment itself bears the present name."""
    world, manifest = amended_world()
    first, *others = world.settings.enterprise
    named = first.model_copy(update={"name": "深圳新名称有限公司"})
    world.settings = world.settings.model_copy(update={"enterprise": (named, *others)})
    decision = world.do(MOD, "save-declare", "A-1", corrected(three_items(PackNo="11")))
    assert f"{MOD}/Corrected/TradeName" not in decision.filled
    amendment = decision.document
    whole = amendment.content["Corrected"]
    assert isinstance(whole, dict)
    assert whole["TradeName"] == manifest.content["TradeName"]
    assert amendment.content["TradeName"] == "深圳新名称有限公司"
    changes = amendment.content["Change"]
    assert isinstance(changes, list)
    assert [change["FieldCode"] for change in changes] == ["PackNo"]
