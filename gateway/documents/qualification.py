"""The rules of the qualification filing, 企业资质备案 (QF-01 to QF-11)."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from typing import Final

from gateway.documents import identifiers
from gateway.documents.checks import check_mandatory, check_positive, check_values
from gateway.documents.core import Document, Nature
from gateway.documents.draft import Draft, Outline, fill_profile
from gateway.documents.filing import ENDED, FilingState

MESSAGE: Final = "QualificationFiling"
GUARANTEE: Final = ("GuaranteeMode", "GuaranteeAmount", "GuaranteeValidDate")

# The only offices that know these natures, by the first two digits of their code (QF-06).
OFFICES_OF: Final = {Nature.BORDER: "07", Nature.CONTRACT: "57"}


def complete(draft: Draft) -> Outline:
    """Fill in and check a qualification filing."""
    check_values(draft)
    head = draft.head
    profile = fill_profile(draft)
    office, nature = head.text("CustomMaster"), head.text("GoodsNature")
    check_nature(draft, office, nature)
    _check_volumes(draft)
    if nature == Nature.BONDED:
        check_no_guarantee(draft)
    elif nature:
        if profile and profile.guarantee_mode:
            codes = draft.facts.codes
            mode = codes.code("guarantee_mode", profile.guarantee_mode) or profile.guarantee_mode
            draft.fill(head, "GuaranteeMode", mode)
        _check_guarantee(draft)
    draft.fill(head, "ApprovedValidDate", "")
    check_mandatory(draft)
    code = profile.code if profile else ""
    if code and office and nature:
        _check_single(draft, code, office, nature)
    return Outline(code, office, nature)


def in_force(document: Document, today: str) -> bool:
    """Tell whether a qualification is approved and not past its last day (MF-03)."""
    return document.state == FilingState.APPROVED and (document.valid_until or today) >= today


def check_nature(draft: Draft, office: str, nature: str) -> None:
    """Refuse a nature that the customs office does not know (QF-06)."""
    prefix = OFFICES_OF.get(Nature(nature)) if nature in set(Nature) else None
    if prefix and office and not office.startswith(prefix):
        draft.fault(
            "rule.nature-not-at-office",
            draft.head.at("GoodsNature"),
            given=nature,
            office=office,
            prefix=prefix,
        )


def _check_volumes(draft: Draft) -> None:
    """Keep office and nature where volumes are filed under them."""
    present = draft.present
    if present is None or all(v.state == FilingState.DELETED for v in draft.facts.volumes_of(present.number)):
        return
    for name, kept in (("CustomMaster", present.office), ("GoodsNature", present.nature)):
        if draft.head.text(name) != kept:
            draft.fault(
                "rule.volumes-bind", draft.head.at(name), given=draft.head.text(name) or "-", expected=kept
            )


def check_no_guarantee(draft: Draft) -> None:
    """Refuse every word about a guarantee, which bonded goods do not need (QF-07)."""
    for name in GUARANTEE:
        if draft.head.text(name):
            draft.fault("rule.bonded-no-guarantee", draft.head.at(name), given=draft.head.text(name))


def _check_guarantee(draft: Draft) -> None:
    head = draft.head
    for name in GUARANTEE:
        if draft.declaring and not head.text(name):
            draft.fault("rule.mandatory", head.at(name), level_en=draft.level, level_zh=draft.level.zh)
    check_positive(draft, head, "GuaranteeAmount")
    check_guarantee_day(draft)


def check_guarantee_day(draft: Draft) -> None:
    """Require that the guarantee is valid so many months ahead (QF-05)."""
    head = draft.head
    day = identifiers.parse_date(head.text("GuaranteeValidDate"))
    months = draft.facts.settings.rules.guarantee_months
    today = draft.facts.now.date()
    # Even with no months required the day must lie ahead.
    earliest = max(months_after(today, months), date.fromordinal(today.toordinal() + 1))
    if day is not None and day < earliest:
        draft.fault(
            "rule.guarantee-too-short",
            head.at("GuaranteeValidDate"),
            given=head.text("GuaranteeValidDate"),
            months=months,
            earliest=f"{earliest:%Y%m%d}",
        )


def _check_single(draft: Draft, enterprise: str, office: str, nature: str) -> None:
    for other in draft.facts.qualifications(enterprise, office, nature):
        same = draft.present is not None and draft.present.number == other.number
        if not same and other.state not in ENDED:
            state = FilingState(other.state)
            draft.fault(
                "rule.qualification-exists",
                draft.head.at("GoodsNature"),
                number=other.number,
                state_en=state.en,
                state_zh=state.zh,
            )


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or that month's last day where it is shorter."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
