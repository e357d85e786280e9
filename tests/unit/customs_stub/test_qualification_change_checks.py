"""What the office checks in changes and extensions of a qualification."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customs_stub.checks import check
from customs_stub.facts import Filed, Limits, State
from customs_stub.submission import Kind
from tests.unit.customs_stub.messages import Body, extension, qualification, qualification_change
from tests.unit.customs_stub.records_for_tests import PlainRecords, filed, submitted

GENERAL = filed(Kind.QUALIFICATION, qualification())
NO_GUARANTEE = {"GuaranteeMode": "", "GuaranteeAmount": "", "GuaranteeValidDate": ""}
BONDED_BODY = qualification(GoodsNature="2", **NO_GUARANTEE)
BONDED = filed(Kind.QUALIFICATION, BONDED_BODY, nature="2", valid_until="20261025")


def codes(body: Body, *on_file: Filed, **records: object) -> list[tuple[str, str]]:
    """Return what is objected to in a change, with the fields."""
    facts = PlainRecords(list(on_file or [GENERAL]), **records)
    found = check(Kind.QUALIFICATION_CHANGE, submitted("QualificationChange", body), facts)
    return [(fault.code, fault.path.rpartition("/")[2]) for fault in found]


def extended(body: Body, *on_file: Filed, today: date = date(2026, 10, 20)) -> list[tuple[str, str]]:
    """Return what is objected to in an extension, with the fields."""
    facts = PlainRecords(list(on_file or [BONDED]), today=today)
    found = check(Kind.EXTENSION, submitted("QualificationExtension", body), facts)
    return [(fault.code, fault.path.rpartition("/")[2]) for fault in found]


@pytest.mark.parametrize(
    "changed",
    [
        {"IEBatches": "90"},
        {"IEBatches": "", "GuaranteeMode": "2"},
        {"IEBatches": "", "GuaranteeAmount": "250.0000"},
        {"IEBatches": "", "GuaranteeValidDate": "20280101"},
    ],
    ids=lambda changed: list(changed)[-1],
)
def test_each_of_four_fields_may_be_changed(changed: dict[str, str]) -> None:
    """Batches, and the three of the guarantee."""
    assert codes(qualification_change(**changed)) == []


@pytest.mark.parametrize(("name", "value"), [("TradeName", "另一家公司"), ("GoodsNature", "3")])
def test_any_other_difference_is_refused_by_name(name: str, value: str) -> None:
    """What the change repeats must be as it is on file."""
    assert codes(qualification_change(**{name: value})) == [("P04", name)]


def test_a_change_that_changes_nothing_is_told() -> None:
    """The same batches again are no change."""
    assert codes(qualification_change(IEBatches="60")) == [("P06", "QualificationChange")]


@pytest.mark.parametrize(
    ("on_file", "code"),
    [
        (filed(Kind.QUALIFICATION, unified_number="QF0000000000000009"), "P01"),
        (filed(Kind.QUALIFICATION, enterprise="4403180002"), "P01"),
        (filed(Kind.QUALIFICATION, office="5302"), "P01"),
        (filed(Kind.QUALIFICATION, state=State.REVOKED), "P01"),
        (filed(Kind.QUALIFICATION, state=State.PENDING), "P02"),
    ],
    ids=["unknown", "of another enterprise", "at another office", "revoked", "pending"],
)
def test_only_an_own_approved_qualification_can_be_changed(on_file: Filed, code: str) -> None:
    """Found by its unified number."""
    assert codes(qualification_change(), on_file) == [(code, "QualificationSeqNo")]
    assert extended(extension(), on_file) == [(code, "QualificationSeqNo")]


def test_while_one_application_is_undecided_no_other_is_taken() -> None:
    """Whatever that one is about."""
    other = filed(Kind.EXTENSION, state=State.PENDING, unified_number="QX0000000000000009")
    assert codes(qualification_change(), open_application=other) == [("P03", "QualificationSeqNo")]


def test_a_lapsed_qualification_is_filed_anew_not_changed() -> None:
    """Its last day has passed."""
    lapsed = filed(Kind.QUALIFICATION, qualification(), valid_until="20261019")
    assert codes(qualification_change(), lapsed) == [("P05", "QualificationSeqNo")]


def test_the_new_guarantee_is_checked_as_in_a_filing() -> None:
    """Amount above zero, date that exists and reaches far enough ahead."""
    assert codes(qualification_change(GuaranteeAmount="0")) == [("Q06", "GuaranteeAmount")]
    assert codes(qualification_change(GuaranteeValidDate="20270119")) == [("Q03", "GuaranteeValidDate")]
    assert codes(qualification_change(GuaranteeValidDate="20270230")) == [("G04", "GuaranteeValidDate")]


def test_a_guarantee_date_that_stays_is_not_judged_again() -> None:
    """It reached far enough when it was filed."""
    near = filed(Kind.QUALIFICATION, qualification(GuaranteeValidDate="20261101"), valid_until="20261101")
    assert codes(qualification_change(), near) == []
    assert codes(qualification_change(GuaranteeValidDate="20261101"), near) == []


def test_a_bonded_qualification_gets_no_guarantee_by_a_change() -> None:
    """Only its batches can change."""
    assert codes(qualification_change(GoodsNature="2"), BONDED) == []
    body = qualification_change(GoodsNature="2", GuaranteeMode="1")
    assert codes(body, BONDED) == [("Q04", "GuaranteeMode")]


@given(st.dates(date(2026, 1, 1), date(2028, 12, 31)), st.integers(-30, 60))
def test_an_extension_is_taken_in_the_last_ten_days_only(today: date, days: int) -> None:
    """The tenth day before the last is the first, the last itself is the last."""
    until = f"{today + timedelta(days=days):%Y%m%d}"
    on_file = filed(Kind.QUALIFICATION, BONDED_BODY, nature="2", valid_until=until)
    found = extended(extension(ApprovedValidDate=until), on_file, today=today)
    expected = [] if 0 <= days <= 10 else [("P05" if days < 0 else "E02", "ApprovedValidDate")]
    assert found == expected


def test_the_days_of_an_extension_are_a_setting() -> None:
    """An office may be more generous."""
    on_file = filed(Kind.QUALIFICATION, BONDED_BODY, nature="2", valid_until="20261119")
    facts = PlainRecords([on_file], limits=Limits(extension_days=30))
    body = extension(ApprovedValidDate="20261119")
    assert check(Kind.EXTENSION, submitted("QualificationExtension", body), facts) == []


def test_only_a_bonded_qualification_is_extended() -> None:
    """The others go with their guarantee."""
    general = filed(Kind.QUALIFICATION, qualification(), valid_until="20261025")
    assert extended(extension(GoodsNature="1"), general) == [("E01", "GoodsNature")]


@pytest.mark.parametrize(
    ("name", "value"), [("TradeName", "另一家公司"), ("GoodsNature", "1"), ("ApprovedValidDate", "20261026")]
)
def test_an_extension_alters_nothing_else(name: str, value: str) -> None:
    """It repeats what is on file."""
    assert extended(extension(**{name: value})) == [("P04", name)]


def test_a_lapsed_filing_does_not_keep_a_new_one_away() -> None:
    """It is filed anew."""
    lapsed = filed(
        Kind.QUALIFICATION, unified_number="QF0000000000000009", state=State.APPROVED, valid_until="20261019"
    )
    submission = submitted("QualificationFiling", qualification())
    assert check(Kind.QUALIFICATION, submission, PlainRecords([lapsed])) == []
