"""What customs checks in the change of a volume: items are added or disabled, never altered."""

from __future__ import annotations

from customs_stub.checks import parents, volume
from customs_stub.facts import Facts, Filed
from customs_stub.faults import Fault
from customs_stub.submission import Submission
from customs_stub.xmltree import Record

PATH = "GoodsFilingChange"
DISABLED = "1"


def check(submission: Submission, facts: Facts) -> list[Fault]:
    """Return everything that the office objects to."""
    filed, faults = parents.find(submission, facts)
    if filed is None:
        return faults
    content = filed.content
    faults = parents.unaltered(
        submission,
        {
            "VolumeCustomsNo": filed.customs_number,
            "QualificationSeqNo": content.get("QualificationSeqNo"),
            "TradeName": content.get("TradeName"),
        },
    )
    if not faults:
        faults = volume.qualified(submission, facts)
    added, disabled = submission.body.all("Item"), submission.body.all("DisabledItem")
    if not added and not disabled:
        faults.append(Fault("P06", PATH))
    return faults + _added(added, filed, facts) + _disabled(disabled, filed)


def _added(items: list[Record], filed: Filed, facts: Facts) -> list[Fault]:
    on_file = {item.get("GNo") for item in filed.content.all("Item")}
    altered = [
        Fault("C01", f"{PATH}/Item[{position}]/GNo", item.get("GNo"))
        for position, item in enumerate(items, 1)
        if item.get("GNo") in on_file
    ]
    return altered or (volume.goods(items, f"{PATH}/Item", len(on_file), facts) if items else [])


def _disabled(items: list[Record], filed: Filed) -> list[Fault]:
    on_file = {item.get("GNo"): item.get("Disabled") for item in filed.content.all("Item")}
    faults: list[Fault] = []
    for position, item in enumerate(items, 1):
        number, path = item.get("GNo"), f"{PATH}/DisabledItem[{position}]/GNo"
        if number not in on_file:
            faults.append(Fault("C02", path, number))
        elif on_file[number] == DISABLED:
            faults.append(Fault("C03", path, number))
        on_file[number] = DISABLED
    return faults
