"""What the office checks in modifications and withdrawals, and what a modification comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customs_stub.amendment import HEAD, ITEM, NUMBER, amended, differences
from customs_stub.checks import check
from customs_stub.facts import Filed, State
from customs_stub.submission import Kind
from customs_stub.xmltree import Record
from tests.unit.customs_stub.messages import (
    Body,
    change,
    goods,
    line,
    manifest,
    modification,
    qualification,
    volume,
    withdrawal,
)
from tests.unit.customs_stub.records_for_tests import PlainRecords, filed, plain, submitted

VOLUME, NUMBER_GIVEN = "J53016000001", "53012026E000000001"
ON_FILE = filed(Kind.MANIFEST, manifest(VOLUME), state=State.CLEARED, number=NUMBER_GIVEN)
OTHERS = [filed(Kind.QUALIFICATION, qualification()), filed(Kind.VOLUME, volume(4), number=VOLUME)]
PATH = "ManifestModification"
FOUR = {"GQty": "4", "DeclTotal": "133.34"}


def codes(body: Body, on_file: Filed = ON_FILE, **records: object) -> list[tuple[str, str]]:
    """Return what is objected to in a modification, with pointers below it."""
    facts = PlainRecords([*OTHERS, on_file], **records)
    found = check(Kind.MODIFICATION, submitted(PATH, body), facts)
    return [(fault.code, fault.path.removeprefix(f"{PATH}/")) for fault in found]


def withdrawn(body: Body, on_file: Filed = ON_FILE, **records: object) -> list[tuple[str, str]]:
    """Return what is objected to in a withdrawal, with the field."""
    facts = PlainRecords([*OTHERS, on_file], **records)
    found = check(Kind.WITHDRAWAL, submitted("ManifestWithdrawal", body), facts)
    return [(fault.code, fault.path.removeprefix("ManifestWithdrawal/")) for fault in found]


def right(*changes: Body, items: Sequence[Body] = (), **head: str) -> Body:
    """Return a modification whose corrected manifest is what the changes come to."""
    corrected = manifest(VOLUME, **head) | ({"Item": list(items)} if items else {})
    return modification(NUMBER_GIVEN, changes, corrected)


def more_of_the_second() -> Body:
    """Return a modification that raises a quantity."""
    return right(
        change("GQty", "3", "4", "2"),
        change("DeclTotal", "100.01", "133.34", "2"),
        items=[line(1), line(2, **FOUR)],
    )


def test_old_values_new_values_and_the_whole_agree() -> None:
    """Fields of the head and of items, also such as were empty or become so."""
    assert codes(right(change("PackNo", "10", "12"), PackNo="12")) == []
    assert codes(right(change("NoteS", "", "易碎"), NoteS="易碎")) == []
    assert codes(more_of_the_second()) == []


def test_an_item_is_added_under_the_next_number() -> None:
    """Its number stands for it; every field of it is told."""
    rows = [change(name, "", str(value), "3") for name, value in line(3).items()]
    assert codes(right(*rows, items=[line(1), line(2), line(3)])) == []


def test_an_item_goes_with_its_number_and_those_behind_move_up() -> None:
    """The manifest is numbered without gaps again."""
    three = replace(ON_FILE, content=plain(manifest(VOLUME, 3)))
    rows = [change(name, str(value), "", "1") for name, value in line(1).items()]
    items = [line(2, GNo="1"), line(3, GNo="2")]
    assert codes(right(*rows, items=items), three) == []


def test_figures_are_compared_by_value() -> None:
    """One figure may be written in two ways."""
    assert codes(right(change("GrossWet", "12.50", "13"), GrossWet="13.0")) == []


def test_an_old_value_that_is_not_on_file_is_refused() -> None:
    """Told at its own row."""
    body = right(change("PackNo", "10", "12"), change("VoyNo", "026E", "027E"), PackNo="12", VoyNo="027E")
    assert codes(body) == [("A02", "Change[2]/OldValue")]


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (change("PackNo", "10", "10"), ("P06", "Change[1]/NewValue")),
        (change("ManualNo", VOLUME, "J53016000002"), ("A01", "Change[1]/FieldCode")),
        (change("Colour", "", "red"), ("A01", "Change[1]/FieldCode")),
        (change("PackNo", "", "12", "1"), ("A01", "Change[1]/FieldCode")),
        (change("GNo", "1", "2", "1"), ("A01", "Change[1]/NewValue")),
    ],
    ids=["unchanged", "identity", "unknown", "of the head", "number"],
)
def test_what_is_no_change_is_refused(row: Body, code: tuple[str, str]) -> None:
    """Each at its own row."""
    assert codes(right(row)) == [code]


def test_a_field_is_changed_once() -> None:
    """Two words on one field contradict each other."""
    assert codes(right(change("PackNo", "10", "12"), change("PackNo", "10", "13"), PackNo="12")) == [
        ("A04", "Change[2]/FieldCode")
    ]


def test_the_corrected_manifest_is_the_old_one_with_the_changes() -> None:
    """What differs is told field by field."""
    body = right(change("PackNo", "10", "12"), items=[line(1), line(2, DutyMode="1")], PackNo="13")
    assert codes(body) == [("A03", "Corrected/PackNo"), ("A03", "Corrected/Item[2]/DutyMode")]
    without = modification(NUMBER_GIVEN, [change("PackNo", "10", "12")], {})
    assert ("A03", "Corrected/PackNo") in codes(without)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SeqNo", "MF0000000000000009"),
        ("CustomsNo", "53012026E000000009"),
        ("IEFlag", "I"),
        ("GoodsNature", "2"),
        ("CustomMaster", "5302"),
        ("TradeCode", "4403180002"),
        ("ManualNo", "J53016000002"),
        ("DeclDate", "20261019"),
    ],
)
def test_what_a_manifest_is_known_by_stays(name: str, value: str) -> None:
    """Not even in the corrected manifest alone may it differ."""
    assert codes(right(change("PackNo", "10", "12"), PackNo="12", **{name: value})) == [
        ("P04", f"Corrected/{name}")
    ]


def test_the_corrected_manifest_must_pass_as_a_manifest() -> None:
    """Sums, filing and all."""
    body = right(change("GQty", "3", "4", "2"), items=[line(1), line(2, GQty="4")])
    assert codes(body) == [("M09", "Corrected/Item[2]/DeclTotal")]
    body = right(change("GName", "手机2", "平板", "2"), items=[line(1), line(2, GName="平板")])
    assert codes(body) == [("M08", "Corrected/Item[2]/GName")]


def test_what_was_right_on_the_day_of_declaration_stays_right() -> None:
    """Neither a lapsed qualification, nor a passed deadline, nor a disabled item stops a correction."""
    disabled = volume() | {"Item": [goods(1, Disabled="1"), goods(2)]}
    facts = PlainRecords([filed(Kind.VOLUME, disabled, number=VOLUME), ON_FILE])
    submission = submitted(PATH, right(change("PackNo", "10", "12"), PackNo="12"))
    assert check(Kind.MODIFICATION, submission, facts) == []


def test_a_disabled_item_does_not_come_in_by_a_modification() -> None:
    """Only what the manifest had may stay."""
    content = volume() | {"Item": [goods(1), goods(2), goods(3, Disabled="1")]}
    facts = PlainRecords([filed(Kind.VOLUME, content, number=VOLUME), ON_FILE])
    rows = [change(name, "", str(value), "3") for name, value in line(3).items()]
    submission = submitted(PATH, right(*rows, items=[line(1), line(2), line(3)]))
    found = check(Kind.MODIFICATION, submission, facts)
    assert [(fault.code, fault.path) for fault in found] == [("M14", f"{PATH}/Corrected/Item[3]/ContrItem")]


@pytest.mark.parametrize("state", [State.APPROVED, State.CLEARED])
def test_an_approved_or_cleared_manifest_can_be_amended(state: State) -> None:
    """7, 9, 10, 11 and 15 in the codes of receipts."""
    on_file = replace(ON_FILE, state=state)
    assert codes(right(change("PackNo", "10", "12"), PackNo="12"), on_file) == []
    assert withdrawn(withdrawal(NUMBER_GIVEN), on_file) == []


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.PENDING, "P02"),
        (State.WITHDRAWN, "P02"),
        (State.REFUSED, "P01"),
    ],
)
def test_no_other_manifest_can_be_amended(state: State, code: str) -> None:
    """Neither before the decision nor after the end."""
    on_file = replace(ON_FILE, state=state)
    assert withdrawn(withdrawal(NUMBER_GIVEN), on_file) == [(code, "ManifestSeqNo")]
    assert codes(right(change("PackNo", "10", "12"), PackNo="12"), on_file) == [(code, "ManifestSeqNo")]


def test_while_one_amendment_is_undecided_no_other_is_taken() -> None:
    """Be it of the same kind or the other."""
    other = filed(Kind.WITHDRAWAL, state=State.PENDING, unified_number="WD0000000000000009")
    found = codes(right(change("PackNo", "10", "12"), PackNo="12"), open_application=other)
    assert found == [("P03", "ManifestSeqNo")]
    assert withdrawn(withdrawal(NUMBER_GIVEN), open_application=other) == [("P03", "ManifestSeqNo")]


def test_an_amendment_repeats_the_manifests_numbers() -> None:
    """Another customs number or direction is a mistake."""
    assert withdrawn(withdrawal("53012026E000000009", IEFlag="I")) == [
        ("P04", "ManifestCustomsNo"),
        ("P04", "IEFlag"),
    ]


def test_what_is_declared_cannot_be_taken_away() -> None:
    """The month's declarations must find their amounts among its cleared manifests."""
    declared = {"declared_totals": {"USD": Decimal("150.00")}}
    cleared = {"cleared_totals": {"USD": Decimal("200.02")}}
    assert withdrawn(withdrawal(NUMBER_GIVEN), **declared, **cleared) == [("A05", "ManifestSeqNo")]
    assert codes(more_of_the_second(), **declared, **cleared) == []
    plenty = {"cleared_totals": {"USD": Decimal("350.02")}}
    assert withdrawn(withdrawal(NUMBER_GIVEN), **declared, **plenty) == []


