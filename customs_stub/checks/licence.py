"""What customs checks of licences: whose, for what, until when, and how much over all manifests."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal

from customs_stub.checks.figures import number
from customs_stub.checks.filed_goods import Goods
from customs_stub.facts import Facts, Referred
from customs_stub.faults import Fault
from customs_stub.xmltree import Record

UNITS = (("GUnit", "GQty"), ("FirstUnit", "FirstQty"), ("SecondUnit", "SecondQty"))
FIELD = "LicenseNo"


@dataclass(frozen=True, slots=True)
class Claim:
    """What an item takes of a licence, told in one of its units."""

    licence: str
    code: str
    unit: str
    quantity: Decimal

    @property
    def place(self) -> tuple[str, str, str]:
        """What it is counted by."""
        return self.licence, self.code, self.unit


def named(body: Record, item: Record) -> str:
    """Return the licence of an item: the manifest's, else its own."""
    return body.get(FIELD) or item.get(FIELD)


def claims(body: Record) -> list[Claim]:
    """Return what a manifest takes of licences, in every unit that it tells."""
    totals: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for item in body.all("Item"):
        if licence := named(body, item):
            for unit, quantity in _told(item).items():
                totals[licence, item.get("CodeTS"), unit] += quantity
    return [Claim(*place, quantity) for place, quantity in totals.items()]


def check(body: Record, path: str, goods: Goods | None, manifest: str, facts: Facts) -> list[Fault]:
    """Check every licence that a manifest uses; `manifest` is its unified number."""
    if not facts.keeps(Referred.LICENCE):
        return []
    users: dict[str, list[int]] = defaultdict(list)
    if body.get(FIELD):
        users[body.get(FIELD)] = []
    for position, item in enumerate(body.all("Item"), 1):
        if licence := named(body, item):
            users[licence].append(position)
    # One manifest has one licence, wherever it is told.
    one = next(iter(users), "")
    faults: list[Fault] = []
    for position, item in enumerate(body.all("Item"), 1):
        filed = goods.get(item.get("ContrItem"), Record()).get(FIELD) if goods else ""
        faults += _belongs(item.get(FIELD), filed, one, f"{path}/Item[{position}]/{FIELD}")
    for licence, positions in users.items():
        place = f"{path}/{FIELD}" if body.get(FIELD) else f"{path}/Item[{positions[0]}]/{FIELD}"
        faults += _licence(body, licence, place, facts) or _goods(body, path, licence, positions, facts)
    return faults + _quantities(body, path, manifest, facts)


def _belongs(own: str, filed: str, one: str, place: str) -> list[Fault]:
    if filed and not one:
        return [Fault("L09", place, filed)]
    # Beside the licence that goods were filed with one of another kind may be needed.
    rival = filed if filed.partition(":")[0] == one.partition(":")[0] else ""
    return [Fault("L06", place, f"{other}，清单为{one}") for other in sorted({own, rival} - {one, ""})]


def _licence(body: Record, licence: str, place: str, facts: Facts) -> list[Fault]:
    found = facts.referred(Referred.LICENCE, licence)
    if not found:
        return [Fault("L01", place, licence)]
    known = found[0]
    faults: list[Fault] = []
    if known.get("TradeCode") != body.get("TradeCode"):
        faults.append(Fault("L02", place, licence))
    if known.get("IEFlag") != body.get("IEFlag"):
        faults.append(Fault("L03", place, licence))
    if not known.get("ValidFrom") <= body.get("DeclDate") <= known.get("ValidDate"):
        faults.append(Fault("L04", place, f"{known.get('ValidFrom')}-{known.get('ValidDate')}"))
    return faults


def _goods(body: Record, path: str, licence: str, positions: list[int], facts: Facts) -> list[Fault]:
    known = facts.referred(Referred.LICENCE, licence)[0]
    items = body.all("Item")
    faults: list[Fault] = []
    for position in positions:
        item = items[position - 1]
        units = {each.get("GUnit") for each in known.all("Item") if each.get("CodeTS") == item.get("CodeTS")}
        if not units:
            faults.append(Fault("L05", f"{path}/Item[{position}]/CodeTS", item.get("CodeTS")))
        elif not units & _told(item).keys():
            detail = f"{item.get('GUnit')}，许可单位为{'、'.join(sorted(units))}"
            faults.append(Fault("L07", f"{path}/Item[{position}]/GUnit", detail))
    return faults


def _quantities(body: Record, path: str, manifest: str, facts: Facts) -> list[Fault]:
    taken = {claim.place: claim.quantity for claim in claims(body)}
    faults: list[Fault] = []
    for licence in dict.fromkeys(key[0] for key in taken):
        for (code, unit), limit in _allowed(licence, facts).items():
            wanted = taken.get((licence, code, unit))
            if wanted is None:
                continue
            used = facts.licence_used(licence, code, unit, manifest)
            if used + wanted > limit:
                place = _first(body, path, licence, code)
                faults.append(Fault("L08", place, f"{licence} {code}：{used}+{wanted} > {limit}"))
    return faults


def _allowed(licence: str, facts: Facts) -> dict[tuple[str, str], Decimal]:
    limits: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for known in facts.referred(Referred.LICENCE, licence)[:1]:
        for each in known.all("Item"):
            limits[each.get("CodeTS"), each.get("GUnit")] += number(each.get("GQty"))
    return limits


def _first(body: Record, path: str, licence: str, code: str) -> str:
    positions = (
        position
        for position, item in enumerate(body.all("Item"), 1)
        if (named(body, item), item.get("CodeTS")) == (licence, code)
    )
    return f"{path}/Item[{next(positions)}]/GQty"


def _told(item: Record) -> dict[str, Decimal]:
    """Return the quantities by unit; of one unit told twice the first counts."""
    told: dict[str, Decimal] = {}
    for unit, quantity in UNITS:
        if item.get(unit) and item.get(quantity):
            told.setdefault(item.get(unit), number(item.get(quantity)))
    return told
