"""The words of this room: documents, what is asked and answered about them, and what they decide."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

from gateway.config import Enterprise, Settings
from gateway.errors import Language, Violation
from gateway.fields import FieldDictionary, Fields

if TYPE_CHECKING:
    from gateway.documents.selection import Selection

ReceiptType = Literal["T", "B"]


class Kind(StrEnum):
    """What a document is."""

    QUALIFICATION = "qualification"
    VOLUME = "volume"
    CHANGE = "change"
    MANIFEST = "manifest"
    AMENDMENT = "amendment"
    AGGREGATION = "aggregation"
    DECLARATION = "declaration"


class Nature(StrEnum):
    """The nature of the goods, 集中申报货物性质 (QF-01, QF-06)."""

    GENERAL = "1"
    BONDED = "2"
    BORDER = "3"
    CONTRACT = "4"


@dataclass(frozen=True, slots=True)
class Document:
    """A matter that is followed from its first saving to its end.

    Attributes:
        number: The unified number, 中心统一编号.
        kind: What it is.
        message_type: The body's element name: which change or amendment it is.
        state: A state of its kind.
        version: Counts its changes from 1.
        enterprise: The customs code of the enterprise that it belongs to.
        partner: The ERP that made it.
        office: The declaring customs.
        nature: The nature of the goods.
        ie_flag: `I`, `E`, or empty where it has no direction.
        client_number: The ERP's own number.
        customs_number: What customs gave on approval.
        parent: The qualification of a volume, the filing that a change changes, the manifest of an
            amendment, the run of a declaration or of a manifest in a run.
        period: The month of a manifest's declaration date, also of its amendments, or the month that a run
            aggregates: `202610`.
        valid_until: The approved last day, `yyyyMMdd`.
        content: Its body in standard names.
    """

    number: str
    kind: Kind
    message_type: str
    state: str
    version: int
    enterprise: str
    partner: str
    office: str
    nature: str
    ie_flag: str
    client_number: str
    customs_number: str | None
    parent: str | None
    period: str | None
    valid_until: str | None
    content: Fields


@dataclass(frozen=True, slots=True)
class Command:
    """What an ERP or operator asks for.

    Attributes:
        message_type: The body's element name, for example `Manifest`.
        operation: One of the operations of the message head.
        client_number: The sender's own number of the document.
        partner: Who asks.
        body: The body; it is never changed here.
        number: The unified number, where it is known from elsewhere than the body.
        forced: Why an operator lets pass what is late (AG-01); empty for everybody else.
    """

    message_type: str
    operation: str
    client_number: str
    partner: str
    body: Fields
    number: str | None = None
    forced: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What customs said, verified and correlated; the text never decides (CU-04)."""

    receipt_type: ReceiptType
    code: str
    customs_number: str | None = None
    valid_until: str | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """Reference data that customs sent: an account book or handbook, a licence, a cargo manifest (GF-09).

    Attributes:
        key: Its own number; of a cargo manifest what names it (`cargo_key`).
        enterprise: Whose it is; empty for a cargo manifest.
        valid_from: Its first day, `yyyyMMdd`, or None.
        valid_until: Its last day, `yyyyMMdd`, or None.
        content: The body of customs' message.
    """

    key: str
    enterprise: str
    valid_from: str | None
    valid_until: str | None
    content: Fields


@dataclass(frozen=True, slots=True)
class Use:
    """What one manifest takes of a licence: a quantity of goods in a unit (MF-08)."""

    licence: str
    goods_code: str
    unit: str
    quantity: Decimal


class CodeLookup(Protocol):
    """The parameter tables (EN-03)."""

    def has(self, table: str) -> bool:
        """Tell whether there is such a table."""
        ...

    def code(self, table: str, text: str) -> str | None:
        """Return the code for a code or Chinese name, None when unknown."""
        ...

    def near(self, table: str, text: str) -> Sequence[tuple[str, str]]:
        """Return the nearest entries as code and name."""
        ...

    def validity(self, table: str, text: str) -> str | None:
        """Return on which days a code or name holds that does not hold today, None for any other text."""
        ...


