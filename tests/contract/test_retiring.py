"""Documents that are over go into an archive file first, and out of the database then; nothing else goes."""

from __future__ import annotations

import itertools
import json
import os
import resource
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from sqlalchemy import update

from gateway.cli.purge import _folder
from gateway.errors import ParkedError
from gateway.operations import Archive
from gateway.steps import retiring
from gateway.steps.retiring import Retiring, Tally
from gateway.store import (
    AttemptOutcome,
    DocumentFilter,
    DocumentRow,
    MessageRow,
    NoticeRow,
    NoticeState,
    ReceiptContent,
    ReceiptState,
    RelationRow,
    Store,
    SubmissionState,
    Unit,
)
from gateway.store.tables import documents
from tests.services.stores import (
    NOON,
    add_interchange,
    add_receipt,
    add_relations,
    add_submission,
    changed,
    document,
    new,
)

pytest_plugins = ("tests.services.store_fixtures",)

LATER = NOON + timedelta(days=1)


@dataclass
class Office:
    """Documents of one month, and a purge of them."""

    store: Store
    folder: Path
    notes: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    rest: Callable[[], None] = lambda: None

    def over(self, last: int, kind: str = "manifest", state: str = "aggregated", **fields: Any) -> str:
        """Keep a document that is over, with everything that one leaves."""
        letter = {"manifest": "M", "declaration": "D", "amendment": "A", "aggregation": "R"}[kind]
        number = f"{letter}{2026_0000000000000 + last}"
        row = document(number, kind=kind, client_number=f"A-{number}", period="202610", **fields)
        with self.store.begin() as unit:
            came = add_interchange(unit, f"order {number}".encode(), delivery=number, name=f"{number}.csv")
            unit.documents.put([new(row)])
            unit.documents.put([changed(replace(row, state=state, content={"GNo": number}), "saved", 1)])
            unit.messages.add(_message(came.id, number))
            unit.interchanges.understood(
                came.id, mapping="m", version="1", reply=unit.raw.put(b"yes " + number.encode())
            )
            unit.interchanges.settled([came.id])
            self._sent(unit, number)
            unit.notices.add(_notice(unit, number))
            unit.audit.seal(100)
        return number

    def _sent(self, unit: Unit, number: str) -> None:
        unsigned = unit.raw.put(f"<Message>{number}</Message>".encode())
        add_submission(
            unit, f"ID-{number}", number=number, unsigned_digest=unsigned, state=SubmissionState.TO_SEND
        )
        (attempt,) = unit.submissions.attempt_begin([f"ID-{number}"]).values()
        unit.submissions.attempt_end(attempt, AttemptOutcome.SENT)
        unit.submissions.mark_technical(f"ID-{number}", last=True)
        came = add_receipt(unit, f"receipt {number}".encode(), name=f"r-{number}.xml")
        unit.receipts.settle(
            came.id, ReceiptState.APPLIED, ReceiptContent(message_id=f"ID-{number}", number=number)
        )

    def purge(self, folder: Path | None = None) -> dict[str, Tally]:
        """Retire what is over; return what came of each month."""
        found = Retiring(self.store, LATER, folder or self.folder, self._note, self.rest).run()
        return {tally.month: tally for tally in found}

    def look(self) -> dict[str, Tally]:
        """Only look."""
        found = Retiring(self.store, LATER, None, self._note, self.rest).run()
        return {tally.month: tally for tally in found}

    def archived(self) -> set[str]:
        """Return the documents whose content is not here any more."""
        with self.store.read() as unit:
            rows = [
                unit.documents.get(row.number) for row in unit.documents.listing(DocumentFilter(), limit=1000)
            ]
        return {row.number for row in rows if row is not None and row.archive is not None}

    def _note(self, _unit: Unit, subject: str, detail: Mapping[str, object]) -> None:
        self.notes.append((subject, detail))


def _message(interchange: int, number: str) -> MessageRow:
    return MessageRow(
        interchange_id=interchange,
        position=1,
        message_type="Manifest",
        operation="save-declare",
        partner="acme",
        client_number=f"A-{number}",
        content_digest="0",
        outcome="accepted",
        document_number=number,
        reply={"number": number},
    )


