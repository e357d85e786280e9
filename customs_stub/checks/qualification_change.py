"""What customs checks in the change of a qualification: four fields may differ, nothing else."""

from __future__ import annotations

from dataclasses import replace

from customs_stub.checks import parents
from customs_stub.checks.figures import over
from customs_stub.checks.qualification import BONDED, GUARANTEE, guarantee
from customs_stub.facts import Facts, Filed
from customs_stub.faults import Fault
from customs_stub.submission import Submission
from customs_stub.xmltree import Record

PATH = "QualificationChange"
CHANGEABLE = ("IEBatches", *GUARANTEE)
# Told for the reader's sake; they must be as on file.
REPEATED = ("TradeName", "GoodsNature")


def check(submission: Submission, facts: Facts) -> list[Fault]:
    """Return everything that the office objects to."""
    filed, faults = parents.find(submission, facts)
    if filed is None:
        return faults
    faults = parents.unaltered(submission, {name: filed.content.get(name) for name in REPEATED})
    if over(filed.valid_until, facts.today):
        faults.append(Fault("P05", f"{PATH}/QualificationSeqNo", filed.valid_until))
    changed = differing(submission.body, filed)
    if not changed:
        faults.append(Fault("P06", PATH))
    return faults + _guarantee(changed, filed, facts)


def differing(body: Record, filed: Filed) -> dict[str, str]:
    """Return the fields that a change would alter; what it does not tell stays."""
    told = {name: body.get(name) for name in CHANGEABLE if body.get(name)}
    return {name: value for name, value in told.items() if value != filed.content.get(name)}


def _guarantee(changed: dict[str, str], filed: Filed, facts: Facts) -> list[Fault]:
    if filed.nature == BONDED:
        return guarantee(Record(changed), BONDED, PATH, facts)
    becomes = replace(filed.content, values=filed.content.values | changed)
    # A date that stays was judged when it was filed, and may well be nearer by now.
    return [
        fault
        for fault in guarantee(becomes, filed.nature, PATH, facts)
        if fault.code == "Q02" or fault.path.rpartition("/")[2] in changed
    ]
