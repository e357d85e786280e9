"""Refusals of customs on their way to the ERP: each fault gets its place in the ERP's own file (EN-05)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from typing import Any, Final, TypeAlias

from gateway.errors import ParkedError, RejectedError
from gateway.steps.containment import contained
from gateway.steps.faults_told import Teller
from gateway.steps.pasts import Pasts
from gateway.steps.readings import Readings
from gateway.steps.records import World
from gateway.steps.replies import LOG, RECEIPT, TRACE, line_of, to_bytes
from gateway.steps.tracing import Tracer
from gateway.store import NoticeRow, Store, SubmissionRow, Unit

# So many that a file which made many refused documents is gone through once for all of them.
_BATCH: Final = 200
_Draft: TypeAlias = tuple[NoticeRow, dict[str, Any]]


class Refusals:
    """Adds to what is told of faults where they come from, apart from the stages for which receipts wait."""

    def __init__(self, world: World, store: Store) -> None:
        self._world = world
        self._store = store
        self._readings = Readings(world)

    def make(self) -> int:
        """Finish what waits to be told, and return how much that was."""
        with self._store.begin() as unit:
            waiting = unit.notices.take_to_make((RECEIPT, LOG), _BATCH)
            drafts = [(row, json.loads(data)) for row, data in unit.raw.many((r, r.digest) for r in waiting)]
        if not drafts:
            return 0
        with self._store.read() as unit:
            made = list(self._made(unit, drafts))
        with self._store.begin() as unit:
            for row, data in made:
                unit.notices.made(row.id, unit.raw.put(data))
        return len(drafts)

    def _made(self, unit: Unit, drafts: Iterable[_Draft]) -> Iterator[tuple[NoticeRow, bytes]]:
        """Finish the drafts, those together that came of the same file, so that it is read once for them."""
        teller = Teller(Tracer(self._world, unit, self._readings, Pasts(unit)))
        sent = [(draft, _sent(unit, draft[1].pop(TRACE))) for draft in drafts]
        files = {each.id: teller.tracer.files_of(each.number) for _, each in sent}
        sent.sort(key=lambda pair: files[pair[1].id])
        for _, together in groupby(sent, key=lambda pair: files[pair[1].id]):
            group = list(together)
            with suppress(ParkedError, RejectedError), contained("refusals"):
                teller.tracer.prepare({submission.number for _, submission in group})
            yield from _finished(teller, group)


def _sent(unit: Unit, message: str) -> SubmissionRow:
    found = unit.submissions.by_message_id(message)
    assert found is not None, "the receipt was correlated with it"
    return found


def _finished(
    teller: Teller, drafts: Iterable[tuple[_Draft, SubmissionRow]]
) -> Iterator[tuple[NoticeRow, bytes]]:
    told: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for (row, draft), submission in drafts:
        faults = draft["faults"] if row.kind == LOG else draft["said"]["faults"]
        key = submission.id, json.dumps(faults)
        if key not in told:
            # What cannot be traced is told as customs said it; the mistake of ours stands in the log.
            told[key] = faults
            with suppress(ParkedError, RejectedError), contained(row.name):
                told[key] = teller.tell(submission, faults)
        faults[:] = told[key]
        yield row, line_of(draft) if row.kind == LOG else to_bytes(draft)
