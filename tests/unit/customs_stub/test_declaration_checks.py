"""What the office checks in an aggregated declaration."""

from __future__ import annotations

from decimal import Decimal

import pytest

from customs_stub.checks import check
from customs_stub.facts import Limits
from customs_stub.submission import Kind
from tests.unit.customs_stub.messages import Body, declaration, declared_item
from tests.unit.customs_stub.records_for_tests import PlainRecords, submitted

CLEARED = {"USD": Decimal("200.02")}
HEAD, ITEM = "DecMessage/DecHead", "DecMessage/DecLists/DecList"


def codes(body: Body, records: PlainRecords | None = None) -> list[tuple[str, str]]:
    """Return what is objected to, with pointers."""
    facts = records or PlainRecords(cleared_totals=CLEARED)
    found = check(Kind.DECLARATION, submitted("DecMessage", body), facts)
    return [(fault.code, fault.path) for fault in found]


def items(*groups: Body) -> Body:
    """Return a declaration of these items."""
    return declaration() | {"DecLists": {"DecList": list(groups)}}


def test_a_sound_declaration_is_not_objected_to() -> None:
    """It declares what was cleared, no more."""
    assert codes(declaration()) == []


@pytest.mark.parametrize(
    ("head", "fault"),
    [
        ({"TrafName": "粤B12345"}, ("D01", f"{HEAD}/TrafName")),
        ({"BillNo": "BL0001"}, ("D02", f"{HEAD}/BillNo")),
        ({"BillNo": "2026102020261019"}, ("D02", f"{HEAD}/BillNo")),
        ({"BillNo": "2026102020261032"}, ("D02", f"{HEAD}/BillNo")),
        ({"BillNo": "2026103020261101"}, ("D03", f"{HEAD}/BillNo")),
        ({"NetWt": "13"}, ("D07", f"{HEAD}/NetWt")),
        ({"PackNo": "0"}, ("D08", f"{HEAD}/PackNo")),
    ],
)
def test_each_fault_of_the_head_has_its_code(head: dict[str, str], fault: tuple[str, str]) -> None:
    """The pointer names the field."""
    assert codes(declaration(**head)) == [fault]


def test_items_are_limited_and_numbered() -> None:
    """Too many are told once, wrong numbers each."""
    records = PlainRecords(cleared_totals={"USD": Decimal(1000)}, limits=Limits(declaration_items=2))
    assert codes(declaration(3), records) == [("D04", ITEM)]
    body = items(declared_item(2), declared_item(1))
    assert codes(body) == [("G03", f"{ITEM}[1]/GNo"), ("G03", f"{ITEM}[2]/GNo")]


def test_totals_are_above_zero_and_near_quantity_times_price() -> None:
    """Merged lines were rounded one by one, so that a little is allowed and more is not."""
    assert codes(items(declared_item(1, DeclTotal="0"))) == [("D05", f"{ITEM}[1]/DeclTotal")]
    assert codes(items(declared_item(1, DeclTotal="100.40"))) == []
    assert codes(items(declared_item(1, DeclTotal="102.00"))) == [("D06", f"{ITEM}[1]/DeclTotal")]


def test_a_month_without_cleared_manifests_has_nothing_to_declare() -> None:
    """The stub knows what it cleared."""
    assert codes(declaration(), PlainRecords()) == [("D09", f"{HEAD}/BillNo")]


def test_more_than_was_cleared_cannot_be_declared_not_even_in_parts() -> None:
    """What other declarations of the month hold counts as well."""
    records = PlainRecords(cleared_totals=CLEARED, declared_totals={"USD": Decimal("0.01")})
    assert codes(declaration(), records) == [("D10", f"{HEAD}/BillNo")]
    assert codes(items(declared_item(1, TradeCurr="EUR"))) == [("D10", f"{HEAD}/BillNo")]
