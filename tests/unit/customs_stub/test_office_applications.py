"""The office at work on changes, extensions, modifications and withdrawals, and on what it keeps itself."""

from __future__ import annotations

from datetime import datetime
from threading import Event

import pytest

from customs_stub.clock import BEIJING, OfficeClock
from customs_stub.config import load
from customs_stub.facts import Filed, State
from customs_stub.office import Office
from customs_stub.submission import Kind
from tests.unit.customs_stub.messages import (
    Body,
    change,
    declaration,
    extension,
    goods,
    line,
    manifest,
    modification,
    qualification,
    qualification_change,
    volume,
    volume_change,
    withdrawal,
)
from tests.unit.customs_stub.trial import DECLARATION, MANIFEST, QUALIFICATION, VOLUME, Trial

CHANGE, EXTENSION, VOLUME_CHANGE = "QualificationChange", "QualificationExtension", "GoodsFilingChange"
MODIFICATION, WITHDRAWAL = "ManifestModification", "ManifestWithdrawal"
NO_GUARANTEE = {"GuaranteeMode": "", "GuaranteeAmount": "", "GuaranteeValidDate": ""}
BONDED = qualification(GoodsNature="2", **NO_GUARANTEE)
NUMBER = "53012026E000000001"


def on_file(trial: Trial, kind: Kind, number: str) -> Filed:
    """Return a document as the office has it."""
    office = trial.office()
    try:
        found = office._records.by_unified_number(kind, number)
    finally:
        office.close()
    assert found is not None
    return found


def answered(trial: Trial, message_type: str, body: Body, client_number: str = "A0-1") -> list[str]:
    """Send, let the office work, and return the answers in short with the codes of faults."""
    sent = trial.send(message_type, body, client_number)
    trial.work()
    codes = [code for receipt in trial.receipts(sent) for code, _ in receipt.faults]
    return trial.told(sent) + codes


@pytest.fixture
def number(trial: Trial) -> str:
    """A volume that is approved."""
    return trial.approved_volume()


@pytest.fixture
def cleared(trial: Trial, number: str) -> str:
    """A manifest that is cleared, by its volume's number."""
    assert answered(trial, MANIFEST, manifest(number)) == ["T 0", "B 7", "B 15"]
    return number


def raised(number: str, unified: str = "MD0000000000000001", **head: str) -> Body:
    """Return a modification that raises the quantity of the second item."""
    rows = [change("GQty", "3", "4", "2"), change("DeclTotal", "100.01", "133.34", "2")]
    corrected = manifest(number, **head) | {"Item": [line(1), line(2, GQty="4", DeclTotal="133.34")]}
    return modification(NUMBER, rows, corrected) | {"SeqNo": unified}


def test_an_approved_change_is_in_force_and_a_refused_one_is_not(trial: Trial) -> None:
    """The old content stays where the change was refused."""
    assert answered(trial, QUALIFICATION, qualification()) == ["T 0", "B A"]
    assert answered(trial, CHANGE, qualification_change(), "R0-1") == ["T 0", "B R", "G09"]
    assert on_file(trial, Kind.QUALIFICATION, "QF0000000000000001").content.get("IEBatches") == "60"
    assert answered(trial, CHANGE, qualification_change()) == ["T 0", "B A"]
    filed = on_file(trial, Kind.QUALIFICATION, "QF0000000000000001")
    assert (filed.content.get("IEBatches"), filed.valid_until) == ("90", "20270430")


def test_a_new_guarantee_moves_the_last_day(trial: Trial) -> None:
    """A qualification holds as long as its guarantee, and the receipt says until when."""
    answered(trial, QUALIFICATION, qualification())
    sent = trial.send(CHANGE, qualification_change(GuaranteeValidDate="20280131"))
    trial.work()
    assert trial.receipts(sent)[-1].values["ValidDate"] == "20280131"
    assert on_file(trial, Kind.QUALIFICATION, "QF0000000000000001").valid_until == "20280131"


def test_an_extension_moves_the_last_day_by_a_year(trial: Trial) -> None:
    """Asked for within the ten days before it."""
    answered(trial, QUALIFICATION, BONDED)
    body = extension(ApprovedValidDate="20271020")
    assert answered(trial, EXTENSION, body) == ["T 0", "B R", "E02"]
    sent = trial.send(EXTENSION, body)
    office = Office(load(trial.config), OfficeClock(datetime(2027, 10, 10, 8, tzinfo=BEIJING)))
    office.run(Event(), until_idle=True)
    office.close()
    assert trial.told(sent) == ["T 0", "B A"]
    assert trial.receipts(sent)[-1].values["ValidDate"] == "20281020"
    assert on_file(trial, Kind.QUALIFICATION, "QF0000000000000001").valid_until == "20281020"


