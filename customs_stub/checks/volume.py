"""What customs checks in a volume of goods."""

from __future__ import annotations

from customs_stub.checks.figures import number, numbering, over
from customs_stub.checks.qualification import BONDED
from customs_stub.facts import Facts, State
from customs_stub.faults import Fault
from customs_stub.submission import Kind, Submission
from customs_stub.xmltree import Record


def check(submission: Submission, facts: Facts) -> list[Fault]:
    """Return everything that the office objects to."""
    faults = qualified(submission, facts)
    return faults + goods(submission.body.all("Item"), "GoodsFiling/Item", 0, facts)


def goods(items: list[Record], path: str, before: int, facts: Facts) -> list[Fault]:
    """Check items that follow those on file, of which there are `before`."""
    faults: list[Fault] = []
    count, limit = before + len(items), facts.limits.volume_items
    if count > limit:
        faults.append(Fault("V04", path, f"{count}，上限{limit}"))
    faults += numbering(items, path, before + 1)
    faults += [
        Fault("V05", f"{path}[{position}]/DeclPrice", item.get("DeclPrice"))
        for position, item in enumerate(items, 1)
        if number(item.get("DeclPrice")) <= 0
    ]
    return faults


def qualified(submission: Submission, facts: Facts) -> list[Fault]:
    """Check the qualification that a volume stands, or goes on standing, under."""
    path, told = f"{submission.kind}/QualificationSeqNo", submission.body.get("QualificationSeqNo")
    filed = facts.by_unified_number(Kind.QUALIFICATION, told)
    if filed is None or (filed.enterprise, filed.office) != (submission.enterprise, submission.office):
        return [Fault("V01", path, told)]
    if filed.nature == BONDED:
        return [Fault("V03", path, told)]
    if filed.state is not State.APPROVED:
        return [Fault("V02", path, told)]
    return [Fault("V06", path, filed.valid_until)] if over(filed.valid_until, facts.today) else []
