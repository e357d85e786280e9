"""Between deciding and keeping: the facts that documents ask for, and decisions written at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.codes import CodeLibrary
from gateway.config import Enterprise, Partner, Route, Settings
from gateway.documents import (
    UNDECIDED,
    CodeLookup,
    Decision,
    Document,
    Kind,
    ManifestState,
    Outgoing,
    Reference,
    Selection,
    Use,
)
from gateway.errors import RejectedError
from gateway.fields import FieldDictionary
from gateway.messages import Catalogue, Head, build, build_declaration, serialize
from gateway.signing import Encrypter
from gateway.steps import taking
from gateway.steps.kept import to_document, to_reference, to_row
from gateway.steps.phases import Phase
from gateway.steps.routing import Matter, choose
from gateway.store import (
    ChangeRow,
    DocumentRow,
    ReferenceRow,
    SubmissionRow,
    SubmissionState,
    Unit,
    UseRow,
)

# The first character of a unified number says what it numbers.
LETTERS = {
    Kind.QUALIFICATION: "Q",
    Kind.VOLUME: "G",
    Kind.CHANGE: "C",
    Kind.MANIFEST: "M",
    Kind.AMENDMENT: "A",
    Kind.AGGREGATION: "R",
    Kind.DECLARATION: "D",
}


@dataclass(frozen=True, slots=True)
class World:
    """What stays the same from one transaction to the next."""

    settings: Settings
    catalogue: Catalogue
    codes: CodeLibrary
    new_message_id: Callable[[], str]
    # By route, where it encrypts.
    encrypters: Mapping[str, Encrypter]

    def partner(self, name: str) -> Partner:
        """Return the agreement with a partner."""
        return next(partner for partner in self.settings.partner if partner.name == name)

    def route(self, name: str) -> Route | None:
        """Return the way to customs of that name; None where the configuration names it no more."""
        return next((route for route in self.settings.route if route.name == name), None)


@dataclass(frozen=True, slots=True)
class Cause:
    """What made a document change: a message, a receipt, the clock or an operator."""

    kind: str
    id: str


class StoredFacts:
    """What documents may ask, answered from one transaction."""

    def __init__(self, world: World, unit: Unit) -> None:
        self._world = world
        self._unit = unit

    @property
    def now(self) -> datetime:
        """The moment of the transaction."""
        return self._unit.now

    @property
    def settings(self) -> Settings:
        """The configuration."""
        return self._world.settings

    @property
    def dictionary(self) -> FieldDictionary:
        """What the schema says of each field."""
        return self._world.catalogue.dictionary

    @property
    def codes(self) -> CodeLookup:
        """The parameter tables as of the day of the transaction."""
        return self._world.codes.on(self._unit.now.date())

    def enterprise(self, code: str) -> Enterprise | None:
        """Return the profile of an enterprise."""
        return next((e for e in self.settings.enterprise if e.code == code), None)

    def enterprises_of(self, partner: str) -> Sequence[str]:
        """Return the codes of the enterprises that a partner speaks for."""
        return next((p.enterprises for p in self.settings.partner if p.name == partner), ())

    def new_number(self, kind: Kind) -> str:
        """Return a unified number that was never given before."""
        return self._unit.documents.next_number(LETTERS[kind], self.now)

    def document(self, number: str) -> Document | None:
        """Return a document by its unified number."""
        return _document(self._unit.documents.get(number))

    def by_client_number(self, partner: str, kind: Kind, client_number: str) -> Document | None:
        """Return the document that a partner made under its own number."""
        return _document(self._unit.documents.by_client_number(partner, kind, client_number))

    def qualifications(self, enterprise: str, office: str | None, nature: str) -> Iterable[Document]:
        """Return an enterprise's qualifications of one nature at one office or at all."""
        return map(to_document, self._unit.documents.qualifications(enterprise, office, nature))

    def volume(self, customs_number: str) -> Document | None:
        """Return the volume to which customs gave this number."""
        return _document(self._unit.documents.volume(customs_number))

    def volumes_of(self, qualification: str) -> Iterable[Document]:
        """Return the volumes under a qualification."""
        children = map(to_document, self._unit.documents.children(qualification))
        return (child for child in children if child.kind is Kind.VOLUME)

    def changes_of(self, number: str) -> Iterable[Document]:
        """Return the changes of a filing, or the amendments of a manifest."""
        children = map(to_document, self._unit.documents.children(number))
        return (child for child in children if child.kind in {Kind.CHANGE, Kind.AMENDMENT})

    def account_book(self, number: str) -> Reference | None:
        """Return an account book or handbook as customs last told it."""
        return _reference(self._unit.references.get("AccountBook", number))

    def licence(self, number: str) -> Reference | None:
        """Return a licence as customs last told it; its row is locked until the transaction ends (MF-08)."""
        return _reference(self._unit.references.lock("Licence", number))

    def licence_used(self, number: str, besides: str) -> Iterable[Use]:
        """Return what all manifests but one have taken of a licence."""
        return [
            Use(row.licence, row.goods_code, row.unit, row.quantity)
            for row in self._unit.references.used(number, besides)
        ]

    def cargo_manifests(self, bill: str) -> Iterable[Reference]:
        """Return the cargo manifests under a bill of lading as customs last told them."""
        return map(to_reference, self._unit.references.beginning("CargoManifest", bill))

    def amended(self, enterprise: str, period: str) -> Collection[str]:
        """Return the manifests of a month that have an amendment which is not decided yet (AM-07)."""
        return self._unit.documents.amended(enterprise, period, UNDECIDED)

    def offered(self, selection: Selection) -> int:
        """Count the manifests that a run would take."""
        return self._unit.months.count(taking.offered(selection))

    def offering(self, selection: Selection) -> Iterator[Document]:
        """Yield the manifests that a run would take."""
        return map(to_document, taking.manifests(self._unit, selection))

    def cleared(self, enterprise: str, period: str) -> Mapping[tuple[str, str], int]:
        """Count an enterprise's cleared manifests of a month by declaring customs and nature of goods."""
        rows = self._unit.groups.count([ManifestState.CLEARED], enterprise, period)
        return {(row.office, row.nature): row.manifests for row in rows}

    def marking(self, enterprise: str, period: str) -> str | None:
        """Return the number of a run that is still taking its manifests of a month."""
        return self._unit.runs.in_phase(Phase.MARKING, enterprise, period)

    def locked(self, number: str) -> Document | None:
        """Return a document that nobody else changes until the transaction ends."""
        return _document(self._unit.documents.lock(number))

    def manifests(self, enterprise: str, period: str, states: Collection[str]) -> Iterator[Document]:
        """Yield an enterprise's manifests of a month that are in one of the states."""
        return map(to_document, self._unit.documents.manifests(enterprise, period, states))


