"""Amendments of a manifest, 修撤单: what both kinds have in common, and what their approval does (AM)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from gateway.documents.aggregation_states import LEAVABLE
from gateway.documents.application import UNDECIDED, ApplicationState
from gateway.documents.checks import check_mandatory, check_values
from gateway.documents.core import Change, Decision, Document, Facts, Kind, News, Use
from gateway.documents.corrections import changes_of, groups_of, modified
from gateway.documents.draft import Draft, Outline, fill_profile
from gateway.documents.licences import uses_of
from gateway.documents.lives import moved, state_of
from gateway.documents.manifest_states import AMENDABLE, ManifestState
from gateway.documents.naming import MANIFEST
from gateway.documents.states import Event
from gateway.errors import refuse

MODIFICATION: Final = "ManifestModification"
WITHDRAWAL: Final = "ManifestWithdrawal"

# After these an amendment is no longer under way, and what it held back is free again.
_ENDED: Final = frozenset(
    {ApplicationState.RECEIVE_FAILED, ApplicationState.REFUSED, ApplicationState.DELETED}
)


def complete_withdrawal(draft: Draft) -> Outline:
    """Fill in and check a withdrawal (AM-04)."""
    manifest = begin(draft)
    return Outline() if manifest is None else outline_of(draft, manifest)


def begin(draft: Draft) -> Document | None:
    """Find the manifest, fill in what it tells, and check all but the changes; None without a manifest."""
    if draft.present is not None:
        draft.fill(draft.head, MANIFEST.number, draft.present.parent or "")
    MANIFEST.take_own(draft)
    check_values(draft)
    check_mandatory(draft)
    manifest = MANIFEST.find(draft)
    if manifest is None:
        return None
    fill_profile(draft, manifest.enterprise)
    draft.fill(draft.head, "IEFlag", manifest.ie_flag)
    draft.fill(draft.head, "CustomMaster", manifest.office)
    _check_state(draft, manifest)
    _check_run(draft, manifest)
    if manifest.customs_number:
        draft.fill(draft.head, "ManifestCustomsNo", manifest.customs_number)
    _check_alone(draft, manifest)
    return manifest


def outline_of(
    draft: Draft,
    manifest: Document,
    uses: tuple[Use, ...] = (),
    shown: Mapping[str, object] | None = None,
) -> Outline:
    """Return what the amendment shows of itself; one that is declared moves its manifest."""
    return Outline(
        enterprise=manifest.enterprise,
        office=manifest.office,
        nature=manifest.nature,
        ie_flag=manifest.ie_flag,
        parent=manifest.number,
        period=manifest.period,
        uses=uses,
        shown=shown or {},
        moved=(_touched(draft, manifest),) if draft.declaring and not draft.violations else (),
    )


def decided(change: Change, facts: Facts) -> Decision | None:
    """Carry an approved amendment to its manifest; one that failed lets go what it held (AM-06).

    A modification applies to the content, whatever state the manifest has reached meanwhile. A manifest
    that was withdrawn meanwhile stays so.

    Raises:
        RejectedError: `amendment.manifest-aggregated`: its declaration would no longer agree with it.
    """
    amendment = change.document
    freed: dict[str, tuple[Use, ...]] = {amendment.number: ()}
    if amendment.state in _ENDED:
        return Decision(uses=freed)
    if amendment.state != ApplicationState.APPROVED:
        return None
    manifest = facts.document(amendment.parent or "")
    assert manifest is not None, "an amendment never exists without its manifest"
    values = {"manifest": manifest.number, "amendment": amendment.number}
    if manifest.state == ManifestState.AGGREGATED:
        raise refuse("amendment.manifest-aggregated", manifest=manifest.number, amendment=amendment.number)
    if manifest.state == ManifestState.WITHDRAWN:
        return Decision(uses=freed, news=(News(manifest.number, "news.manifest-was-withdrawn", values),))
    if amendment.message_type == WITHDRAWAL:
        version, code = moved(manifest, Event.WITHDRAW), "news.manifest-withdrawn"
        freed[manifest.number] = ()
    else:
        content = modified(manifest.content, changes_of(groups_of(amendment.content, "Change")))
        version, code = moved(replace(manifest, content=content), Event.MODIFY), "news.manifest-modified"
        freed[manifest.number] = uses_of(content, facts)
    return Decision((version,), news=(News(manifest.number, code, values),), uses=freed)


def _check_state(draft: Draft, manifest: Document) -> None:
    """Require a state in which manifests are amended, and the number that customs knows it by (AM-01)."""
    state = state_of(manifest)
    path = draft.head.at(MANIFEST.number)
    if state not in AMENDABLE:
        allowed = sorted(AMENDABLE, key=lambda one: int(one.official))
        draft.fault(
            "amendment.state",
            path,
            number=manifest.number,
            state_en=state.en,
            state_zh=state.zh,
            allowed_en=", ".join(f"{one.official} {one.en}" for one in allowed),
            allowed_zh="、".join(f"{one.official} {one.zh}" for one in allowed),
        )
    elif not manifest.customs_number:
        draft.fault("amendment.no-customs-number", path, number=manifest.number)


def _check_run(draft: Draft, manifest: Document) -> None:
    """Refuse to take a manifest out of a run that is being made: its declaration may be sent already."""
    if not draft.declaring or manifest.state != ManifestState.AWAITING or manifest.parent is None:
        return
    # Locked, so that the run is not begun between this look and the leaving.
    run = draft.facts.locked(manifest.parent)
    if run is not None and run.state not in LEAVABLE:
        draft.fault(
            "amendment.run-begun", draft.head.at(MANIFEST.number), number=manifest.number, run=run.number
        )


def _check_alone(draft: Draft, manifest: Document) -> None:
    """Refuse a second amendment while another is undecided (AM-05)."""
    for other in undecided(draft.facts, manifest, draft.present):
        state = state_of(other)
        values = {"other": other.number, "state_en": state.en, "state_zh": state.zh}
        draft.fault("amendment.undecided", draft.head.at(MANIFEST.number), number=manifest.number, **values)


def undecided(facts: Facts, manifest: Document, besides: Document | None) -> Sequence[Document]:
    """Return the amendments of a manifest that customs has yet to decide."""
    own = besides.number if besides else ""
    return [
        each
        for each in facts.changes_of(manifest.number)
        if each.kind is Kind.AMENDMENT and each.state in UNDECIDED and each.number != own
    ]


def _touched(draft: Draft, manifest: Document) -> Change:
    """Move the manifest of an amendment that is declared: out of its run, or only to its next version.

    Whoever declares a second amendment at the same moment, or takes the manifest into a run, then finds
    it changed (AM-05, AM-07).
    """
    if manifest.state == ManifestState.AWAITING and manifest.parent is not None:
        path = draft.head.at(MANIFEST.number)
        draft.warn("amendment.leaves-run", path, number=manifest.number, run=manifest.parent)
        return moved(replace(manifest, parent=None), Event.LEAVE)
    return moved(manifest, Event.AMEND)
