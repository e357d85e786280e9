"""What customs checks in an aggregated declaration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

from customs_stub.checks.figures import day, number, numbering
from customs_stub.facts import Facts, Period
from customs_stub.faults import Fault
from customs_stub.submission import Submission
from customs_stub.xmltree import Record

MEANS = "集中申报"
HEAD = "DecMessage/DecHead"
ITEMS = "DecMessage/DecLists/DecList"
# Each merged manifest line was rounded by itself, so the sum may be off by a little.
SLACK, SLACK_SHARE = Decimal(1), Decimal("0.005")


def check(submission: Submission, facts: Facts) -> list[Fault]:
    """Return everything that the office objects to."""
    head = submission.body.group("DecHead")
    items = submission.body.group("DecLists").all("DecList")
    faults: list[Fault] = []
    if head.get("TrafName") != MEANS:
        faults.append(Fault("D01", f"{HEAD}/TrafName", head.get("TrafName")))
    if number(head.get("PackNo")) <= 0:
        faults.append(Fault("D08", f"{HEAD}/PackNo", head.get("PackNo")))
    if number(head.get("NetWt")) > number(head.get("GrossWet")):
        faults.append(Fault("D07", f"{HEAD}/NetWt", f"{head.get('NetWt')} > {head.get('GrossWet')}"))
    if not 0 < len(items) <= facts.limits.declaration_items:
        faults.append(Fault("D04", ITEMS, f"{len(items)}，上限{facts.limits.declaration_items}"))
    faults += numbering(items, ITEMS)
    for position, item in enumerate(items, 1):
        faults += _sums(item, f"{ITEMS}[{position}]")
    dates = _dates(head)
    return faults + dates if dates else faults + _manifests(submission, facts)


def period(submission: Submission) -> Period:
    """Return the traffic that a declaration closes."""
    head = submission.body.group("DecHead")
    return Period(submission.enterprise, submission.office, head.get("IEFlag"), head.get("BillNo")[:6])


def amounts(items: Iterable[Record]) -> Mapping[str, Decimal]:
    """Return the total of the items by currency."""
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for item in items:
        totals[item.get("TradeCurr")] += number(item.get("DeclTotal"))
    return totals


def _dates(head: Record) -> list[Fault]:
    bill, path = head.get("BillNo"), f"{HEAD}/BillNo"
    first, last = day(bill[:8]), day(bill[8:])
    if first is None or last is None or first > last:
        return [Fault("D02", path, bill)]
    if bill[:6] != bill[8:14]:
        return [Fault("D03", path, bill)]
    return []


def _sums(item: Record, path: str) -> list[Fault]:
    total = number(item.get("DeclTotal"))
    if total <= 0:
        return [Fault("D05", f"{path}/DeclTotal", item.get("DeclTotal"))]
    right = number(item.get("GQty")) * number(item.get("DeclPrice"))
    if abs(total - right) > max(SLACK, right * SLACK_SHARE):
        return [Fault("D06", f"{path}/DeclTotal", f"{total}，应约为{right}")]
    return []


def _manifests(submission: Submission, facts: Facts) -> list[Fault]:
    path = f"{HEAD}/BillNo"
    closed = period(submission)
    cleared = facts.cleared(closed)
    if not cleared:
        return [Fault("D09", path, closed.month)]
    before = facts.declared(closed)
    return [
        Fault(
            "D10",
            path,
            f"{currency} {before.get(currency, Decimal(0)) + total} > {cleared.get(currency, Decimal(0))}",
        )
        for currency, total in amounts(submission.body.group("DecLists").all("DecList")).items()
        if before.get(currency, Decimal(0)) + total > cleared.get(currency, Decimal(0))
    ]
