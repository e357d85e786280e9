"""A queue as an inbox at a real broker: names, refusals, parking, counting, and never too much ahead."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from pamqp.commands import Basic

from gateway.channels import Arrival, Refusal, amqp_consumer
from gateway.channels.amqp_arrival import Takeable
from gateway.channels.amqp_inbox import AmqpInbox
from gateway.channels.amqp_link import AmqpLink
from gateway.channels.amqp_queues import parked, prepare
from gateway.channels.base import reason_of
from gateway.errors import RetryError, Violation
from tests.services.amqp import Client, Nameless, access, message, new_queue, until
from tests.services.rabbitmq import Broker, shared

pytestmark = pytest.mark.requirement("ER-01")


class Impossible(Basic.Properties):
    """Properties with a moment beyond every calendar."""

    def marshal(self) -> bytes:
        """Write a timestamp and nothing else."""
        return struct.pack(">HQ", 1 << 6, 2**63)


class Desk:
    """A queue, an inbox at it, and somebody who publishes to it."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.queue = new_queue()
        self.client = Client(broker)
        self._links: list[AmqpLink] = []
        self._inboxes: list[AmqpInbox] = []
        self.woken = 0
        link = self.link()
        link.call(prepare(link, self.queue))

    def link(self) -> AmqpLink:
        """Return a further way to the broker, as another process has one."""
        self._links.append(AmqpLink(access(self.broker)))
        return self._links[-1]

    def inbox(self, **other: Any) -> AmqpInbox:
        """Return an inbox with a link of its own."""
        takeable = {name: other.pop(name) for name in ("deliveries", "limit_bytes") if name in other}
        inbox = AmqpInbox(self.link(), Takeable(self.queue, **takeable), wake=self._wake, **other)
        self._inboxes.append(inbox)
        return inbox

    def put(self, name: str = "orders.csv", data: bytes = b"1", **properties: Any) -> None:
        """Publish a file."""
        self.client.put(self.queue, name, data, **properties)

    def put_raw(self, properties: Basic.Properties) -> None:
        """Publish one byte with properties as they are."""
        self.client.put_raw(self.queue, b"1", properties)

    def parked(self) -> list[AbstractIncomingMessage]:
        """Take what is parked."""
        return self.client.take(parked(self.queue))

    def die(self) -> None:
        """Let the last inbox's process die: nothing is told to the broker but that the connection ends."""
        self._inboxes.pop()
        link = self._links.pop()
        link.close()

    def close(self) -> None:
        """End everything."""
        for inbox in self._inboxes:
            inbox.close()
        for link in self._links:
            link.close()

    def _wake(self) -> None:
        self.woken += 1


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A queue of its own."""
    made = Desk(shared())
    yield made
    made.close()


def got(inbox: AmqpInbox, count: int = 1) -> list[Arrival]:
    """Wait until so many arrivals are there."""
    return until(lambda: found if len(found := inbox.receive(1000)) >= count else [])


def refused(inbox: AmqpInbox, count: int = 1) -> list[Refusal]:
    """Wait until so many refusals are there."""

    def look() -> list[Refusal]:
        inbox.receive(1000)
        found = inbox.refusals()
        return found if len(found) >= count else []

    return until(look)


def looks_of(inbox: AmqpInbox) -> list[bool]:
    """Return a list that grows with each look that the consumer takes at its queue."""
    looks: list[bool] = []
    look = inbox._consumer._look

    async def noted(*, idle: bool) -> None:
        await look(idle=idle)
        looks.append(idle)

    inbox._consumer._look = noted
    return looks


def looked_again(looks: list[bool]) -> None:
    """Wait until the consumer has looked a few times more."""
    enough = len(looks) + 3
    until(lambda: len(looks) >= enough)


def settle(inbox: AmqpInbox, *items: Arrival | Refusal) -> None:
    """Store and settle as the pipeline does."""
    inbox.stored(items)
    for item in items:
        if isinstance(item, Refusal):
            inbox.settle(item.delivery, "quarantined", reason_of(item.name, item.violation))
        else:
            inbox.settle(item.delivery, "done")


def test_an_arrival_wakes_the_stage(desk: Desk) -> None:
    """The broker's word comes at once, so that nobody has to look."""
    inbox = desk.inbox()
    inbox.receive(1)
    desk.put()
    until(lambda: desk.woken)
    assert [arrival.data for arrival in inbox.receive(10)] == [b"1"]