def test_added_items_can_be_declared_and_disabled_ones_no_longer(trial: Trial, number: str) -> None:
    """From the approval of the change on."""
    third = manifest(number, SeqNo="MF0000000000000003") | {"Item": [line(3, GNo="1")]}
    first = manifest(number, SeqNo="MF0000000000000004") | {"Item": [line(1)]}
    assert answered(trial, MANIFEST, third, "A0-3") == ["T 0", "B R", "M07"]
    assert answered(trial, VOLUME_CHANGE, volume_change(number, [goods(3)], ["1"])) == ["T 0", "B A"]
    assert answered(trial, MANIFEST, third, "A0-3") == ["T 0", "B 7", "B 15"]
    assert answered(trial, MANIFEST, first, "A0-4") == ["T 0", "B R", "M14"]
    again = volume_change(number, [goods(4)], SeqNo="GC0000000000000002")
    assert answered(trial, VOLUME_CHANGE, again, "A0-2") == ["T 0", "B A"]


def test_an_approved_modification_is_the_manifest_from_then_on(trial: Trial, cleared: str) -> None:
    """Its totals are what may be declared, and the next one starts from it."""
    sent = trial.send(MODIFICATION, raised(cleared))
    trial.work()
    assert trial.told(sent) == ["T 0", "B A"]
    assert trial.receipts(sent)[-1].values["CustomsNo"] == "53012026M000000001"
    assert answered(trial, MODIFICATION, raised(cleared, "MD0000000000000002"), "A0-2") == [
        *("T 0", "B R"),
        *("A02", "A02"),
    ]
    assert answered(trial, DECLARATION, declaration()) == ["T 0", "B L", "B J", "B R"]
    assert answered(trial, WITHDRAWAL, withdrawal(NUMBER)) == ["T 0", "B R", "A05"]


def test_a_refused_modification_changes_nothing(trial: Trial, cleared: str) -> None:
    """The manifest stays as it is on file, and may be modified again."""
    assert answered(trial, MODIFICATION, raised(cleared), "R0-1") == ["T 0", "B R", "G09"]
    filed = on_file(trial, Kind.MANIFEST, "MF0000000000000001")
    assert filed.content.all("Item")[1].get("GQty") == "3"
    assert answered(trial, MODIFICATION, raised(cleared)) == ["T 0", "B A"]


def test_a_withdrawn_manifest_ends_there(trial: Trial, cleared: str) -> None:
    """Neither declared, nor amended, nor sent again."""
    assert answered(trial, WITHDRAWAL, withdrawal(NUMBER)) == ["T 0", "B A"]
    assert on_file(trial, Kind.MANIFEST, "MF0000000000000001").state is State.WITHDRAWN
    assert answered(trial, DECLARATION, declaration()) == ["T 0", "B E", "D09"]
    again = withdrawal(NUMBER, SeqNo="WD0000000000000002")
    assert answered(trial, WITHDRAWAL, again, "A0-2") == ["T 0", "B R", "P02"]
    assert answered(trial, MANIFEST, manifest(cleared)) == ["T 0", "B R", "G01", "G02"]


def test_of_a_withdrawn_manifest_no_further_decision_comes(trial: Trial, number: str) -> None:
    """What was still to be said is taken back."""
    listed = trial.send(MANIFEST, manifest(number), "A1-1")
    office = trial.office()
    try:
        office.take()
        office._records._store.db.execute("UPDATE receipt SET due = 0 WHERE summary LIKE '%business 7 %'")
        office._courier.deliver()
        trial.send(WITHDRAWAL, withdrawal(NUMBER), "A0-2")
        office.run(Event(), until_idle=True)
    finally:
        office.close()
    assert trial.told(listed) == ["T 0", "B 7"]


