"""What passes between gateway and customs when something is in the way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.store import AlertRow, SubmissionState
from tests.flow import erp
from tests.flow.customs import Said, deliver, put, stranger
from tests.services.installation import FILING, Installation, Running

LOST = timedelta(minutes=31)


@pytest.fixture
def declared(approved: Running) -> Running:
    """A manifest that customs has and does not answer."""
    approved.office = None
    approved.send("manifest.json", erp.manifests())
    return approved


def _last(running: Running) -> tuple[str, str]:
    """Return the outcome of the newest receipt and its reason."""
    running.settle()
    line = running.installation.log()[-1]
    faults = [fault["code"] for fault in line.get("violations", ())]
    return line["outcome"], ", ".join(faults) or line.get("because", "")


def _told(running: Running) -> list[tuple[str, str]]:
    alerts: list[AlertRow] = running.alerts()
    return [(alert.code, alert.subject) for alert in alerts]


@pytest.mark.requirement("CU-04")
def test_the_code_decides_whatever_the_text_says(declared: Running) -> None:
    """Approved with the words of a refusal is approved."""
    (submission,) = declared.submissions(erp.MANIFEST)
    said = Said("7", answers=submission.id, customs_number="53012026I000000001", text="海关退单")
    deliver(declared.installation, "r.xml", said)
    assert _last(declared) == ("applied", "")
    assert declared.document(erp.MANIFEST).state == "approved"


@pytest.mark.requirement("CU-02")
def test_a_receipt_signed_by_a_stranger_is_not_believed(declared: Running, tmp_path: Path) -> None:
    """It is kept, logged and told, and moves nothing; the true one still counts."""
    (submission,) = declared.submissions(erp.MANIFEST)
    said = Said("7", answers=submission.id, customs_number="53012026I000000001")
    deliver(declared.installation, "forged.xml", said, stranger(tmp_path))
    assert _last(declared) == ("refused", "signature.untrusted-certificate")
    assert declared.document(erp.MANIFEST).state == "declared"
    assert _told(declared) == [("receipt.not-applied", "forged.xml")]
    deliver(declared.installation, "true.xml", said)
    assert _last(declared) == ("applied", "")


@pytest.mark.requirement("CU-02", "CU-03")
@pytest.mark.parametrize("bound", [{"office": "5304"}, {"digest": "0" * 64}])
def test_a_receipt_counts_for_the_office_and_the_content_that_it_names(
    declared: Running, bound: dict[str, str]
) -> None:
    """Signed and for our message id, but from another office, or about other bytes: told to a person."""
    (submission,) = declared.submissions(erp.MANIFEST)
    said = Said("7", answers=submission.id, customs_number="53012026I000000001")
    deliver(declared.installation, "other.xml", replace(said, **bound))
    assert _last(declared) == ("refused", "receipt.contradicts")
    assert declared.document(erp.MANIFEST).state == "declared"
    deliver(declared.installation, "own.xml", replace(said, digest=submission.signed_digest))
    assert _last(declared) == ("applied", "")


@pytest.mark.requirement("CU-02", "CU-03")
def test_old_receipts_played_again_move_nothing(approved: Running) -> None:
    """Whoever caught them signs nothing new by putting them back under other names."""
    approved.send("manifest.json", erp.manifests())
    before = approved.document(erp.MANIFEST)
    with approved.gateway.store.read() as unit:
        caught = [unit.raw.get(row.digest) for row in unit.receipts.newest(limit=9, number=before.number)]
    assert before.state == "cleared"
    for place, data in enumerate(caught):
        put(approved.installation, f"again-{place}.xml", data)
    approved.settle()
    assert len(caught) > 1
    assert approved.document(erp.MANIFEST) == before
    assert all(
        line["from"] == line["to"] for line in approved.installation.log()[-len(caught) :] if "to" in line
    )


@pytest.mark.requirement("CU-02", "CU-05")
def test_customs_names_the_digest_of_what_it_verified(approved: Running) -> None:
    """The office for trials binds each answer to the bytes that were sent."""
    (submission,) = approved.submissions(erp.QUALIFICATION)
    with approved.gateway.store.read() as unit:
        answers = [
            unit.raw.get(row.digest) for row in unit.receipts.newest(limit=9, number=submission.number)
        ]
    assert answers
    assert all(f"<RefDigest>{submission.signed_digest}<".encode() in data for data in answers)


@pytest.mark.parametrize("data", [b"", b"no xml", b"<a/>", b"\x00" * 5_000_000, b"<a>" * 5_000])
@pytest.mark.requirement("CU-02", "CU-03")
def test_garbage_from_customs_is_kept_and_told(declared: Running, data: bytes) -> None:
    """Nothing of it is believed, the receipt that comes after it is."""
    put(declared.installation, "garbage.xml", data)
    outcome, reason = _last(declared)
    assert outcome == "refused"
    assert reason
    assert (declared.installation.folder / "receipts/customs/.done/garbage.xml").read_bytes() == data
    (submission,) = declared.submissions(erp.MANIFEST)
    deliver(declared.installation, "true.xml", Said("0", technical=True, answers=submission.id))
    assert _last(declared) == ("applied", "")


@pytest.mark.requirement("CU-03")
def test_a_file_of_customs_that_cannot_be_read_is_told(declared: Running) -> None:
    """A link out of the folder, or more bytes than any receipt has, goes to quarantine."""
    folder = declared.installation.folder / "receipts/customs"
    secret = declared.installation.folder / "secret.xml"
    secret.write_text("<secret/>")
    (folder / "link.xml").symlink_to(secret)
    put(declared.installation, "huge.xml", b" " * (16 * 1024 * 1024 + 1))
    declared.settle()
    assert _told(declared) == [("receipt.not-taken", "huge.xml"), ("receipt.not-taken", "link.xml")]
    assert declared.receipts()[-1].name not in {"link.xml", "huge.xml"}
    assert sorted(file.name for file in (folder / ".quarantine").iterdir()) == [
        *("huge.xml", "huge.xml.reason.json", "link.xml", "link.xml.reason.json")
    ]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Said("7", message_type="GoodsFiling"), "receipt.contradicts"),
        (Said("7", client_number="JB-2"), "receipt.contradicts"),
        (Said("7", number="M20260000000009999"), "receipt.contradicts"),
        (Said("ZZ"), "receipt.unknown-code"),
    ],
)
@pytest.mark.requirement("CU-03", "CU-04")
def test_a_receipt_that_fits_nothing_that_can_be_moves_nothing(
    declared: Running, said: Said, reason: str
) -> None:
    """Another document's number, an unknown code: told to a person."""
    (submission,) = declared.submissions(erp.MANIFEST)
    fields = {name: getattr(said, name) for name in Said.__dataclass_fields__}
    deliver(declared.installation, "odd.xml", Said(**fields | {"answers": submission.id}))
    assert _last(declared) == ("refused", reason)
    assert declared.document(erp.MANIFEST).state == "declared"
    assert _told(declared) == [("receipt.not-applied", "odd.xml")]


