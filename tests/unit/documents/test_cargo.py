"""A manifest by water says what the cargo manifest of its bill says; each difference is told."""

from __future__ import annotations

import pytest

from gateway.documents import cargo_bill, cargo_key
from gateway.errors import RejectedError
from gateway.fields import Fields
from tests.unit.documents.references import by_water, tell_cargo
from tests.unit.documents.world import World, approved_world, codes_of, manifest

MF = "Manifest"


def _world(**fields: str) -> World:
    world = approved_world()
    tell_cargo(world, **fields)
    return world


def _faults(world: World, body: Fields) -> list[str]:
    with pytest.raises(RejectedError) as fault:
        world.do(MF, "save-declare", "M-9", body)
    return codes_of(fault.value)


@pytest.mark.requirement("MF-09")
def test_a_manifest_that_agrees_with_its_cargo_manifest_is_declared() -> None:
    """Without a warning; figures may be written in another way."""
    body = by_water(PackNo="0100", GrossWet="1200.00", NetWt="1000.0")
    decision = _world().do(MF, "save-declare", "M-1", body)
    assert decision.warnings == ()
    assert decision.outgoing


@pytest.mark.requirement("MF-09")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("TrafName", "COSCO TIANJIN"),
        ("VoyNo", "027E"),
        ("BillNo", "COSU-6100000001"),
        ("PackNo", "99"),
        ("GrossWet", "1200.00001"),
        ("NetWt", "999"),
    ],
)
def test_each_difference_is_a_violation_of_its_own(field: str, value: str) -> None:
    """It names the field, what was sent and what the cargo manifest says."""
    with pytest.raises(RejectedError) as fault:
        _world().do(MF, "save-declare", "M-1", by_water(**{field: value}))
    assert codes_of(fault.value) == [f"rule.cargo-differs {MF}/{field}"]
    expected = str(by_water()[field])
    assert expected in fault.value.violations[0].text("en")
    assert expected in fault.value.violations[0].text("zh")


@pytest.mark.requirement("MF-09")
def test_all_differences_are_told_at_once() -> None:
    """Another vessel on another voyage with other figures, under the same bill."""
    body = by_water(TrafName="EVER GIVEN", VoyNo="1", PackNo="1", GrossWet="2", NetWt="1")
    names = ("TrafName", "VoyNo", "PackNo", "GrossWet", "NetWt")
    assert _faults(_world(), body) == [f"rule.cargo-differs {MF}/{name}" for name in names]


@pytest.mark.requirement("MF-09")
def test_capitals_spaces_and_width_make_no_difference() -> None:
    """A vessel's name is the same vessel however it is typed."""
    body = by_water(TrafName=" cosco  Shenzhen", VoyNo="０２６e", BillNo="cosu6100000001")
    assert _world().do(MF, "save-declare", "M-1", body).warnings == ()


@pytest.mark.requirement("MF-09")
@pytest.mark.parametrize(
    "fields",
    [{"BillNo": "COSU6100000002"}, {"IEFlag": "E"}, {"TrafMode": "5"}, {"BillNo": "COSU61000000011"}],
)
def test_without_a_cargo_manifest_customs_compares(fields: dict[str, str]) -> None:
    """Of another bill, direction or transport mode there is none at hand: the reply warns."""
    decision = _world(**fields).do(MF, "save-declare", "M-1", by_water())
    assert [violation.code for violation in decision.warnings] == ["rule.cargo-not-at-hand"]
    assert decision.outgoing


@pytest.mark.requirement("MF-09")
def test_of_several_under_one_bill_the_nearest_is_compared() -> None:
    """The vessel that the manifest names goes first."""
    world = _world()
    tell_cargo(world, TrafName="COSCO ANQING", VoyNo="001E", PackNo="7")
    assert world.do(MF, "save-declare", "M-1", by_water()).warnings == ()
    body = by_water(TrafName="COSCO ANQING", VoyNo="002E")
    assert _faults(world, body) == [f"rule.cargo-differs {MF}/{name}" for name in ("VoyNo", "PackNo")]


@pytest.mark.requirement("MF-09", "MF-14")
def test_a_weight_below_one_kilogram_is_one_on_the_manifest() -> None:
    """The carrier weighs 0.4 kg, the manifest says 1; a net weight that the carrier does not tell is free."""
    world = _world(GrossWet="0.4", NetWt="")
    assert world.do(MF, "save-declare", "M-1", by_water(GrossWet="1", NetWt="1")).warnings == ()


@pytest.mark.requirement("MF-09")
def test_by_water_the_voyage_is_asked_for() -> None:
    """By road it may be left out, and no cargo manifest is looked for."""
    assert _faults(_world(), by_water(VoyNo="")) == [f"rule.mandatory {MF}/VoyNo"]
    assert approved_world().do(MF, "save-declare", "M-1", manifest()).warnings == ()


@pytest.mark.requirement("MF-09")
def test_saving_does_not_compare() -> None:
    """The cargo manifest is asked for when declaring."""
    assert _world().do(MF, "save", "M-1", by_water(PackNo="1")).warnings == ()


@pytest.mark.requirement("MF-09")
def test_what_names_a_cargo_manifest_begins_with_its_bill() -> None:
    """So that the cargo manifests of a bill are found together, and of no bill that begins like it."""
    body = by_water()
    assert cargo_key(body) == "I/COSU6100000001/COSCO SHENZHEN/026E"
    assert cargo_key(body).startswith(cargo_bill(body))
    assert not cargo_key(by_water(BillNo="COSU61000000012")).startswith(cargo_bill(body))
    assert cargo_key({**body, "TrafName": "A/B"}) == "I/COSU6100000001/AB/026E"
