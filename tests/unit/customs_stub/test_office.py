"""The office at work: what is taken, answered and remembered."""

from __future__ import annotations

from pathlib import Path
from threading import Event

import pytest

from customs_stub.clock import OfficeClock
from customs_stub.config import ConfigError, load
from customs_stub.office import Office
from tests.unit.customs_stub import messages
from tests.unit.customs_stub.messages import Signer, declaration, goods, line, manifest, qualification, volume
from tests.unit.customs_stub.trial import (
    DECLARATION,
    MANIFEST,
    NOW,
    QUALIFICATION,
    VOLUME,
    Trial,
    altered,
    read_receipt,
)


def test_the_whole_way_from_filing_to_cleared_declaration(trial: Trial) -> None:
    """Qualification, volume, manifest and declaration, each with its receipts and numbers."""
    number = trial.approved_volume()
    assert number == "J53016000001"
    listed = trial.send(MANIFEST, manifest(number))
    trial.work()
    assert trial.told(listed) == ["T 0", "B 7", "B 15"]
    assert trial.receipts(listed)[-1].values["CustomsNo"] == "53012026E000000001"
    declared = trial.send(DECLARATION, declaration())
    trial.work()
    assert trial.told(declared) == ["T 0", "B L", "B J", "B R"]
    assert trial.receipts(declared)[-1].values["CustomsNo"] == "530120260000000001"


def test_a_qualification_is_approved_until_its_guarantee_ends(trial: Trial) -> None:
    """The approved date is the guarantee's."""
    filing = trial.send(QUALIFICATION, qualification())
    trial.work()
    values = trial.receipts(filing)[-1].values
    assert (values["ValidDate"], values["CustomsNo"]) == ("20270430", "Q53016000001")


def test_a_bonded_qualification_holds_for_a_year(trial: Trial) -> None:
    """No guarantee bounds it."""
    empty = {"GuaranteeMode": "", "GuaranteeAmount": "", "GuaranteeValidDate": ""}
    filing = trial.send(QUALIFICATION, qualification(GoodsNature="2", **empty))
    trial.work()
    assert trial.receipts(filing)[-1].values["ValidDate"] == "20271020"


def test_the_outbox_is_left_as_it_is(trial: Trial) -> None:
    """It is its owner's evidence."""
    trial.send(QUALIFICATION, qualification())
    before = {file: file.read_bytes() for file in trial.outbox.iterdir()}
    trial.work()
    assert {file: file.read_bytes() for file in trial.outbox.iterdir()} == before


def test_the_same_bytes_again_make_no_second_document_and_no_second_answer(trial: Trial) -> None:
    """Under the same name or another, in this run or the next."""
    filing = trial.send(QUALIFICATION, qualification())
    trial.work()
    data = (trial.outbox / f"{filing}.xml").read_bytes()
    trial.put(f"{filing}.xml", data)
    trial.put("copy.xml", data)
    trial.work()
    assert trial.told(filing) == ["T 0", "B A"]


def test_other_bytes_under_the_same_id_do_not_get_in(trial: Trial) -> None:
    """The first ones stay what they were."""
    filing = trial.send(QUALIFICATION, qualification())
    trial.work()
    trial.send(QUALIFICATION, qualification(IEBatches="61"), message_id=filing)
    trial.work()
    assert trial.told(filing) == ["T 0", "B A", "T -5"]


def test_a_message_that_is_not_believed_does_not_take_the_id(trial: Trial) -> None:
    """Nobody can block another's id with a forgery."""
    filing = trial.send(QUALIFICATION, qualification())
    good = (trial.outbox / f"{filing}.xml").read_bytes()
    trial.put(f"{filing}.xml", altered(good))
    trial.work()
    trial.put(f"{filing}.xml", good)
    trial.work()
    assert trial.told(filing) == ["T -3", "T 0", "B A"]


