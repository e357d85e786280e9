"""Every item belongs to the manifest's licence, and all manifests together stay within it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import CHINA
from gateway.documents import Decision, Use
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.references import (
    DURIANS,
    KILOGRAM,
    LICENCE,
    PIECE,
    kilograms,
    licence_row,
    licensed,
    licensed_world,
    state_of,
    tell_licence,
)
from tests.unit.documents.world import (
    OTHER,
    World,
    approved_world,
    codes_of,
    goods,
    line,
    manifest,
    volume,
)

MF = "Manifest"
HEAD = f"{MF}/LicenseNo"


def _faults(world: World, body: Fields, operation: str = "save-declare") -> list[str]:
    with pytest.raises(RejectedError) as fault:
        world.do(MF, operation, "M-9", body)
    return codes_of(fault.value)


def _warned(decision: Decision) -> list[str]:
    return [f"{violation.code} {violation.path}" for violation in decision.warnings]


@pytest.mark.requirement("MF-07")
def test_goods_of_the_licence_are_taken_from_it_when_declared() -> None:
    """Saving takes nothing; items of one goods code and unit add up."""
    world = licensed_world()
    body = licensed(kilograms("100"), kilograms("20.5", ContrItem="2"))
    assert world.do(MF, "save", "M-1", body).uses == {}
    decision = world.do(MF, "declare", "M-1")
    assert decision.uses == {decision.document.number: (Use(LICENCE, DURIANS, KILOGRAM, Decimal("120.5")),)}
    assert decision.warnings == ()


@pytest.mark.requirement("MF-07")
def test_every_item_must_belong_to_the_licence() -> None:
    """Each that does not is told by its own place, with the goods that do."""
    body = licensed(kilograms("1"), line(ContrItem="3"), line(ContrItem="3"))
    with pytest.raises(RejectedError) as fault:
        licensed_world().do(MF, "save-declare", "M-1", body)
    assert codes_of(fault.value) == [
        f"rule.licence-goods {MF}/Item[2]/CodeTS",
        f"rule.licence-goods {MF}/Item[3]/CodeTS",
    ]
    assert DURIANS in fault.value.violations[0].text("zh")


@pytest.mark.requirement("MF-07")
@pytest.mark.parametrize(
    ("item", "head", "expected"),
    [
        ("1:26-AB-100002", LICENCE, "licence-of-item"),
        (LICENCE, "", "licence-of-item"),
        (LICENCE, LICENCE, None),
    ],
)
def test_an_item_names_no_licence_but_that_of_the_header(item: str, head: str, expected: str | None) -> None:
    """One manifest, one licence."""
    world, body = licensed_world(), licensed(kilograms("1", LicenseNo=item), LicenseNo=head)
    if expected:
        assert _faults(world, body) == [f"rule.{expected} {MF}/Item[1]/LicenseNo"]
    else:
        assert world.do(MF, "save-declare", "M-1", body).outgoing


@pytest.mark.requirement("MF-07")
@pytest.mark.parametrize(
    ("filed", "named", "expected"),
    [
        ("1:26-AB-100001", "1:26-AB-100001", None),
        ("1:26-AB-100001", "", "licence-not-named"),
        ("1:26-AB-100001", "1:26-AB-100002", "licence-of-filing"),
        ("1:26-AB-100001", "7:4711", None),
        ("", "1:26-AB-100001", None),
    ],
)
def test_an_item_goes_under_the_licence_that_it_is_filed_under(
    filed: str, named: str, expected: str | None
) -> None:
    """Another document of another kind may be needed beside it."""
    world = approved_world()
    number = world.do("GoodsFiling", "save-declare", "GF-2", volume(goods(LicenseNo=filed))).document.number
    world.answer(number, "A", customs_number="J53016000002")
    body = manifest(VolumeClientNo="GF-2", LicenseNo=named)
    if expected:
        assert _faults(world, body) == [f"rule.{expected} {MF}/Item[1]/LicenseNo"]
        assert world.do(MF, "save", "M-1", body).changes
    else:
        assert world.do(MF, "save-declare", "M-1", body).outgoing


@pytest.mark.requirement("MF-07")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"TradeCode": OTHER}, "licence-of-other-enterprise"),
        ({"IEFlag": "E"}, "licence-direction"),
        ({"ValidDate": "20261019"}, "licence-not-valid"),
        ({"ValidDate": "20261020"}, None),
        ({"ValidFrom": "20261021"}, "licence-not-valid"),
        ({"ValidFrom": "20261020"}, None),
        ({"ValidFrom": ""}, None),
    ],
)
def test_the_licence_is_the_enterprises_of_the_direction_and_in_force(
    fields: dict[str, str], expected: str | None
) -> None:
    """On the day of declaration."""
    world = licensed_world()
    tell_licence(world, **fields)
    if expected:
        assert _faults(world, licensed()) == [f"rule.{expected} {HEAD}"]
    else:
        assert world.do(MF, "save-declare", "M-1", licensed()).outgoing


@pytest.mark.requirement("QR-08")
@pytest.mark.parametrize("row", [licence_row("1", "4901990000", KILOGRAM), licence_row("1", "0101210010")])
def test_nothing_is_told_of_the_goods_and_quantities_of_anothers_licence(row: dict[str, str]) -> None:
    """That it is another's is the only fault, whatever else would not fit."""
    world = licensed_world()
    tell_licence(world, "0", row, TradeCode=OTHER, ValidDate="20250101", IEFlag="E")
    assert _faults(world, licensed()) == [f"rule.licence-of-other-enterprise {HEAD}"]