@pytest.mark.requirement("ER-04")
@pytest.mark.parametrize("message_id", ["order-17", None])
def test_a_death_between_commit_and_acknowledgement_brings_it_again(
    desk: Desk, message_id: str | None
) -> None:
    """With the sender's id as the same delivery; without one as another delivery of the same bytes."""
    if message_id is None:
        desk.put_raw(Nameless(headers={"filename": "orders.csv"}))
    else:
        desk.put(message_id=message_id)
    (first,) = got(inbox := desk.inbox())
    inbox.stored([first])
    desk.die()
    (second,) = got(desk.inbox())
    assert (second.name, second.data) == (first.name, first.data)
    assert (second.delivery == first.delivery) is (message_id is not None)


@pytest.mark.requirement("ER-04")
def test_what_the_sender_publishes_twice_under_one_id_is_one_delivery(desk: Desk) -> None:
    """A sender that got no confirmation repeats itself; both are acknowledged with the one."""
    for _ in range(2):
        desk.put(message_id="order-17")
    inbox = desk.inbox()
    until(lambda: inbox.receive(10) and len(inbox._hand) == 2)
    (arrival,) = inbox.receive(10)
    settle(inbox, arrival)
    assert inbox.waiting() == 0


@pytest.mark.requirement("ER-04")
def test_other_bytes_under_the_same_id_are_another_delivery(desk: Desk) -> None:
    """A careless sender loses nothing."""
    desk.put(data=b"1", message_id="same")
    desk.put(data=b"2", message_id="same")
    first, second = got(desk.inbox(), 2)
    assert first.delivery != second.delivery


@pytest.mark.requirement("ER-05")
def test_what_is_quarantined_is_parked_with_the_reason(desk: Desk) -> None:
    """Bytes, properties and plain headers stay; the reason stands in a header as JSON, in both languages."""
    desk.client.publish(
        desk.queue,
        aio_pika.Message(
            b"\x00broken",
            headers={"filename": "订单.csv", "plant": "SZ1", "odd": [1, {"a": 2}], "x-own": "1"},
            content_type="text/csv",
            message_id="order-1",
            correlation_id="c-1",
        ),
    )
    inbox = desk.inbox()
    (arrival,) = got(inbox)
    reason = reason_of(
        arrival.name, Violation("channels.unreadable", values={"name": "订单.csv", "reason": "x"})
    )
    inbox.stored([arrival])
    inbox.settle(arrival.delivery, "quarantined", reason)
    assert inbox.waiting() == 0
    (kept,) = desk.parked()
    assert (kept.body, kept.message_id, kept.correlation_id) == (b"\x00broken", "order-1", "c-1")
    assert {name: kept.headers[name] for name in ("filename", "plant")} == {
        "filename": "订单.csv",
        "plant": "SZ1",
    }
    assert json.loads(str(kept.headers["x-gateway-reason"])) == reason
    assert kept.headers["x-gateway-delivery"] == arrival.delivery
    assert kept.delivery_mode == aio_pika.DeliveryMode.PERSISTENT


@pytest.mark.requirement("ER-05")
def test_a_reason_of_any_length_can_be_parked(desk: Desk) -> None:
    """Headers must fit into one frame; as much of the reason as fits is kept, and stays JSON."""
    desk.client.publish(
        desk.queue, aio_pika.Message(b"1", headers={f"h{n}": "值" * 300 for n in range(100)}, message_id="1")
    )
    inbox = desk.inbox()
    (arrival,) = got(inbox)
    violations = [{"code": "a.b", "text_en": "x" * 900, "text_zh": "误" * 900} for _ in range(200)]
    inbox.settle(arrival.delivery, "quarantined", {"name": "n", "violations": violations})
    (kept,) = desk.parked()
    told = json.loads(str(kept.headers["x-gateway-reason"]))
    assert len(told["violations"]) + told["more"] == 200
    assert told["violations"]


@pytest.mark.requirement("ER-05")
def test_a_parking_place_that_was_removed_is_made_again(desk: Desk) -> None:
    """Whoever cleared it away keeps nothing waiting."""
    desk.put("broken.csv", b"1")
    inbox = desk.inbox()
    (arrival,) = got(inbox)
    desk.client.delete(parked(desk.queue))
    inbox.settle(arrival.delivery, "quarantined", {"name": "n"})
    assert [kept.body for kept in desk.parked()] == [b"1"]
    assert inbox.waiting() == 0


