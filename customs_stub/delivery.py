"""Puts receipts into the answers folder: each exactly once, whenever the process may die."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from customs_stub.clock import real_seconds
from customs_stub.courses import Delivery
from customs_stub.records import Records
from customs_stub.store import Planned, Store

LOG = logging.getLogger("customs_stub")
BATCH = 50
HALF_A_FILE_LASTS = 1.0  # seconds


class Courier:
    """Writes what is due.

    A receipt is written under a temporary name and flushed; then its stage `written` is committed; then it
    is renamed; then it is `done`. After a death the temporary file tells whether the rename happened.
    """

    def __init__(self, store: Store, records: Records, folder: Path) -> None:
        self._store = store
        self._records = records
        self._folder = folder

    def recover(self) -> None:
        """Finish what a dead process had begun."""
        self._finish(self._store.written())

    def deliver(self) -> int:
        """Write what is due now and return how many receipts moved on."""
        due = self._store.due(real_seconds(), BATCH)
        whole = [receipt for receipt in due if receipt.delivery is not Delivery.HALVES]
        for receipt in whole:
            self._write(receipt)
        if whole:
            with self._store.transaction():
                leaving = [receipt for receipt in whole if self._begin(receipt, "written")]
            self._finish(leaving)
            left = {receipt.seq for receipt in leaving}
            for receipt in whole:
                if receipt.seq not in left:
                    self._temporary(receipt).unlink()
        for receipt in due:
            if receipt.delivery is Delivery.HALVES:
                self._in_place(receipt)
        return len(due)

    def _begin(self, receipt: Planned, stage: str, due: float | None = None) -> bool:
        """Make the first move, which brings the receipt's effect into force before anyone can read of it."""
        if not self._store.advance(receipt, stage, due):
            return False
        if receipt.document is not None and receipt.effect is not None:
            self._records.become(receipt.document, receipt.effect)
        return True

    def _write(self, receipt: Planned) -> None:
        with self._temporary(receipt).open("wb") as stream:
            stream.write(receipt.data)
            stream.flush()
            os.fsync(stream.fileno())

    def _finish(self, receipts: list[Planned]) -> None:
        if not receipts:
            return
        for receipt in receipts:
            temporary = self._temporary(receipt)
            # Absent, it was renamed before the process died, and whoever reads the folder may have it.
            if temporary.exists():
                temporary.replace(self._folder / receipt.file)
        _flush(self._folder)
        with self._store.transaction():
            for receipt in receipts:
                self._store.advance(receipt, "done")
        for receipt in receipts:
            LOG.info("sent %s %s", receipt.file, receipt.summary)

    def _in_place(self, receipt: Planned) -> None:
        target = self._folder / receipt.file
        half = len(receipt.data) // 2
        if receipt.stage == "planned":
            target.write_bytes(receipt.data[:half])
            with self._store.transaction():
                leaving = self._begin(receipt, "half", real_seconds() + HALF_A_FILE_LASTS)
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

    def _temporary(self, receipt: Planned) -> Path:
        return self._folder / f".{receipt.file}.tmp"


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