@pytest.mark.requirement("MF-07")
def test_a_licence_that_is_not_at_hand_is_left_to_customs() -> None:
    """The reply warns, and what is taken is noted in every unit, for when the licence is told."""
    world = licensed_world()
    del world.references[f"licence {LICENCE}"]
    body = licensed(kilograms("60", FirstQty="50", SecondQty=""))
    decision = world.do(MF, "save-declare", "M-1", body)
    assert _warned(decision) == [f"rule.licence-not-at-hand {HEAD}"]
    tell_licence(world, "100")
    assert _faults(world, licensed(kilograms("41"))) == [f"rule.licence-exceeded {MF}/Item[1]/GQty"]
    assert world.do(MF, "save-declare", "M-2", licensed(kilograms("40"))).outgoing


@pytest.mark.requirement("MF-08")
def test_the_quantity_counts_in_the_unit_of_the_licence() -> None:
    """The declared unit first, then the statutory ones; without a quantity in it the item is refused."""
    world = approved_world()
    tell_licence(world, "0", licence_row("100", "4901990000", KILOGRAM))
    body = manifest(line(GQty="500", DeclTotal="6250", FirstQty="80"), LicenseNo=LICENCE)
    decision = world.do(MF, "save-declare", "M-1", body)
    assert decision.uses[decision.document.number] == (Use(LICENCE, "4901990000", KILOGRAM, Decimal(80)),)
    assert _faults(world, manifest(line(FirstQty=""), LicenseNo=LICENCE)) == [
        f"rule.licence-quantity {MF}/Item[1]/FirstQty"
    ]
    tell_licence(world, "0", licence_row("100", "4901990000", "007"))
    assert _faults(world, manifest(LicenseNo=LICENCE)) == [f"rule.licence-unit {MF}/Item[1]/GUnit"]


@pytest.mark.requirement("MF-08")
def test_a_licence_of_two_units_counts_each_item_once() -> None:
    """In the unit in which it is declared."""
    world = approved_world()
    rows = (licence_row("150", "4901990000", PIECE), licence_row("1", "4901990000", KILOGRAM))
    tell_licence(world, "0", *rows)
    decision = world.do(MF, "save-declare", "M-1", manifest(LicenseNo=LICENCE))
    assert decision.uses[decision.document.number] == (Use(LICENCE, "4901990000", PIECE, Decimal(100)),)


@pytest.mark.requirement("MF-08")
def test_all_manifests_together_stay_within_the_licence() -> None:
    """To the last gram; the reply tells what is left, at the item that goes beyond."""
    world = licensed_world("1000")
    world.do(MF, "save-declare", "M-1", licensed(kilograms("600")))
    body = licensed(kilograms("300"), kilograms("100.00001", ContrItem="2"), kilograms("1"))
    with pytest.raises(RejectedError) as fault:
        world.do(MF, "save-declare", "M-2", body)
    assert codes_of(fault.value) == [f"rule.licence-exceeded {MF}/Item[2]/GQty"]
    text = fault.value.violations[0].text("en")
    assert all(figure in text for figure in ("400.00001", "1000", "600", "at most 400"))
    world.do(MF, "save-declare", "M-2", licensed(kilograms("300"), kilograms("100", ContrItem="2")))
    assert _faults(world, licensed(kilograms("0.00001"))) == [f"rule.licence-exceeded {MF}/Item[1]/GQty"]


@pytest.mark.requirement("MF-08")
def test_a_licence_that_customs_lowered_takes_no_more() -> None:
    """What was taken stays taken; nothing is left."""
    world = licensed_world("1000")
    world.do(MF, "save-declare", "M-1", licensed(kilograms("600")))
    tell_licence(world, "500")
    with pytest.raises(RejectedError) as fault:
        world.do(MF, "save-declare", "M-2", licensed(kilograms("1"), kilograms("1")))
    assert codes_of(fault.value) == [f"rule.licence-exceeded {MF}/Item[1]/GQty"]
    assert "at most 0" in fault.value.violations[0].text("en")


# How each end comes about, and whether the manifest gives back what it took.
ENDS = {
    "fail": (["T-1"], "receive_failed", True),
    "refuse": (["T0", "BR"], "rejected", True),
    "withdraw": (["T0", "B7", "B15", "BW"], "withdrawn", True),
    "approve": (["T0", "B7"], "approved", False),
    "clear": (["T0", "B7", "B15"], "cleared", False),
}


def _answer(world: World, number: str, receipts: list[str]) -> None:
    for receipt in receipts:
        values = {"customs_number": f"53012026I{int(number[1:]):09}"} if receipt[0] == "B" else {}
        world.answer(number, receipt[1:], "T" if receipt[0] == "T" else "B", **values)