@pytest.mark.requirement("ER-05")
def test_what_cannot_be_parked_stays_in_hand_until_it_can(desk: Desk) -> None:
    """Nobody is told that it is put away, and the queue goes on with it once the place is mended."""
    place = parked(desk.queue)

    def remake(kind: aio_pika.ExchangeType) -> None:
        async def work(channel: AbstractChannel) -> None:
            await channel.exchange_delete(place)
            await channel.declare_exchange(place, kind, durable=True)

        desk.client.do(work)

    desk.put("broken.csv", b"1")
    # Only one is given ahead: were it lost from hand, none would follow.
    inbox = desk.inbox(prefetch=1)
    (arrival,) = got(inbox)
    inbox.stored([arrival])
    remake(aio_pika.ExchangeType.DIRECT)
    for _ in range(2):
        with pytest.raises(RetryError) as fault:
            inbox.settle(arrival.delivery, "quarantined", {"name": "n"})
        assert fault.value.code == "channels.not-settled"
        assert inbox.waiting() == 1
    remake(aio_pika.ExchangeType.FANOUT)
    inbox.settle(arrival.delivery, "quarantined", {"name": "n"})
    assert [kept.body for kept in desk.parked()] == [b"1"]
    desk.put("sound.csv", b"2")
    (sound,) = got(inbox)
    settle(inbox, sound)
    assert inbox.waiting() == 0


def test_a_consumer_that_died_of_what_nobody_foresaw_is_begun_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours or of the library ends no queue."""
    plain = amqp_consumer.prepare

    async def mistaken(*_: object) -> None:
        monkeypatch.setattr(amqp_consumer, "prepare", plain)
        raise KeyError("mistake")

    monkeypatch.setattr(amqp_consumer, "prepare", mistaken)
    link = AmqpLink(access(desk.broker, timeout_seconds=0.5))
    inbox = AmqpInbox(link, Takeable(desk.queue))
    desk.put("orders.csv", b"1")

    def look() -> list[Arrival]:
        with suppress(RetryError):
            return inbox.receive(10)
        return []

    assert [arrival.data for arrival in until(look)] == [b"1"]
    inbox.close()
    link.close()


@pytest.mark.requirement("ER-05")
def test_parked_but_not_acknowledged_is_parked_again_and_known(desk: Desk) -> None:
    """A death in between loses nothing; the two in the parking place have one delivery."""
    desk.put(message_id="order-1")
    for _ in range(2):
        (arrival,) = got(inbox := desk.inbox())
        held = inbox._hand._held[arrival.delivery]
        inbox._link.call(inbox._park(held.messages[0], held, {"name": "n"}))
        desk.die()
    copies = desk.parked()
    assert len(copies) == 2
    assert len({str(copy.headers["x-gateway-delivery"]) for copy in copies}) == 1


@pytest.mark.requirement("ER-05")
def test_a_message_that_is_never_taken_is_parked_after_so_many_deliveries(desk: Desk) -> None:
    """Each process that dies over it counts; then it is refused, and keeps nobody else waiting."""
    desk.put("poison.csv", b"x")
    for _ in range(3):
        got(desk.inbox(deliveries=3))
        desk.die()
    inbox = desk.inbox(deliveries=3)
    (poison,) = refused(inbox)
    assert (poison.violation.code, poison.violation.values["deliveries"]) == ("channels.amqp-poison", 3)
    settle(inbox, poison)
    desk.put("sound.csv", b"y")
    (sound,) = got(inbox)
    assert sound.name == "sound.csv"
    (kept,) = desk.parked()
    assert (kept.body, kept.headers["x-gateway-code"]) == (b"x", "channels.amqp-poison")


@pytest.mark.requirement("ER-05")
def test_what_was_fetched_together_with_poison_is_not_held_for_it(desk: Desk) -> None:
    """Whatever ends us again and again is delivered alone, so that nothing else is counted with it."""
    desk.client.publish(desk.queue, *(message(f"{n}.csv", b"%d" % n) for n in range(5)))
    taken: list[str] = []

    def live_until_the_poison_kills() -> bool:
        inbox = desk.inbox(deliveries=4, look_seconds=0.05)
        looks = looks_of(inbox)
        while True:
            batch = until(lambda: inbox.receive(50) or inbox.refusals())
            if any(each.name == "0.csv" and isinstance(each, Arrival) for each in batch):
                # It kills when all that may be fetched beside it is there: the broker was asked since.
                looked_again(looks)
                desk.die()
                return False
            taken.extend(each.name for each in batch if isinstance(each, Arrival))
            settle(inbox, *batch)
            if not inbox.waiting():
                return True

    until(live_until_the_poison_kills)
    assert sorted(taken) == [f"{n}.csv" for n in range(1, 5)]
    assert [str(kept.headers["filename"]) for kept in desk.parked()] == ["0.csv"]


def test_a_message_larger_than_allowed_is_refused_and_parked(desk: Desk) -> None:
    """16 MB at most, as everywhere; its neighbours are taken."""
    desk.put("large.csv", b"x" * (16 * 1024 * 1024 + 1))
    desk.put("small.csv", b"y")
    inbox = desk.inbox()
    (large,) = refused(inbox)
    assert large.violation.code == "channels.too-large"
    settle(inbox, large, *got(inbox))
    assert inbox.waiting() == 0
    (kept,) = desk.parked()
    assert len(kept.body) == 16 * 1024 * 1024 + 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "base64", "zstd"])
def test_a_message_that_is_wrapped_is_refused(desk: Desk, encoding: str) -> None:
    """Nothing is unwrapped here; what a ZIP of files is says so by its type."""
    desk.put(content_encoding=encoding)
    (wrapped,) = refused(desk.inbox())
    assert wrapped.violation.code == "channels.amqp-encoded"


@pytest.mark.parametrize("encoding", ["utf-8", "GB18030", "identity"])
def test_the_name_of_a_character_set_is_no_wrapping(desk: Desk, encoding: str) -> None:
    """Some senders write it there."""
    desk.put(content_encoding=encoding)
    assert got(desk.inbox())


@pytest.mark.parametrize(
    ("properties", "name"),
    [
        ({"headers": {"filename": "a.csv"}, "content_type": "application/json"}, "a.csv"),
        ({"headers": {"filename": "order"}, "content_type": "application/json; charset=utf-8"}, "order.json"),
        ({"message_id": "order-1", "content_type": "TEXT/CSV"}, "order-1.csv"),
        ({"message_id": "order-1.xml", "content_type": "text/plain"}, "order-1.xml"),
        ({"headers": {"filename": "../../etc/passwd"}}, "_.._etc_passwd"),
        ({"headers": {"filename": "C:\\x\\订单.csv"}}, "C:_x_订单.csv"),
        ({"headers": {"filename": ".hidden.csv"}}, "hidden.csv"),
        ({"headers": {"filename": "a\nb\u202e.csv"}}, "a\\nb\\u202e.csv"),
        ({"headers": {"filename": 17}, "message_id": "n-1"}, "n-1"),
        ({"headers": {"filename": bytearray(b"\xff\xfe")}, "message_id": "n-2"}, "n-2"),
        ({"headers": {"filename": "..."}, "content_type": "text/csv"}, "6b86b273ff34fce1.csv"),
    ],
)
def test_the_name_is_the_senders_made_safe(desk: Desk, properties: dict[str, Any], name: str) -> None:
    """A header, else the id, else the bytes; with the suffix of its type, and never a path."""
    desk.client.publish(desk.queue, aio_pika.Message(b"1", **properties))
    assert [arrival.name for arrival in got(desk.inbox())] == [name]


def test_a_name_of_any_length_is_cut_and_keeps_its_suffix(desk: Desk) -> None:
    """A file system and a reply's name must take it."""
    desk.put("订" * 300 + ".csv")
    (arrival,) = got(desk.inbox())
    assert arrival.name.endswith("订.csv")
    assert len(arrival.name.encode()) <= 200