def test_a_volume_before_the_approval_is_refused_and_after_it_approved(trial: Trial) -> None:
    """Approval counts from the moment its receipt leaves."""
    trial.send(QUALIFICATION, qualification(), "N0-1")
    early = trial.send(VOLUME, volume(), "A0-2")
    trial.work()
    assert [code for code, _ in trial.receipts(early)[-1].faults] == ["V02"]


def test_a_revoked_qualification_no_longer_carries_manifests(trial: Trial) -> None:
    """And the same may be filed anew."""
    trial.send(QUALIFICATION, qualification(), "V0-1")
    trial.work()
    refused = trial.send(MANIFEST, manifest("J53016000001"))
    again = trial.send(QUALIFICATION, qualification(), "A0-9")
    trial.work()
    assert ("M01", "Manifest/CustomMaster") in trial.receipts(refused)[-1].faults
    assert trial.told(again) == ["T 0", "B A"]


def test_a_refused_document_may_be_corrected_under_the_same_numbers(trial: Trial) -> None:
    """A refusal frees client number and unified number."""
    first = trial.send(QUALIFICATION, qualification(GuaranteeValidDate="20261101"))
    trial.work()
    assert trial.told(first) == ["T 0", "B R"]
    second = trial.send(QUALIFICATION, qualification())
    trial.work()
    assert trial.told(second) == ["T 0", "B A"]


def test_a_client_number_in_use_is_refused(trial: Trial) -> None:
    """Another document of the kind has it."""
    number = trial.approved_volume()
    trial.send(MANIFEST, manifest(number), "A0-5")
    second = trial.send(MANIFEST, manifest(number, SeqNo="MF0000000000000002"), "A0-5")
    trial.work()
    assert trial.receipts(second)[-1].faults == (("G01", "MessageHead/ClientSeqNo"),)


def test_faults_of_a_manifest_are_all_told_with_pointers(trial: Trial) -> None:
    """One answer, every fault."""
    number = trial.approved_volume()
    body = manifest(number, NetWt="99") | {"Item": [line(1, GName="平板"), line(2, DeclTotal="1.00")]}
    refused = trial.send(MANIFEST, body)
    trial.work()
    assert trial.told(refused) == ["T 0", "B R"]
    assert trial.receipts(refused)[-1].faults == (
        ("M10", "Manifest/NetWt"),
        ("M09", "Manifest/Item[2]/DeclTotal"),
        ("M08", "Manifest/Item[1]/GName"),
    )


def test_only_what_was_cleared_can_be_declared_and_only_once(trial: Trial) -> None:
    """A second declaration of the same month is too much, a manifest that never cleared too little."""
    number = trial.approved_volume()
    trial.send(MANIFEST, manifest(number), "P0-1")
    early = trial.send(DECLARATION, declaration(), "A0-1", "DC1")
    trial.work()
    assert trial.receipts(early)[-1].faults == (("D09", "DecMessage/DecHead/BillNo"),)
    trial.send(MANIFEST, manifest(number, SeqNo="MF0000000000000002"), "A0-2")
    trial.work()
    right = trial.send(DECLARATION, declaration(), "A0-2", "DC2")
    trial.work()
    assert trial.told(right) == ["T 0", "B L", "B J", "B R"]
    twice = trial.send(DECLARATION, declaration(SeqNo="DC0000000000000002"), "A0-3", "DC3")
    trial.work()
    assert trial.told(twice) == ["T 0", "B E"]
    assert trial.receipts(twice)[-1].faults == (("D10", "DecMessage/DecHead/BillNo"),)


def test_bonded_goods_by_road_get_every_answer_in_order(trial: Trial) -> None:
    """7, 9, 10, 11 and 15."""
    empty = {"GuaranteeMode": "", "GuaranteeAmount": "", "GuaranteeValidDate": ""}
    trial.send(QUALIFICATION, qualification(GoodsNature="2", **empty))
    trial.work()
    listed = trial.send(MANIFEST, manifest("H53016000009", GoodsNature="2"))
    trial.work()
    assert trial.told(listed) == ["T 0", "B 7", "B 9", "B 10", "B 11", "B 15"]


