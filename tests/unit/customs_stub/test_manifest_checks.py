"""What the office checks in a manifest."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customs_stub.checks import check
from customs_stub.checks.filed_goods import AS_FILED
from customs_stub.facts import Filed, State
from customs_stub.submission import Kind
from tests.unit.customs_stub.messages import Body, line, manifest, volume
from tests.unit.customs_stub.records_for_tests import PlainRecords, filed, submitted

NUMBER = "J53016000001"
QUALIFICATION = filed(Kind.QUALIFICATION)
VOLUME = filed(Kind.VOLUME, volume(), number=NUMBER)


def codes(body: Body, *documents: Filed) -> list[tuple[str, str]]:
    """Return what is objected to, with pointers."""
    on_file = list(documents) or [QUALIFICATION, VOLUME]
    submission = submitted("Manifest", body)
    found = check(Kind.MANIFEST, submission, PlainRecords(on_file))
    return [(fault.code, fault.path) for fault in found]


def test_a_sound_manifest_is_not_objected_to() -> None:
    """Items as filed and right sums are all it takes."""
    assert codes(manifest(NUMBER)) == []


def test_without_an_approved_qualification_of_that_nature_nothing_passes() -> None:
    """Pending ones and those of another nature do not count."""
    bonded = filed(Kind.QUALIFICATION, nature="2", unified_number="QF0000000000000002")
    for other in (filed(Kind.QUALIFICATION, state=State.PENDING), bonded):
        assert codes(manifest(NUMBER), other, VOLUME) == [("M01", "Manifest/CustomMaster")]


def test_a_lapsed_qualification_is_told() -> None:
    """Its approved date has passed."""
    lapsed = filed(Kind.QUALIFICATION, valid_until="20261019")
    assert codes(manifest(NUMBER), lapsed, VOLUME) == [("M02", "Manifest/CustomMaster")]


@pytest.mark.parametrize(
    ("filing", "code"),
    [
        (filed(Kind.VOLUME, number="J53016000002"), "M03"),
        (filed(Kind.VOLUME, number=NUMBER, state=State.PENDING), "M04"),
        (filed(Kind.VOLUME, number=NUMBER, state=State.REVOKED), "M04"),
        (filed(Kind.VOLUME, number=NUMBER, enterprise="4403180002"), "M05"),
        (filed(Kind.VOLUME, number=NUMBER, office="5302"), "M06"),
    ],
)
def test_the_volume_must_be_known_approved_and_of_this_enterprise_and_office(
    filing: Filed, code: str
) -> None:
    """Each fault of the filing number has a code of its own."""
    assert codes(manifest(NUMBER), QUALIFICATION, filing) == [(code, "Manifest/ManualNo")]


def test_an_item_that_was_not_filed_is_told() -> None:
    """The filing item number must be in the volume."""
    body = manifest(NUMBER) | {"Item": [line(1), line(2, ContrItem="7")]}
    assert codes(body) == [("M07", "Manifest/Item[2]/ContrItem")]


@pytest.mark.parametrize("name", AS_FILED)
def test_every_filed_field_must_be_repeated_as_filed(name: str) -> None:
    """A difference is told at its field."""
    body = manifest(NUMBER) | {"Item": [line(1, **{name: "X"}), line(2)]}
    assert codes(body) == [("M08", f"Manifest/Item[1]/{name}")]


@given(st.decimals("0.001", 99999, places=5), st.decimals("0.0001", 99999, places=4))
def test_the_total_is_quantity_times_price_to_the_cent(quantity: Decimal, price: Decimal) -> None:
    """The right total passes, one cent beside it does not."""
    right = (quantity * price).quantize(Decimal("0.01"), ROUND_HALF_UP)
    for total, fault in ((right, []), (right + Decimal("0.01"), [("M09", "Manifest/Item[1]/DeclTotal")])):
        item = line(1, GQty=str(quantity), DeclPrice=str(price), DeclTotal=str(total))
        assert codes(manifest(NUMBER) | {"Item": [item]}) == fault


def test_header_figures_are_checked_all_at_once() -> None:
    """Weights, packages and date are told together."""
    body = manifest(NUMBER, NetWt="13", PackNo="0", DeclDate="20261032")
    assert codes(body) == [
        ("G04", "Manifest/DeclDate"),
        ("M11", "Manifest/PackNo"),
        ("M10", "Manifest/NetWt"),
    ]


def test_a_quantity_of_nothing_is_told() -> None:
    """The quantity must be above zero."""
    body = manifest(NUMBER) | {"Item": [line(1, GQty="0", DeclTotal="0")]}
    assert codes(body) == [("M12", "Manifest/Item[1]/GQty")]


def test_what_an_office_keeps_no_account_books_for_it_does_not_judge() -> None:
    """A trial without references goes on without them."""
    bonded = filed(Kind.QUALIFICATION, nature="2")
    assert codes(manifest("H53016000009", GoodsNature="2"), bonded) == []
