"""Refused, rejected, not received: corrected and declared again, until customs approves."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.store import CircuitRow, SubmissionState
from tests.flow import erp
from tests.flow.customs import Said, deliver
from tests.services.installation import Installation, Running

# Customs asks for more here than the gateway does, so that it has something to refuse.
STRICTER = "guarantee_months = 9\nvolume_items = 1\n"
LATER = {"kind": "deposit", "amountCny": 500000.00, "validUntil": "2027-12-31"}


def _codes(running: Running, client_number: str) -> list[str]:
    """Return which receipts moved the document."""
    lines = [line for line in running.installation.log() if line.get("client_number") == client_number]
    return [f"{line['type']} {line['code']}" for line in lines if line["outcome"] == "applied"]


@pytest.mark.requirement("GF-07", "QF-08", "ER-06")
def test_a_refused_qualification_keeps_its_volume_held_until_it_is_approved_after_all(tmp_path: Path) -> None:
    """The refusal says that the volume stays held; edited and declared again, both are approved."""
    installation = Installation(tmp_path, customs="guarantee_months = 9\n")
    with installation.open() as running:
        installation.drop("1.json", erp.qualification())
        installation.drop("2.json", erp.volume())
        running.settle()
        assert running.document(erp.QUALIFICATION).state == "refused"
        assert running.document(erp.VOLUME).state == "declared"
        assert [row.state for row in running.submissions(erp.VOLUME)] == [SubmissionState.HELD]
        (refusal,) = installation.notices("Q*.refused.receipt.json")
        assert [news["code"] for news in refusal["news"]] == ["news.volume-stays-held"]
        assert refusal["news"][0]["number"] == running.document(erp.VOLUME).number
        assert "refused" in refusal["news"][0]["en"]
        assert "核准拒绝" in refusal["news"][0]["zh"]
        assert [fault["code"] for fault in refusal["said"]["faults"]] == ["Q03"]

        running.send("3.json", erp.qualification(action="edit", guarantee=LATER))
        assert running.document(erp.QUALIFICATION).state == "saved"
        running.send("4.json", erp.qualification(action="declare", guarantee=LATER))
        assert running.states(erp.QUALIFICATION) == [
            *("declared", "sent", "refused", "saved", "declared", "sent", "approved")
        ]
        assert running.states(erp.VOLUME) == ["declared", "sent", "approved"]
        assert _codes(running, erp.QUALIFICATION) == ["T 0", "B R", "T 0", "B A"]
        assert len({row.id for row in running.submissions(erp.QUALIFICATION)}) == 2
    assert len(installation.sent()) == 3, "the volume was sent once, after the approval"


@pytest.mark.requirement("GF-07", "QF-09")
def test_a_deleted_qualification_gives_its_held_volume_back(tmp_path: Path) -> None:
    """Its message is never sent; under a qualification that is approved the volume is declared after all."""
    installation = Installation(tmp_path, customs="guarantee_months = 9\n")
    with installation.open() as running:
        installation.drop("1.json", erp.qualification())
        installation.drop("2.json", erp.volume())
        running.settle()
        reply = running.send("3.json", erp.qualification(action="delete"))
        number = running.document(erp.VOLUME).number
        assert [news["code"] for news in reply["messages"][0]["news"]] == ["news.volume-recalled"]
        assert running.states(erp.VOLUME) == ["declared", "saved"]
        assert [row.state for row in running.submissions(erp.VOLUME)] == [SubmissionState.RECALLED]

        running.send("4.json", erp.qualification("QF-2", guarantee=LATER))
        running.send("5.json", _volume(number, action="edit"))
        running.send("6.json", _volume(number, action="declare"))
        assert running.states(erp.VOLUME) == ["declared", "saved", "saved", "declared", "sent", "approved"]
        assert [row.state for row in running.submissions(erp.VOLUME)] == [
            *(SubmissionState.RECALLED, SubmissionState.SENT)
        ]
    assert len(installation.sent()) == 3, "both qualifications, and the volume once"


def _volume(number: str, action: str) -> str:
    """Return the volume under the second qualification, as it is edited and declared."""
    whole = json.loads(erp.volume(qualification="QF-2"))
    whole["volumes"][0] |= {"action": action, "unifiedNumber": number}
    return json.dumps(whole, ensure_ascii=False)


@pytest.mark.requirement("QF-08", "QF-03")
def test_what_customs_could_not_receive_is_edited_and_declared_again(installation: Installation) -> None:
    """Here customs does not know the enterprise's certificate at first."""
    certificate = installation.register.read_bytes()
    installation.register.unlink()
    with installation.open() as running:
        running.send("1.json", erp.qualification())
        assert running.document(erp.QUALIFICATION).state == "receive_failed"
        installation.register.write_bytes(certificate)
        refused = running.send("2.json", erp.qualification(action="declare"))
        (fault,) = refused["messages"][0]["violations"]
        assert fault["code"] == "state.not-allowed"
        assert "edit" in fault["text_en"]
        running.send("3.json", erp.qualification(action="edit"))
        running.send("4.json", '{"document": "qualification", "number": "QF-1", "action": "declare"}')
        assert running.states(erp.QUALIFICATION) == [
            *("declared", "receive_failed", "saved", "declared", "sent", "approved")
        ]


