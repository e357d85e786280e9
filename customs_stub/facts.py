"""What the checks ask the office's records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from customs_stub.submission import Kind
from customs_stub.xmltree import Record


class State(StrEnum):
    """Where a document stands in the office's own records."""

    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    REVOKED = "revoked"
    ACCEPTED = "accepted"
    INSPECTED = "inspected"
    REVIEWED = "reviewed"
    CLEARED = "cleared"
    GRANTED = "granted"  # of an application: what was applied for is done
    WITHDRAWN = "withdrawn"


# Their numbers are free for another try.
DEAD = frozenset({State.REFUSED, State.REVOKED})
# They take nothing of a licence and hold nothing to declare.
VOID = DEAD | {State.WITHDRAWN}


@dataclass(frozen=True, slots=True)
class Filed:
    """A document in the office's records, with its content as it is in force."""

    id: int
    kind: Kind
    enterprise: str
    office: str
    nature: str
    state: State
    unified_number: str
    customs_number: str
    valid_until: str
    content: Record


@dataclass(frozen=True, slots=True)
class Period:
    """One enterprise's traffic at one office, in one direction and natural month."""

    enterprise: str
    office: str
    ie_flag: str
    month: str


@dataclass(frozen=True, slots=True)
class Limits:
    """The figures of the rules, from the settings."""

    guarantee_months: int = 3
    volume_items: int = 99
    declaration_items: int = 50
    extension_days: int = 10
    import_days: int = 14
    export_days: int = 1


class Referred(StrEnum):
    """What an office keeps beside documents, and sends out."""

    ACCOUNT_BOOK = "AccountBook"
    CARGO_MANIFEST = "CargoManifest"
    LICENCE = "Licence"


class Facts(Protocol):
    """The records as they are when a submission is judged; refused and revoked documents count as absent."""

    @property
    def today(self) -> date:
        """The office's date."""
        ...

    @property
    def limits(self) -> Limits:
        """The figures of the rules."""
        ...

    def qualifications(self, enterprise: str, office: str, nature: str) -> list[Filed]:
        """Return the live qualifications."""
        ...

    def by_unified_number(self, kind: Kind, number: str) -> Filed | None:
        """Return the live document of that kind under the enterprise's unified number."""
        ...

    def by_client_number(self, kind: Kind, enterprise: str, number: str) -> Filed | None:
        """Return the live document of that kind under the client's own number."""
        ...

    def was_tried(self, kind: Kind, enterprise: str, number: str) -> bool:
        """Tell whether a document of that kind came before under the client's own number."""
        ...

    def volume(self, customs_number: str) -> Filed | None:
        """Return the volume that carries the number, live or not."""
        ...

    def undecided(self, parent: Filed) -> Filed | None:
        """Return an application against a document that is not decided yet."""
        ...

    def keeps(self, kind: Referred) -> bool:
        """Tell whether the office keeps any of that kind; what it does not keep it does not judge by."""
        ...

    def referred(self, kind: Referred, number: str) -> list[Record]:
        """Return what it keeps under the number of an account book, a licence or a bill of lading."""
        ...

    def licence_used(self, licence: str, code: str, unit: str, besides: str) -> Decimal:
        """Return what manifests hold under a licence, all but the one of that unified number."""
        ...

    def cleared(self, period: Period) -> Mapping[str, Decimal]:
        """Return the total of the cleared manifests by currency; empty when there are none."""
        ...

    def declared(self, period: Period) -> Mapping[str, Decimal]:
        """Return the total of the live declarations by currency."""
        ...