def test_no_more_is_fetched_ahead_than_allowed(desk: Desk) -> None:
    """What is not settled counts; settling one lets one more come, until all were had."""
    desk.client.publish(desk.queue, *(message(f"{n}.csv", b"%d" % n) for n in range(20)))
    inbox = desk.inbox(prefetch=4)
    first = got(inbox, 4)
    until(lambda: desk.client.count(desk.queue) == 16)
    assert len(inbox.receive(1000)) == 4
    assert inbox.waiting() == 20
    names = [arrival.name for arrival in first]
    settle(inbox, *first)
    while len(names) < 20:
        batch = got(inbox)
        assert len(inbox._hand) <= 4
        names += [arrival.name for arrival in batch]
        settle(inbox, *batch)
    assert names == [f"{n}.csv" for n in range(20)]


def test_a_batch_is_bounded_in_bytes(desk: Desk) -> None:
    """Many large messages go through several transactions."""
    desk.client.publish(desk.queue, *(message(f"{n}.csv", b"x" * 15_000_000) for n in range(6)))
    inbox = desk.inbox()
    until(lambda: inbox.receive(0) == [] and len(inbox._hand) == 6)
    assert [len(inbox.receive(1)), len(inbox.receive(50))] == [1, 4]


def test_what_even_the_library_cannot_read_is_parked_by_the_broker(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A property that no clock knows ends the connection each time; the broker counts, and others go on."""
    monkeypatch.setattr(amqp_consumer, "_PAUSES", (0.0,))
    desk.put_raw(Impossible())
    desk.put("sound.csv", b"y")
    inbox = desk.inbox()

    def taken() -> bool:
        with suppress(RetryError):
            return any(arrival.name == "sound.csv" for arrival in inbox.receive(10))
        return False

    until(taken)
    assert [arrival.delivery for arrival in inbox.receive(10)]
    assert desk.client.count(parked(desk.queue)) == 1
