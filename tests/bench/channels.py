"""`python -m tests.bench.channels`: files per second of each channel in and out, and from drop to claim."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from gateway.channels import (
    BOXES,
    FolderInbox,
    FolderOutbox,
    ImportClientInbox,
    ImportClientOutbox,
    Inbox,
    Intake,
    MemoryInbox,
    MemoryOutbox,
    Outbox,
    Waker,
)
from gateway.channels.amqp_arrival import Takeable
from gateway.channels.amqp_inbox import AmqpInbox
from gateway.channels.amqp_link import AmqpLink
from gateway.channels.amqp_outbox import AmqpOutbox
from gateway.channels.amqp_publisher import Published
from gateway.channels.amqp_queues import prepare
from gateway.channels.sftp_inbox import SftpInbox, SftpIntake
from gateway.channels.sftp_link import SftpLink
from gateway.channels.sftp_outbox import SftpOutbox
from gateway.config import FolderPlace, SftpPlace
from tests.services.amqp import access, new_queue
from tests.services.rabbitmq import shared
from tests.services.sshd import sshd

BATCH = 50
LOOK_SECONDS = 0.5  # how often a stage looks when nothing wakes it
STILL = FolderPlace.model_fields["still_seconds"].default
SFTP_STILL = SftpPlace.model_fields["still_seconds"].default
SFTP_POLL = SftpPlace.model_fields["poll_seconds"].default
PATIENCE_SECONDS = 300.0


@dataclass(frozen=True)
class Ends:
    """A channel's two ends, and how a sender puts something into it.

    Attributes:
        slow: It looks every few seconds only, so that fewer samples are taken of its latency.
    """

    inbox: Inbox
    outbox: Outbox
    put: Callable[[str, bytes], object]
    slow: bool = False


@dataclass(frozen=True)
class Measured:
    """What a channel does: files a second, and milliseconds from the drop to the claim."""

    channel: str
    files_in: float
    files_out: float
    p50: float
    p95: float
    p99: float
    samples: int


def _renamed(folder: Path) -> Callable[[str, bytes], object]:
    """Put a file into a folder as a careful sender does."""

    def put(name: str, data: bytes) -> None:
        draft = folder / f"{name}.tmp"
        draft.write_bytes(data)
        draft.rename(folder / name)

    return put


@contextmanager
def _memory(_folder: Path, wake: Callable[[], None]) -> Iterator[Ends]:
    inbox = MemoryInbox()

    def put(name: str, data: bytes) -> None:
        inbox.put(name, data)
        wake()

    yield Ends(inbox, MemoryOutbox(), put)


@contextmanager
def _folder(folder: Path, wake: Callable[[], None]) -> Iterator[Ends]:
    there, back = folder / "in", folder / "out"
    there.mkdir()
    back.mkdir()
    with Waker() as waker:
        inbox = FolderInbox(there, intake=Intake(STILL), watch=waker.watch(there, wake))
        yield Ends(inbox, FolderOutbox(back), _renamed(there))
        inbox.close()


@contextmanager
def _import_client(folder: Path, wake: Callable[[], None]) -> Iterator[Ends]:
    for box in BOXES:
        (folder / box).mkdir()
    with Waker() as waker:
        inbox = ImportClientInbox(folder, Intake(STILL), waker.watch(folder / "InBox", wake))
        yield Ends(inbox, ImportClientOutbox(folder), _renamed(folder / "InBox"))
        inbox.close()


@contextmanager
def _sftp(folder: Path, _wake: Callable[[], None]) -> Iterator[Ends]:
    there, back = folder / "in", folder / "out"
    there.mkdir()
    back.mkdir()
    link = SftpLink(sshd().access(folder))
    intake = SftpIntake(str(there), "0" * 32, still_seconds=SFTP_STILL, poll_seconds=SFTP_POLL)
    yield Ends(SftpInbox(link, intake), SftpOutbox(link, str(back)), _renamed(there), slow=True)
    link.close()


@contextmanager
def _amqp(_folder: Path, wake: Callable[[], None]) -> Iterator[Ends]:
    broker = shared()
    link, sender = AmqpLink(access(broker)), AmqpLink(access(broker))
    there, back = new_queue("in"), new_queue("out")
    for queue in (there, back):
        link.call(prepare(link, queue))
    inbox = AmqpInbox(link, Takeable(there), wake=wake)
    yield Ends(inbox, AmqpOutbox(link, Published("", back)), AmqpOutbox(sender, Published("", there)).send)
    inbox.close()
    link.close()
    sender.close()


CHANNELS = {
    "memory": _memory,
    "folder": _folder,
    "import client": _import_client,
    "SFTP": _sftp,
    "AMQP": _amqp,
}


def measure(channel: str, files: int, samples: int, size: int) -> Measured:
    """Measure one channel, opened anew for each of the three figures."""
    news = threading.Event()
    with _opened(channel, news) as ends:
        for number in range(files):
            ends.put(f"{number:06}.xml", _data(number, size))
        until = time.monotonic() + PATIENCE_SECONDS
        # What was found at a first look counts as finished at a later one: that wait is no work.
        ends.inbox.receive(0)
        time.sleep((SFTP_STILL if ends.slow else STILL) * 1.5)
        rate_in = _rate(files, lambda: _take(ends.inbox, files, until))
    with _opened(channel, news) as ends:
        sent = [(f"{number:06}.xml", _data(number, size)) for number in range(files)]
        rate_out = _rate(files, lambda: _send(ends.outbox, sent))
    with _opened(channel, news) as ends:
        waits = sorted(_waits(ends, news, samples // 4 if ends.slow else samples, size))
    return Measured(
        channel, rate_in, rate_out, *(_percentile(waits, each) for each in (50, 95, 99)), len(waits)
    )


@contextmanager
def _opened(channel: str, news: threading.Event) -> Iterator[Ends]:
    with ExitStack() as parts:
        folder = Path(tempfile.mkdtemp(prefix="bench-channels-"))
        parts.callback(shutil.rmtree, folder)
        yield parts.enter_context(CHANNELS[channel](folder, news.set))


def _data(number: int, size: int) -> bytes:
    """Return bytes that no other file has."""
    return f"{number:010}".encode().ljust(size, b".")


def _take(inbox: Inbox, files: int, until: float) -> None:
    """Receive, call stored and settle, as the stages do, but without a database."""
    while files > 0:
        arrivals = inbox.receive(BATCH)
        inbox.stored(arrivals)
        for arrival in arrivals:
            inbox.settle(arrival.delivery, "done")
        files -= len(arrivals)
        if not arrivals:
            assert time.monotonic() < until, f"{files} files never came"
            time.sleep(0.001)


def _send(outbox: Outbox, files: list[tuple[str, bytes]]) -> None:
    for start in range(0, len(files), BATCH):
        faults = outbox.send_many(files[start : start + BATCH])
        assert not faults, faults


def _waits(ends: Ends, news: threading.Event, samples: int, size: int) -> Iterator[float]:
    """Yield milliseconds from before a file is dropped until it is received, one file at a time."""
    claimed: dict[str, float] = {}
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            news.clear()
            arrivals = ends.inbox.receive(BATCH)
            claimed.update((arrival.name, time.perf_counter()) for arrival in arrivals)
            ends.inbox.stored(arrivals)
            for arrival in arrivals:
                ends.inbox.settle(arrival.delivery, "done")
            if not arrivals:
                news.wait(LOOK_SECONDS)

    looker = threading.Thread(target=look)
    looker.start()
    try:
        for number in range(samples):
            # The drops fall at all moments between two looks.
            time.sleep(0.037 * (number % 13))
            name, begun = f"wait-{number:06}.xml", time.perf_counter()
            ends.put(name, _data(number, size))
            while name not in claimed:
                assert time.perf_counter() < begun + PATIENCE_SECONDS, f"{name} never came"
                time.sleep(0.0005)
            yield (claimed[name] - begun) * 1000
    finally:
        stop.set()
        looker.join()


def _percentile(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def _rate(files: int, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return files / (time.perf_counter() - start)


def main() -> None:
    """Measure the channels that are asked for and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("channels", nargs="*", metavar="CHANNEL", help=f"of {', '.join(CHANNELS)}; all")
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--samples", type=int, default=100, help="of the latency; of SFTP a quarter")
    parser.add_argument("--size", type=int, default=3000, help="bytes of a file")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    found = [measure(name, asked.files, asked.samples, asked.size) for name in asked.channels or CHANNELS]
    if asked.json:
        sys.stdout.write(json.dumps([asdict(each) for each in found], indent=2) + "\n")
        return
    sys.stdout.write(f"{'':14} {'in, files/s':>12} {'out, files/s':>13} {'drop to claim, ms: p50':>23}")
    sys.stdout.write(f" {'p95':>7} {'p99':>7} {'of':>5}\n")
    for each in found:
        sys.stdout.write(f"{each.channel:14} {each.files_in:12.0f} {each.files_out:13.0f} {each.p50:23.1f}")
        sys.stdout.write(f" {each.p95:7.1f} {each.p99:7.1f} {each.samples:5}\n")


if __name__ == "__main__":
    main()
