"""The token absent, its PIN refused, a key missing: signing waits, everything else goes on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from gateway.clock import CHINA
from gateway.store import SubmissionState
from tests.flow import erp
from tests.flow.outside import xmlsec1_faults
from tests.services.installation import Installation, Running

OTHER = """
[[enterprise]]
code = "4403180002"
name = "深圳第二进出口有限公司"
social_credit_code = "91440300MA5EX0002B"
guarantee_mode = "1"
key_label = "declarant-2"
"""
BOTH = {'enterprises = ["4403180001"] ': 'enterprises = ["4403180001", "4403180002"] '}


def _told(running: Running) -> list[str]:
    return [alert.code for alert in running.alerts()]


def _states(running: Running, client_number: str) -> list[SubmissionState]:
    return [row.state for row in running.submissions(client_number)]


@pytest.mark.requirement("ID-03", "ID-01")
def test_while_the_token_is_away_only_signing_waits(approved: Running) -> None:
    """Files are understood and answered, receipts arrive; told once, resumed by itself, nothing lost."""
    tokens = approved.installation.token.tokens
    before = len(approved.installation.sent())
    tokens.rename(tokens.with_name("unplugged"))
    for number in ("JB-1", "JB-2"):
        answer = approved.send(f"{number}.json", erp.manifests(erp.manifest(number)))
        assert answer["outcome"] == "accepted"
        assert _told(approved) == ["token.unusable"]
    assert approved.troubles
    assert {code.partition(".")[0] for code in approved.troubles} == {"token"}
    assert [_states(approved, number) for number in ("JB-1", "JB-2")] == [[SubmissionState.TO_SIGN]] * 2
    assert len(approved.installation.sent()) == before
    (alert,) = approved.alerts()
    assert (alert.values["reason"], alert.values["reason_zh"]) != ("", "")

    tokens.with_name("unplugged").rename(tokens)
    approved.until(lambda: approved.document("JB-2").state == "cleared")
    assert _told(approved) == []
    assert approved.states("JB-1") == ["declared", "sent", "approved", "cleared"]
    new = approved.installation.sent()
    assert len(new) == before + 2
    certificate = approved.installation.token.certificate_file
    assert [xmlsec1_faults(file, certificate) for file in new] == [""] * len(new)


@pytest.mark.requirement("ID-05", "ID-03")
def test_a_refused_pin_is_not_tried_again_until_an_operator_says_so(tmp_path: Path) -> None:
    """Not by this process, not by the next; the word of the operator brings it back."""
    installation = Installation(tmp_path)
    pin_file = installation.token.trial.pin_file
    pin = pin_file.read_text("utf-8")
    pin_file.write_text("000000", "utf-8")
    for _ in range(2):
        with installation.open() as running:
            installation.drop("q.json", erp.qualification())
            running.until(lambda running=running: len(running.troubles) > 2)
            assert running.troubles[-1] == "token.pin-latched"
            assert _told(running) == ["token.unusable"]
            assert _states(running, erp.QUALIFICATION) == [SubmissionState.TO_SIGN]
    pin_file.write_text(pin, "utf-8")
    with installation.open() as running:
        running.look()
        assert running.troubles == ["token.pin-latched"]
    assert installation.gateway("token", "unlock").returncode == 0
    with installation.open() as running:
        running.settle()
        assert running.troubles == []
        assert _told(running) == []
        assert running.document(erp.QUALIFICATION).state == "approved"


@pytest.mark.requirement("ID-02", "ID-03")
def test_a_message_for_an_enterprise_that_the_token_does_not_know_is_never_signed(tmp_path: Path) -> None:
    """It waits and is told under the enterprise's code; the other enterprise's messages go on."""
    installation = Installation(tmp_path, BOTH, OTHER)
    with installation.open() as running:
        company = {"customsCode": "4403180002", "name": "深圳第二进出口有限公司"}
        installation.drop("second.json", erp.qualification("QF-2", company=company))
        running.until(lambda: _told(running) == ["token.unusable"])
        installation.drop("first.json", erp.qualification("QF-1"))
        running.until(lambda: running.documents(client_number="QF-1") != [])
        running.until(lambda: running.document("QF-1").state == "approved")
        assert running.document("QF-2").state == "declared"
        assert [(alert.code, alert.subject) for alert in running.alerts()] == [
            ("token.unusable", "4403180002")
        ]
        (submission,) = running.submissions("QF-2")
        assert (submission.state, submission.signed_digest) == (SubmissionState.TO_SIGN, None)
    assert len(installation.sent()) == 1


@pytest.mark.requirement("ID-02")
def test_a_message_for_an_enterprise_that_was_taken_out_of_the_configuration_is_parked(
    tmp_path: Path,
) -> None:
    """Nobody's key may sign it; a person must look."""
    installation = Installation(tmp_path, BOTH, OTHER)
    company = {"customsCode": "4403180002", "name": "深圳第二进出口有限公司"}
    with installation.open() as running:
        installation.drop("second.json", erp.qualification("QF-2", company=company))
        running.until(lambda: _told(running) == ["token.unusable"])
    installation.write_config({})
    with installation.open() as running:
        running.settle()
        (submission,) = running.submissions("QF-2")
        assert submission.state == SubmissionState.FAILED
        told = [(alert.code, alert.subject) for alert in running.alerts()]
        assert told == [("token.enterprise-not-bound", submission.id)]
    assert installation.sent() == []


@pytest.mark.requirement("ID-03")
def test_operators_are_told_before_a_certificate_ends(installation: Installation) -> None:
    """Once, with the day; it is over when a certificate signs that is valid for longer."""
    soon = datetime(2049, 12, 10, 9, tzinfo=CHINA)
    guarantee = {"kind": "deposit", "amountCny": 500000, "validUntil": "2051-06-30"}
    with installation.open(soon) as running:
        for office in ("5301", "5304"):
            filing = erp.qualification(f"ZG-{office}", customs={"office": office}, guarantee=guarantee)
            assert running.send(f"{office}.json", filing)["outcome"] == "accepted"
        (alert,) = running.alerts()
        assert (alert.code, alert.subject) == ("token.certificate-expiring", "4403180001")
        assert alert.values["until"] == "2049-12-31"
    said = installation.gateway("check", now=soon)
    assert "token.certificate-expiring" in said.stdout
    # As if the next certificate had come: this one is valid for long enough now.
    installation.write_config({"certificate_days = 30": "certificate_days = 0 "})
    with installation.open(soon) as running:
        filing = erp.qualification("ZG-5302", customs={"office": "5302"}, guarantee=guarantee)
        assert running.send("5302.json", filing)["outcome"] == "accepted"
        assert _told(running) == []
