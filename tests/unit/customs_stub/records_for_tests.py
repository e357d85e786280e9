"""The office's records as plain values, for checks without a database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from customs_stub.facts import DEAD, Filed, Limits, Period, Referred, State
from customs_stub.references import Reference
from customs_stub.submission import Kind, Submission, read
from customs_stub.xmltree import Record
from tests.unit.customs_stub import messages


@dataclass
class PlainRecords:
    """Facts from lists; every filed document is found by every number that fits."""

    filed: list[Filed] = field(default_factory=list)
    cleared_totals: Mapping[str, Decimal] = field(default_factory=dict)
    declared_totals: Mapping[str, Decimal] = field(default_factory=dict)
    used_client_number: str = ""
    tried: Collection[str] = ()
    open_application: Filed | None = None
    references: Sequence[Reference] = ()
    used: Decimal = Decimal(0)
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
        """See Facts."""
        for each in self.filed:
            if (each.kind, each.unified_number) == (kind, number) and each.state not in DEAD:
                return each
        return None

    def by_client_number(self, kind: Kind, enterprise: str, number: str) -> Filed | None:
        """See Facts."""
        return filed(kind, enterprise=enterprise) if number == self.used_client_number else None

    def was_tried(self, kind: Kind, enterprise: str, number: str) -> bool:
        """See Facts."""
        return bool(kind and enterprise) and number in self.tried

    def volume(self, customs_number: str) -> Filed | None:
        """See Facts."""
        found = [each for each in self.filed if each.customs_number == customs_number]
        return found[0] if found else None

    def undecided(self, parent: Filed) -> Filed | None:
        """See Facts."""
        return self.open_application if parent in self.filed else None

    def keeps(self, kind: Referred) -> bool:
        """See Facts."""
        return any(each.kind is kind for each in self.references)

    def referred(self, kind: Referred, number: str) -> list[Record]:
        """See Facts."""
        return [each.body for each in self.references if (each.kind, each.label) == (kind, number)]

    def licence_used(self, licence: str, code: str, unit: str, besides: str) -> Decimal:
        """See Facts."""
        return self.used if licence and code and unit and besides else Decimal(0)

    def cleared(self, period: Period) -> Mapping[str, Decimal]:
        """See Facts."""
        return self.cleared_totals if period.month == "202610" else {}

    def declared(self, period: Period) -> Mapping[str, Decimal]:
        """See Facts."""
        return self.declared_totals if period.month == "202610" else {}


NUMBERS = {
    Kind.QUALIFICATION: "QF0000000000000001",
    Kind.VOLUME: "GF0000000000000001",
    Kind.MANIFEST: "MF0000000000000001",
}


def filed(
    kind: Kind,
    content: messages.Body | None = None,
    *,
    state: State = State.APPROVED,
    nature: str = "1",
    number: str = "",
    **values: str,
) -> Filed:
    """Return a document on file."""
    return Filed(
        id=1,
        kind=kind,
        enterprise=values.get("enterprise", messages.ENTERPRISE),
        office=values.get("office", messages.OFFICE),
        nature=nature,
        state=state,
        unified_number=values.get("unified_number", NUMBERS.get(kind, "")),
        customs_number=number,
        valid_until=values.get("valid_until", "20270430"),
        content=plain(content or {}),
    )


def plain(body: messages.Body) -> Record:
    """Return a body as the office reads it."""
    found = Record()
    for name, value in body.items():
        if isinstance(value, str):
            found.values[name] = value
        else:
            found.groups[name] = [plain(each) for each in (value if isinstance(value, list) else [value])]
    return found


def submitted(message_type: str, body: messages.Body, client_number: str = "A0-1") -> Submission:
    """Return a submission as the office reads it."""
    if message_type == "DecMessage":
        return read(messages.declaration_message(body, client_number), "DC1")
    return read(messages.message(message_type, body, client_number, "ID1"), "ID1")
