"""What customs checks in a manifest: the right to declare, dates and sums; goods, licence and cargo apart."""

from __future__ import annotations

from dataclasses import dataclass

from customs_stub.checks import cargo, filed_goods, licence
from customs_stub.checks.deadlines import in_time
from customs_stub.checks.figures import cents, number, numbering, over, product
from customs_stub.facts import Facts, State
from customs_stub.faults import Fault
from customs_stub.submission import Submission
from customs_stub.xmltree import Record

PATH = "Manifest"
EXPORT = "E"
CONTRACT = "4"
# 贸易方式 by nature; of bonded goods the account book tells it.
TRADE_MODES = {"1": "0110", "3": "4019", CONTRACT: "3422"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A manifest's content, as it is declared or as a modification would have it.

    Attributes:
        body: The content.
        path: Where it stands in the message.
        number: Its unified number.
        before: The content that is on file, of a modification.
    """

    body: Record
    path: str
    number: str
    before: Record | None = None


def check(submission: Submission, facts: Facts) -> list[Fault]:
    """Return everything that the office objects to."""
    listed = Listed(submission.body, PATH, submission.unified_number)
    faults = _qualified(submission, facts) + in_time(submission.body, PATH, facts)
    return faults + content(listed, facts)


def content(listed: Listed, facts: Facts) -> list[Fault]:
    """Check what a manifest holds, whether it is new or being corrected."""
    body, path = listed.body, listed.path
    items = body.all("Item")
    faults = _header(body, path) + numbering(items, f"{path}/Item")
    for position, item in enumerate(items, 1):
        faults += _sums(item, f"{path}/Item[{position}]")
    goods, unfiled = filed_goods.find(body, path, facts)
    if goods is not None:
        unfiled += filed_goods.check(body, path, goods, listed.before)
    faults += unfiled + licence.check(body, path, goods, listed.number, facts)
    return faults + cargo.check(body, path, facts)


def _qualified(submission: Submission, facts: Facts) -> list[Fault]:
    nature = submission.body.get("GoodsNature")
    live = facts.qualifications(submission.enterprise, submission.office, nature)
    approved = [filed for filed in live if filed.state is State.APPROVED]
    if not approved:
        return [Fault("M01", f"{PATH}/CustomMaster", f"{submission.office}，{nature}")]
    if all(over(filed.valid_until, facts.today) for filed in approved):
        return [Fault("M02", f"{PATH}/CustomMaster", approved[0].valid_until)]
    return []


def _header(body: Record, path: str) -> list[Fault]:
    nature, flag = body.get("GoodsNature"), body.get("IEFlag")
    mode, told = TRADE_MODES.get(nature), body.get("TradeMode")
    faults: list[Fault] = []
    if nature == CONTRACT and flag != EXPORT:
        faults.append(Fault("M17", f"{path}/IEFlag", flag))
    if mode and told != mode:
        faults.append(Fault("M18", f"{path}/TradeMode", f"{told}，应为{mode}"))
    if number(body.get("PackNo")) <= 0:
        faults.append(Fault("M11", f"{path}/PackNo", body.get("PackNo")))
    if number(body.get("NetWt")) > number(body.get("GrossWet")):
        faults.append(Fault("M10", f"{path}/NetWt", f"{body.get('NetWt')} > {body.get('GrossWet')}"))
    return faults


def _sums(item: Record, path: str) -> list[Fault]:
    quantity, price = number(item.get("GQty")), number(item.get("DeclPrice"))
    faults: list[Fault] = []
    if quantity <= 0:
        faults.append(Fault("M12", f"{path}/GQty", item.get("GQty")))
    right = cents(product(quantity, price))
    if number(item.get("DeclTotal")) != right:
        faults.append(Fault("M09", f"{path}/DeclTotal", f"{item.get('DeclTotal')}，应为{right}"))
    return faults
