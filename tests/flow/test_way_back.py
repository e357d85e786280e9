"""A refusal of customs that points to a field is told with the row and column of the ERP's own file."""

from __future__ import annotations

import json
from collections.abc import Callable
from time import monotonic, sleep

import pytest

from gateway import workers
from gateway.stages import make_workers
from tests.flow import erp, way_back
from tests.flow.customs import Said, deliver
from tests.flow.way_back import Desk, command, item, manifest, places, pointers, work
from tests.services.installation import Running

pytestmark = [pytest.mark.usefixtures("installation"), pytest.mark.requirement("EN-05", "ER-06")]

NUMBER = "N0-1"


@pytest.fixture
def desk(approved: Running) -> Desk:
    """An ERP whose qualification and volume are approved; customs is silent about `N0-…` until it refuses."""
    return Desk(approved)


def test_a_field_of_an_item_is_told_with_file_row_column_and_text(desk: Desk) -> None:
    """As it stood there, with the field's names, the value that was sent, and the rule that made it."""
    desk.send("m.csv", manifest(NUMBER, item(10), item(20, 2), operation="暂存并申报"))
    (fault,) = desk.refused(NUMBER, "/Message/Manifest/Item[2]/GQty")
    source = fault.pop("source")
    assert source.pop("mapping").startswith("acme-csv/manifest@")
    assert source == {"file": "m.csv", "row": 4, "column": "数量", "given": "20", "rule": "items.GQty"}
    assert fault == {
        "code": "G10",
        "text": "按试验约定指出此项",
        "pointer": "/Message/Manifest/Item[2]/GQty",
        "field": "Manifest/Item[2]/GQty",
        "field_en": "Declared quantity",
        "field_zh": "成交数量",
        "value": "20",
    }


