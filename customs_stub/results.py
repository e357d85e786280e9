"""What customs gives with an approval: the number, and the last day of a qualification."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from customs_stub.checks.figures import day
from customs_stub.checks.qualification_change import differing
from customs_stub.facts import Facts
from customs_stub.numbers import give
from customs_stub.receipts import Result
from customs_stub.submission import PARENTS, Kind, Submission


def result(kind: Kind, submission: Submission, facts: Facts, count: Callable[[str], int]) -> Result:
    """Return what an approval brings; `count` gives the next of a named counter."""
    number = give(kind, submission, facts.today, count)
    return Result(number, _last_day(kind, submission, facts))


def _last_day(kind: Kind, submission: Submission, facts: Facts) -> str:
    body = submission.body
    if kind is Kind.QUALIFICATION:
        # A bonded qualification has no guarantee whose date could bound it: it holds for a year.
        return body.get("GuaranteeValidDate") or _a_year_after(facts.today)
    if kind not in {Kind.QUALIFICATION_CHANGE, Kind.EXTENSION}:
        return ""
    above, name = PARENTS[kind]
    filed = facts.by_unified_number(above, body.get(name))
    assert filed is not None, "without it the application was not approved"
    if kind is Kind.QUALIFICATION_CHANGE:
        return differing(body, filed).get("GuaranteeValidDate", "")
    return _a_year_after(day(filed.valid_until) or facts.today)


def _a_year_after(start: date) -> str:
    return f"{start.year + 1}{start:%m%d}".replace("0229", "0228")
