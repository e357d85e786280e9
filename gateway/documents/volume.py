"""The rules of the goods filing, one volume of goods under a qualification (GF-01 to GF-08)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from gateway.documents.checks import check_items, check_mandatory, check_positive, check_values
from gateway.documents.core import Change, Decision, Document, Facts, Nature, News
from gateway.documents.draft import Draft, Outline, fill_profile
from gateway.documents.filing import FilingState
from gateway.documents.lives import moved
from gateway.documents.naming import QUALIFICATION
from gateway.documents.qualification import in_force
from gateway.documents.states import Event

MESSAGE: Final = "GoodsFiling"

# Under these a volume may be declared; it is held until the last of them is reached (GF-07).
UNDER_WAY: Final = frozenset({FilingState.DECLARED, FilingState.SENT, FilingState.APPROVED})


def complete(draft: Draft) -> Outline:
    """Fill in and check a volume."""
    unnamed = QUALIFICATION.take_own(draft)
    check_values(draft)
    qualification = _find_qualification(draft)
    check_items(draft, draft.facts.settings.rules.volume_items)
    check_goods(draft)
    check_mandatory(draft, besides={QUALIFICATION.number} if unnamed else ())
    if qualification is None:
        return Outline()
    profile = fill_profile(draft, qualification.enterprise)
    draft.fill(draft.head, "CustomMaster", qualification.office)
    return Outline(
        enterprise=profile.code if profile else "",
        office=qualification.office,
        nature=qualification.nature,
        parent=qualification.number,
        hold=_hold(qualification) if draft.declaring else None,
    )


def check_goods(draft: Draft) -> None:
    """Check what is told of each item to be filed (GF-04)."""
    for item in draft.items():
        check_positive(draft, item, "DeclPrice")
        # An item is disabled by a change that customs has approved (CH-03), and by nothing else.
        draft.fill(item, "Disabled", "")


def _find_qualification(draft: Draft) -> Document | None:
    found = QUALIFICATION.find(draft)
    if found is None:
        return None
    number, path = found.number, draft.head.at(QUALIFICATION.number)
    if draft.present is not None and draft.present.enterprise != found.enterprise:
        draft.fault(QUALIFICATION.unknown, path, given=number)
        return None
    state = FilingState(found.state)
    if found.nature == Nature.BONDED:
        draft.fault("rule.qualification-is-bonded", path, number=number)
    if draft.declaring:
        names = {"number": number, "state_en": state.en, "state_zh": state.zh}
        if state not in UNDER_WAY:
            draft.fault("rule.qualification-not-declared", path, **names)
        elif state is FilingState.APPROVED and not in_force(found, draft.today):
            draft.fault("rule.qualification-expired", path, number=number, valid_until=found.valid_until)
    elif state in {FilingState.REVOKED, FilingState.DELETED}:
        draft.fault("rule.qualification-ended", path, number=number, state_en=state.en, state_zh=state.zh)
    return found


def _hold(qualification: Document) -> News | None:
    state = FilingState(qualification.state)
    if state is FilingState.APPROVED:
        return None
    values = {"qualification": qualification.number, "state_en": state.en, "state_zh": state.zh}
    return News("", "news.volume-held", values)


def follow(change: Change, facts: Facts) -> Decision | None:
    """Let held volumes go, stay held or come back, as their qualification goes (GF-07).

    What was declared under a qualification that was never approved is held. It comes back as saved when
    that qualification has ended for good, so that it can be put under another one.
    """
    number, state = change.document.number, FilingState(change.document.state)
    if FilingState(change.expected_state or state) in {FilingState.APPROVED, FilingState.REVOKED}:
        return None
    held = [volume for volume in facts.volumes_of(number) if volume.state == FilingState.DECLARED]
    numbers = tuple(volume.number for volume in held)
    values = {"qualification": number, "state_en": state.en, "state_zh": state.zh}
    if state is FilingState.APPROVED:
        return Decision(release=numbers, news=_news(numbers, "news.volume-released", values))
    if state in {FilingState.REFUSED, FilingState.RECEIVE_FAILED}:
        return Decision(news=_news(numbers, "news.volume-stays-held", values))
    if state in {FilingState.REVOKED, FilingState.DELETED}:
        news = _news(numbers, "news.volume-recalled", values)
        return Decision(tuple(moved(volume, Event.RECALL) for volume in held), recall=numbers, news=news)
    return None


def _news(numbers: Iterable[str], code: str, values: Mapping[str, object]) -> tuple[News, ...]:
    return tuple(News(number, code, values) for number in numbers)
