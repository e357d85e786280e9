"""Which manifests of a month a run takes, in every store: late ones by office and nature are left."""

from __future__ import annotations

import pytest

from gateway.documents import selection_of
from gateway.fields import Fields
from gateway.steps import taking
from gateway.store import Store
from tests.services.stores import document, new

pytest_plugins = ("tests.services.store_fixtures",)

ENTERPRISE = "4403180001"
PLACES = {
    "M20260000000000001": ("5301", "1"),
    "M20260000000000002": ("5301", "3"),
    "M20260000000000003": ("5304", "1"),
    "M20260000000000004": ("5304", "2"),
}


@pytest.mark.requirement("AG-01", "AG-02")
@pytest.mark.parametrize(
    ("late", "nature", "taken"),
    [
        ([], "", "123"),
        ([("5301", "1")], "", "23"),
        ([("5301", "1"), ("5304", "1")], "", "2"),
        ([("5301", "1"), ("5301", "3"), ("5304", "1")], "", ""),
        ([("5304", "1")], "2", "4"),
        ([("5304", "2")], "2", ""),
    ],
)
def test_what_is_late_is_neither_counted_nor_taken(
    store: Store, late: list[tuple[str, str]], nature: str, taken: str
) -> None:
    """The store finds exactly what the documents would take, counted and read alike."""
    with store.begin() as unit:
        unit.documents.put(
            new(document(number, state="cleared", period="202610", office=office, nature=kind))
            for number, (office, kind) in PLACES.items()
        )
    rows: list[Fields] = [{"CustomMaster": o, "GoodsNature": n, "Deadline": "20261109"} for o, n in late]
    fields: Fields = {"Month": "202610", "Late": rows}
    if nature:
        fields["GoodsNature"] = nature
    selection = selection_of(ENTERPRISE, fields)
    with store.read() as unit:
        assert unit.months.count(taking.offered(selection)) == len(taken)
        assert [row.number[-1] for row in taking.manifests(unit, selection)] == list(taken)
