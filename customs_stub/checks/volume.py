"""What customs checks in a volume of goods."""

from __future__ import annotations

from customs_stub.checks.figures import number, numbering
from customs_stub.checks.qualification import BONDED
from customs_stub.facts import Facts, State
from customs_stub.faults import Fault
from customs_stub.submission import Kind, Submission

QUALIFICATION = "GoodsFiling/QualificationSeqNo"


def check(submission: Submission, facts: Facts) -> list[Fault]:
    """Return everything that the office objects to."""
    items = submission.body.all("Item")
    faults = _qualification(submission, facts)
    if len(items) > facts.limits.volume_items:
        faults.append(Fault("V04", "GoodsFiling/Item", f"{len(items)}，上限{facts.limits.volume_items}"))
    faults += numbering(items, "GoodsFiling/Item")
    faults += [
        Fault("V05", f"GoodsFiling/Item[{position}]/DeclPrice", item.get("DeclPrice"))
        for position, item in enumerate(items, 1)
        if number(item.get("DeclPrice")) <= 0
    ]
    return faults


def _qualification(submission: Submission, facts: Facts) -> list[Fault]:
    told = submission.body.get("QualificationSeqNo")
    filed = facts.by_unified_number(Kind.QUALIFICATION, told)
    if filed is None or (filed.enterprise, filed.office) != (submission.enterprise, submission.office):
        return [Fault("V01", QUALIFICATION, told)]
    if filed.nature == BONDED:
        return [Fault("V03", QUALIFICATION, told)]
    if filed.state is not State.APPROVED:
        return [Fault("V02", QUALIFICATION, told)]
    if filed.valid_until and filed.valid_until < f"{facts.today:%Y%m%d}":
        return [Fault("V06", QUALIFICATION, filed.valid_until)]
    return []