def _notice(unit: Unit, number: str) -> NoticeRow:
    told = unit.raw.put(f"notice {number}".encode())
    return NoticeRow(
        partner="acme",
        kind="receipt",
        name=f"{number}.json",
        digest=told,
        state=NoticeState.DELIVERED,
        created_at=unit.now,
        number=number,
    )


@pytest.fixture
def office(store: Store, tmp_path: Path) -> Office:
    """A month on a store of each kind."""
    (tmp_path / "archive").mkdir()
    return Office(store, tmp_path / "archive")


def _members(file: Path) -> dict[str, bytes]:
    with ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_what_is_over_lies_in_a_file_that_proves_itself_and_leaves_only_what_it_is_known_by(
    office: Office,
) -> None:
    """Every row and byte is in the archive under its digest; number, history and message ids stay here."""
    number = office.over(1)
    tally = office.purge()["202610"]
    ((name, digest),) = tally.files.items()
    file = office.folder / name
    assert sha256(file.read_bytes()).hexdigest() == digest
    assert office.notes == [(name, {"sha256": digest, "documents": 1})]
    members = _members(file)
    sums = dict(reversed(line.split("  ")) for line in members.pop("SHA256SUMS").decode().splitlines())
    assert sums == {member: sha256(data).hexdigest() for member, data in members.items()}
    rows = json.loads(members[f"documents/{number}.json"])
    assert {table for table in rows if rows[table]} == {
        *("document", "document_versions", "history", "submissions", "attempts"),
        *("receipts", "notices", "messages", "interchanges"),
    }
    assert rows["document"]["content"] == {"GNo": number}
    kept = {data for member, data in members.items() if member.startswith("raw/")}
    assert {f"order {number}".encode(), f"receipt {number}".encode(), f"notice {number}".encode()} < kept
    with office.store.read() as unit:
        row = unit.documents.get(number)
        assert row is not None
        assert (row.archive, row.content) == (name, {})
        assert len(unit.documents.history(number)) == 2
        assert unit.audit.verify().broken == ()
        assert unit.submissions.by_message_id(f"ID-{number}") is not None
        assert [unit.notices.of(number), unit.receipts.listing(limit=9), unit.documents.versions(number)] == [
            [],
            [],
            [],
        ]
        with pytest.raises(ParkedError, match="archive"):
            unit.raw.get(sha256(f"order {number}".encode()).hexdigest())


def test_a_look_changes_nothing_and_tells_the_same(office: Office) -> None:
    """What would go is what goes, and a second call finds nothing more."""
    office.over(1)
    looked = office.look()["202610"]
    assert office.archived() == set()
    assert not office.notes
    done = office.purge()["202610"]
    assert (looked.documents, looked.bytes, looked.held) == (done.documents, done.bytes, done.held)
    assert office.purge() == {}


def _unanswered(unit: Unit, number: str) -> None:
    add_submission(unit, "LATE", number=number, state=SubmissionState.SENT)


def _in_doubt(unit: Unit, number: str) -> None:
    add_submission(unit, "LATE", number=number, state=SubmissionState.IN_DOUBT)


def _untold(unit: Unit, number: str) -> None:
    unit.notices.add(replace(_notice(unit, number), state=NoticeState.TO_DELIVER))


def _unread(unit: Unit, number: str) -> None:
    came = add_receipt(unit, b"late", name="late.xml")
    unit.receipts.settle(came.id, ReceiptState.UNEXPECTED, ReceiptContent(number=number))


def _alert(unit: Unit, number: str) -> None:
    unit.alerts.open("waiting.overdue", f"ID-{number}", {})


def _unsealed(unit: Unit, number: str) -> None:
    row = unit.documents.get(number)
    assert row is not None
    unit.documents.put([changed(row, row.state, row.version)])


def _amended(unit: Unit, number: str) -> None:
    row = document("A20260000000000001", kind="amendment", state="sent", parent=number, client_number="X")
    unit.documents.put([new(row)])


def _merged(unit: Unit, number: str) -> None:
    into = document("D20260000000000001", kind="declaration", state="declared", client_number="X")
    unit.documents.put([new(into)])
    unit.audit.seal(10)
    add_relations(unit, _relation(number, into))


def _relation(number: str, into: DocumentRow) -> RelationRow:
    return RelationRow(
        manifest_number=number,
        manifest_item=1,
        declaration_number=into.number,
        declaration_item=1,
        quantity=Decimal(1),
        total=Decimal(1),
    )


