"""Customs as a hard partner: what each scenario of the office for trials comes to at the real gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from customs_stub.__main__ import main
from customs_stub.scenarios import SCENARIOS
from customs_stub.spoiling import load_identities
from tests.flow import erp
from tests.services.installation import Installation, Running

PINNED = 'trusted_certificates = ["var/customs/customs.pem"]'
# The states in which a volume ends whose scenario does not let it be approved at once.
ENDS = {
    "F": "receive_failed",
    **dict.fromkeys("RHLD", "refused"),
    "N": "declared",
    "K": "sent",
    "V": "revoked",
}
# Why the first of the business receipts is not believed.
REASONS = {
    "W": "signature.digest-mismatch",
    "E": "signature.certificate-expired",
    "C": "signature.untrusted-certificate",
    "M": "receipt.contradicts",
    "G": "receipt.contradicts",
    "B": "xml.not-well-formed",
    "U": "xml.not-well-formed",
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A gateway to which customs has done everything that it can, once."""
    folder = tmp_path_factory.mktemp("hard")
    both = 'trusted_certificates = ["var/customs/customs.pem", "var/customs/customs-expired.pem"]'
    installation = Installation(folder, {PINNED: both})
    load_identities(folder / "var/customs/customs.key", installation.customs_certificate)
    with installation.open() as opened:
        opened.send("qualification.json", erp.qualification())
        volumes = [json.loads(erp.volume(number(letter)))["volumes"][0] for letter in SCENARIOS]
        opened.send("volumes.json", erp.text({"volumes": volumes}))
        yield opened


def number(letter: str) -> str:
    """Return the client's number of the volume; outages are to last a little."""
    return f"{letter}{1 if letter in 'SZ' else 0}-GF"


def books(running: Running, client_number: str) -> list[dict[str, Any]]:
    """Return what customs has received under a client's number."""
    config = ["--config", str(running.installation.customs_config)]
    rows = json.loads(CliRunner().invoke(main, ["received", "--json", *config]).stdout)
    return [row for row in rows if row["client_number"] == client_number]


@pytest.mark.requirement("CU-02", "CU-03", "CU-05")
@pytest.mark.parametrize("letter", SCENARIOS)
def test_whatever_customs_does_the_volume_ends_as_customs_decided(running: Running, letter: str) -> None:
    """And customs got its message once."""
    assert running.document(number(letter)).state == ENDS.get(letter, "approved")
    (row,) = books(running, number(letter))
    assert row["times"] == 1


@pytest.mark.requirement("CU-02", "CU-03")
@pytest.mark.parametrize("letter", REASONS)
def test_what_cannot_be_believed_is_refused_with_its_reason(running: Running, letter: str) -> None:
    """Beside the right one, which is believed."""
    (row,) = books(running, number(letter))
    with running.gateway.store.read() as unit:
        mine = unit.receipts.listing(limit=1000, message_id=row["message_id"])
    assert [each.code for each in mine if each.state == "applied"] == ["0", "A"]
    refused = [line for line in running.installation.log() if line["outcome"] == "refused"]
    codes = [fault["code"] for line in refused for fault in line["violations"]]
    assert REASONS[letter] in codes
    assert len(codes) == len(REASONS)
    # What was understood is closed by the right one; what was not may have been about anything.
    told = [alert for alert in running.alerts() if alert.code == "receipt.not-applied"]
    assert len(told) == len(REASONS) - len("MG")


@pytest.mark.requirement("CU-01")
def test_what_customs_holds_is_decided_when_it_is_asked_for(running: Running) -> None:
    """Until then the technical receipt is there and the decision is awaited."""
    (submission,) = running.submissions(number("K"))
    assert submission.technical_at is not None
    assert submission.business_at is None
    config = ["--config", str(running.installation.customs_config)]
    assert CliRunner().invoke(main, ["release", "nobody", *config]).exit_code == 1
    assert CliRunner().invoke(main, ["release", number("K"), *config]).exit_code == 0
    running.settle()
    assert running.document(number("K")).state == "approved"


@pytest.mark.requirement("CU-05")
def test_a_duplicate_answer_is_proof_of_arrival_and_no_failure(running: Running) -> None:
    """The same bytes again are told to be known; other bytes under the same id do not get in."""
    (row,) = books(running, number("Y"))
    sent = running.installation.outbox / f"{row['message_id']}.xml"
    sent.with_stem("again").write_bytes(sent.read_bytes())
    sent.with_stem("other").write_bytes(sent.read_bytes() + b"\n")
    running.settle()
    assert running.document(number("Y")).state == "approved"
    again, other = sorted(books(running, number("Y")), key=lambda each: -each["times"])
    assert (again["times"], other["times"]) == (2, 1)
    assert {"technical -8", "technical -5"} <= set(again["answered"])


@pytest.mark.requirement("CU-03", "CU-07")
def test_an_outage_by_a_file_lasts_until_the_file_is_gone(tmp_path: Path) -> None:
    """Closed, nothing is taken; mute, it is taken and not answered; then everything is answered once."""
    installation = Installation(tmp_path, customs='scenarios = "scenarios"\n')
    file = tmp_path / "scenarios/outage.toml"
    file.parent.mkdir()
    with installation.open() as running:
        file.write_text('outage = "closed"\n')
        running.send("qualification.json", erp.qualification())
        assert books(running, erp.QUALIFICATION) == []
        file.write_text('outage = "mute"\n')
        running.settle()
        assert [row["answered"] for row in books(running, erp.QUALIFICATION)] == [[]]
        assert running.states(erp.QUALIFICATION) == ["declared"]
        file.unlink()
        running.settle()
        assert running.states(erp.QUALIFICATION) == ["declared", "sent", "approved"]
        (row,) = books(running, erp.QUALIFICATION)
        assert (row["times"], row["answered"]) == (1, ["technical 0", "business A"])
