"""What the office checks of a manifest's transport: the cargo manifest, and whether it comes in time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customs_stub.checks import check
from customs_stub.facts import Limits, Referred
from customs_stub.references import Reference
from customs_stub.submission import Kind
from tests.unit.customs_stub.messages import Body, manifest, qualification, volume
from tests.unit.customs_stub.records_for_tests import PlainRecords, filed, plain, submitted

VOLUME = "J53016000001"
ON_FILE = [filed(Kind.QUALIFICATION, qualification()), filed(Kind.VOLUME, volume(), number=VOLUME)]
TODAY = date(2026, 10, 20)


def cargo(**values: str) -> Reference:
    """Return a cargo manifest that the sample manifest by water agrees with."""
    body: Body = {
        "IEFlag": "I",
        "CustomMaster": "5304",
        "TrafMode": "2",
        "TrafName": "COSCO SHENZHEN",
        "VoyNo": "026E",
        "BillNo": "COSU6100000001",
        "IEDate": "20261018",
        "PackNo": "10",
        "GrossWet": "12.50",
        "NetWt": "11",
        **values,
    }
    return Reference(Referred.CARGO_MANIFEST, plain(body))


def by_water(**values: str) -> Body:
    """Return a manifest by water."""
    told = {"IEFlag": "I", "TrafMode": "2", "TrafName": "COSCO SHENZHEN", "VoyNo": "026E"}
    return manifest(VOLUME, **told, BillNo="COSU6100000001", IEDate="20261018") | values


def codes(body: Body, *references: Reference, today: date = TODAY, **limits: int) -> list[tuple[str, str]]:
    """Return what is objected to, with the place below the manifest."""
    facts = PlainRecords(ON_FILE, references=references, today=today, limits=Limits(**limits))
    found = check(Kind.MANIFEST, submitted("Manifest", body), facts)
    return [(fault.code, fault.path.removeprefix("Manifest/")) for fault in found]


def test_what_agrees_with_the_cargo_manifest_passes() -> None:
    """Figures by value, names without regard to case and spaces."""
    assert codes(by_water(), cargo()) == []
    body = by_water(TrafName="cosco  shenzhen", BillNo="cosu 6100000001", GrossWet="12.5")
    assert codes(body, cargo()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TrafName", "EVER SAMPLE"),
        ("VoyNo", "027E"),
        ("PackNo", "11"),
        ("GrossWet", "12.6"),
        ("NetWt", "10.9"),
    ],
)
def test_each_difference_from_the_cargo_manifest_is_told(name: str, value: str) -> None:
    """At its own field."""
    assert codes(by_water(**{name: value}), cargo()) == [("S02", name)]


def test_all_differences_are_told_at_once() -> None:
    """Nobody asks five times."""
    body = by_water(TrafName="X", VoyNo="Y", PackNo="1", GrossWet="99", NetWt="9")
    assert [place for _, place in codes(body, cargo())] == [
        "TrafName",
        "VoyNo",
        "PackNo",
        "GrossWet",
        "NetWt",
    ]


def test_a_bill_without_a_cargo_manifest_is_told() -> None:
    """Of the other direction it is another bill."""
    assert codes(by_water(BillNo="COSU6100000009"), cargo()) == [("S01", "BillNo")]
    assert codes(by_water(), cargo(IEFlag="E")) == [("S01", "BillNo")]


def test_of_two_voyages_with_one_bill_the_same_one_counts() -> None:
    """Numbers of bills come again."""
    earlier = cargo(VoyNo="024E", PackNo="77")
    assert codes(by_water(), earlier, cargo()) == []


def test_only_transport_by_water_has_a_cargo_manifest_here() -> None:
    """And an office that keeps none asks for none."""
    assert codes(by_water(TrafMode="4", TrafName="粤B1"), cargo()) == []
    assert codes(by_water()) == []


def test_a_weight_that_the_carrier_does_not_tell_is_not_compared() -> None:
    """The net weight may be left out."""
    assert codes(by_water(NetWt="9"), cargo(NetWt="")) == []


@given(st.dates(date(2026, 2, 1), date(2027, 12, 1)), st.integers(-5, 30))
def test_an_import_is_declared_within_14_days_of_entry(entry: date, days: int) -> None:
    """A last day on a weekend moves to Monday."""
    last = entry + timedelta(days=14)
    while last.weekday() > 4:
        last += timedelta(days=1)
    declared = entry + timedelta(days=days)
    values = {"IEFlag": "I", "IEDate": f"{entry:%Y%m%d}", "DeclDate": f"{declared:%Y%m%d}"}
    found = codes(manifest(VOLUME, **values), today=date(2026, 1, 1) + timedelta(days=800))
    expected = [] if declared <= last else [("T01", "IEDate")]
    assert [fault for fault in found if fault[0] != "M02"] == expected


@given(st.dates(date(2026, 2, 1), date(2027, 12, 1)), st.integers(-5, 5))
def test_an_export_is_declared_on_an_earlier_day_than_it_is_loaded(loading: date, days: int) -> None:
    """On the same day 24 hours are certainly not left."""
    declared = loading - timedelta(days=days)
    values = {"IEDate": f"{loading:%Y%m%d}", "DeclDate": f"{declared:%Y%m%d}"}
    found = codes(manifest(VOLUME, **values), today=date(2028, 1, 1))
    assert [fault for fault in found if fault[0] != "M02"] == ([] if days >= 1 else [("T02", "IEDate")])


def test_the_carriers_day_of_entry_goes_before_the_manifests() -> None:
    """An enterprise cannot win time by another date."""
    assert codes(by_water(), cargo(IEDate="20261001")) == [("T01", "IEDate")]


def test_the_days_are_settings() -> None:
    """Offices differ."""
    assert codes(by_water(IEDate="20261001"), import_days=30) == []
    assert codes(manifest(VOLUME), export_days=3) == [("T02", "IEDate")]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"DeclDate": "20261021"}, ("M16", "DeclDate")),
        ({"DeclDate": "20260230"}, ("G04", "DeclDate")),
        ({"IEDate": "20260230"}, ("G04", "IEDate")),
    ],
)
def test_days_exist_and_the_declaration_is_not_ahead(values: dict[str, str], fault: tuple[str, str]) -> None:
    """The office's clock has the word on today."""
    assert codes(manifest(VOLUME, **values)) == [fault]