def carry_out(world: World, unit: Unit, decision: Decision, cause: Cause) -> None:
    """Write a decision: documents by compare-and-set, what a run takes, submissions, releases, recalls.

    Raises:
        RejectedError: An outgoing message does not validate, or no route takes it; nothing of it may stay.
        RetryError: `store.changed-meanwhile`.
    """
    unit.documents.put(
        ChangeRow(
            document=to_row(change.document),
            expected_state=change.expected_state,
            expected_version=change.expected_version,
            event=change.event,
            cause_kind=cause.kind,
            cause_id=cause.id,
        )
        for change in decision.changes
    )
    if decision.takes is not None:
        taking.begin(unit, decision.document.number, decision.takes)
    for number, uses in decision.uses.items():
        unit.references.use(number, (_use_row(number, use) for use in uses))
    documents = {change.document.number: change.document for change in decision.changes}
    for number, outgoing in decision.outgoing:
        _submit(world, unit, documents[number], outgoing)
    if decision.release:
        unit.submissions.release(decision.release)
    if decision.recall:
        unit.submissions.recall(decision.recall)


def _submit(world: World, unit: Unit, document: Document, outgoing: Outgoing) -> None:
    """Build and check the message that goes to customs; its unsigned bytes are kept to be signed.

    The route is chosen here and for good (CU-06): its receiver stands in the bytes.
    """
    route = choose(world.settings.route, Matter.of(document, outgoing.message_type))
    message_id = world.new_message_id()
    if outgoing.message_type == "DecMessage":
        root = build_declaration(world.catalogue, outgoing.body)
    else:
        head = Head(
            message_id=message_id,
            message_type=outgoing.message_type,
            sender_id=world.settings.sender,
            receiver_id=route.receiver,
            create_time=unit.now,
            client_seq_no=document.client_number,
        )
        root = build(world.catalogue, head, outgoing.body)
    if faults := world.catalogue.check(root):
        raise RejectedError(faults)
    unit.submissions.add(
        SubmissionRow(
            id=message_id,
            number=document.number,
            message_type=outgoing.message_type,
            client_number=document.client_number,
            enterprise=document.enterprise,
            route=route.name,
            state=SubmissionState.HELD if outgoing.hold else SubmissionState.TO_SIGN,
            unsigned_digest=unit.raw.put(serialize(root)),
            created_at=unit.now,
        )
    )


def _use_row(number: str, use: Use) -> UseRow:
    return UseRow(
        number=number, licence=use.licence, goods_code=use.goods_code, unit=use.unit, quantity=use.quantity
    )


def _document(row: DocumentRow | None) -> Document | None:
    return None if row is None else to_document(row)


def _reference(row: ReferenceRow | None) -> Reference | None:
    return None if row is None else to_reference(row)
