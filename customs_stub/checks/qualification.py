"""What customs checks in a qualification filing."""

from __future__ import annotations

from customs_stub.checks.figures import day, months_after, number
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
    if facts.qualifications(submission.enterprise, submission.office, nature):
        faults.append(Fault("Q01", "QualificationFiling/GoodsNature"))
    prefix = ONLY_AT.get(nature)
    if prefix and not submission.office.startswith(prefix):
        faults.append(Fault("Q05", "QualificationFiling/GoodsNature", f"仅适用于{prefix}开头的关区"))
    return faults + (_bonded(body) if nature == BONDED else _guarantee(body, facts))


def _bonded(body: Record) -> list[Fault]:
    return [Fault("Q04", f"QualificationFiling/{name}") for name in GUARANTEE if body.get(name)]


def _guarantee(body: Record, facts: Facts) -> list[Fault]:
    faults = [Fault("Q02", f"QualificationFiling/{name}") for name in GUARANTEE if not body.get(name)]
    if body.get("GuaranteeAmount") and number(body.get("GuaranteeAmount")) <= 0:
        faults.append(Fault("Q06", "QualificationFiling/GuaranteeAmount", body.get("GuaranteeAmount")))
    if text := body.get("GuaranteeValidDate"):
        path = "QualificationFiling/GuaranteeValidDate"
        until, earliest = day(text), months_after(facts.today, facts.limits.guarantee_months)
        if until is None:
            faults.append(Fault("G04", path, text))
        elif until < earliest:
            faults.append(Fault("Q03", path, f"{text}，不得早于{earliest:%Y%m%d}"))
    return faults
