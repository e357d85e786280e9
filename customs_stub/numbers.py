"""The numbers that customs gives to what it approves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from customs_stub.submission import Kind, Submission

AMENDMENTS = {Kind.MODIFICATION: "M", Kind.WITHDRAWAL: "W"}


def give(kind: Kind, submission: Submission, today: date, count: Callable[[str], int]) -> str:
    """Return the next number of the kind; `count` gives the next of a named counter.

    Filings have 12 characters (letter, office, last digit of the year, running number), manifests and
    declarations 18 (office, year, direction as letter or digit, running number), as have amendments (`M`
    modification, `W` withdrawal). A change or extension goes by the number of what it changes.
    """
    if kind in {Kind.QUALIFICATION_CHANGE, Kind.EXTENSION, Kind.VOLUME_CHANGE}:
        return ""
    office = submission.office
    if kind in {Kind.QUALIFICATION, Kind.VOLUME}:
        letter = "Q" if kind is Kind.QUALIFICATION else "J"
        start = f"{letter}{office}{today.year % 10}"
        return f"{start}{count(start):06}"
    if kind is Kind.MANIFEST:
        start = f"{office}{today.year}{submission.body.get('IEFlag')}"
    elif kind in AMENDMENTS:
        start = f"{office}{today.year}{AMENDMENTS[kind]}"
    else:
        importing = submission.body.group("DecHead").get("IEFlag") == "I"
        start = f"{office}{today.year}{'1' if importing else '0'}"
    return f"{start}{count(start):09}"
