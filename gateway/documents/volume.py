"""The rules of the goods filing, one volume of goods under a qualification (GF-01 to GF-08)."""

from __future__ import annotations

from typing import Final

from gateway.documents.checks import check_items, check_mandatory, check_positive, check_values
from gateway.documents.core import Change, Decision, Document, Facts, Kind, Nature, News
from gateway.documents.draft import Draft, Outline, fill_profile
from gateway.documents.filing import FilingState
from gateway.documents.qualification import in_force

MESSAGE: Final = "GoodsFiling"

# Under these a volume may be declared; it is held until the last of them is reached (GF-07).
UNDER_WAY: Final = frozenset({FilingState.DECLARED, FilingState.SENT, FilingState.APPROVED})


def complete(draft: Draft) -> Outline:
    """Fill in and check a volume."""
    _name_qualification(draft)
    check_values(draft)
    qualification = _find_qualification(draft)
    check_items(draft, draft.facts.settings.rules.volume_items)
    for item in draft.items():
        check_positive(draft, item, "DeclPrice")
    check_mandatory(draft)
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


def _name_qualification(draft: Draft) -> None:
    own = draft.take("QualificationClientNo")
    if not own:
        return
    found = draft.facts.by_client_number(draft.partner, Kind.QUALIFICATION, own)
    path = draft.head.at("QualificationClientNo")
    if found is None:
        draft.fault("rule.unknown-qualification", path, given=own)
    elif not draft.head.text("QualificationSeqNo"):
        draft.head.fields["QualificationSeqNo"] = found.number
    elif draft.head.text("QualificationSeqNo") != found.number:
        draft.fault("rule.fill-differs", path, given=own, expected=found.client_number)


def _find_qualification(draft: Draft) -> Document | None:
    number = draft.head.text("QualificationSeqNo")
    path = draft.head.at("QualificationSeqNo")
    if not number:
        return None
    found = draft.facts.document(number)
    foreign = found is None or found.enterprise not in draft.facts.enterprises_of(draft.partner)
    if found is None or foreign or found.kind is not Kind.QUALIFICATION:
        draft.fault("rule.unknown-qualification", path, given=number)
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


def release_or_keep(change: Change, facts: Facts) -> Decision | None:
    """Let the held volumes of an approved qualification go; tell those of a refused one (GF-07)."""
    number, state = change.document.number, FilingState(change.document.state)
    held = [volume for volume in facts.volumes_of(number) if volume.state == FilingState.DECLARED]
    if state is FilingState.APPROVED:
        news = [News(volume.number, "news.volume-released", {"qualification": number}) for volume in held]
        return Decision(release=tuple(volume.number for volume in held), news=tuple(news))
    if state is FilingState.SENT:
        return None
    values = {"qualification": number, "state_en": state.en, "state_zh": state.zh}
    return Decision(news=tuple(News(volume.number, "news.volume-stays-held", values) for volume in held))
