"""What customs checks in the extension of a qualification: bonded only, in its last days, nothing altered."""

from __future__ import annotations

from customs_stub.checks import parents
from customs_stub.checks.figures import day, over
from customs_stub.checks.qualification import BONDED
from customs_stub.facts import Facts, Filed
from customs_stub.faults import Fault
from customs_stub.submission import Submission

PATH = "QualificationExtension"
REPEATED = ("TradeName", "GoodsNature")


def check(submission: Submission, facts: Facts) -> list[Fault]:
    """Return everything that the office objects to."""
    filed, faults = parents.find(submission, facts)
    if filed is None:
        return faults
    on_file = {name: filed.content.get(name) for name in REPEATED}
    faults = parents.unaltered(submission, {**on_file, "ApprovedValidDate": filed.valid_until})
    if filed.nature != BONDED:
        faults.append(Fault("E01", f"{PATH}/GoodsNature", filed.nature))
    return faults + _in_time(filed, facts)


def _in_time(filed: Filed, facts: Facts) -> list[Fault]:
    path = f"{PATH}/ApprovedValidDate"
    if over(filed.valid_until, facts.today):
        return [Fault("P05", path, filed.valid_until)]
    until, days = day(filed.valid_until), facts.limits.extension_days
    if until is None or (until - facts.today).days > days:
        return [Fault("E02", path, f"{filed.valid_until}，到期前{days}天内")]
    return []
