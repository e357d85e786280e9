"""One file, several messages: each stands for itself, each file has one reply, nothing happens twice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.flow import erp
from tests.services.installation import Running

WRONG = {"kind": "再生木拖", "count": 1}


def _outcomes(reply: dict[str, Any]) -> dict[str, str]:
    return {message["client_number"]: message["outcome"] for message in reply["messages"]}


def _codes(reply: dict[str, Any]) -> list[str]:
    return [fault["code"] for message in reply["messages"] for fault in message.get("violations", ())]


def _manifests(running: Running) -> list[str]:
    return [row.client_number for row in running.documents(kind="manifest")]


@pytest.mark.requirement("ER-04", "EN-05")
def test_a_refused_message_leaves_the_others_of_its_file_accepted(approved: Running) -> None:
    """The reply says `partly` and tells each; the file sent again corrected does the rest, and only that."""
    several = [erp.manifest("JB-1"), erp.manifest("JB-2", packing=WRONG), erp.manifest("JB-3")]
    reply = approved.send("several.json", erp.manifests(*several))
    assert reply["outcome"] == "partly"
    assert _outcomes(reply) == {"JB-1": "accepted", "JB-2": "refused", "JB-3": "accepted"}
    assert _manifests(approved) == ["JB-1", "JB-3"]
    (fault,) = reply["messages"][1]["violations"]
    assert fault["place"] == {"file": "several.json", "path": "$.manifests[1].packing.kind"}
    sent = len(approved.installation.sent())

    several[1] = erp.manifest("JB-2")
    corrected = approved.send("several.json", erp.manifests(*several))
    assert corrected["outcome"] == "accepted"
    assert sorted(_manifests(approved)) == ["JB-1", "JB-2", "JB-3"]
    assert len(approved.installation.sent()) == sent + 1
    assert corrected["messages"][0] == reply["messages"][0] | {}
    assert approved.states("JB-1") == ["declared", "sent", "approved", "cleared"]


@pytest.mark.requirement("ER-04")
def test_the_same_file_of_which_a_part_was_refused_is_tried_again_for_that_part(approved: Running) -> None:
    """What refused it may be over: here the volume is approved in the meantime."""
    other = erp.manifest("JB-2", volume={"ourNumber": "GF-2"})
    data = erp.manifests(erp.manifest("JB-1"), other)
    assert _outcomes(approved.send("a.json", data)) == {"JB-1": "accepted", "JB-2": "refused"}
    approved.send("volume.json", erp.volume("GF-2"))
    assert _outcomes(approved.send("a.json", data)) == {"JB-1": "accepted", "JB-2": "accepted"}
    assert len(approved.documents(kind="manifest")) == 2


@pytest.mark.requirement("ER-04")
def test_the_same_bytes_get_the_same_reply_and_have_no_second_effect(approved: Running) -> None:
    """Under the same name or another; the reply is the same to the byte."""
    data = erp.manifests()
    approved.send("m.json", data)
    everything = (len(approved.installation.sent()), len(approved.receipts()), _manifests(approved))
    approved.send("m.json", data)
    approved.send("other-name.json", data)
    first, second = approved.installation.replies("m.json")
    assert first == second
    assert approved.installation.replies("other-name.json") == [first]
    assert everything == (len(approved.installation.sent()), len(approved.receipts()), _manifests(approved))


@pytest.mark.requirement("ER-04")
def test_the_same_command_in_another_file_has_no_second_effect(approved: Running) -> None:
    """The fields decide, not their order or the layout of the file."""
    approved.send("m.json", erp.manifests())
    again = json.dumps(json.loads(erp.manifests()), sort_keys=True)
    reply = approved.send("again.json", again)
    assert reply["outcome"] == "accepted"
    assert len(approved.documents(kind="manifest")) == 1
    assert approved.states(erp.MANIFEST) == ["declared", "sent", "approved", "cleared"]


@pytest.mark.requirement("ER-04")
def test_other_content_under_the_same_number_is_a_conflict(approved: Running) -> None:
    """Refused, naming the document that has the number, in both languages; nothing of it is changed."""
    approved.send("m.json", erp.manifests())
    number = approved.document(erp.MANIFEST).number
    reply = approved.send("m.json", erp.manifests(erp.manifest(contract="OTHER")))
    assert reply["outcome"] == "refused"
    assert "command.conflict" in _codes(reply)
    (fault,) = [each for each in reply["messages"][0]["violations"] if each["code"] == "command.conflict"]
    assert fault["field"] == "MessageHead/ClientSeqNo"
    assert fault["place"]["path"] == "$.manifests[0].number"
    assert number in fault["text_en"]
    assert number in fault["text_zh"]
    assert approved.document(erp.MANIFEST).content["ContrNo"] == "ACME-NO-2026-07"
    assert len(approved.submissions(erp.MANIFEST)) == 1


@pytest.mark.requirement("ER-04")
def test_the_same_number_twice_in_one_file(approved: Running) -> None:
    """The same content is one document, another is a conflict."""
    twice = approved.send("a.json", erp.manifests(erp.manifest("JB-1"), erp.manifest("JB-1")))
    assert [message["outcome"] for message in twice["messages"]] == ["accepted", "accepted"]
    other = approved.send(
        "b.json", erp.manifests(erp.manifest("JB-2"), erp.manifest("JB-2", contract="OTHER"))
    )
    assert [message["outcome"] for message in other["messages"]] == ["accepted", "refused"]
    assert sorted(_manifests(approved)) == ["JB-1", "JB-2"]


@pytest.mark.requirement("MF-02", "EN-02", "QF-04")
def test_saved_first_completed_and_declared_later(approved: Running) -> None:
    """Saving needs little and gives the number; declaring as it stands needs only the client's number."""
    little = {"number": "JB-1", "direction": "import", "customs": {"declaredAt": "皇岗海关"}}
    saved = approved.send("1.json", erp.manifests(little, action="save"))["messages"][0]
    assert (saved["state"], saved["state_zh"]) == ("saved", "暂存")
    assert len(saved["number"]) == 18
    early = approved.send("2.json", erp.manifests({"number": "JB-1"}, action="declare"))
    assert early["outcome"] == "refused"
    assert {"rule.mandatory", "rule.no-items"} == set(_codes(early))
    approved.send("3.json", erp.manifests(erp.manifest("JB-1"), action="edit"))
    declared = approved.send("4.json", erp.manifests({"number": "JB-1"}, action="declare"))
    assert declared["messages"][0]["filled"]["Manifest/DeclDate"] == "20261020"
    assert approved.states("JB-1") == ["saved", "saved", "declared", "sent", "approved", "cleared"]


