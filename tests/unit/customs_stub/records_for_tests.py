"""The office's records as plain values, for checks without a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from customs_stub.facts import DEAD, Filed, Goods, Limits, Period, State
from customs_stub.submission import Kind, Submission, read
from tests.unit.customs_stub import messages


@dataclass
class PlainRecords:
    """Facts from lists; every filed document is found by every number that fits."""

    filed: list[Filed] = field(default_factory=list)
    items: Mapping[str, Goods] = field(default_factory=dict)
    cleared_totals: Mapping[str, Decimal] = field(default_factory=dict)
    declared_totals: Mapping[str, Decimal] = field(default_factory=dict)
    used_client_number: str = ""
    today: date = date(2026, 10, 20)
    limits: Limits = field(default_factory=Limits)

    def qualifications(self, enterprise: str, office: str, nature: str) -> list[Filed]:
        """See Facts."""
        sought = (Kind.QUALIFICATION, enterprise, office, nature)
        found = [
            each for each in self.filed if (each.kind, each.enterprise, each.office, each.nature) == sought
        ]
        return [each for each in found if each.state not in DEAD]

    def by_unified_number(self, kind: Kind, number: str) -> Filed | None:
        """See Facts; unified numbers begin with QF."""
        found = [each for each in self.filed if each.kind is kind and each.state not in DEAD]
        return found[0] if found and number.startswith("QF") else None

    def by_client_number(self, kind: Kind, enterprise: str, number: str) -> Filed | None:
        """See Facts."""
        on_file = Filed(9, kind, enterprise, "", "", State.APPROVED, "", "")
        return on_file if number == self.used_client_number else None

    def volume(self, customs_number: str) -> Filed | None:
        """See Facts."""
        found = [each for each in self.filed if each.customs_number == customs_number]
        return found[0] if found else None

    def goods(self, volume: Filed) -> Mapping[str, Goods]:
        """See Facts."""
        return self.items if volume in self.filed else {}

    def cleared(self, period: Period) -> Mapping[str, Decimal]:
        """See Facts."""
        return self.cleared_totals if period.month == "202610" else {}

    def declared(self, period: Period) -> Mapping[str, Decimal]:
        """See Facts."""
        return self.declared_totals if period.month == "202610" else {}


def filed(
    kind: Kind, *, state: State = State.APPROVED, nature: str = "1", number: str = "", **values: str
) -> Filed:
    """Return a document on file."""
    enterprise = values.get("enterprise", messages.ENTERPRISE)
    office = values.get("office", messages.OFFICE)
    return Filed(1, kind, enterprise, office, nature, state, number, values.get("valid_until", "20270430"))


def submitted(message_type: str, body: messages.Body, client_number: str = "A0-1") -> Submission:
    """Return a submission as the office reads it."""
    if message_type == "DecMessage":
        return read(messages.declaration_message(body, client_number), "DC1")
    return read(messages.message(message_type, body, client_number, "ID1"), "ID1")
