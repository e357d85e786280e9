"""Several enterprises at once: each its own profile, key, customs office and documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.store import SubmissionState
from tests.flow import erp
from tests.flow.outside import xmlsec1_faults
from tests.services.installation import Installation, Running

FIRST, SECOND = "4403180001", "4403180002"
NAME = "深圳第二示例贸易有限公司"
COMPANY = {"customsCode": SECOND, "name": NAME}
GUARANTEE = {"amountCny": 800000.00, "validUntil": "2027-06-30"}
BOTH = {f'enterprises = ["{FIRST}"] ': f'enterprises = ["{FIRST}", "{SECOND}"] '}


def _profile(**keys: str) -> str:
    usual = {
        "code": f'"{SECOND}"',
        "name": f'"{NAME}"',
        "social_credit_code": '"91440300MA5EX0002B"',
        "guarantee_mode": '"2"',
        "key_label": '"declarant-2"',
    }
    return "\n[[enterprise]]\n" + "".join(f"{key} = {value}\n" for key, value in (usual | keys).items())


def _told(running: Running) -> list[tuple[str, str]]:
    return [(alert.code, alert.subject) for alert in running.alerts()]


def _reason(running: Running) -> str:
    (alert,) = running.alerts()
    return str(alert.values["reason"])


def _filing(number: str, office: str) -> str:
    customs = {"office": office}
    return erp.qualification(number, company=COMPANY, customs=customs, guarantee=GUARANTEE)


def _file(running: Running, number: str, office: str = "5304") -> None:
    running.installation.drop(f"{number}.json", _filing(number, office))
    running.until(lambda: running.documents(client_number=number) != [])


@pytest.mark.requirement("QF-02", "ID-02", "QF-01")
def test_two_enterprises_declare_at_two_offices_each_with_its_own_key(tmp_path: Path) -> None:
    """What is back-filled is each one's own, and each signature is by its own certificate."""
    installation = Installation(tmp_path, BOTH, _profile())
    certificates = {
        FIRST: installation.token.certificate_file,
        SECOND: installation.add_key(SECOND, NAME, "declarant-2"),
    }
    with installation.open() as running:
        _file(running, "QF-2")
        running.send("QF-1.json", erp.qualification("QF-1"))
        running.settle()
        one, two = running.document("QF-1"), running.document("QF-2")
        assert (one.enterprise, one.office, one.state) == (FIRST, "5301", "approved")
        assert (two.enterprise, two.office, two.state) == (SECOND, "5304", "approved")
        assert [each.content["GuaranteeMode"] for each in (one, two)] == ["1", "2"]
        sent = {row.enterprise: row.id for n in ("QF-1", "QF-2") for row in running.submissions(n)}
    files = {enterprise: installation.outbox / f"{message}.xml" for enterprise, message in sent.items()}
    for enterprise, file in files.items():
        assert xmlsec1_faults(file, certificates[enterprise]) == ""
    assert xmlsec1_faults(files[FIRST], certificates[SECOND]) != ""


@pytest.mark.requirement("ID-02", "ID-03")
def test_however_much_waits_for_a_missing_key_the_others_go_on(tmp_path: Path) -> None:
    """More than a batch waits for one enterprise; the other's message is signed, and later those too."""
    installation = Installation(tmp_path, BOTH, _profile())
    offices = [f"53{n:02d}" for n in range(10, 35)]
    with installation.open() as running:
        for office in offices:
            installation.drop(f"{office}.json", _filing(office, office))
        running.settle()
        assert running.send("QF-1.json", erp.qualification("QF-1"))["outcome"] == "accepted"
        assert running.document("QF-1").state == "approved"
        assert _told(running) == [("token.unusable", SECOND)]
        waiting = [running.submissions(office)[0].state for office in offices]
        assert waiting == [SubmissionState.TO_SIGN] * len(offices)
    installation.add_key(SECOND, NAME, "declarant-2")
    with installation.open() as running:
        running.settle()
        assert {running.document(office).state for office in offices} == {"approved"}
        assert _told(running) == []


@pytest.mark.parametrize(
    ("holder", "keys", "reason"),
    [
        ("4403180003", {}, "names 4403180003"),
        (SECOND, {"certificate_sha256": f'"{"ab:" * 31}ab"'}, "not the one bound"),
        ("91440300MA5EX00018", {}, "names 91440300MA5EX00018"),
    ],
)
@pytest.mark.requirement("ID-02")
def test_a_certificate_that_is_not_the_enterprises_signs_nothing_for_it(
    tmp_path: Path, holder: str, keys: dict[str, str], reason: str
) -> None:
    """It names another customs code or social credit code, or is not the pinned one: told, and not signed."""
    installation = Installation(tmp_path, BOTH, _profile(**keys))
    installation.add_key(holder, NAME, "declarant-2")
    with installation.open() as running:
        _file(running, "QF-2")
        running.settle()
        assert _told(running) == [("token.unusable", SECOND)]
        assert reason in _reason(running)
        (submission,) = running.submissions("QF-2")
        assert (submission.state, submission.signed_digest) == (SubmissionState.TO_SIGN, None)
    assert installation.sent() == []
    checked = json.loads(installation.gateway("check", "--json").stdout)
    faults = {row["code"] for row in checked if row["part"] == "token" and row["result"] == "fault"}
    assert len(faults) == 1
    assert faults <= {"token.certificate-of-another", "token.certificate-differs"}


@pytest.mark.requirement("ID-02")
def test_a_key_that_is_shared_by_word_of_the_configuration_signs_for_each(tmp_path: Path) -> None:
    """Its certificate may name either of the enterprises that share it."""
    shared = {
        **BOTH,
        "shared_key = false": "shared_key = true ",
    }
    installation = Installation(tmp_path, shared, _profile(key_label='"declarant"', shared_key="true"))
    installation.register.with_name(f"{SECOND}.pem").write_bytes(installation.register.read_bytes())
    with installation.open() as running:
        _file(running, "QF-2")
        running.settle()
        assert running.document("QF-2").state == "approved"
    assert installation.gateway("check").returncode == 0


@pytest.mark.requirement("ID-02", "EN-04")
def test_check_tells_what_is_wrong_with_a_profile(tmp_path: Path) -> None:
    """A wrong check character of the social credit code, and a key that is not on the token."""
    code = '"91440300MA5EX00026"'
    installation = Installation(tmp_path, BOTH, _profile(social_credit_code=code))
    done = installation.gateway("check", "--json")
    assert done.returncode == 1
    faults = [(row["part"], row["code"]) for row in json.loads(done.stdout) if row["result"] == "fault"]
    assert faults == [("enterprises", "config.credit-code"), ("token", "token.certificate-unknown")]
