"""What all changes and extensions of a filing have in common, and what their approval does (CH, EX)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gateway.documents.application import UNDECIDED, ApplicationState
from gateway.documents.core import Change, Decision, Document, Facts, Kind, News
from gateway.documents.draft import Draft, Outline
from gateway.documents.filing import FilingState
from gateway.documents.lives import machine_of, moved, state_of
from gateway.documents.qualification import in_force
from gateway.documents.states import Event
from gateway.errors import refuse
from gateway.fields import Fields

QUALIFICATION_CHANGE: Final = "QualificationChange"
GOODS_CHANGE: Final = "GoodsFilingChange"
EXTENSION: Final = "QualificationExtension"

# What may be changed of an approved qualification (CH-02).
CHANGEABLE: Final = ("IEBatches", "GuaranteeMode", "GuaranteeAmount", "GuaranteeValidDate")
_GUARANTEE_DAY: Final = "GuaranteeValidDate"
_APPROVED_DAY: Final = "ApprovedValidDate"


def check_open(draft: Draft, filing: Document, path: str) -> None:
    """Require an approved filing that no other application is under way for (CH-01)."""
    state = state_of(filing)
    values = {"number": filing.number, "state_en": state.en, "state_zh": state.zh}
    if state != FilingState.APPROVED:
        draft.fault("change.not-approved", path, **values)
    for other in draft.facts.changes_of(filing.number):
        own = draft.present is not None and draft.present.number == other.number
        if other.kind is Kind.CHANGE and other.state in UNDECIDED and not own:
            state = state_of(other)
            values = {"other": other.number, "state_en": state.en, "state_zh": state.zh}
            draft.fault("change.undecided", path, number=filing.number, **values)


def check_in_force(draft: Draft, qualification: Document, path: str) -> None:
    """Refuse to declare anything about a qualification whose last day is over."""
    approved = qualification.state == FilingState.APPROVED
    if draft.declaring and approved and not in_force(qualification, draft.today):
        values = {"number": qualification.number, "valid_until": qualification.valid_until}
        draft.fault("rule.qualification-expired", path, **values)


def keep(draft: Draft, name: str, value: str) -> None:
    """Back-fill what stays as it is on file; another value is refused by name (CH-02, EX-01)."""
    given = draft.head.text(name)
    if given and given != value:
        draft.fault("change.fixed-field", draft.head.at(name), given=given, expected=value or "-")
    else:
        draft.fill(draft.head, name, value)


def keep_filing(draft: Draft, filing: Document) -> None:
    """Back-fill whose filing it is, and where; these stay as they are on file."""
    keep(draft, "CustomMaster", filing.office)
    keep(draft, "TradeCode", filing.enterprise)
    name = filing.content.get("TradeName")
    keep(draft, "TradeName", name if isinstance(name, str) else "")


def outline_of(draft: Draft, filing: Document, shown: Mapping[str, object]) -> Outline:
    """Return what an application shows of itself.

    One that is declared moves its filing to the next version: whoever declares another at the same moment
    finds it changed (CH-01).
    """
    versions: tuple[Change, ...] = ()
    if draft.declaring and not draft.violations:
        versions = (moved(filing, Event.AMEND),)
    return Outline(
        enterprise=filing.enterprise,
        office=filing.office,
        nature=filing.nature,
        parent=filing.number,
        shown=shown,
        moved=versions,
    )


def carry_out(change: Change, facts: Facts) -> Decision | None:
    """Make an approved application effective on its filing; refused, all stays as it is (CH-04, EX-02).

    Raises:
        RejectedError: `change.no-last-day`: the approval of an extension tells no later last day.
    """
    application = change.document
    if application.state != ApplicationState.APPROVED:
        return None
    filing = facts.document(application.parent or "")
    assert filing is not None, "an application never exists without its filing"
    values = {"filing": filing.number, "application": application.number}
    event = Event.EXTEND if application.message_type == EXTENSION else Event.CHANGE
    if machine_of(filing).follow(state_of(filing), event) is None:
        return Decision(news=(News(filing.number, "news.change-without-effect", values),))
    if application.message_type == GOODS_CHANGE:
        changed = replace(filing, content=_with_goods(filing.content, application.content))
    elif application.message_type == QUALIFICATION_CHANGE:
        changed = _with_terms(filing, application)
    else:
        changed = _extended(filing, application)
    values |= {"valid_until": changed.valid_until or "-"}
    code = "news.extended" if event is Event.EXTEND else "news.change-effective"
    return Decision((moved(changed, event),), news=(News(filing.number, code, values),))


def items_of(content: Fields, name: str = "Item") -> list[Fields]:
    """Return the items of a content."""
    found = content.get(name, [])
    return found if isinstance(found, list) else []


def _with_goods(filed: Fields, applied: Fields) -> Fields:
    """Add and disable items; what is approved is never altered and keeps its number (CH-03)."""
    disabled = {row.get("GNo") for row in items_of(applied, "DisabledItem")}
    kept = [{**row, "Disabled": "1"} if row.get("GNo") in disabled else row for row in items_of(filed)]
    return {**filed, "Item": [*kept, *items_of(applied)]}


def _with_terms(filing: Document, application: Document) -> Document:
    """Change the terms of a qualification; its last day follows where customs moves it or the guarantee did.

    Where the last day was that of the guarantee, it is that of the new guarantee; customs may name another.
    """
    terms: Fields = {name: value for name, value in application.content.items() if name in CHANGEABLE}
    valid_until = filing.valid_until
    guaranteed = terms.get(_GUARANTEE_DAY)
    if isinstance(guaranteed, str) and filing.content.get(_GUARANTEE_DAY) == valid_until:
        valid_until = guaranteed
    return _valid(
        replace(filing, content={**filing.content, **terms}), application.valid_until or valid_until
    )


def _extended(filing: Document, application: Document) -> Document:
    day = application.valid_until or ""
    if day <= (filing.valid_until or ""):
        raise refuse(
            "change.no-last-day",
            number=application.number,
            given=day or "-",
            filing=filing.number,
            valid_until=filing.valid_until or "-",
        )
    return _valid(filing, day)


def _valid(filing: Document, day: str | None) -> Document:
    content = {**filing.content, _APPROVED_DAY: day} if day else filing.content
    return replace(filing, valid_until=day, content=content)
