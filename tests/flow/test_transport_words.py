"""What platform and import client say: told wherever an operator looks, believed nowhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.store import ReceiptState, SubmissionRow
from tests.flow import erp
from tests.flow.customs import Said, deliver
from tests.flow.test_routes import DXP, client_route
from tests.services.installation import Installation, Running


@pytest.fixture
def declared(tmp_path: Path) -> Iterator[Running]:
    """A qualification that the client has, of which nobody has said anything yet."""
    installation = Installation(tmp_path, client_route(goods_natures=["1"]))
    with installation.open(customs=False) as running:
        running.send("qualification.json", erp.qualification())
        yield running


def _sent(running: Running) -> SubmissionRow:
    return running.submissions(erp.QUALIFICATION)[0]


def _say(
    running: Running, *words: tuple[str, str], folder: str = "client/JB/InBox"
) -> list[dict[str, object]]:
    """Let the platform say code by code of messages, in one file; return the new lines of the log."""
    before = len(running.installation.log())
    said = "".join(
        f"<Response><ResponseCode>{code}</ResponseCode><ResponseInfo>说明 {code}</ResponseInfo>"
        f"<NoticeTime>{before}</NoticeTime><OriHead><CopMsgId>{message}</CopMsgId></OriHead></Response>"
        for message, code in words
    )
    place = running.installation.folder / folder
    name = f"Receipt_{len(list(place.rglob('Receipt_*')))}.xml"
    (place / name).write_text(f'<DxpRep ver="1.0" xmlns="{DXP["dxp"]}">{said}</DxpRep>', "utf-8")
    running.settle()
    return running.installation.log()[before:]


def _alerts(running: Running) -> list[tuple[str, str]]:
    return [(alert.code, alert.subject) for alert in running.alerts()]


@pytest.mark.requirement("CU-02", "CU-06")
def test_one_refusal_is_one_alert_however_often_it_is_said(declared: Running) -> None:
    """Each time it is logged; the message's being passed on, said later, ends it."""
    sent = _sent(declared)
    for _ in range(3):
        (line,) = _say(declared, (sent.id, "-1201005"))
        assert (line["outcome"], line["number"]) == ("noted", sent.number)
    assert _alerts(declared) == [("transport.refused", sent.id)]
    assert "-1201005" in declared.alerts()[0].values["code"]
    _say(declared, (sent.id, "0"))
    assert _alerts(declared) == []
    assert declared.document(erp.QUALIFICATION).state == "declared"


@pytest.mark.requirement("CU-06")
def test_every_response_of_one_file_is_told(declared: Running) -> None:
    """A line and an alert for each; the row keeps the refusal. What nobody sent is told as well."""
    sent = _sent(declared)
    lines = _say(declared, (sent.id, "0"), ("NOBODY", "-1201002"), ("", "-1201001"))
    assert [(line["answers"], line["code"]) for line in lines] == [
        (sent.id, "0"),
        ("NOBODY", "-1201002"),
        (None, "-1201001"),
    ]
    row = declared.receipts()[-1]
    assert (row.state, row.message_id, row.code) == (ReceiptState.NOTED, "NOBODY", "-1201002")
    assert sorted(_alerts(declared)) == [("transport.refused", "NOBODY"), ("transport.refused", row.name)]


@pytest.mark.requirement("CU-06")
def test_a_code_that_the_table_lacks_is_told_in_the_platforms_words(declared: Running) -> None:
    """Codes are added faster than tables are."""
    (line,) = _say(declared, (_sent(declared).id, "-9"))
    assert (line["code"], line["text"], line["meaning_en"]) == ("-9", "说明 -9", "")


@pytest.mark.requirement("CU-02", "CU-06")
def test_what_is_said_over_another_route_is_not_linked_to_the_message(declared: Running) -> None:
    """It is told, and belongs to no document."""
    (line,) = _say(declared, (_sent(declared).id, "-1201004"), folder="receipts/customs")
    assert (line["outcome"], line["number"]) == ("noted", None)
    assert declared.alerts()[0].values["number"] == "-"


@pytest.mark.requirement("CU-02", "CU-06")
def test_customs_own_answer_ends_the_alert(declared: Running) -> None:
    """It has the message, whatever was said on the way."""
    sent = _sent(declared)
    _say(declared, (sent.id, "-1201005"))
    said = Said("A", message_type=sent.message_type, answers=sent.id)
    deliver(declared.installation, "r.xml", said)
    declared.settle()
    assert declared.document(erp.QUALIFICATION).state == "approved"
    assert _alerts(declared) == []


@pytest.mark.requirement("CU-06")
@pytest.mark.parametrize("data", [b"", b"<a/>", b"\x00\xff" * 1000, b"<ResponseCode>1</ResponseCode>"])
def test_whatever_the_clients_file_holds_its_name_tells(declared: Running, data: bytes) -> None:
    """Nobody knows its inside; no document moves, and nothing is refused as a receipt would be."""
    sent = _sent(declared)
    box = declared.installation.folder / "client/JB/InBox"
    (box / f"FAILED_{sent.id}_20261020090000000.xml").write_bytes(data)
    declared.settle()
    assert _alerts(declared) == [("transport.refused", sent.id)]
    (box / f"Successed_{sent.id}_20261020090000001.xml").write_bytes(data + b" ")
    declared.settle()
    assert _alerts(declared) == []
    assert declared.document(erp.QUALIFICATION).state == "declared"


@pytest.mark.requirement("CU-06")
def test_the_commands_show_what_was_said(declared: Running) -> None:
    """At the document, among its receipts and as what needs a person, in both languages."""
    sent, installation = _sent(declared), declared.installation
    _say(declared, (sent.id, "-1201005"))
    shown = json.loads(installation.gateway("document", sent.number, "--json").stdout)
    assert [(each["route"], each["carrier"]) for each in shown["submissions"]] == [
        ("client", "DxpRep -1201005")
    ]
    assert "DxpRep -1201005" in installation.gateway("document", sent.number).stdout
    listed = json.loads(installation.gateway("receipts", "--document", sent.number, "--json").stdout)
    assert [(each["outcome"], each["type"], each["code"]) for each in listed] == [
        ("noted", "DxpRep", "-1201005")
    ]
    status = installation.gateway("--lang", "zh", "status").stdout
    assert "接收用户目前不可用" in status
