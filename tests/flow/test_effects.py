"""What a decision does to other documents is told with it, to whoever made them."""

from __future__ import annotations

import json

import pytest

from tests.flow import erp
from tests.flow.customs import Said, deliver
from tests.services.installation import Installation, Running

CHANGE = {
    "document": "qualification-change",
    "number": "QC-1",
    "qualification": {"ourNumber": erp.QUALIFICATION},
    "batchesPerYear": 48,
}


def _declared_change(running: Running, partner: str = "acme") -> str:
    """Let a change be declared and sent, and return the message that customs is to answer."""
    running.office = None
    reply = running.send("change.json", json.dumps(CHANGE), partner)
    assert reply["outcome"] == "accepted", reply
    (submission,) = running.submissions("QC-1")
    return submission.id


def _said(code: str, answers: str) -> Said:
    return Said(code, message_type="QualificationChange", answers=answers)


@pytest.mark.requirement("ER-06", "CH-04")
def test_an_approved_change_tells_what_became_of_the_filing(running: Running) -> None:
    """The notice of the approval carries the filing's state and its new content."""
    running.send("q.json", erp.qualification())
    message = _declared_change(running)
    deliver(running.installation, "r.xml", _said("A", message))
    running.settle()
    (notice,) = running.installation.notices("C*.approved.receipt.json")
    (effect,) = notice["effects"]
    filing = running.document(erp.QUALIFICATION)
    assert (effect["number"], effect["state"], effect["event"]) == (filing.number, "approved", "change")
    assert effect["content"] == filing.content
    assert filing.content["IEBatches"] == "48"


@pytest.mark.requirement("ER-06", "CH-04")
def test_a_refused_change_has_no_effect_to_tell(running: Running) -> None:
    """The filing's content stays, and the notice shows none."""
    running.send("q.json", erp.qualification())
    message = _declared_change(running)
    deliver(running.installation, "r.xml", _said("R", message))
    running.settle()
    (notice,) = running.installation.notices("C*.refused.receipt.json")
    assert all("content" not in effect for effect in notice.get("effects", []))
    assert running.document(erp.QUALIFICATION).content["IEBatches"] == "36"


@pytest.mark.requirement("ER-06", "GF-07")
def test_an_approved_qualification_tells_which_volumes_go_now(running: Running) -> None:
    """They are named in the notice of the approval."""
    running.office, office = None, running.office
    running.send("q.json", erp.qualification())
    running.send("v.json", erp.volume())
    running.office = office
    running.settle()
    (notice,) = running.installation.notices("Q*.approved.receipt.json")
    assert notice["released"] == [running.document(erp.VOLUME).number]


@pytest.mark.requirement("ER-06", "ER-01")
def test_who_made_the_other_document_is_told_as_well(installation: Installation) -> None:
    """Two systems of one enterprise: one filed, the other had it changed; both get the notice."""
    more = installation.config.read_text("utf-8")
    start, end = more.index("[[partner]]"), more.index("# The ways to customs")
    beta = more[start:end].replace("acme", "beta").replace("beta-", "acme-")
    installation.write_config({}, "\n" + beta)
    installation.inbox("beta").mkdir(parents=True)
    with installation.open() as running:
        running.send("q.json", erp.qualification())
        change = json.loads(json.dumps(CHANGE))
        change["qualification"] = {"unifiedNumber": running.document(erp.QUALIFICATION).number}
        running.office = None
        assert running.send("change.json", json.dumps(change), "beta")["outcome"] == "accepted"
        (submission,) = running.submissions("QC-1")
        deliver(installation, "r.xml", _said("A", submission.id))
        running.settle()
        (own,) = installation.notices("C*.approved.receipt.json", "beta")
        (other,) = installation.notices("C*.approved.receipt.json", "acme")
        assert own == other
