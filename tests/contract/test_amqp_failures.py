"""A real broker that fails: killed, hanging, without its queue, full, or silent; nothing is lost by it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.channels.amqp_arrival import Takeable
from gateway.channels.amqp_inbox import AmqpInbox
from gateway.channels.amqp_link import AmqpLink
from gateway.channels.amqp_outbox import AmqpOutbox
from gateway.channels.amqp_publisher import Published
from gateway.channels.amqp_queues import parked, prepare
from gateway.errors import ParkedError, RetryError, UnsentError
from tests.services.amqp import Client, access, message, new_queue, until
from tests.services.rabbitmq import LARGEST_MESSAGE, Broker, shared

pytestmark = pytest.mark.requirement("ER-01", "CU-07")


@pytest.fixture
def broker() -> Iterator[Broker]:
    """The broker of this process, running again when the test is over."""
    made = shared()
    yield made
    made.revive()


@pytest.fixture
def link(broker: Broker) -> Iterator[AmqpLink]:
    """The gateway's way to it, which gives up soon."""
    made = AmqpLink(access(broker, timeout_seconds=3.0))
    yield made
    made.close()


def open_inbox(link: AmqpLink, queue: str) -> AmqpInbox:
    """Return an inbox that looks after itself often."""
    return AmqpInbox(link, Takeable(queue, deliveries=20), look_seconds=0.2)


def drain(inbox: AmqpInbox, seen: dict[str, bytes], wanted: int) -> None:
    """Take and settle as the pipeline does, whatever goes wrong, until so many names were had."""

    def look() -> bool:
        try:
            batch = inbox.receive(50)
            seen.update({arrival.name: arrival.data for arrival in batch})
            inbox.stored(batch)
            for arrival in batch:
                inbox.settle(arrival.delivery, "done")
        except RetryError:
            pass
        return len(seen) >= wanted

    until(look)


@pytest.mark.requirement("CU-05")
def test_a_broker_killed_while_it_is_given_to_and_taken_from_loses_nothing(
    broker: Broker, link: AmqpLink
) -> None:
    """What was confirmed outlives kill -9; what was not is given again; what was not settled comes again."""
    queue = new_queue()
    outbox, inbox = AmqpOutbox(link, Published("", queue)), open_inbox(link, queue)
    files = {f"{number}.xml": b"%d" % number for number in range(1500)}
    seen: dict[str, bytes] = {}
    outbox.send("first.xml", b"0")
    faults: list[str] = []

    def send_all() -> None:
        waiting = dict(files)
        while waiting:
            batch = dict(list(waiting.items())[:50])
            failed = outbox.send_many(list(batch.items()))
            faults.extend(fault.code for fault in failed.values())
            for name in batch.keys() - failed.keys():
                del waiting[name]

    sender = threading.Thread(target=send_all)
    sender.start()
    drain(inbox, seen, 200)
    broker.kill()
    broker.start()
    drain(inbox, seen, 1501)
    sender.join()
    assert seen == {**files, "first.xml": b"0"}
    assert faults
    assert set(faults) <= {"channels.not-sent", "channels.amqp-away", "channels.amqp-login"}
    # A copy of what had arrived unconfirmed may still come; then all is settled.
    until(lambda: drain(inbox, seen, 0) is None and inbox.waiting() == 0)
    assert Client(broker).count(parked(queue)) == 0
    inbox.close()


@pytest.mark.requirement("ER-04")
def test_what_was_in_hand_when_the_broker_died_comes_as_the_same_delivery(
    broker: Broker, link: AmqpLink
) -> None:
    """Its settling has no effect meanwhile, and the broker brings it again."""
    queue = new_queue()
    inbox = open_inbox(link, queue)
    inbox.receive(1)
    Client(broker).put(queue, "a.csv", b"1")
    (first,) = until(lambda: inbox.receive(10))
    inbox.stored([first])
    broker.kill()
    until(lambda: fails(inbox))
    inbox.settle(first.delivery, "done")
    broker.start()
    assert until(lambda: received(inbox)) == [first]
    inbox.settle(first.delivery, "done")
    assert inbox.waiting() == 0
    inbox.close()


