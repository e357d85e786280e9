"""The modification of a manifest, 修改申请: the manifest as it is to be, and what that changes (AM-02)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Final

from gateway.documents import amounts
from gateway.documents import manifest as rules
from gateway.documents.amendment import begin, outline_of
from gateway.documents.core import Document, Facts, Use
from gateway.documents.corrections import (
    FieldChange,
    assemble,
    changes_between,
    changes_of,
    groups_of,
    in_words_of,
    is_same,
    items_of,
    rows_of,
    sheet_of,
    told,
)
from gateway.documents.draft import Draft, Group, Level, Outline, copy
from gateway.documents.licences import uses_of
from gateway.documents.wanted import Wanted, read_corrected, read_rows
from gateway.errors import Violation
from gateway.fields import Fields

MAX_CHANGES: Final = 999
_NAME: Final = "TradeName"


def complete(draft: Draft) -> Outline:
    """Fill in and check a modification: what is wanted, the manifest's rules, and what it changes."""
    manifest = begin(draft)
    wanted = _read(draft, manifest) if manifest else None
    if manifest is None or wanted is None:
        return Outline()
    corrected, numbers = _complete_manifest(draft, manifest, wanted)
    old = sheet_of(manifest.content)
    new = in_words_of(old, sheet_of(corrected, numbers))
    changes = changes_between(old, new, draft.facts.dictionary)
    _check_changes(draft, manifest, changes, wanted.corrected or wanted.items)
    _warn_of_numbers(draft, manifest, wanted, numbers)
    kept, _ = assemble(new)
    draft.head.fields["Change"] = list(rows_of(changes, draft.facts.dictionary))
    draft.head.fields["Corrected"] = kept
    shown = {"changes": told(changes, draft.facts.dictionary)}
    return outline_of(draft, manifest, _surplus(manifest, kept, draft.facts), shown)


def compare(draft: Draft, body: Fields) -> Fields:
    """Refuse other changes than the saved ones, in whatever order or way they are told; return the rest."""
    asked = {name: body[name] for name in ("Change", "Corrected") if body.get(name)}
    if asked:
        named = {name: draft.head.fields[name] for name in ("ManifestSeqNo",) if name in draft.head.fields}
        head = Group(copy({**named, **asked}), draft.head.path)
        repeated = Draft(draft.message_type, Level.SAVE, draft.partner, draft.facts, draft.present, head)
        complete(repeated)
        if repeated.violations or not _same_changes(repeated.head.fields, draft.head.fields):
            draft.fault("amendment.other-changes", draft.head.at(next(iter(asked))))
    return {name: value for name, value in body.items() if name not in asked}


def _same_changes(one: Fields, other: Fields) -> bool:
    changes, others = (changes_of(groups_of(fields, "Change")) for fields in (one, other))
    return len(changes) == len(others) and all(
        (change.item, change.field) == (twin.item, twin.field) and is_same(change.field, change.new, twin.new)
        for change, twin in zip(changes, others, strict=True)
    )


def _read(draft: Draft, manifest: Document) -> Wanted | None:
    """Read what is wanted, in one of its two ways; a saved modification holds both, and its rows count."""
    fields = draft.head.fields
    rows, corrected = fields.get("Change") or None, fields.get("Corrected") or None
    saved = draft.present.content if draft.present else {}
    own = rows == saved.get("Change") and corrected == saved.get("Corrected")
    if isinstance(rows, list) and (own or corrected is None):
        return read_rows(draft, manifest, rows)
    if isinstance(corrected, dict) and rows is None:
        return read_corrected(draft, manifest, corrected)
    code = "amendment.nothing-asked" if rows is None else "amendment.both-ways"
    draft.fault(code, draft.head.at("Change"))
    return None


def _complete_manifest(draft: Draft, manifest: Document, wanted: Wanted) -> tuple[Fields, list[int]]:
    """Hold the corrected manifest to the manifest's rules; its faults are told at the ERP's own fields."""
    body, numbers = assemble(wanted.sheet)
    # An enterprise may be called otherwise by now; its manifest says what it was called then.
    name = body.pop(_NAME, None)
    head = Group(body, rules.MESSAGE)
    work = Draft(rules.MESSAGE, draft.level, draft.partner, draft.facts, manifest, head, amends=True)
    rules.complete(work)
    work.filled.pop(head.at(_NAME), None)
    if name is not None:
        head.fields[_NAME] = name

    def moved(violation: Violation) -> Violation:
        return replace(violation, path=wanted.locate(violation.path, numbers))

    draft.violations += map(moved, work.violations)
    draft.warnings += map(moved, work.warnings)
    if wanted.corrected:
        draft.filled |= {wanted.locate(path, numbers): text for path, text in work.filled.items()}
    return head.fields, numbers


def _check_changes(draft: Draft, manifest: Document, changes: Sequence[FieldChange], path: str) -> None:
    if not changes and not draft.violations:
        draft.fault("amendment.no-changes", path, number=manifest.number)
    if len(changes) > MAX_CHANGES:
        draft.fault("amendment.too-many-changes", path, given=len(changes), limit=MAX_CHANGES)


def _warn_of_numbers(draft: Draft, manifest: Document, wanted: Wanted, numbers: Sequence[int]) -> None:
    """Tell which items will stand under another number than in the manifest, or than they were sent."""
    last = len(items_of(manifest.content))
    moves = [
        (str(number) if number <= last else "+", count)
        for count, number in enumerate(numbers, 1)
        if (number <= last and number != count) or wanted.positions.get(number, count) != count
    ]
    if moves:
        shown = ", ".join(f"{number} → {count}" for number, count in moves)
        draft.warn("amendment.items-renumbered", wanted.items, moves=shown)


def _surplus(manifest: Document, corrected: Fields, facts: Facts) -> tuple[Use, ...]:
    """Return what the corrected manifest takes of licences beyond what the manifest has taken.

    It is the amendment's until customs decides, so that nobody else takes it meanwhile (MF-08).
    """
    before = _totals(uses_of(manifest.content, facts))
    after = _totals(uses_of(corrected, facts))
    more = ((place, quantity - before.get(place, amounts.ZERO)) for place, quantity in after.items())
    return tuple(Use(*place, quantity) for place, quantity in more if quantity > 0)


def _totals(uses: Iterable[Use]) -> dict[tuple[str, str, str], Decimal]:
    return {(use.licence, use.goods_code, use.unit): use.quantity for use in uses}
