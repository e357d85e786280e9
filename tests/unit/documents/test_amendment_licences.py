"""What a manifest takes of a licence follows its amendments, and nobody takes it meanwhile (AM-06, MF-08)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from gateway.documents import Document
from gateway.errors import RejectedError
from tests.unit.documents.amending import MOD, OUT, declared, faults, now, row, rows, withdrawal
from tests.unit.documents.references import kilograms, licensed, licensed_world
from tests.unit.documents.world import World, cleared, codes_of

pytestmark = pytest.mark.requirement("AM-06", "MF-08")


def _world() -> tuple[World, Document]:
    """Return a licence of 1000 kg, of which manifest `M-1` takes 600."""
    world = licensed_world("1000")
    return world, cleared(world, "M-1", licensed(kilograms("600")))


def _kilograms(world: World, quantity: str, client_number: str = "A-1") -> Document:
    total = f"{Decimal(quantity) * 1000:.2f}"
    changes = (row("GQty", quantity, 1), row("DeclTotal", total, 1), row("FirstQty", quantity, 1))
    return declared(world, rows(*changes), client_number)


def _taken(world: World) -> Decimal:
    return sum((use.quantity for uses in world.uses.values() for use in uses), Decimal(0))


def test_the_manifests_own_use_does_not_count_against_its_correction() -> None:
    """From 600 to 1000 of 1000 is within the licence; one more is not."""
    world, _ = _world()
    changes = (row("GQty", "1001", 1), row("DeclTotal", "1001000.00", 1), row("FirstQty", "1001", 1))
    assert faults(world, rows(*changes)) == [f"rule.licence-exceeded {MOD}/Change[1]/NewValue"]
    assert _kilograms(world, "1000").state == "declared"


def test_what_a_modification_takes_more_is_kept_for_it_until_it_is_decided() -> None:
    """Another manifest finds 400 left, and 100 once the modification is under way."""
    world, _ = _world()
    amendment = _kilograms(world, "900")
    assert _taken(world) == 900
    with pytest.raises(RejectedError) as fault:
        world.do("Manifest", "save-declare", "M-2", licensed(kilograms("200"), BillNo="BL2"))
    assert codes_of(fault.value) == ["rule.licence-exceeded Manifest/Item[1]/GQty"]
    world.answer(amendment.number, "R")
    assert _taken(world) == 600
    assert world.do("Manifest", "save-declare", "M-2", licensed(kilograms("400"), BillNo="BL2")).changes


@pytest.mark.parametrize("quantity", ["200", "900"])
def test_an_approved_modification_takes_the_place_of_what_was_taken(quantity: str) -> None:
    """More or less; less is free for others only from the approval on."""
    world, found = _world()
    amendment = _kilograms(world, quantity)
    assert _taken(world) == max(Decimal(600), Decimal(quantity))
    world.answer(amendment.number, "A")
    assert {number: [use.quantity for use in uses] for number, uses in world.uses.items() if uses} == {
        found.number: [Decimal(quantity)]
    }


def test_an_approved_withdrawal_gives_back_what_was_taken() -> None:
    """All of it, and not before."""
    world, found = _world()
    amendment = world.do(OUT, "save-declare", "A-1", withdrawal()).document
    assert _taken(world) == 600
    world.answer(amendment.number, "A")
    assert (_taken(world), now(world, found).state) == (0, "withdrawn")


@pytest.mark.parametrize(("code", "receipt_type"), [("R", "B"), ("1", "T")])
def test_a_refused_or_failed_modification_gives_back_what_was_kept_for_it(
    code: str, receipt_type: str
) -> None:
    """Declared again it is counted again."""
    world, _ = _world()
    amendment = _kilograms(world, "900")
    world.answer(amendment.number, code, receipt_type)
    assert _taken(world) == 600
    world.do(MOD, "edit", "A-1", {**amendment.content, "CustomsNo": "", "SeqNo": amendment.number})
    world.do(MOD, "declare", "A-1")
    assert _taken(world) == 900