@pytest.mark.parametrize(
    ("happen", "reason"),
    [
        (_unanswered, "unanswered"),
        (_in_doubt, "submissions"),
        (_untold, "notices"),
        (_unread, "receipts"),
        (_alert, "alerts"),
        (_unsealed, "unsealed"),
        (_amended, "related"),
        (_merged, "related"),
    ],
)
def test_what_anybody_still_waits_for_stays(
    office: Office, happen: Callable[[Unit, str], None], reason: str
) -> None:
    """Unanswered, in doubt, untold, not applied, alerted, not sealed, or with a relative that is not over."""
    number, free = office.over(1), office.over(2)
    with office.store.begin() as unit:
        happen(unit, number)
    assert office.purge()["202610"].held == {reason: 1}
    assert office.archived() == {free}


def test_a_month_that_is_not_closed_stays_as_a_whole(office: Office) -> None:
    """A manifest that waits to be merged keeps its month, and open ones stay by themselves."""
    office.over(1)
    waiting = office.over(2, state="cleared")
    assert office.purge()["202610"].open == [waiting]
    assert office.archived() == set()
    with office.store.begin() as unit:
        row = unit.documents.get(waiting)
        assert row is not None
        unit.documents.put([changed(replace(row, state="approved"), "cleared", 2)])
    office.purge()
    assert office.archived() == {"M20260000000000001"}


def _into(office: Office, manifest: str) -> str:
    """Merge a manifest into a declaration that is over, too."""
    into = office.over(1, kind="declaration", state="cleared")
    with office.store.begin() as unit:
        add_relations(unit, _relation(manifest, document(into)))
    return into


def test_a_manifest_stays_as_long_as_its_declaration_has_to(office: Office) -> None:
    """The law's years begin with the release, and what proves the one proves the other."""
    into = _into(office, office.over(1))
    with office.store.begin() as unit:
        unit._connection.execute(
            update(documents).where(documents.c.number == into).values(updated_at=LATER + timedelta(days=1))
        )
    assert office.look()["202610"].held == office.purge()["202610"].held == {"related": 1}
    assert office.archived() == set()


def test_what_was_merged_is_told_until_both_sides_are_archived(office: Office) -> None:
    """A declaration that only an alert keeps here still tells its manifest, and so does its archive later."""
    manifest = office.over(1)
    into = _into(office, manifest)
    with office.store.begin() as unit:
        unit.alerts.open("waiting.overdue", f"ID-{into}", {})
    office.purge()
    assert office.archived() == {manifest}
    with office.store.begin() as unit:
        (kept,) = unit.relations.of_declaration(into)
        assert kept.manifest_number == manifest
        unit.alerts.close("waiting.overdue", f"ID-{into}")
    ((name, _),) = office.purge()["202610"].files.items()
    assert json.loads(_members(office.folder / name)[f"documents/{into}.json"])["relations"]
    with office.store.read() as unit:
        assert unit.relations.of_declaration(into) == []


def test_a_declaration_of_more_manifests_than_a_statement_takes_values_is_looked_at(office: Office) -> None:
    """Each of them is asked for, in pieces."""
    into = office.over(1, kind="declaration", state="cleared")
    waiting = document(f"M{2026_0000000099999}", state="approved")
    with office.store.begin() as unit:
        unit.documents.put([new(waiting)])
        (kept,) = unit.retention.gather([into])
        kept.left["relations"] = [
            {"manifest_number": f"M{2026_0000000000000 + last}", "declaration_number": into}
            for last in range(100_000)
        ]
        finals = {"manifest": ["aggregated"], "declaration": ["cleared"]}
        assert unit.retention.held([kept], finals, LATER) == {into}


def test_an_archive_is_never_replaced(office: Office) -> None:
    """What a folder holds may be all that there is of a document, whatever this database knows of it."""
    number = office.over(1)
    record = office.folder / f"4403180001-202610-{number}.zip"
    record.write_bytes(b"of another database")
    office.purge()
    assert record.read_bytes() == b"of another database"
    with office.store.read() as unit:
        row = unit.documents.get(number)
    assert row is not None
    assert row.archive == f"4403180001-202610-{number}-2.zip"
    assert f"documents/{number}.json" in _members(office.folder / row.archive)


