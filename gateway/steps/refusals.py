"""Refusals of customs on their way to the ERP: each fault gets its place in the ERP's own file (EN-05)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from gateway.errors import ParkedError, RejectedError
from gateway.steps.containment import contained
from gateway.steps.faults_told import Teller
from gateway.steps.pasts import Pasts
from gateway.steps.readings import Readings
from gateway.steps.records import World
from gateway.steps.replies import LOG, RECEIPT, TRACE, line_of, to_bytes
from gateway.steps.tracing import Tracer
from gateway.store import NoticeRow, Store, Unit

# So many that a file which made many refused documents is gone through once for all of them.
_BATCH: Final = 200


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
            made = self._made(unit, drafts)
        with self._store.begin() as unit:
            for row, data in made:
                unit.notices.made(row.id, unit.raw.put(data))
        return len(drafts)

    def _made(
        self, unit: Unit, drafts: Sequence[tuple[NoticeRow, dict[str, Any]]]
    ) -> list[tuple[NoticeRow, bytes]]:
        teller = Teller(Tracer(self._world, unit, self._readings, Pasts(unit)))
        sent = {message: unit.submissions.by_message_id(message) for message in {d[TRACE] for _, d in drafts}}
        with suppress(ParkedError, RejectedError), contained("refusals"):
            teller.tracer.prepare([each.number for each in sent.values() if each is not None])
        told: dict[tuple[str, str], list[dict[str, Any]]] = {}
        made = []
        for row, draft in drafts:
            message = draft.pop(TRACE)
            faults = draft["faults"] if row.kind == LOG else draft["said"]["faults"]
            key = message, json.dumps(faults)
            submission = sent[message]
            if key not in told and submission is not None:
                # What cannot be traced is told as customs said it; the mistake of ours stands in the log.
                told[key] = faults
                with suppress(ParkedError, RejectedError), contained(row.name):
                    told[key] = teller.tell(submission, faults)
            faults[:] = told.get(key, faults)
            made.append((row, line_of(draft) if row.kind == LOG else to_bytes(draft)))
        return made
