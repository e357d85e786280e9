"""The publishing of a run that is proved: documents, submissions, relations, its result (AG-04, AG-10)."""

from __future__ import annotations

from typing import Final

from gateway.documents import Kind, ManifestState, finish, issued, publish
from gateway.steps.composing import drafted
from gateway.steps.kept import document_of
from gateway.steps.month_result import tell_result
from gateway.steps.phases import Phase
from gateway.steps.records import Cause, StoredFacts, World, carry_out
from gateway.store import Move, RunRow, Unit

# So much fits into a transaction that keeps nobody waiting.
_DECLARATIONS: Final = 10
_MANIFESTS: Final = 200
_CLEARED: Final = 4000
LEFT_LATE: Final = "aggregation.left-late"


def declare_next(world: World, unit: Unit, row: RunRow) -> None:
    """Make documents of the next drafts, under the numbers that they have from now on."""
    assert row.moment is not None, "the proof has given it a moment"
    run, facts = document_of(unit, row.run), StoredFacts(world, unit)
    drafts = unit.lines.drafts(row.run, after=int(row.last or 0), limit=_DECLARATIONS)
    made = [
        issued(run, drafted(run, each), each.declaration, facts.new_number(Kind.DECLARATION), row.moment)
        for each in drafts
    ]
    carry_out(world, unit, publish(made), Cause("clock", row.run))
    given = ((draft.declaration, each.number) for draft, each in zip(drafts, made, strict=True))
    unit.lines.number(row.run, given)
    if len(drafts) < _DECLARATIONS:
        unit.runs.step(row, phase=Phase.CLOSING, last="", done=0)
    else:
        unit.runs.step(row, last=str(drafts[-1].declaration), done=row.done + len(drafts))


def close_next(world: World, unit: Unit, row: RunRow) -> None:
    """Keep the merge relation of the next manifests, which are aggregated now; the last end the run."""
    move = Move(
        from_state=ManifestState.AWAITING,
        to_state=ManifestState.AGGREGATED,
        parent=row.run,
        event="aggregate",
        cause_kind="clock",
        cause_id=row.run,
    )
    numbers = unit.lines.manifests(row.run, after=row.last, limit=_MANIFESTS)
    if numbers:
        unit.relations.take(row.run, row.last, numbers[-1])
        unit.lines.remove(row.run, numbers[-1])
        for number in sorted(set(numbers) - set(unit.months.move(numbers, move))):
            _tell_late(unit, row.run, number)
    if len(numbers) < _MANIFESTS:
        end(world, unit, row)
    else:
        unit.runs.step(row, last=numbers[-1], done=row.done + len(numbers))


def end(world: World, unit: Unit, row: RunRow) -> None:
    """End a run and bring its result."""
    run = document_of(unit, row.run)
    decision = finish(run, manifests=row.manifests, declarations=row.declarations)
    carry_out(world, unit, decision, Cause("clock", row.run))
    tell_result(unit, decision.document, row)
    unit.runs.step(row, phase=Phase.CLEARING, last="", done=0)


def clear_next(unit: Unit, run: str, *, lines: bool = True) -> bool:
    """Throw away a piece of what a run has worked with; return whether that was the last."""
    return unit.runs.clear(run, _CLEARED, lines=lines) < _CLEARED


def _tell_late(unit: Unit, run: str, number: str) -> None:
    """Tell of a manifest that customs withdrew by its own word while its declaration went out."""
    state = ManifestState(document_of(unit, number).state)
    values = {"number": number, "run": run, "state_en": state.en, "state_zh": state.zh}
    unit.alerts.open(LEFT_LATE, number, values)
