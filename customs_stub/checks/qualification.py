"""What customs checks in a qualification filing."""

from __future__ import annotations

from customs_stub.checks.figures import day, months_after, number, over
from customs_stub.facts import Facts
from customs_stub.faults import Fault
from customs_stub.submission import Submission
from customs_stub.xmltree import Record

BONDED = "2"
# Border small trade only at offices 07xx, contracted exports only at 57xx; both count as general trade.
ONLY_AT = {"3": "07", "4": "57"}
GUARANTEE = ("GuaranteeMode", "GuaranteeAmount", "GuaranteeValidDate")


def check(submission: Submission, facts: Facts) -> list[Fault]:
    """Return everything that the office objects to."""
    body = submission.body
    nature = body.get("GoodsNature")
    faults: list[Fault] = []
    live = facts.qualifications(submission.enterprise, submission.office, nature)
    if any(not over(filed.valid_until, facts.today) for filed in live):
        faults.append(Fault("Q01", "QualificationFiling/GoodsNature"))
    prefix = ONLY_AT.get(nature)
    if prefix and not submission.office.startswith(prefix):
        faults.append(Fault("Q05", "QualificationFiling/GoodsNature", f"仅适用于{prefix}开头的关区"))
    return faults + guarantee(body, nature, "QualificationFiling", facts)


def guarantee(body: Record, nature: str, path: str, facts: Facts) -> list[Fault]:
    """Check the guarantee that a filing has, or is to have; `path` is where the body stands."""
    if nature == BONDED:
        return [Fault("Q04", f"{path}/{name}") for name in GUARANTEE if body.get(name)]
    faults = [Fault("Q02", f"{path}/{name}") for name in GUARANTEE if not body.get(name)]
    if body.get("GuaranteeAmount") and number(body.get("GuaranteeAmount")) <= 0:
        faults.append(Fault("Q06", f"{path}/GuaranteeAmount", body.get("GuaranteeAmount")))
    return faults + _date(body.get("GuaranteeValidDate"), f"{path}/GuaranteeValidDate", facts)


def _date(text: str, path: str, facts: Facts) -> list[Fault]:
    if not text:
        return []
    until, earliest = day(text), months_after(facts.today, facts.limits.guarantee_months)
    if until is None:
        return [Fault("G04", path, text)]
    return [] if until >= earliest else [Fault("Q03", path, f"{text}，不得早于{earliest:%Y%m%d}")]
