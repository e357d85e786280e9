"""The rules of a qualification's extension: bonded goods, in its last days, nothing else altered (EX-01)."""

from __future__ import annotations

from datetime import timedelta

from gateway.documents import identifiers
from gateway.documents.changes import check_in_force, check_open, keep, keep_filing, outline_of
from gateway.documents.checks import check_mandatory
from gateway.documents.core import Document, Nature
from gateway.documents.draft import Draft, Outline
from gateway.documents.finding import find_qualification
from gateway.documents.naming import QUALIFICATION


def complete(draft: Draft) -> Outline:
    """Fill in and check an extension."""
    filing = find_qualification(draft)
    if filing is None:
        return Outline()
    path = draft.head.at(QUALIFICATION.number)
    check_open(draft, filing, path)
    keep_filing(draft, filing)
    keep(draft, "GoodsNature", filing.nature)
    keep(draft, "ApprovedValidDate", filing.valid_until or "")
    if filing.nature != Nature.BONDED:
        draft.fault("change.extension-bonded-only", draft.head.at("GoodsNature"), given=filing.nature)
    else:
        check_in_force(draft, filing, path)
        _check_window(draft, filing)
    check_mandatory(draft)
    return outline_of(draft, filing, {})


def _check_window(draft: Draft, filing: Document) -> None:
    """Require that today is one of the last days, or the last (EX-01); a draft may wait for its day."""
    path = draft.head.at("ApprovedValidDate")
    last = identifiers.parse_date(filing.valid_until or "")
    if last is None:
        draft.fault("change.no-day-to-extend", path, number=filing.number)
        return
    days = draft.facts.settings.rules.extension_days
    first = last - timedelta(days=days)
    if draft.facts.now.date() < first:
        tell = draft.fault if draft.declaring else draft.warn
        tell("change.too-early", path, days=days, first=f"{first:%Y%m%d}", last=f"{last:%Y%m%d}")
