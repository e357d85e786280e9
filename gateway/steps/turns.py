"""Whose turn it is: what belongs together is understood and believed in order, by one gateway at a time."""

from __future__ import annotations

from collections import Counter

from gateway.config import Settings
from gateway.steps.records import World
from gateway.store import InterchangeRow, ReceiptRow, Unit


def take_interchanges(world: World, unit: Unit, limit: int) -> list[InterchangeRow]:
    """Take what is to be understood: of each partner's, the oldest first, and no other gateway has any.

    What an ERP saves in one file it declares in the next; and that there is no second document of a kind
    is seen by who reads first and writes then (ER-04, QF-11).
    """
    if not unit.turns.shared:
        return unit.interchanges.take(limit)
    waiting = unit.interchanges.waiting()
    turns = {partner: turn_of(world.settings, partner) for partner in waiting}
    counts: Counter[str] = Counter()
    for partner, count in waiting.items():
        counts[turns[partner]] += count
    mine = unit.turns.take(counts, limit)
    return unit.interchanges.take(limit, [partner for partner, turn in turns.items() if turn in mine])


def take_receipts(unit: Unit, limit: int) -> list[ReceiptRow]:
    """Take what is to be believed: of each lane's, the oldest first, and no other gateway has any.

    Two receipts for one message, in two hands, would wait for each other or be weighed in vain. Receipts
    for two messages of one document rarely meet: then one of them is weighed again. As long as a route
    does not go well, any answer may let all of its messages go, and one gateway has all of its lanes.
    """
    if not unit.turns.shared:
        return unit.receipts.take(limit)
    waiting = unit.receipts.waiting()
    ours = {route for route in {each for each, _ in waiting} if _may_believe(unit, route)}
    turns = {f"{_believing(route)} {lane}": (route, lane) for route, lane in waiting if route in ours}
    counts = {turn: waiting[place] for turn, place in turns.items()}
    return unit.receipts.take(limit, [turns[turn] for turn in unit.turns.take(counts, limit)])


def _may_believe(unit: Unit, route: str) -> bool:
    turn = _believing(route)
    return unit.turns.share(turn) if unit.circuits.get(route) is None else unit.turns.free(turn)


def turn_of(settings: Settings, partner: str) -> str:
    """Return the turn of a partner, which is that of all with whom it shares an enterprise."""
    together, before = {partner}, 0
    while len(together) > before:
        before = len(together)
        shared = {code for each in settings.partner if each.name in together for code in each.enterprises}
        together |= {each.name for each in settings.partner if not shared.isdisjoint(each.enterprises)}
    return f"understand {min(together)}"


def _believing(route: str) -> str:
    return f"believe {route}"
