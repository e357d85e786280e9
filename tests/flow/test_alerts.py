"""Alerts of receipts end when what they are about is over, by itself or by an operator's word."""

from __future__ import annotations

import pytest

from tests.flow import erp
from tests.flow.customs import Said, deliver, put
from tests.services.installation import Installation, Running


@pytest.fixture
def declared(approved: Running) -> Running:
    """A manifest that customs has and does not answer."""
    approved.office = None
    approved.send("manifest.json", erp.manifests())
    return approved


def _told(running: Running) -> list[tuple[str, str]]:
    running.settle()
    return [(alert.code, alert.subject) for alert in running.alerts()]


@pytest.mark.requirement("CU-03")
def test_the_same_answer_in_a_sound_form_ends_the_alert(declared: Running) -> None:
    """Customs sends the approval again, this time with a number of the right length."""
    (submission,) = declared.submissions(erp.MANIFEST)
    deliver(declared.installation, "short.xml", Said("7", answers=submission.id, customs_number="5301"))
    assert _told(declared) == [("receipt.not-applied", "short.xml")]
    right = "53012026I000000001"
    deliver(declared.installation, "right.xml", Said("7", answers=submission.id, customs_number=right))
    assert _told(declared) == []
    assert declared.document(erp.MANIFEST).state == "approved"


@pytest.mark.requirement("CU-03", "CU-04")
def test_another_answer_does_not_end_the_alert(declared: Running) -> None:
    """What nobody understood stays for a person, however customs goes on."""
    (submission,) = declared.submissions(erp.MANIFEST)
    deliver(declared.installation, "odd.xml", Said("ZZ", answers=submission.id))
    assert _told(declared) == [("receipt.not-applied", "odd.xml")]
    right = "53012026I000000001"
    deliver(declared.installation, "right.xml", Said("7", answers=submission.id, customs_number=right))
    assert _told(declared) == [("receipt.not-applied", "odd.xml")]


@pytest.mark.requirement("ER-05", "CU-03")
def test_a_file_that_can_be_taken_after_all_ends_its_alert(declared: Running) -> None:
    """The first was a link; the second, under the same name, is a receipt."""
    folder = declared.installation.folder / "receipts/customs"
    (folder / "r.xml").symlink_to("/nowhere")
    assert _told(declared) == [("receipt.not-taken", "r.xml")]
    (submission,) = declared.submissions(erp.MANIFEST)
    deliver(declared.installation, "r.xml", Said("0", technical=True, answers=submission.id))
    assert _told(declared) == []


def test_garbage_stays_told(declared: Running) -> None:
    """Only what is applied ends an alert."""
    put(declared.installation, "garbage.xml", b"<a/>")
    assert _told(declared) == [("receipt.not-applied", "garbage.xml")]
    put(declared.installation, "copy.xml", b"<a/>")
    assert _told(declared) == [
        ("receipt.not-applied", "copy.xml"),
        ("receipt.not-applied", "garbage.xml"),
    ]


@pytest.mark.requirement("ER-01")
def test_trouble_of_a_channel_ends_when_it_leaves_the_configuration(installation: Installation) -> None:
    """Nobody can close it by hand; what is told of channels that are still there stays."""
    subjects = ("inbox acme", "inbox gone", "notices ", "outbox gone", "prints")
    with installation.open(customs=False) as running, running.gateway.store.begin() as unit:
        for subject in subjects:
            unit.alerts.open("trouble.channel", subject, {})
    with installation.open(customs=False) as running:
        assert [alert.subject for alert in running.alerts()] == ["inbox acme", "notices ", "prints"]
