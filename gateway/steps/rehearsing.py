"""The rehearsal of an aggregation: what would be made and what not, without changing anything (AG-11)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from gateway.documents import Command, Document, Selection, Totals, rehearsed_run, spread
from gateway.errors import Violation
from gateway.fields import Fields
from gateway.steps import taking
from gateway.steps.composing import composed
from gateway.steps.kept import to_document
from gateway.steps.records import StoredFacts, World
from gateway.store import Store, Unit

_MANIFESTS: Final = 200
# Whom a run leaves out is told one by one so often; the rest can only be counted.
_MOST_LEFT_OUT: Final = 1000


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a run would make, without making it.

    Attributes:
        run: The run that it would be, without a number.
        totals: What the manifests that it would take add up to.
        declarations: The bodies of its declarations, without numbers; made one by one as they are asked for.
        left_out: What it would not take, and why; at most a thousand.
        warnings: What else should be known, such as a deadline.
    """

    run: Document
    totals: Totals
    declarations: Iterator[Fields]
    left_out: tuple[Violation, ...]
    warnings: tuple[Violation, ...]


@contextmanager
def rehearsed(world: World, unit: Unit, command: Command) -> Iterator[Rehearsal]:
    """Show what a request would make, by the very code that makes it.

    What it works with lies in a database of its own, which is gone afterwards: a month of any size needs
    no more memory than a small one, and nothing of it is written into the gateway's.

    Raises:
        RejectedError: The request itself is wrong.
        ParkedError: `aggregation.figure` or `aggregation.no-profile`.
    """
    facts = StoredFacts(world, unit)
    run, selection, draft = rehearsed_run(command, facts)
    with TemporaryDirectory(prefix="rehearsal-") as folder:
        scratch = Store(f"sqlite:///{Path(folder)}/lines.db")
        scratch.migrate()
        try:
            totals = _spread(world, unit, scratch, selection)
            with scratch.read() as lines, closing(lines.lines.merged(run.number)) as merged:
                yield Rehearsal(
                    run=run,
                    totals=totals,
                    declarations=(made.content for _, made in composed(world, unit, run, merged)),
                    left_out=tuple(islice(selection.left_out(facts), _MOST_LEFT_OUT)),
                    warnings=tuple(draft.warnings),
                )
        finally:
            scratch.close()


def _spread(world: World, unit: Unit, scratch: Store, selection: Selection) -> Totals:
    totals, found = Totals(), taking.manifests(unit, selection)
    while piece := [to_document(row) for row in islice(found, _MANIFESTS)]:
        with scratch.begin() as lines:
            for manifest in piece:
                lines.lines.add("", spread(manifest, world.settings.aggregation))
                totals.add(manifest.content)
    return totals