@pytest.mark.requirement("CU-03")
def test_a_decision_that_the_state_does_not_allow_waits_for_a_person(approved: Running) -> None:
    """A manifest that is cleared cannot be rejected any more; the receipt says so and stays to be seen."""
    approved.send("manifest.json", erp.manifests())
    (submission,) = approved.submissions(erp.MANIFEST)
    deliver(approved.installation, "odd.xml", Said("R", answers=submission.id))
    assert _last(approved) == ("unexpected", "state.unexpected-receipt")
    assert approved.document(erp.MANIFEST).state == "cleared"
    assert _told(approved) == [("receipt.not-applied", "odd.xml")]


@pytest.mark.requirement("CU-03")
def test_a_receipt_of_which_nothing_is_known_yet_waits_and_is_matched_later(approved: Running) -> None:
    """It names a client number that is declared only afterwards."""
    said = Said("7", client_number="JB-9", customs_number="53012026I000000009")
    deliver(approved.installation, "early.xml", said)
    assert _last(approved) == ("orphan", "")
    with approved.gateway.store.read() as unit:
        assert unit.status.queues()["receipts.orphan"] == 1
    approved.office = None
    approved.send("manifest.json", erp.manifests(erp.manifest("JB-9")))
    approved.settle()
    assert approved.document("JB-9").state == "approved"
    assert approved.document("JB-9").customs_number == "53012026I000000009"
    assert [line["outcome"] for line in approved.installation.log()[-2:]] == ["orphan", "applied"]