def test_several_volumes_are_kept_apart(trial: Trial) -> None:
    """An item is looked up in the volume that the manifest names."""
    first = trial.approved_volume()
    other = volume(1, SeqNo="GF0000000000000002") | {"Item": [goods(1, GName="平板")]}
    second = trial.send(VOLUME, other, "A0-2")
    trial.work()
    number = trial.receipts(second)[-1].values["CustomsNo"]
    assert number != first
    refused = trial.send(MANIFEST, manifest(number))
    trial.work()
    assert trial.receipts(refused)[-1].faults == (
        ("M08", "Manifest/Item[1]/GName"),
        ("M07", "Manifest/Item[2]/ContrItem"),
    )


def test_garbage_is_answered_and_harms_nothing(trial: Trial) -> None:
    """Even a name that fits no rule."""
    trial.put("äöü 1.xml", b"\x00\xff garbage")
    filing = trial.send(QUALIFICATION, qualification())
    trial.work()
    assert [receipt.told for receipt in trial.receipts()] == ["T -1", "T 0", "B A"]
    assert trial.told(filing) == ["T 0", "B A"]


def test_a_file_taken_away_between_look_and_reading_is_no_fault(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner may tidy up at any time."""
    trial.send(QUALIFICATION, qualification())
    real = Path.read_bytes

    def gone(path: Path) -> bytes:
        if path.parent == trial.outbox:
            raise FileNotFoundError(path)
        return real(path)

    office = trial.office()
    monkeypatch.setattr(Path, "read_bytes", gone)
    assert office.take() == 0
    monkeypatch.undo()
    assert office.take() == 1
    office.close()


def test_two_offices_cannot_share_a_state(trial: Trial) -> None:
    """The second is told and leaves the first alone."""
    office = trial.office()
    with pytest.raises(ConfigError, match="another customs-stub"):
        trial.office()
    office.close()
    trial.office().close()


def test_missing_schemas_are_all_named(trial: Trial) -> None:
    """At the start, not at the first message."""
    text = trial.config.read_text().replace(str(messages.OFFICE), "5301")
    trial.config.write_text(
        "\n".join(row for row in text.splitlines() if not row.startswith("schemas")) + '\nschemas = "no"\n'
    )
    with pytest.raises(ConfigError) as caught:
        Office(load(trial.config), OfficeClock(NOW))
    assert len(caught.value.faults) == 2


def test_a_state_that_is_no_database_is_told(trial: Trial) -> None:
    """And nothing in it is touched."""
    (trial.folder / "stub.db").write_bytes(b"not a database, but long enough to be looked at" * 50)
    with pytest.raises(ConfigError, match=r"stub\.db"):
        trial.office()


def test_half_a_receipt_that_was_taken_away_is_sent_again_as_a_whole(trial: Trial) -> None:
    """Whoever took it for whole gets another chance."""
    filing = trial.send(QUALIFICATION, qualification(), "X0-1")
    office = trial.office()
    office.take()
    office._courier.deliver()
    halves = sorted(trial.answers.iterdir())
    assert [read_receipt(file).told for file in halves] == ["broken", "broken"]
    halves[0].unlink()
    office.run(Event(), until_idle=True)
    office.close()
    assert sorted(trial.told(filing)) == ["B A", "T 0"]
    assert [file.name.endswith("-again.xml") for file in sorted(trial.answers.iterdir())] == [True, False]


def test_an_unregistered_enterprise_can_be_registered_while_the_office_is_open(
    trial: Trial, signer: Signer
) -> None:
    """The next message is believed."""
    (trial.folder / "enterprises" / f"{messages.ENTERPRISE}.pem").unlink()
    stranger = trial.send(QUALIFICATION, qualification())
    trial.work()
    assert trial.told(stranger) == ["T -4"]
    (trial.folder / "enterprises" / f"{messages.ENTERPRISE}.pem").write_bytes(signer.pem)
    known = trial.send(QUALIFICATION, qualification(), "A0-2")
    trial.work()
    assert trial.told(known) == ["T 0", "B A"]
