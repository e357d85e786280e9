"""`python -m tests.bench.sftp`: files per second through the SFTP channel, with a private OpenSSH."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gateway.channels.sftp_inbox import SftpInbox, SftpIntake
from gateway.channels.sftp_link import SftpLink
from gateway.channels.sftp_outbox import SftpOutbox
from tests.services.sshd import sshd

BATCH = 50


def measure(files: int, size: int) -> dict[str, float]:
    """Return files per second in (claimed, read and put away), of a listing, and out (flushed)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        there, back = folder / "in", folder / "out"
        there.mkdir()
        back.mkdir()
        for number in range(files):
            (there / f"{number:06}.xml").write_bytes(bytes(size))
        link = SftpLink(sshd().access(folder))
        inbox = SftpInbox(link, SftpIntake(str(there), "0" * 32, still_seconds=0, poll_seconds=0))
        inbox.receive(0)
        found = {"listed": _rate(files, lambda: inbox.receive(0))}
        found["in"] = _rate(files, lambda: _take_all(inbox))
        outbox = SftpOutbox(link, str(back))
        sent = [(f"{number:06}.xml", bytes(size)) for number in range(files)]
        batches = [sent[start : start + BATCH] for start in range(0, files, BATCH)]
        found["out"] = _rate(files, lambda: [outbox.send_many(batch) for batch in batches])
        assert len(list(back.iterdir())) == len(list((there / ".done").iterdir())) == files
        link.close()
    return found


def _take_all(inbox: SftpInbox) -> None:
    while batch := inbox.receive(BATCH):
        inbox.stored(batch)
        for arrival in batch:
            inbox.settle(arrival.delivery, "done")


def _rate(files: int, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return files / (time.perf_counter() - start)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sftp", description=__doc__)
    parser.add_argument("files", type=int, nargs="?", default=2000, help="so many files (2000)")
    parser.add_argument("size", type=int, nargs="?", default=3000, help="so many bytes each (3000)")
    asked = parser.parse_args()
    for way, rate in measure(asked.files, asked.size).items():
        sys.stdout.write(f"{way:8} {rate:8.0f} files/s\n")
