"""The goods that a manifest draws on: items of a volume, or of an account book or handbook."""

from __future__ import annotations

from collections.abc import Mapping

from customs_stub.checks.qualification import BONDED
from customs_stub.facts import Facts, Filed, Referred, State
from customs_stub.faults import Fault
from customs_stub.submission import Kind
from customs_stub.xmltree import Record

# What a manifest's item must repeat exactly as it was filed; an account book may be silent on some.
AS_FILED = ("CodeTS", "GName", "GModel", "GUnit", "OriginCountry", "TradeCurr")
# What it need not tell, but may not tell otherwise.
STATUTORY = ("FirstUnit", "SecondUnit")
DISABLED = "1"

Goods = Mapping[str, Record]


def find(body: Record, path: str, facts: Facts) -> tuple[Goods | None, list[Fault]]:
    """Return the items, by number, that the filing number stands for, and what speaks against that."""
    manual, number = f"{path}/ManualNo", body.get("ManualNo")
    if body.get("GoodsNature") == BONDED:
        return _book(body, number, manual, facts) if facts.keeps(Referred.ACCOUNT_BOOK) else (None, [])
    volume = facts.volume(number)
    if volume is None:
        return None, [Fault("M03", manual, number)]
    if volume.enterprise != body.get("TradeCode"):
        return None, [Fault("M05", manual, number)]
    if volume.office != body.get("CustomMaster"):
        return None, [Fault("M06", manual, number)]
    if volume.state is not State.APPROVED:
        return None, [Fault("M04", manual, number)]
    return numbered(volume.content), _nature(body, volume, path, facts)


def numbered(content: Record) -> Goods:
    """Return the items of a volume or an account book by their numbers."""
    return {item.get("GNo"): item for item in content.all("Item")}


def _nature(body: Record, volume: Filed, path: str, facts: Facts) -> list[Fault]:
    above = facts.by_unified_number(Kind.QUALIFICATION, volume.content.get("QualificationSeqNo"))
    if above is None or above.nature == body.get("GoodsNature"):
        return []
    return [Fault("M15", f"{path}/GoodsNature", f"{body.get('GoodsNature')}，应为{above.nature}")]


def _book(body: Record, number: str, manual: str, facts: Facts) -> tuple[Goods | None, list[Fault]]:
    found = facts.referred(Referred.ACCOUNT_BOOK, number)
    if not found:
        return None, [Fault("M03", manual, number)]
    book = found[0]
    if book.get("TradeCode") != body.get("TradeCode"):
        return None, [Fault("M05", manual, number)]
    if book.get("CustomMaster") != body.get("CustomMaster"):
        return None, [Fault("M06", manual, number)]
    # Its day of declaration counts: a manifest that is corrected later was in time.
    if book.get("ValidDate") and book.get("ValidDate") < body.get("DeclDate"):
        return None, [Fault("M13", manual, book.get("ValidDate"))]
    mode = book.get("TradeMode")
    if mode and body.get("TradeMode") != mode:
        path = manual.replace("ManualNo", "TradeMode")
        return numbered(book), [Fault("M18", path, f"{body.get('TradeMode')}，应为{mode}")]
    return numbered(book), []


def check(body: Record, path: str, goods: Goods, before: Record | None) -> list[Fault]:
    """Check a manifest's items against the goods; `before` is the manifest that is being corrected."""
    # Disabling an item is about new manifests; what was declared before may be put right.
    used = {item.get("ContrItem") for item in before.all("Item")} if before else set()
    faults: list[Fault] = []
    for position, item in enumerate(body.all("Item"), 1):
        place, number = f"{path}/Item[{position}]", item.get("ContrItem")
        if number not in goods:
            faults.append(Fault("M07", f"{place}/ContrItem", number))
            continue
        if goods[number].get("Disabled") == DISABLED and number not in used:
            faults.append(Fault("M14", f"{place}/ContrItem", number))
        faults += _as_filed(item, goods[number], place)
    return faults


def _as_filed(item: Record, filed: Record, path: str) -> list[Fault]:
    pairs = [(name, item.get(name), filed.get(name)) for name in (*AS_FILED, *STATUTORY)]
    return [
        Fault("M08", f"{path}/{name}", f"{told}，备案为{right}")
        for name, told, right in pairs
        if right and told != right and (told or name in AS_FILED)
    ]
