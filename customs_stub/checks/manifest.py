"""What customs checks in a manifest."""

from __future__ import annotations

from collections.abc import Mapping

from customs_stub.checks.figures import cents, day, number, numbering
from customs_stub.checks.qualification import BONDED
from customs_stub.facts import Facts, Filed, Goods, State
from customs_stub.faults import Fault
from customs_stub.submission import Submission
from customs_stub.xmltree import Record

# What a manifest's item must repeat exactly as it was filed.
AS_FILED = ("CodeTS", "GName", "GModel", "GUnit", "OriginCountry", "TradeCurr")
MANUAL = "Manifest/ManualNo"


def check(submission: Submission, facts: Facts) -> list[Fault]:
    """Return everything that the office objects to."""
    items = submission.body.all("Item")
    faults = _header(submission, facts) + numbering(items, "Manifest/Item")
    for position, item in enumerate(items, 1):
        faults += _sums(item, f"Manifest/Item[{position}]")
    # Goods of a bonded manifest stand in account books, which this office does not keep.
    return faults if submission.body.get("GoodsNature") == BONDED else faults + _filing(submission, facts)


def _header(submission: Submission, facts: Facts) -> list[Fault]:
    body = submission.body
    faults = _qualified(submission, facts)
    if day(body.get("DeclDate")) is None:
        faults.append(Fault("G04", "Manifest/DeclDate", body.get("DeclDate")))
    if number(body.get("PackNo")) <= 0:
        faults.append(Fault("M11", "Manifest/PackNo", body.get("PackNo")))
    if number(body.get("NetWt")) > number(body.get("GrossWet")):
        faults.append(Fault("M10", "Manifest/NetWt", f"{body.get('NetWt')} > {body.get('GrossWet')}"))
    return faults


def _qualified(submission: Submission, facts: Facts) -> list[Fault]:
    nature = submission.body.get("GoodsNature")
    live = facts.qualifications(submission.enterprise, submission.office, nature)
    approved = [filed for filed in live if filed.state is State.APPROVED]
    if not approved:
        return [Fault("M01", "Manifest/CustomMaster", f"{submission.office}，{nature}")]
    if all(filed.valid_until and filed.valid_until < f"{facts.today:%Y%m%d}" for filed in approved):
        return [Fault("M02", "Manifest/CustomMaster", approved[0].valid_until)]
    return []


def _sums(item: Record, path: str) -> list[Fault]:
    quantity, price = number(item.get("GQty")), number(item.get("DeclPrice"))
    faults: list[Fault] = []
    if quantity <= 0:
        faults.append(Fault("M12", f"{path}/GQty", item.get("GQty")))
    right = cents(quantity * price)
    if number(item.get("DeclTotal")) != right:
        faults.append(Fault("M09", f"{path}/DeclTotal", f"{item.get('DeclTotal')}，应为{right}"))
    return faults


def _filing(submission: Submission, facts: Facts) -> list[Fault]:
    manual = submission.body.get("ManualNo")
    volume = facts.volume(manual)
    if volume is None:
        return [Fault("M03", MANUAL, manual)]
    if volume.enterprise != submission.enterprise:
        return [Fault("M05", MANUAL, manual)]
    if volume.office != submission.office:
        return [Fault("M06", MANUAL, manual)]
    if volume.state is not State.APPROVED:
        return [Fault("M04", MANUAL, manual)]
    return _items(submission.body, volume, facts)


def _items(body: Record, volume: Filed, facts: Facts) -> list[Fault]:
    goods = facts.goods(volume)
    faults: list[Fault] = []
    for position, item in enumerate(body.all("Item"), 1):
        faults += _as_filed(item, f"Manifest/Item[{position}]", goods)
    return faults


def _as_filed(item: Record, path: str, goods: Mapping[str, Goods]) -> list[Fault]:
    filed = goods.get(item.get("ContrItem"))
    if filed is None:
        return [Fault("M07", f"{path}/ContrItem", item.get("ContrItem"))]
    return [
        Fault("M08", f"{path}/{name}", f"{item.get(name)}，备案为{filed.values.get(name, '')}")
        for name in AS_FILED
        if item.get(name) != filed.values.get(name, "")
    ]
