"""The manifests that a run takes: which they are, and their marking, a piece at a time (AG-02, AG-04)."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.documents import UNDECIDED, ManifestState, Selection
from gateway.steps.phases import Phase
from gateway.store import DocumentRow, Move, Offered, RunRow, Unit

# So many are marked with the request itself; a larger month goes on by the clock.
MARKED_AT_ONCE = 500
_PIECE = 200
_COLUMNS = {"CustomMaster": "office", "IEFlag": "ie_flag"}


def offered(selection: Selection) -> Offered:
    """Return which manifests a run takes, as the store is asked for them: cleared, and not being amended."""
    equal = dict(selection.criteria)
    columns = {column: equal.pop(name, "") for name, column in _COLUMNS.items()}
    return Offered(
        enterprise=selection.enterprise,
        period=selection.period,
        state=ManifestState.CLEARED,
        natures=selection.natures,
        without=UNDECIDED,
        content=equal,
        days=selection.days,
        listed=selection.listed,
        closed=selection.deadlines.keys(),
        **columns,
    )


def manifests(unit: Unit, selection: Selection) -> Iterator[DocumentRow]:
    """Yield the manifests that a run takes, a piece at a time, so that a month may be any size."""
    asked, last = offered(selection), ""
    while numbers := unit.months.numbers(asked, after=last, limit=_PIECE):
        yield from unit.months.many(numbers)
        last = numbers[-1]


def begin(unit: Unit, run: str, selection: Selection) -> None:
    """Keep a new run, and mark the first of its manifests; of most months that is all."""
    row = RunRow(run=run, phase=Phase.MARKING)
    unit.runs.begin(row)
    mark(unit, row, selection)


def mark(unit: Unit, row: RunRow, selection: Selection) -> None:
    """Mark the next manifests of a run: they await aggregation, and no other run takes them."""
    numbers = unit.months.numbers(offered(selection), after=row.last, limit=MARKED_AT_ONCE)
    move = Move(
        from_state=ManifestState.CLEARED,
        to_state=ManifestState.AWAITING,
        parent=row.run,
        event="await",
        cause_kind="clock",
        cause_id=row.run,
    )
    marked = row.manifests + len(unit.months.move(numbers, move))
    if len(numbers) < MARKED_AT_ONCE:
        unit.runs.step(row, phase=Phase.WAITING, last="", done=0, manifests=marked)
    else:
        unit.runs.step(row, last=numbers[-1], done=marked, manifests=marked)
