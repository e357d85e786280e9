"""The file of account books, cargo manifests and licences, and the messages that tell of them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from customs_stub.clock import BEIJING, OfficeClock
from customs_stub.config import ConfigError, load
from customs_stub.facts import Referred
from customs_stub.office import Office
from customs_stub.references import load as load_references
from tests.unit.customs_stub.trial import NOW, ROOT, Trial

SHIPPED = ROOT / "customs_stub/data/references.toml"
LICENCE = """
[[Licence]]
LicenseNo = "1:26-AB-100001"
IEFlag = "I"
TradeCode = "4403180001"
ValidDate = "20261231"

[[Licence.Item]]
GNo = "1"
CodeTS = "0810600000"
GUnit = "035"
GQty = "10000"
"""


def opened_at(trial: Trial, moment: datetime) -> None:
    """Open the office at another time, and let it send what there is."""
    office = Office(load(trial.config), OfficeClock(moment))
    office._courier.deliver()
    office.close()


def test_the_shipped_file_holds_the_data_of_the_trials() -> None:
    """Each kind has what is right and what is wrong in some way."""
    found = {(each.kind, each.key): each.body for each in load_references(SHIPPED)}
    book = found[Referred.ACCOUNT_BOOK, "H53016A00001"]
    assert (book.get("CustomMaster"), book.get("TradeMode"), len(book.all("Item"))) == ("5301", "0615", 3)
    assert (Referred.ACCOUNT_BOOK, "C53016400001") in found
    licence = found[Referred.LICENCE, "1:26-AB-100001"].group("Item")
    assert (licence.get("CodeTS"), licence.get("GUnit"), licence.get("GQty")) == (
        "0810600000",
        "035",
        "10000",
    )
    cargo = found[Referred.CARGO_MANIFEST, "I/COSU6100000001/COSCO SHENZHEN/026E"]
    told = [cargo.get(name) for name in ("CustomMaster", "TrafMode", "PackNo", "GrossWet", "NetWt")]
    assert told == ["5304", "2", "100", "1200", "1000"]


def test_without_a_file_there_are_none(trial: Trial) -> None:
    """And nothing is sent."""
    assert load_references(None) == []
    trial.work()
    assert trial.receipts() == []


def test_every_fault_of_the_file_is_told_at_once(tmp_path: Path) -> None:
    """Nobody mends one line at a time."""
    file = tmp_path / "references.toml"
    file.write_text(
        LICENCE + LICENCE + '[[Permit]]\n[[AccountBook]]\nCustomMaster = 5301\nColour = "red"\n'
        '[[AccountBook.Item]]\nGNo = "1"\n[[AccountBook.Item]]\nGNo = "1"\n'
    )
    with pytest.raises(ConfigError) as caught:
        load_references(file)
    told = "\n".join(caught.value.faults)
    for words in (
        "unknown table `Permit`",
        "AccountBook[1]: unknown field `Colour`",
        "AccountBook[1]: `CustomMaster` must be a text",
        "AccountBook[1]: `ManualNo` is missing",
        "AccountBook[1]: item 1 stands here twice",
        "1:26-AB-100001 stands here twice",
    ):
        assert words in told
    assert len(caught.value.faults) == 6


@pytest.mark.parametrize("data", [b"[[Licence", b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, data: bytes) -> None:
    """With its name."""
    file = tmp_path / "references.toml"
    file.write_bytes(data)
    with pytest.raises(ConfigError, match=r"references\.toml"):
        load_references(file)


def test_a_reference_that_does_not_fit_its_schema_is_told_at_the_opening(trial: Trial) -> None:
    """Before anything is sent, with the field."""
    trial.keep(LICENCE.replace('"20261231"', '"soon"'))
    with pytest.raises(ConfigError, match=r"Licence 1:26-AB-100001: Licence/ValidDate"):
        trial.office()


def test_each_reference_is_sent_once_however_often_the_office_opens(trial: Trial) -> None:
    """It remembers."""
    trial.keep(LICENCE)
    for _ in range(3):
        trial.work()
    (told,) = trial.references()
    assert told["MessageType"] == "Licence"
    assert (told["ReceiverId"], told["SenderId"], told["ClientSeqNo"]) == ("4403180001", "5301", "-")
    assert told["UpdateTime"] == NOW.isoformat()


def test_a_changed_reference_is_sent_again_with_a_later_time(trial: Trial) -> None:
    """Even where the office's clock was set back meanwhile."""
    opened_at(trial.keep(LICENCE), NOW)
    opened_at(trial.keep(LICENCE.replace('"10000"', '"9000"')), NOW - timedelta(days=30))
    times = sorted(told["UpdateTime"] for told in trial.references())
    assert times == [NOW.isoformat(), (NOW + timedelta(seconds=1)).isoformat()]


def test_what_leaves_the_file_is_no_longer_known(trial: Trial) -> None:
    """Put back it is new."""
    opened_at(trial.keep(LICENCE), NOW)
    opened_at(trial.keep("\n"), NOW)
    office = trial.office()
    assert not office._records.keeps(Referred.LICENCE)
    office.close()
    opened_at(trial.keep(LICENCE), datetime(2026, 11, 3, 8, tzinfo=BEIJING))
    assert len(trial.references()) == 2


def test_references_leave_before_the_answers_to_what_was_waiting(trial: Trial) -> None:
    """Their running numbers are lower."""
    trial.keep(LICENCE).put("garbage.xml", b"<garbage")
    trial.work()
    names = [file.name.rpartition("-")[2] for file in sorted(trial.answers.glob("*.xml"))]
    assert names == ["reference.xml", "technical.xml"]
