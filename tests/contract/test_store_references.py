"""Reference data in every store: the newest stands, and a licence is never taken beyond its quantity."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest

from gateway.store import Store, UseRow
from tests.services.stores import LICENCE, NOON, document, new, reference

pytest_plugins = ("tests.services.store_fixtures",)

OpenStore = Callable[[], Store]
FIRST, SECOND = "M20260000000000001", "M20260000000000002"


def use(number: str, quantity: str, **fields: Any) -> UseRow:
    """Return a use of the licence."""
    usual: dict[str, Any] = {"licence": LICENCE, "goods_code": "0810600000", "unit": "035"}
    return UseRow(number=number, quantity=Decimal(quantity), **usual | fields)


@pytest.mark.requirement("GF-09")
def test_a_reference_is_found_as_it_was_told(store: Store) -> None:
    """Kind and key find it, with its validity, its content and what leads to its raw bytes."""
    with store.begin() as unit:
        row = reference(unit)
        assert unit.references.keep(row) is None
    with store.begin() as unit:
        assert unit.references.get("Licence", LICENCE) == unit.references.lock("Licence", LICENCE) == row
        assert unit.references.get("AccountBook", LICENCE) is None
        assert unit.references.lock("Licence", "1:26-AB-999999") is None


@pytest.mark.parametrize(("later", "replaced"), [(1, True), (0, False), (-1, False)])
@pytest.mark.requirement("GF-09")
def test_the_newest_by_customs_own_time_stands(store: Store, later: int, replaced: bool) -> None:
    """What customs told later replaces what stands; what it told earlier, or at that same time, does not."""
    with store.begin() as unit:
        row = reference(unit)
        unit.references.keep(row)
    with store.begin() as unit:
        other = replace(
            row, told_at=NOON + timedelta(seconds=later), message_id="C-2", enterprise="4403180002"
        )
        assert unit.references.keep(other) == (None if replaced else row)
    with store.read() as unit:
        assert unit.references.get("Licence", LICENCE) == (other if replaced else row)


@pytest.mark.requirement("GF-09")
def test_a_reference_is_read_once_in_a_transaction_and_anew_in_the_next(store: Store) -> None:
    """Reading a large book takes longer than all else about a manifest; what is undone is not remembered."""
    with store.begin() as unit:
        row = reference(unit)
        unit.references.keep(row)
    other = replace(row, told_at=NOON + timedelta(seconds=1), message_id="C-2")
    with store.begin() as unit:
        assert unit.references.get("Licence", LICENCE) is unit.references.get("Licence", LICENCE)
        with suppress(KeyError), unit.savepoint():
            assert unit.references.keep(other) is None
            assert unit.references.get("Licence", LICENCE) == other
            raise KeyError
        assert unit.references.get("Licence", LICENCE) == row
        unit.references.keep(other)
        assert unit.references.get("Licence", LICENCE) == other
    with store.read() as unit:
        assert unit.references.get("Licence", LICENCE) == other
        for number in range(10):
            assert unit.references.get("Licence", f"1:26-AB-{number}") is None


@pytest.mark.requirement("MF-09")
def test_what_begins_alike_is_found_together(store: Store) -> None:
    """The cargo manifests of one bill, not those of a bill that only begins like it."""
    keys = ["I/BILL1/A/1", "I/BILL1/B/2", "I/BILL10/A/1", "E/BILL1/A/1", "I/BILL/A/1"]
    with store.begin() as unit:
        row = reference(unit)
        for key in keys:
            unit.references.keep(replace(row, kind="CargoManifest", key=key))
        unit.references.keep(replace(row, key="I/BILL1/"))
    with store.read() as unit:
        found = unit.references.beginning("CargoManifest", "I/BILL1/")
    assert [row.key for row in found] == keys[:2]


def test_references_are_listed_page_by_page(store: Store) -> None:
    """Pages follow each other by kind and key, and a kind narrows them."""
    with store.begin() as unit:
        row = reference(unit)
        for kind, key in (("Licence", "2"), ("AccountBook", "9"), ("Licence", "1")):
            unit.references.keep(replace(row, kind=kind, key=key))
    with store.read() as unit:
        listing = unit.references.listing
        page = listing(kind=None, limit=2)
        assert [(each.kind, each.key) for each in page] == [("AccountBook", "9"), ("Licence", "1")]
        assert [each.key for each in listing(kind=None, limit=9, after=("Licence", "1"))] == ["2"]
        assert [each.key for each in listing(kind="Licence", limit=9)] == ["1", "2"]


@pytest.mark.requirement("MF-08")
def test_uses_add_up_over_all_manifests_but_one(store: Store) -> None:
    """What a manifest takes is one row for each code and unit; what it took itself can be left out."""
    with store.begin() as unit:
        unit.documents.put([new(document(FIRST)), new(document(SECOND))])
        unit.references.use(FIRST, [use(FIRST, "1.50"), use(FIRST, "2"), use(FIRST, "7", unit="007")])
        unit.references.use(SECOND, [use(SECOND, "4"), use(SECOND, "9", licence="1:26-AB-100002")])
    with store.read() as unit:
        first = [use(FIRST, "7", unit="007"), use(FIRST, "3.50")]
        assert unit.references.used(LICENCE) == [*first, use(SECOND, "4")]
        assert unit.references.used(LICENCE, besides=SECOND) == first


@pytest.mark.requirement("MF-08")
def test_what_a_manifest_takes_is_replaced_and_released(store: Store) -> None:
    """Using again stands in the place of what was used before; using nothing gives it back."""
    with store.begin() as unit:
        unit.documents.put([new(document(FIRST))])
        unit.references.use(FIRST, [use(FIRST, "100"), use(FIRST, "5", goods_code="0810700000")])
        unit.references.use(FIRST, [use(FIRST, "60")])
    with store.begin() as unit:
        assert unit.references.used(LICENCE) == [use(FIRST, "60")]
        unit.references.use(FIRST, [])
        assert unit.references.used(LICENCE) == []


@pytest.mark.requirement("MF-08")
def test_of_two_who_would_exceed_a_licence_together_one_is_refused(
    store: Store, open_store: OpenStore
) -> None:
    """Both begin before either ends, and each would fit alone; the second counts what the first took."""
    with store.begin() as unit:
        unit.documents.put([new(document(FIRST)), new(document(SECOND))])
        unit.references.keep(reference(unit))
    begin = Barrier(2)

    def declare(shared: Store, number: str) -> bool:
        begin.wait()
        with shared.begin() as unit:
            found = unit.references.lock("Licence", LICENCE)
            assert found is not None
            taken = sum(row.quantity for row in unit.references.used(LICENCE, besides=number))
            fits = taken + 6000 <= 10000
            if fits:
                unit.references.use(number, [use(number, "6000")])
            return fits

    with ThreadPoolExecutor(2) as threads:
        accepted = list(threads.map(declare, [store, open_store()], [FIRST, SECOND]))
    assert sorted(accepted) == [False, True]
    with store.read() as unit:
        assert [row.quantity for row in unit.references.used(LICENCE)] == [6000]


@pytest.mark.requirement("MF-08")
def test_a_licence_stays_locked_until_the_transaction_ends(store: Store, open_store: OpenStore) -> None:
    """Who asks for a licence while another holds it waits, and then sees what the other has taken."""
    with store.begin() as unit:
        unit.documents.put([new(document(FIRST))])
        unit.references.keep(reference(unit))
    other = open_store()

    def look() -> list[UseRow]:
        with other.begin() as unit:
            unit.references.lock("Licence", LICENCE)
            return unit.references.used(LICENCE)

    with ThreadPoolExecutor(1) as threads:
        with store.begin() as unit:
            unit.references.lock("Licence", LICENCE)
            waiting = threads.submit(look)
            unit.references.use(FIRST, [use(FIRST, "1")])
        assert waiting.result() == [use(FIRST, "1")]