@pytest.mark.requirement("EN-02")
def test_a_declare_command_that_says_something_else_than_what_is_saved_is_refused(approved: Running) -> None:
    """It names the field and what is saved; the same in other words is fine."""
    approved.send("1.json", erp.manifests(erp.manifest("JB-1"), action="save"))
    changed = erp.manifest("JB-1", contract="OTHER")
    refused = approved.send("2.json", erp.manifests(changed, action="declare"))
    (fault,) = refused["messages"][0]["violations"]
    assert (fault["code"], fault["field"]) == ("rule.differs-from-saved", "Manifest/ContrNo")
    assert "ACME-NO-2026-07" in fault["text_en"]
    same = erp.manifest("JB-1", customs={"declaredAt": "皇岗海关"})
    assert approved.send("3.json", erp.manifests(same, action="declare"))["outcome"] == "accepted"


@pytest.mark.requirement("EN-02")
def test_a_filled_field_that_the_erp_says_otherwise_is_a_violation(approved: Running) -> None:
    """The name on the manifest must be the enterprise's; never silently overwritten."""
    text = erp.manifests().replace("深圳示例进出口有限公司", "深圳别家进出口有限公司")
    reply = approved.send("m.json", text)
    faults = {fault["field"]: fault for fault in reply["messages"][0]["violations"]}
    assert faults["Manifest/TradeName"]["code"] == "rule.fill-differs"
    assert "深圳示例进出口有限公司" in faults["Manifest/TradeName"]["text_zh"]
    assert approved.documents(kind="manifest") == []


@pytest.mark.requirement("ER-04")
def test_the_same_bytes_after_another_command_are_a_wish_of_their_own(running: Running) -> None:
    """A declare that is sent once more after a correction declares again, and is not answered from memory."""
    installation = running.installation
    installation.customs_config.write_text(
        installation.customs_config.read_text("utf-8") + "guarantee_months = 9\n", "utf-8"
    )
    save, declare = erp.qualification(action="save"), erp.qualification(action="declare")
    running.send("save.json", save)
    assert running.send("declare.json", declare)["messages"][0]["state"] == "declared"
    assert running.send("declare.json", declare)["messages"][0]["state"] == "declared"
    assert len(running.submissions(erp.QUALIFICATION)) == 1
    deleted = running.send("delete.json", erp.qualification("QF-2", action="save"))
    assert deleted["outcome"] == "refused"
    answer = running.send("save.json", save)
    assert answer["outcome"] == "refused"
    assert {fault["code"] for fault in answer["messages"][0]["violations"]} >= {"rule.client-number-taken"}


@pytest.mark.requirement("ER-04")
def test_a_repetition_inside_a_new_file_is_told_at_its_own_place(approved: Running) -> None:
    """The positions of a reply are those of the file that it answers."""
    first = approved.send("1.json", erp.manifests(erp.manifest("JB-1"), erp.manifest("JB-2")))
    second = approved.send("2.json", erp.manifests(erp.manifest("JB-2"), erp.manifest("JB-1")))
    assert [entry["position"] for entry in second["messages"]] == [1, 2]
    assert [entry["client_number"] for entry in second["messages"]] == ["JB-2", "JB-1"]
    assert {e["number"] for e in second["messages"]} == {e["number"] for e in first["messages"]}
    assert len(approved.documents(kind="manifest")) == 2
