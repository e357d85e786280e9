"""Which approved qualification an application is about (CH-01)."""

from __future__ import annotations

from gateway.documents.checks import check_mandatory, check_values
from gateway.documents.core import Document
from gateway.documents.draft import Draft, resolve_enterprise
from gateway.documents.filing import ENDED, FilingState
from gateway.documents.naming import QUALIFICATION


def find_qualification(draft: Draft) -> Document | None:
    """Return the qualification: by unified number, client number, or enterprise, office and nature.

    The values of the head are checked on the way; without a qualification the mandatory fields are, too.
    """
    if draft.present is not None:
        draft.fill(draft.head, QUALIFICATION.number, draft.present.parent or "")
    unnamed = QUALIFICATION.take_own(draft)
    check_values(draft)
    if draft.head.text(QUALIFICATION.number):
        found = QUALIFICATION.find(draft)
    else:
        found = None if unnamed else _by_enterprise(draft)
    if found is None:
        check_mandatory(draft)
    else:
        draft.fill(draft.head, QUALIFICATION.number, found.number)
    return found


def _by_enterprise(draft: Draft) -> Document | None:
    """Look among an enterprise's qualifications of one office and nature; only one of them is in use."""
    head = draft.head
    office, nature = head.text("CustomMaster"), head.text("GoodsNature")
    if not office or not nature:
        draft.fault("change.which-qualification", head.at(QUALIFICATION.number))
        return None
    profile = resolve_enterprise(draft)
    if profile is None:
        return None
    found = list(draft.facts.qualifications(profile.code, office, nature))
    live = [each for each in found if each.state not in ENDED]
    if not live:
        values = {"office": office, "nature": nature}
        draft.fault("change.no-qualification", head.at(QUALIFICATION.number), **values)
        return None
    return next((each for each in live if each.state == FilingState.APPROVED), live[0])
