"""What the office checks in a volume of goods."""

from __future__ import annotations

import pytest

from customs_stub.checks import check
from customs_stub.facts import Limits, State
from customs_stub.submission import Kind
from tests.unit.customs_stub.messages import Body, goods, volume
from tests.unit.customs_stub.records_for_tests import PlainRecords, filed, submitted

APPROVED = filed(Kind.QUALIFICATION)


def codes(records: PlainRecords, body: Body | None = None) -> list[tuple[str, str]]:
    """Return what is objected to, with pointers."""
    submission = submitted("GoodsFiling", body or volume())
    return [(fault.code, fault.path) for fault in check(Kind.VOLUME, submission, records)]


def test_a_sound_volume_is_not_objected_to() -> None:
    """An approved qualification and items from 1 on are all it takes."""
    assert codes(PlainRecords([APPROVED])) == []


def test_an_unknown_qualification_is_told() -> None:
    """A volume without its qualification goes nowhere."""
    assert codes(PlainRecords()) == [("V01", "GoodsFiling/QualificationSeqNo")]


def test_a_qualification_of_another_enterprise_or_office_is_unknown() -> None:
    """Nobody files goods under somebody else's right."""
    for other in (
        filed(Kind.QUALIFICATION, enterprise="4403180002"),
        filed(Kind.QUALIFICATION, office="5302"),
    ):
        assert codes(PlainRecords([other])) == [("V01", "GoodsFiling/QualificationSeqNo")]


def test_a_volume_sent_before_its_qualification_is_approved_is_refused() -> None:
    """A held volume should not have been sent."""
    pending = filed(Kind.QUALIFICATION, state=State.PENDING)
    assert codes(PlainRecords([pending])) == [("V02", "GoodsFiling/QualificationSeqNo")]


def test_bonded_goods_are_not_filed_here() -> None:
    """A bonded qualification has no goods filing."""
    bonded = filed(Kind.QUALIFICATION, nature="2")
    assert codes(PlainRecords([bonded])) == [("V03", "GoodsFiling/QualificationSeqNo")]


def test_a_lapsed_qualification_carries_no_new_volume() -> None:
    """The approved date has passed."""
    lapsed = filed(Kind.QUALIFICATION, valid_until="20261019")
    assert codes(PlainRecords([lapsed])) == [("V06", "GoodsFiling/QualificationSeqNo")]


def test_too_many_items_are_told_with_the_figure() -> None:
    """The limit is a setting."""
    records = PlainRecords([APPROVED], limits=Limits(volume_items=2))
    assert codes(records, volume(3)) == [("V04", "GoodsFiling/Item")]


@pytest.mark.parametrize("numbers", [("2", "1"), ("1", "3"), ("1", "1")])
def test_item_numbers_are_one_to_n(numbers: tuple[str, str]) -> None:
    """Every item that stands out of line is told."""
    body = volume() | {"Item": [goods(1, GNo=number) for number in numbers]}
    wrong = [i for i, number in enumerate(numbers, 1) if number != str(i)]
    assert codes(PlainRecords([APPROVED]), body) == [("G03", f"GoodsFiling/Item[{i}]/GNo") for i in wrong]


def test_a_price_of_nothing_is_told() -> None:
    """The unit price must be above zero."""
    body = volume() | {"Item": [goods(1), goods(2, DeclPrice="0")]}
    assert codes(PlainRecords([APPROVED]), body) == [("V05", "GoodsFiling/Item[2]/DeclPrice")]
