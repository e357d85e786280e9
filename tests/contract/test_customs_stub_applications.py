"""Applications and the references that an office sends out, through the process and its folders."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from customs_stub.scenarios import SCENARIOS
from tests.contract.test_customs_stub_process import ended, killed_at, started, taken_away, wait_for
from tests.services.forking import run
from tests.unit.customs_stub.messages import (
    Signer,
    change,
    goods,
    line,
    make_signer,
    manifest,
    modification,
    qualification,
    qualification_change,
    volume_change,
    withdrawal,
)
from tests.unit.customs_stub.trial import MANIFEST, QUALIFICATION, ROOT, Trial, xmllint_says, xmlsec_says

SHIPPED = (ROOT / "customs_stub/data/references.toml").read_text("utf-8")
COUNT = (
    SHIPPED.count("\n[[AccountBook]]") + SHIPPED.count("\n[[Licence]]") + SHIPPED.count("\n[[CargoManifest]]")
)
NUMBER = "53012026E000000001"
# By letter, the receipts to an application in the order of their file names.
ANSWERS = {
    "A": ["T 0", "B A"],
    "F": ["T -9"],
    "R": ["T 0", "B R"],
    "N": [],
    "T": ["T 0", "T 0", "B A", "B A"],
    "O": ["B A", "T 0"],
    "I": ["T 0", "B A"],
    "P": ["T 0", "B A"],
    "V": ["T 0", "B A"],
    "W": ["T 0", "B A", "B A"],
    "B": ["T 0", "broken", "B A"],
    "X": ["T 0", "B A"],
}
# They differ in what the refusal points to.
ANSWERS.update(dict.fromkeys("HLD", ANSWERS["R"]))
BONDED_MANIFEST = manifest(
    "H53016A00001",
    GoodsNature="2",
    TradeMode="0615",
    IEFlag="I",
    IEDate="20261018",
    TrafMode="2",
    TrafName="COSCO SHENZHEN",
    VoyNo="026E",
    BillNo="COSU6100000001",
    PackNo="100",
    GrossWet="1200",
    NetWt="1000",
) | {
    "Item": [
        line(1, CodeTS="8542310000", GName="处理器芯片", GModel="SX-100", GUnit="007", OriginCountry="KOR")
    ]
}


@pytest.fixture(scope="module")
def signer() -> Signer:
    """The enterprise."""
    return make_signer()


@pytest.fixture
def trial(tmp_path: Path, signer: Signer) -> Trial:
    """An office of its own."""
    return Trial(tmp_path / "trial", signer)


def test_no_letter_is_left_out() -> None:
    """What the table here leaves out changes only how or by whom an answer is given, whatever it answers."""
    assert set(ANSWERS) | set("JKQECMGUYSZ") == set(SCENARIOS)


@pytest.mark.parametrize("letter", ANSWERS)
def test_a_change_gets_what_its_letter_asks_for(trial: Trial, letter: str) -> None:
    """A change of an approved qualification."""
    trial.send(QUALIFICATION, qualification())
    trial.work()
    before = len(trial.receipts())
    trial.send("QualificationChange", qualification_change(), f"{letter}0-1")
    trial.work()
    assert [receipt.told for receipt in trial.receipts()[before:]] == ANSWERS[letter]


@pytest.mark.parametrize("letter", ANSWERS)
def test_a_withdrawal_gets_what_its_letter_asks_for(trial: Trial, letter: str) -> None:
    """A withdrawal of a cleared manifest."""
    trial.send(MANIFEST, manifest(trial.approved_volume()))
    trial.work()
    before = len(trial.receipts())
    trial.send("ManifestWithdrawal", withdrawal(NUMBER), f"{letter}0-1")
    trial.work()
    assert [receipt.told for receipt in trial.receipts()[before:]] == ANSWERS[letter]


def test_all_that_it_sends_verifies_and_validates_by_foreign_tools(trial: Trial) -> None:
    """xmlsec1 and xmllint agree with the stub on references, approvals and refusals."""
    number = trial.keep(SHIPPED).approved_volume()
    trial.send("GoodsFilingChange", volume_change(number, [goods(3)], ["1"]))
    trial.send(MANIFEST, manifest(number))
    trial.work_as_process()
    trial.send("ManifestModification", modification(NUMBER, [change("PackNo", "9", "8")], manifest(number)))
    trial.work_as_process()
    trial.send("ManifestWithdrawal", withdrawal(NUMBER), "A0-2")
    trial.work_as_process()
    files = sorted(trial.answers.glob("*.xml"))
    assert len(files) == COUNT + 4 + 2 + 3 + 2 + 2
    for file in files:
        verified = xmlsec_says(file, trial.certificate)
        assert (verified.returncode, verified.stderr.splitlines()[:1]) == (0, ["OK"]), verified.stderr
        valid = xmllint_says(file)
        assert valid.returncode == 0, valid.stderr


def test_a_bonded_manifest_by_water_agrees_with_account_book_and_cargo(trial: Trial) -> None:
    """With the references that come with the office; one difference is refused at its field."""
    empty = {"GuaranteeMode": "", "GuaranteeAmount": "", "GuaranteeValidDate": ""}
    trial.keep(SHIPPED).send(QUALIFICATION, qualification(GoodsNature="2", **empty))
    trial.work()
    wrong = trial.send(MANIFEST, BONDED_MANIFEST | {"NetWt": "999"})
    trial.work()
    assert trial.receipts(wrong)[-1].faults == (("S02", "Manifest/NetWt"),)
    right = trial.send(MANIFEST, BONDED_MANIFEST)
    trial.work()
    assert trial.told(right) == ["T 0", "B 7", "B 15"]


def test_an_open_office_sends_references_when_another_process_asks(trial: Trial) -> None:
    """At once, and logs each."""
    process = started(trial.keep(SHIPPED))
    try:
        words = ["send-references", "--config", str(trial.config)]
        asked = run("customs-stub", [*words, "--number", "COSU6100000001", "--now", "2026-10-21T08:00:00"])
        assert asked.returncode == 0, asked.stderr
        assert "1" in asked.stdout
        wait_for(process, "sent R20261021080000")
    finally:
        process.terminate()
        ended(process)
    bills = [told.get("BillNo") for told in trial.references()]
    assert (len(bills), bills.count("COSU6100000001")) == (COUNT + 1, 2)


def test_killed_at_any_moment_it_sends_each_reference_once_and_grants_once(
    tmp_path: Path, signer: Signer
) -> None:
    """At every commit, temporary file and rename in turn, with its answers read away before the restart."""
    licence = SHIPPED[SHIPPED.index("[[Licence]]") :]
    text = licence[: licence.index("[[Licence]]", 1)]
    moment, killed = 0, True
    while killed:
        moment += 1
        office = Trial(tmp_path / f"at-{moment}", signer)
        office.send(QUALIFICATION, qualification())
        office.work()
        office.keep(text).send("QualificationChange", qualification_change(), "A0-2")
        killed = killed_at(office, moment)
        sent = len(office.references())
        for file in office.answers.glob("*-reference.xml"):
            file.unlink()
        receipts = taken_away(office)
        office.work()
        assert sent + len(office.references()) == 1, f"killed at moment {moment}"
        for file in office.answers.glob("*-reference.xml"):
            file.unlink()
        receipts += taken_away(office)
        assert Counter(receipts) == Counter({"T 0": 2, "B A": 2}), f"killed at moment {moment}"
    assert moment > 10