@pytest.mark.requirement("CU-01")
def test_an_overdue_receipt_is_told_once_and_no_more_when_it_comes(installation: Installation) -> None:
    """Half an hour without a technical receipt; the alert closes by itself with the first answer."""
    with installation.open(customs=False) as running:
        running.send("1.json", erp.qualification())
        (submission,) = running.submissions(erp.QUALIFICATION)
        assert _told(running) == []
    with installation.open(FILING + LOST, customs=False) as running:
        for _ in range(3):
            running.look()
        assert _told(running) == [("waiting.technical-late", submission.id)]
        said = Said("0", technical=True, message_type="QualificationFiling", answers=submission.id)
        deliver(installation, "r.xml", said)
        assert _last(running) == ("applied", "")
        assert _told(running) == []


@pytest.mark.requirement("CU-05")
def test_what_was_being_sent_when_the_gateway_died_goes_again_as_the_same(installation: Installation) -> None:
    """Customs has the file already: it is not made a second time, and the answer settles it."""
    with installation.open(customs=False) as running:
        running.send("1.json", erp.qualification())
        (file,) = installation.sent()
        before = (file.read_bytes(), file.stat().st_ino)
        with running.gateway.store.begin() as unit:
            unit._connection.library.exec_driver_sql(
                "UPDATE submissions SET state = 'sending', sent_at = NULL"
            )
    with installation.open(customs=False) as running:
        running.settle()
        assert [row.state for row in running.submissions(erp.QUALIFICATION)] == [SubmissionState.SENT]
    assert [(file.read_bytes(), file.stat().st_ino) for file in installation.sent()] == [before]
    with installation.open() as running:
        running.settle()
        assert running.states(erp.QUALIFICATION) == ["declared", "sent", "approved"]


@pytest.mark.requirement("CU-03")
def test_while_the_folder_of_receipts_is_away_the_rest_goes_on(approved: Running) -> None:
    """One alert, closed by itself; what customs wrote meanwhile is read later."""
    folder = approved.installation.folder / "receipts/customs"
    approved.office = None
    folder.rename(folder.with_name("away"))
    approved.installation.drop("m.json", erp.manifests())
    approved.until(lambda: approved.installation.replies("m.json") != [])
    assert ("trouble.channel", "receipts customs") in _told(approved)
    folder.with_name("away").rename(folder)
    (submission,) = approved.submissions(erp.MANIFEST)
    deliver(approved.installation, "r.xml", Said("0", technical=True, answers=submission.id))
    assert _last(approved) == ("applied", "")
    assert _told(approved) == []


@pytest.mark.requirement("ER-06")
def test_while_the_erps_folder_is_away_its_notices_wait(approved: Running) -> None:
    """The receipt log and customs go on; the replies come when the folder is back, each once."""
    folder = approved.installation.folder / "receipts/acme"
    folder.rename(folder.with_name("away"))
    before = len(approved.installation.log())
    approved.installation.drop("m.json", erp.manifests())
    approved.until(lambda: len(approved.installation.log()) == before + 3)
    assert ("trouble.channel", "notices acme") in _told(approved)
    folder.with_name("away").rename(folder)
    approved.settle()
    assert _told(approved) == []
    assert len(approved.installation.replies("m.json")) == 1
    number = approved.document(erp.MANIFEST).number
    assert len(approved.installation.notices(f"{number}.*.receipt.json")) == 3
