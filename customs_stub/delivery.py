"""Lets receipts out through their doors: each exactly once, whenever the process may die."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from customs_stub.clock import real_seconds
from customs_stub.courses import Delivery
from customs_stub.doors import Door
from customs_stub.records import Records
from customs_stub.store import Planned, Store

LOG = logging.getLogger("customs_stub")
BATCH = 50
HALF_A_FILE_LASTS = 1.0  # seconds
GROWING = frozenset({Delivery.HALVES, Delivery.UNFINISHED})


class Courier:
    """Lets out what is due.

    A receipt is prepared (in a folder: written under a temporary name and flushed); then its stage
    `written` is committed; then it is put (renamed); then it is `done`. After a death the door knows
    whether it was put, or puts the same once more.
    """

    def __init__(self, store: Store, records: Records, doors: Mapping[str, Door]) -> None:
        self._store = store
        self._records = records
        self._doors = doors

    def recover(self) -> None:
        """Finish what a dead process had begun."""
        self._finish(self._store.written())

    def deliver(self) -> int:
        """Let out what is due now and return how many receipts moved on."""
        due = self._store.due(real_seconds(), BATCH)
        whole = [receipt for receipt in due if not self._slowly(receipt)]
        for receipt in whole:
            self._doors[receipt.door].prepare(receipt.file, receipt.data)
        if whole:
            with self._store.transaction():
                leaving = [receipt for receipt in whole if self._begin(receipt, "written")]
            self._finish(leaving)
            left = {receipt.seq for receipt in leaving}
            for receipt in whole:
                if receipt.seq not in left:
                    self._doors[receipt.door].discard(receipt.file)
        for receipt in due:
            if folder := self._slowly(receipt):
                self._in_place(folder, receipt)
        return len(due)

    def _slowly(self, receipt: Planned) -> Path | None:
        """Return the folder in which a receipt is to be seen growing."""
        return self._doors[receipt.door].folder if receipt.delivery in GROWING else None

    def _begin(self, receipt: Planned, stage: str, due: float | None = None) -> bool:
        """Make the first move, which brings the receipt's effect into force before anyone can read of it."""
        if not self._store.advance(receipt, stage, due):
            return False
        if receipt.document is not None and receipt.effect is not None:
            self._records.become(receipt.document, receipt.effect)
        return True

    def _finish(self, receipts: list[Planned]) -> None:
        for name, door in self._doors.items():
            own = [receipt for receipt in receipts if receipt.door == name]
            if not own:
                continue
            door.put([(receipt.file, receipt.data) for receipt in own])
            with self._store.transaction():
                for receipt in own:
                    self._store.advance(receipt, "done")
            for receipt in own:
                LOG.info("sent %s %s", receipt.file, receipt.summary)

    def _in_place(self, folder: Path, receipt: Planned) -> None:
        target = folder / receipt.file
        half = len(receipt.data) // 2
        if receipt.stage == "planned":
            # What is never finished was cut off before.
            ends = receipt.delivery is Delivery.UNFINISHED
            target.write_bytes(receipt.data if ends else receipt.data[:half])
            after = ("done", None) if ends else ("half", real_seconds() + HALF_A_FILE_LASTS)
            with self._store.transaction():
                leaving = self._begin(receipt, *after)
            if not leaving:
                target.unlink()
            return
        if target.exists():
            with target.open("r+b") as stream:
                stream.seek(half)
                stream.write(receipt.data[half:])
        else:
            LOG.warning("half of %s was taken away: sent again as a whole", receipt.file)
            again = target.with_name(f"{target.stem}-again.xml")
            temporary = again.with_suffix(".tmp")
            temporary.write_bytes(receipt.data)
            temporary.replace(again)
        with self._store.transaction():
            self._store.advance(receipt, "done")
        LOG.info("sent %s %s", receipt.file, receipt.summary)
