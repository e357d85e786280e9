"""Which messages there are, how each is completed, and what its decision does to others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from gateway.documents import (
    amendment,
    changes,
    extension,
    filing_changes,
    licences,
    manifest,
    modification,
    qualification,
    volume,
)
from gateway.documents.core import Change, Decision, Facts, Kind
from gateway.documents.draft import Draft, Outline
from gateway.fields import Fields

_COMMON: Final = ("save", "declare", "save-declare", "edit", "delete", "print", "show")
_WITH_ITEMS: Final = (*_COMMON, "copy", "append-item", "insert-item", "delete-item", "reclassify")


def compare_all(_draft: Draft, body: Fields) -> Fields:
    """Leave everything that a declare command repeats to be compared field by field."""
    return body


def no_effect(_change: Change, _facts: Facts) -> Decision | None:
    """Leave all other documents as they are."""
    return None


@dataclass(frozen=True, slots=True)
class Form:
    """One kind of message of an ERP that makes a document.

    Attributes:
        message: The body's element name.
        kind: What it makes.
        complete: Fills in and checks a body; the faults stay in the draft, settled by the caller.
        operations: What may be asked of it.
        decided: What it does to others that this document has changed: decided by customs, or deleted.
            The answer holds the others' changes, releases and news, or is None.
        reclassified: What of an item `reclassify` may change (GF-05, MF-10).
        splits: More items than fit become further documents (GF-02).
        compare: Compares what a declare command repeats with what is saved, where that is more than comparing
            field by field, and returns the rest.
    """

    message: str
    kind: Kind
    complete: Callable[[Draft], Outline]
    operations: tuple[str, ...]
    decided: Callable[[Change, Facts], Decision | None] = no_effect
    reclassified: tuple[str, ...] = ()
    splits: bool = False
    compare: Callable[[Draft, Fields], Fields] = compare_all


FORMS: Final[Mapping[str, Form]] = {
    form.message: form
    for form in (
        Form(
            qualification.MESSAGE,
            Kind.QUALIFICATION,
            qualification.complete,
            _COMMON,
            decided=volume.follow,
        ),
        Form(
            volume.MESSAGE,
            Kind.VOLUME,
            volume.complete,
            _WITH_ITEMS,
            reclassified=("CodeTS", "DeclElements"),
            splits=True,
        ),
        Form(
            changes.QUALIFICATION_CHANGE,
            Kind.CHANGE,
            filing_changes.complete_qualification_change,
            _COMMON,
            decided=changes.carry_out,
        ),
        Form(
            changes.GOODS_CHANGE,
            Kind.CHANGE,
            filing_changes.complete_goods_change,
            (*_COMMON, "disable"),
            decided=changes.carry_out,
        ),
        Form(
            changes.EXTENSION,
            Kind.CHANGE,
            extension.complete,
            (*_COMMON, "extend"),
            decided=changes.carry_out,
        ),
        Form(
            manifest.MESSAGE,
            Kind.MANIFEST,
            manifest.complete,
            _WITH_ITEMS,
            decided=licences.release,
            reclassified=("DeclElements",),
        ),
        Form(
            amendment.MODIFICATION,
            Kind.AMENDMENT,
            modification.complete,
            _COMMON,
            decided=amendment.decided,
            compare=modification.compare,
        ),
        Form(
            amendment.WITHDRAWAL,
            Kind.AMENDMENT,
            amendment.complete_withdrawal,
            _COMMON,
            decided=amendment.decided,
        ),
    )
}


def effects(change: Change, facts: Facts) -> Decision:
    """Return the change together with what it does to others."""
    form = FORMS.get(change.document.message_type)
    more = form.decided(change, facts) if form else None
    return Decision.of(change, more)