def test_a_refusal_is_told_without_waiting_for_anybody_to_look_by_itself(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the receipt to the notice each stage wakes the next one."""
    monkeypatch.setattr(workers, "POLL_SECONDS", 3600.0)
    monkeypatch.setattr(workers, "REST_SECONDS", 3600.0)
    desk.send("m.csv", manifest(NUMBER, item(10), operation="暂存并申报"))
    installation, submission = desk.running.installation, desk.running.submissions(NUMBER)[-1]
    at_work = make_workers(desk.running.gateway)
    at_work.start()
    try:
        _until(at_work.quiet)
        said = Said("R", message_type="Manifest", answers=submission.id, pointers=("Manifest/TrafMode",))
        deliver(installation, "refusal.xml", said)
        _until(lambda: bool(installation.notices(f"{submission.number}.*.receipt.json")), at_work)
    finally:
        at_work.stop()


def _until(reached: Callable[[], bool], told: workers.Workers | None = None) -> None:
    end = monotonic() + 20
    while not reached():
        assert monotonic() < end, "it is not reached"
        if told:
            # What the watcher of folders does.
            told.wake("receive customs")
        sleep(0.02)


def test_a_field_of_the_head_is_told_as_it_stood_before_it_became_a_code(desk: Desk) -> None:
    """The ERP wrote a name, the message has its code."""
    desk.send("m.csv", manifest(NUMBER, item(10), operation="暂存并申报"))
    (fault,) = desk.refused(NUMBER, "Manifest/TrafMode")
    assert (fault["value"], fault["source"]["given"]) == ("4", "公路运输")
    assert desk.stands(fault["source"]) == "公路运输"


def test_what_the_gateway_filled_in_is_told_with_the_field_that_led_to_it(desk: Desk) -> None:
    """Goods from the volume with the item number of the file; the rest with its reason alone."""
    desk.send("m.csv", manifest(NUMBER, item(10), item(20, 2), operation="暂存并申报"))
    goods, mode, name, number, count, head = desk.refused(
        NUMBER,
        "Manifest/Item[2]/CodeTS",
        "Manifest/TradeMode",
        "Manifest/TradeName",
        "Manifest/SeqNo",
        "Manifest/Item[1]/GNo",
        "MessageHead/MessageId",
    )
    assert goods["because"]["code"] == "origin.filed"
    volume = desk.running.document("GF-1").customs_number
    assert f"item 2 of filing {volume}" in goods["because"]["text_en"]
    assert goods["source"]["field"] == "Manifest/Item[2]/ContrItem"
    assert desk.stands(goods["source"]) == goods["source"]["given"] == "2"
    assert (mode["because"]["code"], mode["source"]["column"]) == ("origin.nature", "货物性质")
    codes = [fault["because"]["code"] for fault in (name, number, count, head)]
    assert codes == ["origin.profile", "origin.number", "origin.counted", "origin.head"]
    assert all("source" not in fault for fault in (name, number, count, head))


def test_what_was_never_sent_is_told_with_the_place_where_it_was_expected(desk: Desk) -> None:
    """A constant of the mapping says so, an empty cell is named, and so is the own number of a volume."""
    desk.send("m.csv", manifest(NUMBER, item(10), operation="暂存并申报"))
    constant, empty, named, client = desk.refused(
        NUMBER,
        "Manifest/Item[1]/DutyMode",
        "Manifest/FeeRate",
        "Manifest/ManualNo",
        "MessageHead/ClientSeqNo",
    )
    assert constant["because"]["code"] == "origin.constant"
    assert (constant["source"]["row"], constant["source"]["column"]) == (3, "征免方式")
    assert empty["because"]["code"] == "origin.absent"
    assert (empty["source"]["row"], empty["source"]["column"], empty["source"]["given"]) == (2, "运费", "")
    assert named["source"]["field"] == "Manifest/VolumeClientNo"
    assert desk.stands(named["source"]) == "GF-1"
    assert desk.stands(client["source"]) == NUMBER


def test_work_on_items_moves_them_and_each_is_still_found_in_its_own_file(desk: Desk) -> None:
    """Appended, inserted before, deleted from between, classified anew: the last file that set it counts."""
    desk.send("save.csv", manifest(NUMBER, item(10), item(20, 2), item(30)))
    desk.send("append.csv", work(NUMBER, "商品新增", item(40), item(50, 2)))
    desk.send("insert.csv", work(NUMBER, "商品插入", item(60, 2, 商品序号="2"), item(70)))
    desk.send("delete.csv", command(NUMBER, "商品删除", "1", "5"))
    elements = {"document": "manifest", "number": NUMBER, "action": "reclassify"}
    classified = {**elements, "items": [{"item": 3, "declarationElements": ["9", "9"]}]}
    desk.send("classify.json", erp.text({"commands": [classified]}))
    desk.send("declare.csv", command(NUMBER, "申报"))
    content = desk.running.document(NUMBER).content
    quantities = [each["GQty"] for each in content["Item"]]
    assert quantities == ["60", "70", "20", "40", "50"]
    *told, third, whole = desk.refused(
        NUMBER, *pointers(5), "Manifest/Item[3]/DeclElements", "Manifest/Item[4]"
    )
    assert [fault["source"]["given"] for fault in told] == quantities
    assert [desk.stands(fault["source"]) for fault in told] == quantities
    files = ["insert.csv", "insert.csv", "save.csv", "append.csv", "append.csv"]
    assert [fault["source"]["file"] for fault in told] == files
    assert third["source"]["path"] == "$.commands[0].items[0].declarationElements[0]"
    assert (whole["source"]["file"], whole["source"]["row"]) == ("append.csv", 3)


def test_an_edited_document_is_traced_to_the_file_that_edited_it(desk: Desk) -> None:
    """What was told before is no longer so; after a refusal it is edited, declared and traced again."""
    desk.send("first.csv", manifest(NUMBER, item(10), item(20), operation="暂存并申报"))
    assert places(desk.refused(NUMBER, *pointers(2))) == [("first.csv", 3, "10"), ("first.csv", 4, "20")]
    desk.send("second.csv", manifest(NUMBER, item(20), item(11), item(12), operation="修改"))
    desk.send("declare.csv", command(NUMBER, "申报"))
    told = desk.refused(NUMBER, *pointers(3))
    assert places(told) == [("second.csv", 3, "20"), ("second.csv", 4, "11"), ("second.csv", 5, "12")]


def test_a_copy_is_traced_to_the_file_of_the_document_it_is_a_copy_of(desk: Desk) -> None:
    """Even where that was changed since; what the copy brought itself is found in its own file."""
    desk.send("source.csv", manifest("JB-9", item(10), item(20, 2)))
    source = desk.running.document("JB-9").number
    desk.send("copy.csv", command(NUMBER, "复制", of=source))
    desk.send("changed.csv", manifest("JB-9", item(99), operation="修改"))
    desk.send("again.csv", command("N0-2", "复制", of=desk.running.document(NUMBER).number))
    desk.send("declare.csv", command("N0-2", "申报"))
    one, two, head, name = desk.refused("N0-2", *pointers(2), "Manifest/NetWt", "MessageHead/ClientSeqNo")
    assert places([one, two]) == [("source.csv", 3, "10"), ("source.csv", 4, "20")]
    assert {fault["source"]["document"] for fault in (one, two, head)} == {source}
    assert desk.stands(head["source"]) == "400"
    assert (name["source"]["file"], name["source"]["given"]) == ("declare.csv", "N0-2")


def test_a_filing_that_became_two_volumes_is_traced_from_each_of_them(desk: Desk) -> None:
    """The first item of the second volume is the hundredth of the file."""
    desk.running.office = None
    goods = [erp.goods(f"{302000000 + count:010}") for count in range(1, 100)]
    desk.send("v.json", erp.volume("V-1", erp.QUALIFICATION, *goods, erp.goods("0303000000")))
    first = desk.running.document("V-1")
    second = max(row.number for row in desk.running.documents(kind="volume"))
    assert second != first.number
    (last,) = desk.refused("V-1", "GoodsFiling/Item[99]/CodeTS")
    assert last["source"]["path"] == "$.volumes[0].goods[98].hsCode"
    (next_one,) = desk.refused(second, "GoodsFiling/Item[1]/CodeTS")
    assert next_one["source"]["path"] == "$.volumes[0].goods[99].hsCode"


UNCLEAR = {
    "GoodsFiling/Item[1]/CodeTS": "origin.nothing-fits",
    "Manifest/Item[1000000]/GQty": "origin.nothing-fits",
    "//*[contains(.,'1')]|/Message": "origin.nothing-fits",
    "count(//Item)": "origin.nothing-fits",
    "../../MessageHead/SenderId": "origin.nothing-fits",
    "/" * 200: "origin.nothing-fits",
    "Manifest/Item/GQty": "origin.several",
    "": "origin.no-pointer",
}


def test_a_pointer_that_fits_no_one_field_is_told_as_it_came(desk: Desk) -> None:
    """Nothing is guessed, and nothing breaks."""
    desk.send("m.csv", manifest(NUMBER, item(10), item(20), operation="暂存并申报"))
    told = desk.refused(NUMBER, *UNCLEAR)
    assert {fault.get("pointer", ""): fault["because"]["code"] for fault in told} == UNCLEAR
    assert all("source" not in fault for fault in told)


def test_as_many_faults_as_a_receipt_holds_are_all_traced(desk: Desk) -> None:
    """999 of them, each with its place."""
    desk.send("m.csv", manifest(NUMBER, *(item(each) for each in range(1, 100)), operation="暂存并申报"))
    told = desk.refused(NUMBER, *(pointers(99) * 11)[:999])
    assert len(told) == 999
    assert places(told)[98] == ("m.csv", 101, "99")
    assert {way_back.Desk.stands(desk, fault["source"]) for fault in told} == {str(n) for n in range(1, 100)}


def test_an_operator_sees_the_faults_in_the_history_of_the_document(desk: Desk) -> None:
    """With the place in the ERP's file, in either language and as JSON."""
    desk.send("m.csv", manifest(NUMBER, item(10), item(20), operation="暂存并申报"))
    faults = desk.refused(NUMBER, "Manifest/Item[2]/GQty", "Manifest/Item[2]/CodeTS")
    at = desk.running.installation
    shown = json.loads(at.gateway("document", NUMBER, "--history", "--json").stdout)
    assert [row.get("faults") for row in shown] == [None, faults]
    told = "".join(at.gateway("--lang", "zh", "document", NUMBER, "--history").stdout.split())
    assert "成交数量←m.csv:4[数量]'20'" in told
    assert "由网关按备案号" in told