def fails(inbox: AmqpInbox) -> bool:
    """Whether the channel is away."""
    try:
        inbox.receive(10)
    except RetryError:
        return True
    return False


def received(inbox: AmqpInbox) -> list[object]:
    """Return what is received, or nothing while the channel is away."""
    try:
        return list(inbox.receive(10))
    except RetryError:
        return []


def test_a_broker_that_hangs_holds_nobody_longer_than_allowed(broker: Broker, link: AmqpLink) -> None:
    """Every operation has its limit; the consumer is noticed to be away, and is back afterwards."""
    queue = new_queue()
    outbox, inbox = AmqpOutbox(link, Published("", queue)), open_inbox(link, queue)
    inbox.receive(1)
    outbox.send("a.xml", b"1")
    broker.hang()
    try:
        begun = time.monotonic()
        assert outbox.send_many([("b.xml", b"2")])["b.xml"].code in {
            "channels.not-sent",
            "channels.amqp-away",
        }
        with pytest.raises(RetryError):
            inbox.waiting()
        until(lambda: fails(inbox))
        assert time.monotonic() - begun < 50
    finally:
        broker.go_on()
    until(lambda: outbox.send_many([("b.xml", b"2")]) == {})
    seen: dict[str, bytes] = {}
    drain(inbox, seen, 2)
    assert seen == {"a.xml": b"1", "b.xml": b"2"}
    inbox.close()


def test_a_queue_deleted_under_the_consumer_is_made_and_consumed_anew(broker: Broker, link: AmqpLink) -> None:
    """The broker ends the consumer with a word; the queue is there again before anybody asks."""
    queue = new_queue()
    inbox = open_inbox(link, queue)
    inbox.receive(1)
    client = Client(broker)
    client.delete(queue)
    until(lambda: not isinstance(counted(client, queue), Exception))
    client.put(queue, "a.csv", b"1")
    drain(inbox, {}, 1)
    inbox.close()


def counted(client: Client, queue: str) -> int | Exception:
    """Return how many wait, or why that cannot be told."""
    try:
        return client.count(queue)
    except Exception as fault:  # noqa: BLE001
        return fault


@pytest.mark.parametrize("how", ["ended", "deaf", "closed"])
def test_a_consumer_that_silently_stopped_is_noticed_and_begun_again(
    broker: Broker, link: AmqpLink, how: str
) -> None:
    """Ended at the broker without our knowledge, deaf on our side, or without its channel."""
    queue = new_queue()
    inbox = open_inbox(link, queue)
    inbox.receive(1)
    (channel,) = [
        c for c in link._connections["take"].transport.connection.channels.values() if c and c.consumers
    ]

    async def stop() -> None:
        if how == "ended":
            for tag in tuple(channel.consumers):
                await channel.basic_cancel(tag)
        elif how == "deaf":
            channel.consumers.clear()
        else:
            await channel.close()

    link.call(stop())
    client = Client(broker)
    # A consumer that is deaf takes some before the others are seen to wait in vain.
    client.publish(queue, *(message(f"{number}.csv", b"1") for number in range(3)))
    seen: dict[str, bytes] = {}
    drain(inbox, seen, 3)
    assert seen == {f"{number}.csv": b"1" for number in range(3)}
    inbox.close()


@pytest.mark.requirement("CU-05")
def test_what_no_queue_takes_comes_back_and_is_told(broker: Broker, link: AmqpLink) -> None:
    """Returned, not dropped; it waits, and goes when there is a queue."""
    client, queue = Client(broker), new_queue()
    nowhere = AmqpOutbox(link, Published("amq.topic", queue))
    with pytest.raises(UnsentError, match=r"channels\.amqp-unroutable"):
        nowhere.send("a.xml", b"1")
    absent = AmqpOutbox(link, Published(queue, "x"))
    with pytest.raises(RetryError, match=r"channels\.not-sent.*no exchange"):
        absent.send("a.xml", b"1")
    gone = AmqpOutbox(link, Published("", queue))
    gone.send("a.xml", b"1")
    client.delete(queue)
    with pytest.raises(UnsentError, match=r"channels\.amqp-unroutable"):
        gone.send("a.xml", b"1")
    gone.send("a.xml", b"1")
    assert client.count(queue) == 1


