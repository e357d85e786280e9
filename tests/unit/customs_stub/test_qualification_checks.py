"""What the office checks in a qualification filing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from customs_stub.checks import check
from customs_stub.checks.figures import months_after
from customs_stub.facts import State
from customs_stub.submission import Kind
from tests.unit.customs_stub.messages import qualification
from tests.unit.customs_stub.records_for_tests import PlainRecords, filed, submitted


def codes(records: PlainRecords, **values: str) -> list[tuple[str, str]]:
    """Return what is objected to, with the fields."""
    submission = submitted("QualificationFiling", qualification(**values))
    return [
        (fault.code, fault.path.rpartition("/")[2])
        for fault in check(Kind.QUALIFICATION, submission, records)
    ]


def test_a_sound_filing_is_not_objected_to() -> None:
    """Nothing is found in a filing that nothing is wrong with."""
    assert codes(PlainRecords()) == []


@pytest.mark.parametrize("state", [State.PENDING, State.APPROVED])
def test_a_second_live_filing_of_enterprise_office_and_nature_is_refused(state: State) -> None:
    """One live filing is enough, decided or not."""
    found = codes(PlainRecords([filed(Kind.QUALIFICATION, state=state)]), SeqNo="")
    assert found == [("Q01", "GoodsNature")]


@pytest.mark.parametrize("state", [State.REFUSED, State.REVOKED])
def test_after_a_refusal_or_revocation_the_same_may_be_filed_again(state: State) -> None:
    """Dead filings do not count."""
    assert codes(PlainRecords([filed(Kind.QUALIFICATION, state=state)])) == []


def test_other_office_or_nature_is_another_filing() -> None:
    """An enterprise may hold several."""
    elsewhere = filed(Kind.QUALIFICATION, office="5302")
    bonded = filed(Kind.QUALIFICATION, nature="2")
    assert codes(PlainRecords([elsewhere, bonded]), SeqNo="") == []


@pytest.mark.parametrize(
    ("nature", "office", "fine"),
    [
        ("3", "0708", True),
        ("3", "5301", False),
        ("4", "5729", True),
        ("4", "0708", False),
        ("1", "0708", True),
    ],
)
def test_two_natures_belong_to_two_regions(nature: str, office: str, fine: bool) -> None:
    """Border small trade at 07xx, contracted exports at 57xx, general trade anywhere."""
    found = codes(PlainRecords(), GoodsNature=nature, CustomMaster=office)
    assert found == ([] if fine else [("Q05", "GoodsNature")])


def test_general_trade_needs_the_whole_guarantee() -> None:
    """Each of the three fields is told when it is missing."""
    found = codes(PlainRecords(), GuaranteeMode="", GuaranteeAmount="", GuaranteeValidDate="")
    assert found == [("Q02", "GuaranteeMode"), ("Q02", "GuaranteeAmount"), ("Q02", "GuaranteeValidDate")]


def test_bonded_has_no_guarantee() -> None:
    """Each of the three fields is told when it is there, and none is missed when it is not."""
    found = codes(PlainRecords(), GoodsNature="2")
    assert found == [("Q04", "GuaranteeMode"), ("Q04", "GuaranteeAmount"), ("Q04", "GuaranteeValidDate")]
    empty = {"GuaranteeMode": "", "GuaranteeAmount": "", "GuaranteeValidDate": ""}
    assert codes(PlainRecords(), GoodsNature="2", **empty) == []


def test_a_guarantee_of_nothing_is_none() -> None:
    """The amount must be above zero."""
    assert codes(PlainRecords(), GuaranteeAmount="0.0000") == [("Q06", "GuaranteeAmount")]


def test_a_date_that_does_not_exist_is_told() -> None:
    """The thirtieth of February fits the pattern and is no day."""
    assert codes(PlainRecords(), GuaranteeValidDate="20270230") == [("G04", "GuaranteeValidDate")]


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)), st.integers(-200, 200))
def test_the_guarantee_reaches_three_months_ahead_or_is_refused(today: date, days: int) -> None:
    """The day three months on is just enough, every day before it is not."""
    until = months_after(today, 3) + timedelta(days=days)
    found = codes(PlainRecords(today=today), GuaranteeValidDate=f"{until:%Y%m%d}")
    assert found == ([] if days >= 0 else [("Q03", "GuaranteeValidDate")])


def test_a_client_number_is_used_once() -> None:
    """A live document under the same number of the client is told in the head."""
    records = PlainRecords(used_client_number="A0-1")
    assert codes(records, SeqNo="") == [("G01", "ClientSeqNo")]


def test_a_unified_number_is_declared_once() -> None:
    """A live document under the same unified number is told."""
    other = filed(Kind.QUALIFICATION, office="0708")
    assert codes(PlainRecords([other])) == [("G02", "SeqNo")]
