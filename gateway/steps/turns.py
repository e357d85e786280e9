"""Whose turn it is: what belongs together is understood and believed in order, by one gateway at a time."""

from __future__ import annotations

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
    turns = {partner: turn_of(world.settings, partner) for partner in unit.interchanges.partners_waiting()}
    mine = unit.turns.take(set(turns.values()))
    return unit.interchanges.take(limit, [partner for partner, turn in turns.items() if turn in mine])


def take_receipts(unit: Unit, limit: int) -> list[ReceiptRow]:
    """Take what is to be believed: of each route's, the oldest first, and no other gateway has any.

    Two receipts for one document, in two hands, would wait for each other or be weighed in vain.
    """
    if not unit.turns.shared:
        return unit.receipts.take(limit)
    turns = {_believing(route): route for route in unit.receipts.channels_waiting()}
    return unit.receipts.take(limit, [turns[turn] for turn in unit.turns.take(turns.keys())])


def wait_for_believing(unit: Unit, route: str) -> None:
    """Wait until the answers of a route that are just being believed have moved its messages (CU-05).

    Answers come in another order than messages were sent. Two that lock the same messages in two orders wait
    for each other, and where the database then undoes the note of what was sent, all of it goes again.
    """
    unit.turns.wait(_believing(route))


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