@pytest.mark.requirement("MF-12")
def test_a_rejected_manifest_is_edited_and_declared_again(approved: Running) -> None:
    """Customs had suspended the volume; the edited manifest has a later submission of its own."""
    _suspend(approved.installation, "pending")
    approved.send("1.json", erp.manifests())
    assert approved.document(erp.MANIFEST).state == "rejected"
    _suspend(approved.installation, "approved")
    edited = erp.manifest(contract="ACME-NO-2026-08")
    approved.send("2.json", erp.manifests(edited, action="edit"))
    approved.send("3.json", erp.manifests({"number": erp.MANIFEST}, action="declare"))
    assert approved.states(erp.MANIFEST) == [
        *("declared", "sent", "rejected", "saved", "declared", "sent", "approved", "cleared")
    ]
    sent = [file.read_bytes() for file in approved.installation.sent() if b"<Manifest>" in file.read_bytes()]
    assert sorted(b"ACME-NO-2026-08" in data for data in sent) == [False, True]


@pytest.mark.requirement("MF-11", "QF-09")
def test_what_was_rejected_can_be_deleted_and_what_is_approved_cannot(approved: Running) -> None:
    """A bare number is enough; the history stays, the other states refuse."""
    approved.send("1.json", erp.manifests(erp.manifest("R0-JB")))
    deleted = approved.send("2.json", erp.manifests({"number": "R0-JB"}, action="delete"))
    assert deleted["messages"][0]["state"] == "deleted"
    assert approved.states("R0-JB") == ["declared", "sent", "rejected", "deleted"]
    refused = approved.send("3.json", '{"document": "qualification", "number": "QF-1", "action": "delete"}')
    assert [fault["code"] for fault in refused["messages"][0]["violations"]] == ["state.not-allowed"]
    assert approved.document(erp.QUALIFICATION).state == "approved"


@pytest.mark.requirement("CU-03")
def test_a_receipt_for_an_earlier_submission_changes_nothing(running: Running) -> None:
    """What was not received and is declared anew waits for its newest answer; of the route it still tells."""
    running.send("1.json", erp.qualification("F0-QF"))
    running.office = None
    running.send("2.json", erp.qualification("F0-QF", action="edit"))
    running.send("3.json", erp.qualification("F0-QF", action="declare"))
    first, second = running.submissions("F0-QF")
    with running.gateway.store.begin() as unit:
        unit.circuits.put(CircuitRow(route="customs", state="closed", since=unit.now, failures=1))
    said = Said("A", message_type="QualificationFiling", answers=first.id, client_number="F0-QF")
    deliver(running.installation, "late.xml", said)
    running.settle()
    assert running.document("F0-QF").state == "declared"
    line = running.installation.log()[-1]
    assert (line["outcome"], line["because"], line["answers"]) == ("stale", "receipt.superseded", first.id)
    with running.gateway.store.read() as unit:
        assert unit.circuits.get("customs") is None
    deliver(running.installation, "new.xml", replace(said, answers=second.id))
    running.settle()
    assert running.document("F0-QF").state == "approved"


def _suspend(installation: Installation, state: str) -> None:
    """Change a volume's state in customs' own records."""
    records = sqlite3.connect(installation.folder / "var/customs/stub.db")
    with records:
        records.execute("UPDATE document SET state = ? WHERE kind = 'GoodsFiling'", (state,))
    records.close()
