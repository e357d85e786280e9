"""What the checks ask the office's records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from customs_stub.submission import Kind


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


DEAD = frozenset({State.REFUSED, State.REVOKED})


@dataclass(frozen=True, slots=True)
class Filed:
    """A document in the office's records."""

    id: int
    kind: Kind
    enterprise: str
    office: str
    nature: str
    state: State
    customs_number: str
    valid_until: str


@dataclass(frozen=True, slots=True)
class Goods:
    """An item of a volume as it was filed, by the names of the message's fields."""

    values: Mapping[str, str]


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

    def volume(self, customs_number: str) -> Filed | None:
        """Return the volume that carries the number, live or not."""
        ...

    def goods(self, volume: Filed) -> Mapping[str, Goods]:
        """Return the items of a volume by item number."""
        ...

    def cleared(self, period: Period) -> Mapping[str, Decimal]:
        """Return the total of the cleared manifests by currency; empty when there are none."""
        ...

    def declared(self, period: Period) -> Mapping[str, Decimal]:
        """Return the total of the live declarations by currency."""
        ...
