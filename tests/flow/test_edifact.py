"""An ERP that speaks EDIFACT: its manifest is cleared, and CONTRL and reply answer it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flow import erp
from tests.services.edifact import interchange, manifest
from tests.services.installation import Running

GOOD = interchange(manifest())


def contrls(running: Running, name: str) -> list[bytes]:
    """Return every CONTRL to a file."""
    folder = running.installation.folder / "receipts/acme"
    return [file.read_bytes() for file in sorted(folder.glob(f"{name}.*.contrl.edi"))]


def action(contrl: bytes) -> bytes:
    """Return what a CONTRL says of the interchange."""
    return contrl.partition(b"UCI+")[2].partition(b"'")[0].split(b"+")[3]


def only(reply: dict[str, Any]) -> dict[str, Any]:
    """Return the one entry of a reply."""
    (entry,) = reply["messages"]
    found: dict[str, Any] = entry
    return found


@pytest.mark.requirement("ER-02", "ER-04")
def test_a_manifest_in_edifact_is_cleared_and_acknowledged(approved: Running):
    """CONTRL acknowledges the interchange, the reply answers its message, receipts follow as ever."""
    reply = approved.send("order.edi", GOOD)
    assert only(reply)["outcome"] == "accepted"
    assert approved.document(erp.MANIFEST).state == "cleared"
    assert approved.document(erp.MANIFEST).content["TrafName"] == "粤Z5678港"
    (contrl,) = contrls(approved, "order.edi")
    assert action(contrl) == b"7"


@pytest.mark.requirement("ER-02", "EN-05")
def test_a_fault_in_an_item_names_its_segment_and_element(approved: Running):
    """The syntax is sound and acknowledged; what is wrong with the content is for the reply to say."""
    reply = approved.send("order.edi", interchange(manifest(), manifest("JB-2", "9000.00", "M2")))
    assert reply["outcome"] == "partly"
    (fault,) = [each for each in reply["messages"][1]["violations"] if each["code"] == "rule.total-differs"]
    place = {"file": "order.edi", "row": 52, "path": "message 2 segment 23 (MOA) element 1.2"}
    assert fault["place"] == place
    (contrl,) = contrls(approved, "order.edi")
    assert action(contrl) == b"7"


@pytest.mark.requirement("ER-02", "ER-05")
def test_broken_syntax_goes_to_quarantine_and_is_rejected(approved: Running):
    """CONTRL says so to a program, the reply to a person; nothing of the interchange is done."""
    reply = approved.send("order.edi", GOOD.replace("UNT+28+M1", "UNT+27+M1"))
    assert reply["outcome"] == "quarantined"
    (fault,) = reply["violations"]
    assert fault["code"] == "edifact.count-differs"
    assert fault["place"] == {"file": "order.edi", "row": 29, "path": "segment 28 (UNT) element 1"}
    (contrl,) = contrls(approved, "order.edi")
    assert b"+4'UCM+M1+CUSDEC:D:96B:UN:JBMAN+4+29+UNT+2'" in contrl
    assert approved.documents(client_number=erp.MANIFEST) == []


@pytest.mark.requirement("ER-04")
def test_the_same_interchange_again_gets_the_same_answers(approved: Running):
    """Byte for byte, and has no second effect."""
    approved.send("order.edi", GOOD)
    approved.send("order.edi", GOOD)
    assert len(set(contrls(approved, "order.edi"))) == 1
    assert len(contrls(approved, "order.edi")) == 2
    assert len(set(approved.installation.replies("order.edi"))) == 1
    assert len(approved.documents(client_number=erp.MANIFEST)) == 1


@pytest.mark.requirement("ER-02", "ER-04")
def test_a_large_interchange_gets_one_contrl_and_one_reply(approved: Running):
    """Whether it is obeyed at once or in portions."""
    several = [manifest(f"JB-{n}", "9000.00", f"M{n}") for n in range(1, 61)]
    reply = approved.send("order.edi", interchange(*several))
    assert [entry["outcome"] for entry in reply["messages"]] == ["refused"] * 60
    (contrl,) = contrls(approved, "order.edi")
    assert action(contrl) == b"7"


def test_a_fault_of_ours_in_contrl_holds_no_reply_up(approved: Running, monkeypatch: pytest.MonkeyPatch):
    """An operator is told, and the ERP has its reply."""

    def fails(*_: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr("gateway.steps.acknowledging.acknowledgement", fails)
    assert approved.send("order.edi", GOOD)["outcome"] == "accepted"
    assert contrls(approved, "order.edi") == []
    assert [(alert.code, alert.subject) for alert in approved.alerts()] == [
        ("containment.unexpected", "order.edi")
    ]


def test_a_file_in_another_format_gets_no_contrl(approved: Running):
    """Only who speaks EDIFACT is answered in it."""
    approved.send("manifest.json", erp.manifests())
    assert list((approved.installation.folder / "receipts/acme").glob("*.contrl.edi")) == []