def test_a_queue_that_is_full_says_so(broker: Broker, link: AmqpLink) -> None:
    """What it does not take is told apart from what it took."""
    queue = new_queue()
    Client(broker).declare(queue, **{"x-max-length": 1, "x-overflow": "reject-publish"})
    outbox = AmqpOutbox(link, Published("", queue))
    outbox.send("a.xml", b"1")
    with pytest.raises(UnsentError, match=r"channels\.amqp-not-taken"):
        outbox.send("b.xml", b"2")


def test_what_the_broker_will_never_take_is_parked_alone(broker: Broker, link: AmqpLink) -> None:
    """The broker closes the channel at it, with everything under way in it; the others go all the same."""
    queue = new_queue()
    outbox = AmqpOutbox(link, Published("", queue))
    files = [("a.xml", b"1"), ("huge.xml", b"x" * (LARGEST_MESSAGE + 1)), ("b.xml", b"2")]
    faults = outbox.send_many(files)
    assert {name: type(fault) for name, fault in faults.items()} == {"huge.xml": ParkedError}
    assert faults["huge.xml"].code == "channels.amqp-refused"
    assert {str(m.message_id) for m in Client(broker).take(queue)} == {"a.xml", "b.xml"}


@pytest.mark.requirement("CU-05")
def test_a_message_says_all_that_its_consumer_needs(broker: Broker, link: AmqpLink) -> None:
    """Persistent, with its name as id and header, and with its type; sent again it is the same once more."""
    queue = new_queue()
    outbox = AmqpOutbox(link, Published("", queue))
    for _ in range(2):
        outbox.send("订单-1.xml", b"<a/>")
    outbox.send("b.bin", b"")
    first, again, other = Client(broker).take(queue)
    assert (first.message_id, first.headers["filename"], first.body) == ("订单-1.xml", "订单-1.xml", b"<a/>")
    assert (first.content_type, first.delivery_mode) == ("application/xml", 2)
    assert (again.message_id, again.body) == (first.message_id, first.body)
    assert other.content_type == "application/octet-stream"


def test_closing_leaves_no_thread_and_no_connection(broker: Broker, tmp_path: Path) -> None:
    """Whether the broker is there or not; what is asked afterwards says that it is closed."""
    queue = new_queue()
    before = threading.active_count()
    for port in (broker.port, 1):
        link = AmqpLink(access(broker, port=port, timeout_seconds=1.0))
        inbox, outbox = open_inbox(link, queue), AmqpOutbox(link, Published("", queue))
        fails(inbox)
        outbox.send_many([("a", b"")])
        inbox.close()
        link.close()
        link.close()
        with pytest.raises(RetryError, match=r"channels\.amqp-away"):
            inbox.waiting()
        assert outbox.send_many([("a", b"")])["a"].code == "channels.amqp-away"
    assert threading.active_count() == before


def test_one_message_too_many_waits_at_the_broker(broker: Broker, link: AmqpLink) -> None:
    """A stage that does not come to it keeps at most so much in memory, however much is published."""
    queue = new_queue()
    link.call(prepare(link, queue))
    inbox = AmqpInbox(link, Takeable(queue), prefetch=3)
    inbox.receive(1)
    client = Client(broker)
    client.publish(queue, *(message(f"{n}", b"x" * 100_000) for n in range(30)))
    until(lambda: len(inbox._hand) == 3 and client.count(queue) == 27)
    inbox.close()
    until(lambda: client.count(queue) == 30)