class Facts(Protocol):
    """What documents may ask the world, answered within one transaction."""

    @property
    def now(self) -> datetime:
        """The moment of the decision, in China's zone."""
        ...

    @property
    def settings(self) -> Settings:
        """The configuration: `rules` and `aggregation` are read here."""
        ...

    @property
    def dictionary(self) -> FieldDictionary:
        """What the schema says of each field."""
        ...

    @property
    def codes(self) -> CodeLookup:
        """The parameter tables."""
        ...

    def enterprise(self, code: str) -> Enterprise | None:
        """Return the profile of an enterprise."""
        ...

    def enterprises_of(self, partner: str) -> Sequence[str]:
        """Return the codes of the enterprises that a partner speaks for."""
        ...

    def new_number(self, kind: Kind) -> str:
        """Return a unified number of 18 characters that was never given before."""
        ...

    def document(self, number: str) -> Document | None:
        """Return a document by its unified number."""
        ...

    def by_client_number(self, partner: str, kind: Kind, client_number: str) -> Document | None:
        """Return the document that a partner made under its own number."""
        ...

    def qualifications(self, enterprise: str, office: str | None, nature: str) -> Iterable[Document]:
        """Return an enterprise's qualifications of one nature at one office or at all, in any state."""
        ...

    def volume(self, customs_number: str) -> Document | None:
        """Return the volume to which customs gave this number."""
        ...

    def volumes_of(self, qualification: str) -> Iterable[Document]:
        """Return the volumes under a qualification, in any state."""
        ...

    def changes_of(self, number: str) -> Iterable[Document]:
        """Return the changes of a filing, or the amendments of a manifest, in any state."""
        ...

    def account_book(self, number: str) -> Reference | None:
        """Return an account book or handbook as customs last told it (GF-09)."""
        ...

    def licence(self, number: str) -> Reference | None:
        """Return a licence as customs last told it; until the end of the transaction nobody else uses it."""
        ...

    def licence_used(self, number: str, besides: str) -> Iterable[Use]:
        """Return what all manifests but one have taken of a licence (MF-08)."""
        ...

    def cargo_manifests(self, bill: str) -> Iterable[Reference]:
        """Return the cargo manifests under a bill of lading, named by `cargo_bill` (MF-09)."""
        ...

    def manifests(self, enterprise: str, period: str, states: Collection[str]) -> Iterator[Document]:
        """Yield an enterprise's manifests of a month that are in one of the states, in any order."""
        ...

    def offered(self, selection: Selection) -> int:
        """Count the manifests that a run would take (AG-02)."""
        ...

    def offering(self, selection: Selection) -> Iterator[Document]:
        """Yield the manifests that a run would take, a piece at a time."""
        ...

    def cleared(self, enterprise: str, period: str) -> Mapping[tuple[str, str], int]:
        """Count an enterprise's cleared manifests of a month by declaring customs and nature of goods."""
        ...

    def marking(self, enterprise: str, period: str) -> str | None:
        """Return the number of a run that is still taking its manifests of a month, if there is one."""
        ...

    def locked(self, number: str) -> Document | None:
        """Return a document by its unified number; until the end of the transaction nobody changes it."""
        ...

    def amended(self, enterprise: str, period: str) -> Collection[str]:
        """Return the manifests of a month that have an amendment which is not decided yet (AM-07)."""
        ...


@dataclass(frozen=True, slots=True)
class Change:
    """One document as it is to be, written only if it still is as expected.

    Attributes:
        document: The document after the change.
        expected_state: Its state before, None when it is new.
        expected_version: Its version before, 0 when it is new.
        event: What happened, for the history.
    """

    document: Document
    expected_state: str | None
    expected_version: int
    event: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be sent to customs; with `hold` it waits until a decision releases it (GF-07)."""

    message_type: str
    body: Fields
    hold: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """Something the ERP is told about a document, beside the reply."""

    number: str
    code: str
    values: Mapping[str, object] = field(default_factory=dict)

    def text(self, language: Language = "en") -> str:
        """Return the catalogue's text in the language."""
        return Violation(self.code, values=self.values).text(language)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be written, sent and told, all in one transaction or not at all.

    Attributes:
        changes: The document itself first, then others that it moves.
        outgoing: Messages to customs, each with the number of its document.
        release: Numbers of the documents whose held messages may go now.
        recall: Numbers of the documents whose held messages are never sent.
        filled: What was back-filled, by path (EN-02).
        warnings: Violations that stop nothing.
        news: What the ERP is told beside the reply.
        takes: The manifests that a new run takes; they may be too many to stand among the changes.
        uses: What a manifest takes of licences from now on, in the place of what it took before.
        shown: What the reply shows beside number and state, such as the fields that an amendment changes.
        subject: The document that is only shown or printed, where nothing changes.
    """

    changes: tuple[Change, ...] = ()
    outgoing: tuple[tuple[str, Outgoing], ...] = ()
    release: tuple[str, ...] = ()
    recall: tuple[str, ...] = ()
    filled: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[Violation, ...] = ()
    news: tuple[News, ...] = ()
    takes: Selection | None = None
    uses: Mapping[str, tuple[Use, ...]] = field(default_factory=dict)
    shown: Mapping[str, object] = field(default_factory=dict)
    subject: Document | None = None

    @classmethod
    def of(cls, change: Change, more: Decision | None) -> Decision:
        """Return the decision of a change and of what follows from it for others."""
        return replace(more, changes=(change, *more.changes)) if more else cls((change,))

    @property
    def document(self) -> Document:
        """Return what the decision is about."""
        found = self.changes[0].document if self.changes else self.subject
        assert found is not None, "a decision is about a document"
        return found


@dataclass(frozen=True, slots=True)
class Stale:
    """A receipt that changes nothing, and why: overtaken, repeated, or a notice only."""

    reason: Violation
