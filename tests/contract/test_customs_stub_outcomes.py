"""Every outcome that a client number can ask for, through the process, its folders and its receipts."""

from __future__ import annotations

from pathlib import Path

import pytest

from customs_stub.scenarios import SCENARIOS
from tests.unit.customs_stub.messages import Signer, declaration, make_signer, manifest, qualification, volume
from tests.unit.customs_stub.trial import (
    DECLARATION,
    MANIFEST,
    QUALIFICATION,
    VOLUME,
    Trial,
    xmllint_says,
    xmlsec_says,
)

# By letter, the receipts in the order of their file names: to a qualification, a manifest, a declaration.
FILING = {
    "A": ["T 0", "B A"],
    "F": ["T -9"],
    "R": ["T 0", "B R"],
    "N": [],
    "T": ["T 0", "T 0", "B A", "B A"],
    "O": ["B A", "T 0"],
    "I": ["T 0", "B A"],
    "P": ["T 0", "B A"],
    "V": ["T 0", "B A", "B V"],
    "W": ["T 0", "B A", "B A"],
    "B": ["T 0", "broken", "B A"],
    "X": ["T 0", "B A"],
}
LISTED = {
    "A": ["T 0", "B 7", "B 15"],
    "F": ["T -9"],
    "R": ["T 0", "B R"],
    "N": [],
    "T": ["T 0", "T 0", "B 7", "B 7", "B 15", "B 15"],
    "O": ["B 7", "B 15", "T 0"],
    "I": ["T 0", "B 7", "B 15"],
    "P": ["T 0", "B 7"],
    "V": ["T 0", "B 7", "B 15"],
    "W": ["T 0", "B 7", "B 7", "B 15"],
    "B": ["T 0", "broken", "B 7", "B 15"],
    "X": ["T 0", "B 7", "B 15"],
}
# Of a declaration those whose course is another than that of a manifest.
DECLARED = {
    "A": ["T 0", "B L", "B J", "B R"],
    "R": ["T 0", "B E"],
    "O": ["B L", "B J", "B R", "T 0"],
    "I": ["T 0", "B L", "B C", "B J", "B R"],
    "P": ["T 0", "B L", "B J"],
    "W": ["T 0", "B L", "B L", "B J", "B R"],
    "K": ["T 0", "B L", "B C"],
}
for table in (FILING, LISTED):
    # They differ in what the refusal points to.
    table.update(dict.fromkeys("HLD", table["R"]))
    # And these in when and how the usual answers come.
    table.update(dict.fromkeys("JQYSZ", table["A"]))
    # What comes first is well-formed, and wrong all the same.
    table.update(dict.fromkeys("ECMG", table["W"]))
    table["U"] = table["B"]
    table["K"] = ["T 0"]


@pytest.fixture(scope="module")
def signer() -> Signer:
    """The enterprise."""
    return make_signer()


@pytest.fixture
def trial(tmp_path: Path, signer: Signer) -> Trial:
    """An office of its own."""
    return Trial(tmp_path / "trial", signer)


def new_receipts(trial: Trial, before: int) -> list[str]:
    """Return the receipts since then in short."""
    return [receipt.told for receipt in trial.receipts()[before:]]


def test_no_letter_is_left_out() -> None:
    """The tables here and the list of the stub are the same."""
    assert set(FILING) == set(LISTED) == set(SCENARIOS)


@pytest.mark.parametrize("letter", SCENARIOS)
def test_a_filing_gets_what_its_letter_asks_for(trial: Trial, letter: str) -> None:
    """A qualification filing."""
    trial.send(QUALIFICATION, qualification(), f"{letter}0-1")
    trial.work()
    assert new_receipts(trial, 0) == FILING[letter]


@pytest.mark.parametrize("letter", SCENARIOS)
def test_a_manifest_gets_what_its_letter_asks_for(trial: Trial, letter: str) -> None:
    """A manifest under an approved volume."""
    number = trial.approved_volume()
    before = len(trial.receipts())
    trial.send(MANIFEST, manifest(number), f"{letter}0-1")
    trial.work()
    assert new_receipts(trial, before) == LISTED[letter]


@pytest.mark.parametrize("letter", DECLARED)
def test_a_declaration_gets_what_its_letter_asks_for(trial: Trial, letter: str) -> None:
    """A declaration of a cleared manifest."""
    trial.send(MANIFEST, manifest(trial.approved_volume()))
    trial.work()
    before = len(trial.receipts())
    trial.send(DECLARATION, declaration(), f"{letter}0-1")
    trial.work()
    assert new_receipts(trial, before) == DECLARED[letter]


def test_every_receipt_verifies_and_validates_by_foreign_tools(trial: Trial) -> None:
    """xmlsec1 and xmllint agree with the stub on each of its receipts, refusals included."""
    number = trial.approved_volume()
    trial.send(MANIFEST, manifest(number, NetWt="99"), "A0-1")
    trial.send(MANIFEST, manifest(number, SeqNo="MF0000000000000002"), "A0-2")
    trial.send(VOLUME, volume(1, SeqNo="GF0000000000000002"), "F0-3")
    trial.put("garbage.xml", b"<garbage")
    trial.work_as_process()
    receipts = trial.receipts()
    assert len(receipts) == 4 + 2 + 3 + 1 + 1
    for receipt in receipts:
        verified = xmlsec_says(receipt.file, trial.certificate)
        assert (verified.returncode, verified.stderr.splitlines()[:1]) == (0, ["OK"]), verified.stderr
        valid = xmllint_says(receipt.file)
        assert valid.returncode == 0, valid.stderr


def test_of_two_receipts_under_w_only_the_second_verifies(trial: Trial) -> None:
    """The forgery is well-formed and valid; the signature alone gives it away."""
    trial.send(QUALIFICATION, qualification(), "W0-1")
    trial.work_as_process()
    said = [xmlsec_says(receipt.file, trial.certificate).returncode for receipt in trial.receipts()]
    assert [code == 0 for code in said] == [True, False, True]
    assert all(xmllint_says(receipt.file).returncode == 0 for receipt in trial.receipts())


def test_twice_means_the_same_bytes(trial: Trial) -> None:
    """A duplicate is no second receipt, it is the same one again."""
    trial.send(QUALIFICATION, qualification(), "T0-1")
    trial.work_as_process()
    data = [receipt.file.read_bytes() for receipt in trial.receipts()]
    assert data[0] == data[1]
    assert data[2] == data[3]
    assert data[0] != data[2]


def test_the_digit_delays_the_decision_and_not_the_reception(trial: Trial) -> None:
    """The receipts' own times tell, and their names sort by them."""
    trial.send(QUALIFICATION, qualification(), "A1-1")
    trial.work_as_process()
    first, second = trial.receipts()
    assert (first.values["NoticeTime"][-8:], second.values["NoticeTime"][-8:]) != ("", "")
    assert first.values["NoticeTime"] < second.values["NoticeTime"]
    assert (first.told, second.told) == ("T 0", "B A")
