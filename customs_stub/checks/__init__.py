"""What customs checks: one file per kind of document, each returning every fault it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from customs_stub.checks import (
    declaration,
    manifest,
    modification,
    qualification,
    qualification_change,
    qualification_extension,
    volume,
    volume_change,
    withdrawal,
)
from customs_stub.facts import Facts
from customs_stub.faults import Fault
from customs_stub.submission import Kind, Submission

CHECKS: Mapping[Kind, Callable[[Submission, Facts], list[Fault]]] = {
    Kind.QUALIFICATION: qualification.check,
    Kind.QUALIFICATION_CHANGE: qualification_change.check,
    Kind.EXTENSION: qualification_extension.check,
    Kind.VOLUME: volume.check,
    Kind.VOLUME_CHANGE: volume_change.check,
    Kind.MANIFEST: manifest.check,
    Kind.MODIFICATION: modification.check,
    Kind.WITHDRAWAL: withdrawal.check,
    Kind.DECLARATION: declaration.check,
}


def check(kind: Kind, submission: Submission, facts: Facts) -> list[Fault]:
    """Return everything that the office objects to in a submission."""
    return [*_repeated(kind, submission, facts), *CHECKS[kind](submission, facts)]


def _repeated(kind: Kind, submission: Submission, facts: Facts) -> list[Fault]:
    declaration_message = kind is Kind.DECLARATION
    faults: list[Fault] = []
    client = submission.client_number
    if client and facts.by_client_number(kind, submission.enterprise, client):
        path = "DecMessage/DecSign/ClientSeqNo" if declaration_message else "MessageHead/ClientSeqNo"
        faults.append(Fault("G01", path, client))
    unified = submission.unified_number
    if unified and facts.by_unified_number(kind, unified):
        path = "DecMessage/DecHead/SeqNo" if declaration_message else f"{kind}/SeqNo"
        faults.append(Fault("G02", path, unified))
    return faults
