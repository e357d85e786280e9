"""`python -m tests.bench.amqp`: messages per second through the AMQP channel, with a private RabbitMQ."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median

from gateway.channels.amqp_arrival import Takeable
from gateway.channels.amqp_inbox import AmqpInbox
from gateway.channels.amqp_link import AmqpLink
from gateway.channels.amqp_outbox import AmqpOutbox
from gateway.channels.amqp_publisher import Published
from tests.services.amqp import access, new_queue
from tests.services.rabbitmq import shared

BATCH = 50
_SINGLE = 100


def measure(files: int = 2000, size: int = 3000) -> dict[str, float]:
    """Return messages per second out (confirmed) and in (taken and acknowledged), and milliseconds between.

    `latency_ms` is the median from the beginning of sending one message to its being in hand.
    """
    link = AmqpLink(access(shared()))
    queue = new_queue("bench")
    outbox = AmqpOutbox(link, Published("", queue))
    inbox = AmqpInbox(link, Takeable(queue))
    sent = [(f"{number:06}.xml", bytes(size)) for number in range(files)]
    batches = [sent[start : start + BATCH] for start in range(0, files, BATCH)]
    outbox.send("first.xml", b"")
    found = {"out": _rate(files, lambda: [outbox.send_many(batch) for batch in batches])}
    found["in"] = _rate(files, lambda: _take(inbox, files + 1))
    found["latency_ms"] = median(_latency(outbox, inbox, number) for number in range(_SINGLE))
    inbox.close()
    link.close()
    return found


def _take(inbox: AmqpInbox, count: int) -> None:
    taken = 0
    while taken < count:
        batch = inbox.receive(BATCH)
        inbox.stored(batch)
        for arrival in batch:
            inbox.settle(arrival.delivery, "done")
        taken += len(batch)
        if not batch:
            time.sleep(0.0005)


def _latency(outbox: AmqpOutbox, inbox: AmqpInbox, number: int) -> float:
    start = time.perf_counter()
    outbox.send(f"single-{number}.xml", b"1")
    while not inbox.receive(1):
        time.sleep(0.0002)
    found = (time.perf_counter() - start) * 1000
    _take(inbox, 1)
    return found


def _rate(files: int, work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return files / (time.perf_counter() - start)


if __name__ == "__main__":
    for way, figure in measure(*map(int, sys.argv[1:])).items():
        sys.stdout.write(f"{way:12} {figure:8.1f}\n")
