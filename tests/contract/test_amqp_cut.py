"""The connection to the broker is cut at each frame of a conversation, one after another: nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest

from gateway.channels.amqp_arrival import Takeable
from gateway.channels.amqp_inbox import AmqpInbox
from gateway.channels.amqp_link import AmqpLink
from gateway.channels.amqp_outbox import AmqpOutbox
from gateway.channels.amqp_publisher import Published
from gateway.channels.amqp_queues import prepare
from gateway.channels.base import Arrival
from gateway.errors import RetryError, UnsentError
from tests.services.amqp import PATIENCE, Client, Nameless, access, new_queue, until
from tests.services.cable import FrameCable
from tests.services.rabbitmq import shared

# Connecting, twice, and what the test is about: a conversation of fewer would prove little.
FEWEST = 25


@pytest.fixture
def cable() -> Iterator[FrameCable]:
    """A cable to the broker of this process."""
    with FrameCable(shared().port) as made:
        yield made


@pytest.fixture
def queue() -> str:
    """A queue that is there."""
    made = new_queue()
    with closing(AmqpLink(access(shared()))) as link:
        link.call(prepare(link, made))
    return made


@pytest.mark.requirement("CU-05", "ER-01")
def test_whatever_is_cut_of_publishing_is_told_rightly_and_goes_again(cable: FrameCable, queue: str) -> None:
    """What is told as certainly not arrived has not; what is told as sent has; the rest may have."""
    client, told = Client(shared()), []
    while not told or told[-1]:
        with closing(AmqpLink(access(shared(), port=cable.port))) as link:
            outbox = AmqpOutbox(link, Published("", queue))
            cable.cut_at = len(told) + 1
            fault = outbox.send_many([("a.xml", b"<a/>")]).get("a.xml")
            arrived = len(client.take(queue))
            assert arrived == 1 if fault is None else arrived <= (not isinstance(fault, UnsentError))
            if cable.cut_at <= 0:
                assert outbox.send_many([("a.xml", b"<a/>")]) == {}
                (again,) = client.take(queue)
                assert (again.message_id, again.body) == ("a.xml", b"<a/>")
            told.append(cable.cut_at <= 0)
    assert len(told) > FEWEST


@pytest.mark.requirement("ER-04", "ER-05", "ER-01")
@pytest.mark.parametrize("message_id", [True, False], ids=["with an id", "without an id"])
def test_whatever_is_cut_of_taking_it_is_taken(cable: FrameCable, queue: str, message_id: bool) -> None:
    """It comes again as the same delivery; without an id perhaps as another, where the cut hit our word.

    Nobody confirms an acknowledgement: what comes again after it might as well be the like, sent once more.
    The broker notes a cut when it likes, so what was not acknowledged may come again in a later conversation.
    """
    client, cuts = Client(shared()), 0
    taken: dict[str, set[str]] = {}
    while cuts == 0 or cable.cut_at <= 0:
        cuts += 1
        name = f"{cuts}.csv"
        if not message_id:
            client.put_raw(queue, name.encode(), Nameless(headers={"filename": name}, delivery_mode=2))
        else:
            client.put(queue, name, name.encode(), message_id=f"order-{cuts}")
        with closing(AmqpLink(access(shared(), port=cable.port))) as link:
            inbox = AmqpInbox(link, Takeable(queue, deliveries=20))
            cable.cut_at = cuts
            for each in _all(inbox, name):
                assert each.data == each.name.encode()
                taken.setdefault(each.name, set()).add(each.delivery)
            inbox.close()
    assert cuts > FEWEST
    assert all(len(deliveries) <= (1 if message_id else 2) for deliveries in taken.values())
    # No frame of the last conversation was cut, so its acknowledgement has arrived.
    assert name.encode() not in {left.body for left in client.take(queue)}


def test_what_ignores_a_word_to_end_is_told_again(cable: FrameCable) -> None:
    """As the library does while it tidies up after a lost connection: neither inbox nor link hangs by it."""

    async def deaf() -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(PATIENCE)
        await asyncio.sleep(PATIENCE)

    with closing(AmqpLink(access(shared(), port=cable.port))) as link:
        task = link.spawn(deaf())
        link.end(task)
        assert task.cancelled()


def _all(inbox: AmqpInbox, name: str) -> list[Arrival]:
    """Take and settle as the pipeline does until this has come and nothing is left; return all that came."""
    came: list[Arrival] = []

    def over() -> bool:
        try:
            found = inbox.receive(10)
            came.extend(found)
            inbox.stored(found)
            for each in found:
                inbox.settle(each.delivery, "done")
            return name in {each.name for each in came} and inbox.waiting() == 0
        except RetryError:
            return False

    until(over)
    return came
