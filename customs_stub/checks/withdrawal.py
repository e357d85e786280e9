"""What customs checks in the withdrawal of a manifest."""

from __future__ import annotations

from customs_stub.checks import declared, parents
from customs_stub.checks.modification import AMENDABLE, told
from customs_stub.facts import Facts
from customs_stub.faults import Fault
from customs_stub.submission import Submission
from customs_stub.xmltree import Record

PATH = "ManifestWithdrawal"


def check(submission: Submission, facts: Facts) -> list[Fault]:
    """Return everything that the office objects to."""
    filed, faults = parents.find(submission, facts, AMENDABLE)
    if filed is None:
        return faults
    faults = parents.unaltered(submission, told(filed))
    return faults + declared.enough_left(filed, Record(), PATH, facts)