@pytest.mark.requirement("MF-08", "MF-12")
@pytest.mark.parametrize("end", ENDS)
def test_what_customs_does_not_take_is_given_back(end: str) -> None:
    """A manifest that failed, was refused or withdrawn leaves the licence as it was before."""
    receipts, state, freed = ENDS[end]
    world = licensed_world("1000")
    number = world.do(MF, "save-declare", "M-1", licensed(kilograms("1000"))).document.number
    _answer(world, number, receipts)
    assert state_of(world, "M-1") == state
    assert world.uses[number] == (() if freed else (Use(LICENCE, DURIANS, KILOGRAM, Decimal(1000)),))


@pytest.mark.requirement("MF-08")
def test_a_refused_manifest_takes_again_when_it_is_declared_again() -> None:
    """What another took meanwhile is no longer there."""
    world = licensed_world("1000")
    number = world.do(MF, "save-declare", "M-1", licensed(kilograms("700"))).document.number
    _answer(world, number, ["T0", "BR"])
    world.do(MF, "save-declare", "M-2", licensed(kilograms("500")))
    world.do(MF, "edit", "M-1", licensed(kilograms("700")))
    with pytest.raises(RejectedError) as fault:
        world.do(MF, "declare", "M-1")
    assert codes_of(fault.value) == [f"rule.licence-exceeded {MF}/Item[1]/GQty"]
    world.do(MF, "edit", "M-1", licensed(kilograms("500")))
    assert world.do(MF, "declare", "M-1").uses[number] == (Use(LICENCE, DURIANS, KILOGRAM, Decimal(500)),)


@pytest.mark.requirement("MF-08")
def test_receipts_that_overtake_others_give_back_once() -> None:
    """A refusal before its technical receipt, repeated, and what comes late."""
    world = licensed_world("1000")
    number = world.do(MF, "save-declare", "M-1", licensed(kilograms("1000"))).document.number
    _answer(world, number, ["BR", "T0", "BR"])
    assert world.uses[number] == ()
    world.do(MF, "edit", "M-1", licensed(kilograms("900")))
    world.do(MF, "declare", "M-1")
    assert world.uses[number] == (Use(LICENCE, DURIANS, KILOGRAM, Decimal(900)),)


def test_a_licence_serves_until_the_end_of_its_last_day() -> None:
    """The day of declaration counts, not that of saving."""
    world = licensed_world()
    world.do(MF, "save", "M-1", licensed(IEDate="20261231"))
    world.now = datetime(2026, 12, 31, 23, 59, tzinfo=CHINA)
    tell_licence(world)
    assert world.do(MF, "declare", "M-1").outgoing


quantity = st.decimals("0.00001", "60", places=5)
what = st.sampled_from(["declare", "refuse", "fail", "withdraw", "clear", "delete", "again"])


@pytest.mark.requirement("MF-08")
@given(st.lists(st.tuples(what, quantity, st.integers(0, 9)), max_size=25))
def test_no_sequence_takes_more_than_the_licence(steps: list[tuple[str, Decimal, int]]) -> None:
    """Whatever is declared, refused, deleted and declared again, the sum is that of what stands."""
    limit = Decimal(100)
    world = licensed_world(str(limit))
    held: dict[str, Decimal] = {}
    amounts: dict[str, Decimal] = {}
    for count, (action, amount, choice) in enumerate(steps):
        names = sorted(amounts)
        name = names[choice % len(names)] if names and action != "declare" else f"M-{count}"
        fits = sum(held.values(), Decimal()) + amount <= limit
        if action == "declare" or not names:
            _declare(world, "save-declare", name, amount, fits=fits)
            if fits:
                held[name] = amounts[name] = amount
        elif action == "again" and state_of(world, name) in {"saved", "rejected", "receive_failed"}:
            world.do(MF, "edit", name, licensed(kilograms(f"{amount:f}")))
            _declare(world, "declare", name, amount, fits=fits)
            if fits:
                held[name] = amount
        elif action == "delete" and state_of(world, name) in {"saved", "rejected", "receive_failed"}:
            world.do(MF, "delete", name)
            del amounts[name]
        elif action in ENDS and state_of(world, name) == "declared":
            receipts, state, freed = ENDS[action]
            _answer(world, _number(world, name), receipts)
            assert state_of(world, name) == state
            if freed:
                del held[name]
        taken = sum((use.quantity for uses in world.uses.values() for use in uses), Decimal())
        assert taken == sum(held.values(), Decimal()) <= limit


def _number(world: World, client_number: str) -> str:
    return next(d.number for d in world.documents.values() if d.client_number == client_number)


def _declare(world: World, operation: str, name: str, amount: Decimal, *, fits: bool) -> None:
    body = licensed(kilograms(f"{amount:f}")) if operation == "save-declare" else None
    if fits:
        world.do(MF, operation, name, body)
        return
    with pytest.raises(RejectedError) as fault:
        world.do(MF, operation, name, body)
    assert codes_of(fault.value) == [f"rule.licence-exceeded {MF}/Item[1]/GQty"]
