"""What the office checks in the change of a volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from customs_stub.checks import check
from customs_stub.facts import Filed, Limits, State
from customs_stub.submission import Kind
from tests.unit.customs_stub.messages import Body, goods, volume, volume_change
from tests.unit.customs_stub.records_for_tests import PlainRecords, filed, plain, submitted

NUMBER = "J53016000001"
QUALIFICATION = filed(Kind.QUALIFICATION)
VOLUME = filed(Kind.VOLUME, volume(3), number=NUMBER)
PATH = "GoodsFilingChange"


def codes(body: Body, *on_file: Filed, limits: Limits | None = None) -> list[tuple[str, str]]:
    """Return what is objected to, with pointers."""
    facts = PlainRecords(list(on_file or (QUALIFICATION, VOLUME)), limits=limits or Limits())
    found = check(Kind.VOLUME_CHANGE, submitted(PATH, body), facts)
    return [(fault.code, fault.path) for fault in found]


@pytest.mark.parametrize(
    ("added", "disabled"),
    [((goods(4), goods(5)), ()), ((), ("2",)), ((goods(4),), ("1", "3"))],
    ids=["added", "disabled", "both"],
)
def test_items_may_be_added_and_disabled(added: Sequence[Body], disabled: Sequence[str]) -> None:
    """One, the other, or both at once."""
    assert codes(volume_change(NUMBER, added, disabled)) == []


def test_an_approved_item_is_never_altered() -> None:
    """Not even by telling it again."""
    body = volume_change(NUMBER, [goods(4), goods(2)])
    assert codes(body) == [("C01", f"{PATH}/Item[2]/GNo")]


def test_new_items_are_numbered_on() -> None:
    """From the number after the last one, without a gap."""
    body = volume_change(NUMBER, [goods(4), goods(6)])
    assert codes(body) == [("G03", f"{PATH}/Item[2]/GNo")]


def test_a_volume_does_not_outgrow_its_limit_by_changes() -> None:
    """Disabled items count, for they keep their numbers."""
    body = volume_change(NUMBER, [goods(4)], ["1"])
    assert codes(body, limits=Limits(volume_items=3)) == [("V04", f"{PATH}/Item")]


def test_a_price_of_nothing_is_told() -> None:
    """As in a volume."""
    body = volume_change(NUMBER, [goods(4, DeclPrice="0")])
    assert codes(body) == [("V05", f"{PATH}/Item[1]/DeclPrice")]


def test_only_what_is_there_and_in_use_can_be_disabled() -> None:
    """Neither an unknown item, nor one twice, nor one that is disabled already."""
    content = volume() | {"Item": [goods(1), goods(2, Disabled="1")]}
    on_file = replace(VOLUME, content=plain(content))
    body = volume_change(NUMBER, [], ["7", "1", "1", "2"])
    assert codes(body, QUALIFICATION, on_file) == [
        ("C02", f"{PATH}/DisabledItem[1]/GNo"),
        ("C03", f"{PATH}/DisabledItem[3]/GNo"),
        ("C03", f"{PATH}/DisabledItem[4]/GNo"),
    ]


def test_a_change_that_changes_nothing_is_told() -> None:
    """Neither an item nor a number to disable."""
    assert codes(volume_change(NUMBER)) == [("P06", PATH)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VolumeCustomsNo", "J53016000002"),
        ("QualificationSeqNo", "QF0000000000000002"),
        ("TradeName", "另一家公司"),
    ],
)
def test_nothing_else_of_a_volume_is_altered(name: str, value: str) -> None:
    """What the change repeats must be as it is on file."""
    assert codes(volume_change(NUMBER, [], ["1"], **{name: value})) == [("P04", f"{PATH}/{name}")]


def test_only_an_approved_volume_can_be_changed() -> None:
    """A volume that waits for its approval is not changed yet."""
    pending = replace(VOLUME, state=State.PENDING)
    assert codes(volume_change(NUMBER, [], ["1"]), pending) == [("P02", f"{PATH}/VolumeSeqNo")]


def test_the_qualification_must_still_be_in_force() -> None:
    """A volume does not grow under a right that has lapsed."""
    lapsed = replace(QUALIFICATION, valid_until="20261019")
    body = volume_change(NUMBER, [], ["1"])
    assert codes(body, lapsed, VOLUME) == [("V06", f"{PATH}/QualificationSeqNo")]
