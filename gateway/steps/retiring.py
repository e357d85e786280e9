"""Retiring documents: which of them are over, and taking them out part by part once each is in an archive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, count, islice
from pathlib import Path
from typing import Final

from gateway.documents import Kind, ManifestState, final_states, states_of
from gateway.operations import Archive
from gateway.store import (
    InterchangeState,
    Kept,
    NoticeState,
    ReceiptState,
    Store,
    SubmissionState,
    Unit,
)

# Filings last for years, and what is declared today rests on them.
KINDS: Final = (Kind.DECLARATION, Kind.AMENDMENT, Kind.MANIFEST, Kind.AGGREGATION)
# So many documents are in a file, and so many are taken out in a transaction.
PART, CHUNK = 1000, 50
# So many of those that keep a month open are named.
_NAMED: Final = 5
_FINALS: Final = {kind.value: final_states(kind) for kind in KINDS}
# While manifests of a month wait to be merged, or a run is not done, nothing of the month goes.
_NOT_CLOSED: Final[Mapping[str, Collection[str]]] = {
    Kind.MANIFEST.value: [ManifestState.CLEARED, ManifestState.AWAITING],
    Kind.AGGREGATION.value: [
        state for state in states_of(Kind.AGGREGATION) if state not in _FINALS[Kind.AGGREGATION]
    ],
}
_OVER: Final[Mapping[str, Collection[str]]] = {
    "submissions": {SubmissionState.SENT, SubmissionState.RECALLED},
    "notices": {NoticeState.DELIVERED, NoticeState.DROPPED},
    "interchanges": {InterchangeState.UNDERSTOOD, InterchangeState.DROPPED},
    "receipts": {
        *(ReceiptState.APPLIED, ReceiptState.STALE, ReceiptState.DUPLICATE),
        *(ReceiptState.NOTED, ReceiptState.DROPPED),
    },
}


@dataclass
class Tally:
    """What is archived of an enterprise's month, or would be.

    Attributes:
        open: A few of the documents that keep the month open; as long as there is one, everything stays.
        documents: How many go, by kind.
        held: How many stay although they are over, by the reason.
        bytes: How many bytes leave the database.
        files: The archives, each with its SHA-256.
    """

    enterprise: str
    month: str
    open: Sequence[str] = ()
    documents: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Retiring:
    """Retires what is over and has not changed since a moment.

    Attributes:
        store: Where it is; a gateway may work there meanwhile.
        before: The moment.
        folder: Where archives lie; None only looks what would be done.
        note: Notes that documents leave the database, in the transaction in which the first of a file do.
        rest: Is called between two transactions, so that others have their turn.
    """

    store: Store
    before: datetime
    folder: Path | None
    note: Callable[[Unit, str, Mapping[str, object]], None]
    rest: Callable[[], None]

    def run(self) -> Iterator[Tally]:
        """Retire month by month, the oldest first, and yield what came of each that has anything to go."""
        with self.store.read() as unit:
            months = unit.retention.months()
        # What is of a later month has changed later.
        last = f"{self.before:%Y%m}"
        for enterprise, month in (each for each in months if each[1] <= last):
            tally = Tally(enterprise, month)
            with self.store.read() as unit:
                tally.open = unit.retention.some(enterprise, month, _NOT_CLOSED, _NAMED)
            over = iter(()) if tally.open else self._over(tally)
            for first in over:
                self._take(first.number, chain([first], islice(over, PART - 1)), tally)
            if tally.documents or tally.held or tally.open:
                yield tally

    def young(self) -> int:
        """Count the documents that are over and have changed since."""
        with self.store.read() as unit:
            return unit.retention.young(_FINALS, self.before)

    def _over(self, tally: Tally) -> Iterator[Kept]:
        """Yield what is over, a piece of it in memory at a time."""
        month = tally.enterprise, tally.month
        for kind, states in _FINALS.items():
            for state in states:
                last = ""
                while True:
                    with self.store.read() as unit:
                        page = unit.retention.page(month, (kind, state), self.before, last, CHUNK)
                        found = unit.retention.gather(page)
                        alerts = {alert.subject for alert in unit.alerts.opened()}
                        related = unit.retention.held(found, _FINALS, self.before)
                    if not page:
                        break
                    last = page[-1]
                    for kept in found:
                        reason = "related" if kept.number in related else _held(kept, alerts)
                        if reason:
                            tally.held[reason] += 1
                        else:
                            yield kept

    def _take(self, first: str, part: Iterable[Kept], tally: Tally) -> None:
        if self.folder is None:
            done = [kept.outline() for kept in part]
        else:
            name = _free(self.folder, f"{tally.enterprise}-{tally.month}-{first}")
            done, digest = self._write(self.folder / name, part, tally)
            done = self._remove(name, digest, done)
            tally.files[name] = digest
        tally.documents.update(str(kept.row["kind"]) for kept in done)
        digests = sorted({digest for kept in done for digest in kept.digests()})
        with self.store.read() as unit:
            tally.bytes += unit.raw.size(digests)

    def _write(self, file: Path, part: Iterable[Kept], tally: Tally) -> tuple[list[Kept], str]:
        outlines: list[Kept] = []
        with Archive(file) as archive:
            for kept in part:
                with self.store.read() as unit:
                    contents = unit.raw.many((digest, digest) for digest in sorted(kept.digests()))
                archive.add(kept.number, {"document": kept.row, **kept.left}, contents)
                outlines.append(kept.outline())
            about = {"enterprise": tally.enterprise, "month": tally.month, "unchanged_since": self.before}
            return outlines, archive.finish(about)

    def _remove(self, name: str, digest: str, part: Sequence[Kept]) -> list[Kept]:
        done: list[Kept] = []
        for start in range(0, len(part), CHUNK):
            with self.store.begin() as unit:
                if not start:
                    self.note(unit, name, {"sha256": digest, "documents": len(part)})
                done += unit.retention.archive(part[start : start + CHUNK], name)
            self.rest()
        return done


def _free(folder: Path, stem: str) -> str:
    """Return a name that no file has: rows, perhaps of a backup, may tell of one that is there already."""
    names = chain([f"{stem}.zip"], (f"{stem}-{again}.zip" for again in count(2)))
    return next(name for name in names if not (folder / name).exists())


def _held(kept: Kept, alerts: AbstractSet[str]) -> str | None:
    """Return why a document stays that is over, None where nothing keeps it."""
    for table, states in _OVER.items():
        if any(row["state"] not in states for row in kept.left.get(table, ())):
            return table
    if any(
        row["state"] == SubmissionState.SENT and not row["business_at"] for row in kept.rows("submissions")
    ):
        return "unanswered"
    if any(row["delivery"] and not row["settled_at"] for row in kept.rows("interchanges")):
        return "interchanges"
    if any(row["seal"] is None for row in kept.rows("history")):
        return "unsealed"
    return "alerts" if not alerts.isdisjoint(_subjects(kept)) else None


def _subjects(kept: Kept) -> Iterator[str]:
    """Yield what an alert that keeps a document may be about."""
    yield kept.number
    yield str(kept.row["client_number"])
    yield from (str(row["id"]) for row in kept.rows("submissions"))
    yield from (str(row["name"]) for table in ("receipts", "interchanges") for row in kept.rows(table))
    yield from (f"notice {row['id']}" for row in kept.rows("notices"))
