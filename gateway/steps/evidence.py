"""Evidence of one document: all that proves what was sent and answered, gathered for a bundle (CU-05)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final
from xml.sax.saxutils import escape

from gateway.documents import Kind
from gateway.errors import RejectedError
from gateway.reports import Bundle, safe
from gateway.signing import Certificate, pinned_certificates, stated_certificates
from gateway.steps.records import World
from gateway.steps.replies import safe_name
from gateway.steps.transport import opened
from gateway.store import (
    DocumentFilter,
    DocumentRow,
    HistoryRow,
    InterchangeRow,
    MessageRow,
    NoticeRow,
    ReceiptRow,
    SubmissionRow,
    Unit,
)

ACT: Final = "evidence"
_FORMAT: Final = "collective-declaration-evidence/1"
_PAGE: Final = 500
# The bodies that have no head with a message id.
_HEADLESS: Final = "DecMessage"


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the timeline: when, and what under the key of a text, with the values of that text."""

    at: datetime
    key: str
    values: dict[str, object]


@dataclass
class Evidence:
    """Gathers a document's evidence within one transaction that reads.

    Attributes:
        bundle: The files.
        events: What happened, in the order in which it was found.
    """

    world: World
    unit: Unit
    row: DocumentRow
    bundle: Bundle = field(init=False)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        content = asdict(self.row)
        told = {name: value for name, value in content.items() if name != "content"}
        related = self._related()
        self.bundle = Bundle(safe(self.row.number), {"format": _FORMAT, "document": told, "related": related})
        self.bundle.add_json("document.json", content, "the document as it is now")

    def gather(self) -> None:
        """Add everything but the timeline, which is written in the words of the reader.

        Raises:
            RejectedError: `signature.certificate-file`: a pinned certificate cannot be read.
        """
        changes = self.unit.documents.history(self.row.number)
        self._history(changes)
        self._input(changes)
        sent = self.unit.submissions.by_number(self.row.number)
        for submission in sent:
            self._message(submission)
        self._receipts(changes, [submission.id for submission in sent])
        for notice in self.unit.notices.of(self.row.number):
            self._notice(notice)
        self._acts()

    def timeline(self) -> list[Event]:
        """Return what happened in the order of time."""
        return sorted(self.events, key=lambda event: event.at)

    def _happened(self, at: datetime | None, key: str, **values: object) -> None:
        if at is not None:
            self.events.append(Event(at, f"timeline.{key}", values))

    def _related(self) -> dict[str, Any]:
        """Return the numbers of what belongs to it; not a run's manifests, of which there may be many."""
        number, documents = self.row.number, self.unit.documents
        kinds = [kind for kind in Kind if not (self.row.kind == Kind.AGGREGATION and kind is Kind.MANIFEST)]
        related: dict[str, Any] = {"parent": self.row.parent}
        for kind in kinds:
            found, last = [], ""
            while page := documents.listing(
                DocumentFilter(kind=kind, parent=number), limit=_PAGE, after=last
            ):
                last = page[-1].number
                found += [child.number for child in page]
            if found:
                related[kind.value] = found
        merged: set[str] = set()
        offset = 0
        while relations := self.unit.relations.page(number, offset=offset, limit=_PAGE):
            offset += len(relations)
            merged |= {each for one in relations for each in (one.manifest_number, one.declaration_number)}
        return {**related, "merged": sorted(merged - {number})}

    def _history(self, changes: Sequence[HistoryRow]) -> None:
        sealed = self.unit.audit.seals_of(self.row.number)
        told = [
            {**asdict(change), "seal": sealed[change.version].id if change.version in sealed else None}
            for change in changes
        ]
        seals = {seal.id: seal for seal in sealed.values()}
        for number in sorted(seals):
            seal = seals[number]
            self.bundle.check("seal", str(number), seal.before, seal.digest, seal.moment, seal.chain)
        listed = [{**asdict(seals[number]), "moment": seals[number].moment} for number in sorted(seals)]
        self.bundle.add_json("history.json", {"changes": told, "seals": listed}, "every change, and its seal")
        versions = [asdict(version) for version in self.unit.documents.versions(self.row.number)]
        self.bundle.add_json("versions.json", versions, "every content that the document has had")
        for change in changes:
            self._happened(
                change.at,
                "change",
                event=change.event,
                before=change.from_state or "–",
                after=change.to_state,
                cause=change.cause_kind,
                name=change.cause_id,
            )

    def _input(self, changes: Sequence[HistoryRow]) -> None:
        """Add each interchange that made or changed the document, with its replies and mappings (ER-03)."""
        messages = {(m.interchange_id, m.position): m for m in self.unit.messages.about(self.row.number)}
        for change in changes:
            if change.cause_kind == "message":
                place, _, position = change.cause_id.partition("/")
                found = self.unit.messages.at(int(place), int(position))
                if found is not None:
                    messages[found.interchange_id, found.position] = found
        for number in sorted({interchange for interchange, _ in messages}):
            own = [messages[key] for key in sorted(messages) if key[0] == number]
            self._interchange(self.unit.interchanges.get(number), own)

    def _interchange(self, row: InterchangeRow, messages: Sequence[MessageRow]) -> None:
        folder = f"input/{row.id:06d}"
        name = self.bundle.refer(
            f"{folder}/as-came{_ending(row.name)}", row.digest, f"what {row.partner} sent as {row.name}"
        )
        used = {(each.mapping, each.mapping_version) for each in messages}
        used.add((row.mapping, row.mapping_version))
        mappings = [kept for each in used if (kept := self._mapping(*each))]
        told = {
            "file": name,
            "interchange": asdict(row),
            "messages": [asdict(message) for message in messages],
            "mappings": sorted(mappings),
        }
        self.bundle.add_json(f"{folder}/about.json", told, "its name, partner, time, and messages")
        self._happened(
            row.received_at, "input", name=row.name, partner=row.partner, id=row.id, digest=row.digest
        )
        reply = f"{safe_name(row.name)}.{row.id:06d}"
        for notice in self.unit.notices.named(row.partner, (f"{reply}.reply.json", f"{reply}.contrl.edi")):
            self._notice(notice)

    def _mapping(self, mapping: str | None, version: str | None) -> str | None:
        """Add the bytes of a mapping; None for one that was in force before versions were kept."""
        data = self.unit.mapping_versions.get(mapping, version) if mapping and version else None
        if data is None:
            return None
        name = f"mappings/{safe(f'{mapping}-{version}')}.toml"
        return self.bundle.add(name, data, f"the mapping {mapping}@{version}")

    def _message(self, row: SubmissionRow) -> None:
        """Add a message before and after signing, what left where that is another, and its attempts."""
        folder = f"messages/{row.seq:06d}-{safe(row.id)}"
        files = {"unsigned": row.unsigned_digest, "signed": row.signed_digest, "encrypted": row.sent_digest}
        names = {
            kind: self.bundle.refer(f"{folder}/{kind}.xml", digest, f"the message {row.id}, {kind}")
            for kind, digest in files.items()
            if digest
        }
        attempts = self.unit.submissions.attempts(row.id)
        told = {"files": names, "message": asdict(row), "attempts": [asdict(each) for each in attempts]}
        self._happened(row.created_at, "made", id=row.id, type=row.message_type)
        if row.signed_digest:
            told |= self._signature(row, names)
        for attempt in attempts:
            self._happened(attempt.started_at, "attempt", id=row.id, route=row.route)
            self._happened(attempt.ended_at, f"attempt.{attempt.outcome}", id=row.id, detail=attempt.detail)
        self.bundle.add_json(f"{folder}/about.json", told, "its times, attempts, and certificate")

    def _signature(self, row: SubmissionRow, names: dict[str, str]) -> dict[str, Any]:
        at = self.unit.raw.kept_at(row.signed_digest or "") or row.created_at
        stated = stated_certificates(self.unit.raw.get(row.signed_digest or ""))
        self._happened(at, "signed", id=row.id, subject=stated[0].subject if stated else "–")
        file = self._certificate("enterprise", stated[0]) if stated else "-"
        says = ("SeqNo", row.number) if row.message_type == _HEADLESS else ("MessageId", row.id)
        self.bundle.check("message", names["unsigned"], names["signed"], file, _seconds(at), *says)
        return {"signed_at": at, "certificate": file, "subject": stated[0].subject if stated else None}

    def _certificate(self, whose: str, certificate: Certificate) -> str:
        name = f"certificates/{whose}/{certificate.fingerprint}.pem"
        if self.bundle.has(name):
            return name
        valid = f"{certificate.since:%F} – {certificate.until:%F}"
        self.bundle.check("certificate", name, certificate.fingerprint)
        return self.bundle.add(name, certificate.pem, f"{certificate.subject}, {valid}")

    def _receipts(self, changes: Sequence[HistoryRow], sent: Iterable[str]) -> None:
        """Add what customs answered to its messages, and whatever else names it or has moved it (CU-03)."""
        found: dict[int, ReceiptRow] = {}
        asked: list[tuple[str | None, str | None]] = [
            (self.row.number, None),
            *((None, each) for each in sent),
        ]
        for number, message in asked:
            last = 0
            while page := self.unit.receipts.listing(
                after=last, limit=_PAGE, number=number, message_id=message
            ):
                last = page[-1].id
                found |= {receipt.id: receipt for receipt in page}
        for change in changes:
            if change.cause_kind == "receipt" and (receipt := self.unit.receipts.get(int(change.cause_id))):
                found[receipt.id] = receipt
        for place in sorted(found):
            self._receipt(found[place])

    def _receipt(self, row: ReceiptRow) -> None:
        folder = f"receipts/{row.id:06d}"
        name = self.bundle.refer(f"{folder}/as-came.xml", row.digest, f"what came as {row.name}")
        data = self.unit.raw.get(row.digest)
        certificate = "-"
        # A carrier's word is unsigned; of what could not be read nothing is known that could be checked.
        if row.own_id is not None:
            try:
                inner = opened(self.world, row, data)
            except RejectedError:
                inner = data
            if isinstance(inner, bytes):
                if inner != data:
                    came, name = name, f"{folder}/opened.xml"
                    self.bundle.add(name, inner, "the message in it")
                    self.bundle.check("envelope", came, name)
                certificate = self._signer(row, inner)
                self.bundle.check("receipt", name, certificate, _seconds(row.received_at), *_named(row))
        told = {"receipt": asdict(row), "certificate": None if certificate == "-" else certificate}
        self.bundle.add_json(f"{folder}/about.json", told, "what was read of it, and what became of it")
        said = " ".join(filter(None, (row.receipt_type, row.code, row.text)))
        self._happened(row.received_at, "receipt", id=row.id, name=row.name, said=said, outcome=row.state)

    def _signer(self, row: ReceiptRow, data: bytes) -> str:
        """Return the file of the pinned certificate that the receipt names, empty where none is pinned."""
        route = self.world.route(row.channel)
        files = [each.file for each in (route.trusted_certificates if route else ())]
        paths = [self.world.settings.path(file) for file in files]
        pinned = {each.fingerprint: each for each in pinned_certificates(paths)}
        for stated in stated_certificates(data):
            if stated.fingerprint in pinned:
                return self._certificate("customs", pinned[stated.fingerprint])
        return "-"

    def _notice(self, row: NoticeRow) -> None:
        folder = f"notices/{row.id:06d}"
        name = self.bundle.refer(
            f"{folder}/as-told{_ending(row.name)}", row.digest, f"what {row.partner} was told as {row.name}"
        )
        told = {"file": name, "notice": asdict(row)}
        self.bundle.add_json(f"{folder}/about.json", told, "its name, partner, and times")
        self._happened(row.delivered_at, "notice", name=row.name, partner=row.partner)

    def _acts(self) -> None:
        """Add what operators did to the document, besides taking evidence, so that this stays the same."""
        acts = [act for act in self.unit.audit.acts_about(self.row.number) if act.act != ACT]
        self.bundle.add_json("acts.json", [asdict(act) for act in acts], "what operators did to it")
        for act in acts:
            self._happened(act.at, "act", operator=act.operator, act=act.act)


def _named(row: ReceiptRow) -> tuple[str, str]:
    """Return by which element a receipt names what it answers, in the order of correlation (CU-03)."""
    for element, value in (
        ("RefMessageId", row.message_id),
        ("SeqNo", row.number),
        ("CustomsNo", row.customs_number),
    ):
        if value:
            return element, escape(value)
    return "ClientSeqNo", escape(row.client_number or "")


def _ending(name: str) -> str:
    """Return the ending of a file's name, where it is one that no program minds."""
    ending = name.rpartition(".")[2].lower()
    return f".{ending}" if ending.isascii() and ending.isalnum() and len(ending) <= 5 else ""


def _seconds(moment: datetime) -> str:
    return str(int(moment.timestamp()))