VALUES = st.text("0123456789", min_size=1, max_size=3)
HEADS = st.dictionaries(st.sampled_from(HEAD), VALUES, max_size=6)
ITEMS = st.lists(st.dictionaries(st.sampled_from(ITEM[1:]), VALUES, min_size=1, max_size=4), max_size=4)


def content(head: dict[str, str], items: list[dict[str, str]]) -> Record:
    """Return a manifest's content with its items numbered."""
    numbered = [Record({**item, NUMBER: str(count)}) for count, item in enumerate(items, 1)]
    return Record(dict(head), {"Item": numbered})


@given(HEADS, ITEMS, HEADS, ITEMS)
def test_the_changes_between_two_manifests_lead_from_one_to_the_other(
    old_head: dict[str, str],
    old_items: list[dict[str, str]],
    new_head: dict[str, str],
    new_items: list[dict[str, str]],
) -> None:
    """Whatever they hold: items by position, new ones behind, those that are gone at the end."""
    old, new = content(old_head, old_items), content(new_head, new_items)
    rows = [("", name, new.get(name)) for name in {**old_head, **new_head}]
    for position in range(max(len(old_items), len(new_items))):
        before, after = ((group.all("Item")[position:] or [Record()])[0] for group in (old, new))
        rows += [(str(position + 1), name, after.get(name)) for name in {**before.values, **after.values}]
    changes = [Record({"GNo": item, "FieldCode": name, "NewValue": value}) for item, name, value in rows]
    assert list(differences(amended(old, changes), new)) == []