def test_bytes_that_something_else_refers_to_stay(office: Office) -> None:
    """The same file of another partner that is not read yet, and a notice of the same bytes not yet told."""
    number = office.over(1)
    with office.store.begin() as unit:
        other = add_interchange(unit, f"order {number}".encode(), partner="other", delivery="2")
        told = replace(_notice(unit, number), number=None, state=NoticeState.TO_DELIVER)
        unit.notices.add(told)
    office.purge()
    assert office.archived() == {number}
    with office.store.read() as unit:
        assert unit.raw.get(other.digest)
        assert unit.raw.get(told.digest)
        with pytest.raises(ParkedError):
            unit.raw.get(sha256(f"receipt {number}".encode()).hexdigest())


def test_bytes_that_come_again_are_kept_again(office: Office) -> None:
    """An archive is no reason to lose what arrives now."""
    number = office.over(1)
    office.purge()
    with office.store.begin() as unit:
        again = unit.raw.put(f"order {number}".encode())
    with office.store.read() as unit:
        assert unit.raw.get(again) == f"order {number}".encode()


def test_a_file_of_many_goes_when_its_last_document_does(office: Office) -> None:
    """As long as one of its documents is open, the file that brought them is whole."""
    number, still = office.over(1), office.over(2, state="approved")
    with office.store.begin() as unit:
        came = unit.messages.about(number)[0].interchange_id
        unit.messages.add(replace(_message(came, still), position=2))
    office.purge()
    with office.store.read() as unit:
        assert unit.raw.get(unit.interchanges.get(came).digest)
        assert unit.interchanges.get(came).reply_digest is not None


@pytest.mark.parametrize("stop", range(4))
def test_killed_anywhere_nothing_is_lost_and_the_next_call_goes_on(
    office: Office, open_store: Callable[[], Store], stop: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each document is in the database or in the file that its row names; in the end all are archived."""
    monkeypatch.setattr(retiring, "CHUNK", 2)
    monkeypatch.setattr(retiring, "PART", 3)
    numbers = {office.over(last) for last in range(1, 6)}
    child = os.fork()
    if not child:
        _purge_until(replace(office, store=open_store()), stop, monkeypatch)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with office.store.read() as unit:
        for number in numbers:
            row = unit.documents.get(number)
            assert row is not None
            if row.archive is None:
                assert unit.documents.versions(number)
            else:
                assert f"documents/{number}.json" in _members(office.folder / row.archive)
    office.purge()
    assert office.archived() == numbers
    assert not [file for file in office.folder.iterdir() if file.suffix == ".tmp"]


def _purge_until(office: Office, stop: int, patch: pytest.MonkeyPatch) -> None:
    """Die while the first file is being written, or between two transactions."""
    calls = itertools.count(0 if not stop else 1)

    def die() -> None:
        if next(calls) == stop:
            os.kill(os.getpid(), signal.SIGKILL)

    if not stop:
        patch.setattr(Archive, "finish", lambda *_: die())
    office.rest = die
    try:
        office.purge()
    finally:
        os._exit(1)


def test_a_disk_that_is_full_is_told_and_leaves_no_half_of_an_archive(tmp_path: Path) -> None:
    """The command says which folder, and the next call begins with the same documents."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(ParkedError, match=r"cli\.purge-no-folder"):
            _write_too_much(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not list(tmp_path.iterdir())


def _write_too_much(place: Path) -> None:
    with _folder(place) as folder, Archive(folder / "a.zip") as archive:
        archive.add("1", {}, [("0", os.urandom(20_000))])
        archive.finish({})


def test_what_is_over_and_too_young_is_counted_in_every_month(store: Store) -> None:
    """Of the month itself by its last change, of later months and of none all, of earlier ones none."""
    months = ["202609", "202610", "202611", None]
    rows = [
        document(f"M{2026_0000000000000 + n:017d}", period=month, state="aggregated")
        for n, month in enumerate(months)
    ]
    with store.begin() as unit:
        unit.documents.put([new(row) for row in rows])
    finals = {"manifest": ["aggregated"]}
    with store.read() as unit:
        assert [unit.retention.young(finals, each) for each in (NOON, LATER)] == [4, 1]
