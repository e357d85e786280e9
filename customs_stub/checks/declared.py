"""What is declared already: an amendment may not take away from under it."""

from __future__ import annotations

from decimal import Decimal

from customs_stub.checks.declaration import amounts
from customs_stub.facts import Facts, Filed, Period, State
from customs_stub.faults import Fault
from customs_stub.xmltree import Record

NOTHING = Decimal(0)


def enough_left(filed: Filed, becomes: Record, path: str, facts: Facts) -> list[Fault]:
    """Check that the month's declarations still find their amounts among its cleared manifests."""
    if filed.state is not State.CLEARED:
        return []
    content = filed.content
    month = content.get("DeclDate")[:6]
    period = Period(filed.enterprise, filed.office, content.get("IEFlag"), month)
    cleared, declared = facts.cleared(period), facts.declared(period)
    before, after = amounts(content.all("Item")), amounts(becomes.all("Item"))
    faults: list[Fault] = []
    for currency, total in before.items():
        left = cleared.get(currency, NOTHING) - total + after.get(currency, NOTHING)
        needed = declared.get(currency, NOTHING)
        if needed > max(left, NOTHING):
            detail = f"{currency} {needed} > {left}"
            faults.append(Fault("A05", f"{path}/ManifestSeqNo", detail))
    return faults