@pytest.mark.parametrize("late", ["whole", "halves"])
def test_a_decision_taken_back_while_it_was_about_to_leave_does_not_leave(
    trial: Trial, number: str, late: str
) -> None:
    """Both were due in the same look; the withdrawal was first."""
    listed = trial.send(MANIFEST, manifest(number), "X9-1" if late == "halves" else "A9-1")
    office = trial.office()

    def due(words: str, second: int) -> None:
        query = "UPDATE receipt SET due = ? WHERE summary LIKE ? AND stage = 'planned'"
        office._store.db.execute(query, (second, f"%{words}%"))

    try:
        office.take()
        due("technical 0", 0)
        due("business 7 ", 1)
        while office._courier.deliver():
            office._store.db.execute("UPDATE receipt SET due = 1 WHERE stage = 'half'")
        trial.send(WITHDRAWAL, withdrawal(NUMBER), "A9-2")
        office.take()
        due("business A", 2)
        due("business 15", 3)
        while office._courier.deliver():
            office._store.db.execute("UPDATE receipt SET due = 1 WHERE stage = 'half'")
    finally:
        office.close()
    assert trial.told(listed) == ["T 0", "B 7"]
    assert [file.suffix for file in trial.answers.iterdir() if file.suffix != ".xml"] == []


def test_an_application_without_any_answer_stays_undecided(trial: Trial, cleared: str) -> None:
    """No other is taken meanwhile, of neither kind."""
    assert answered(trial, MODIFICATION, raised(cleared), "N0-1") == []
    assert answered(trial, WITHDRAWAL, withdrawal(NUMBER), "A0-2") == ["T 0", "B R", "P03"]


def test_a_faulty_application_does_not_keep_others_away(trial: Trial, cleared: str) -> None:
    """Not even while its refusal never comes."""
    wrong = modification(NUMBER, [change("PackNo", "9", "12")], manifest(cleared, PackNo="12"))
    assert answered(trial, MODIFICATION, wrong, "N0-1") == []
    assert answered(trial, WITHDRAWAL, withdrawal(NUMBER), "A0-2") == ["T 0", "B A"]


LICENCES = """
[[Licence]]
LicenseNo = "4:26-CD-1"
IEFlag = "E"
TradeCode = "4403180001"
ValidDate = "20261231"
[[Licence.Item]]
GNo = "1"
CodeTS = "8517130000"
GUnit = "006"
GQty = "13"
"""


def test_a_licence_is_shared_by_all_manifests_and_modifications(trial: Trial) -> None:
    """Six and six of thirteen; an undecided modification holds the last one."""
    number = trial.keep(LICENCES).approved_volume()
    one, two, three = (
        manifest(number, SeqNo=f"MF000000000000000{n}", LicenseNo="4:26-CD-1") for n in (1, 2, 3)
    )
    assert answered(trial, MANIFEST, one, "A0-1") == ["T 0", "B 7", "B 15"]
    assert answered(trial, MANIFEST, two, "N0-2") == []
    assert answered(trial, MANIFEST, three, "A0-3") == ["T 0", "B R", "L08"]
    assert answered(trial, MODIFICATION, raised(number, LicenseNo="4:26-CD-1"), "N0-1") == []
    small = three | {"Item": [line(1, GQty="1", DeclTotal="33.34")]}
    assert answered(trial, MANIFEST, small, "A0-3") == ["T 0", "B R", "L08"]


def test_a_withdrawal_gives_the_licence_back(trial: Trial) -> None:
    """All of it."""
    number = trial.keep(LICENCES).approved_volume()
    one, two, three = (
        manifest(number, SeqNo=f"MF000000000000000{n}", LicenseNo="4:26-CD-1") for n in (1, 2, 3)
    )
    for body, client in ((one, "A0-1"), (two, "A0-2")):
        assert answered(trial, MANIFEST, body, client) == ["T 0", "B 7", "B 15"]
    assert answered(trial, WITHDRAWAL, withdrawal(NUMBER)) == ["T 0", "B A"]
    assert answered(trial, MANIFEST, three, "A0-3") == ["T 0", "B 7", "B 15"]


def test_a_revocation_does_not_follow_the_approval_of_an_application(trial: Trial) -> None:
    """V is about filings."""
    answered(trial, QUALIFICATION, qualification())
    assert answered(trial, CHANGE, qualification_change(), "V0-1") == ["T 0", "B A"]


def test_a_volume_and_its_change_have_client_numbers_apart(trial: Trial, number: str) -> None:
    """One number of the client serves one document of each kind."""
    body = volume_change(number, [], ["1"])
    assert answered(trial, VOLUME_CHANGE, body, "A0-1") == ["T 0", "B A"]
    again = volume_change(number, [], ["2"], SeqNo="GC0000000000000002")
    assert answered(trial, VOLUME_CHANGE, again, "A0-1") == ["T 0", "B R", "G01"]
    assert answered(trial, VOLUME, volume(1), "A0-9") == ["T 0", "B R", "G02"]
