"""Partners at a real broker with the documented rights: each has its own queues, and nothing of another's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from gateway.channels.amqp_arrival import Takeable
from gateway.channels.amqp_inbox import AmqpInbox
from gateway.channels.amqp_link import AmqpLink
from gateway.channels.amqp_outbox import AmqpOutbox
from gateway.channels.amqp_publisher import Published
from tests.services.amqp import Client, access, until
from tests.services.documented import PARTNERS
from tests.services.rabbitmq import VHOST, Broker, partner, shared

pytestmark = pytest.mark.requirement("ER-01", "QR-08")
ORDERS, ANSWERS = "acme.orders", "acme.answers"


@pytest.fixture(scope="module")
def broker() -> Broker:
    """The broker of this process."""
    return shared()


@pytest.fixture(scope="module")
def inboxes(broker: Broker) -> Iterator[dict[str, AmqpInbox]]:
    """What the gateway takes from each partner; each partner has an answer of it waiting."""
    with ExitStack() as opened:
        taken = {}
        for name in PARTNERS:
            link = opened.enter_context(closing(AmqpLink(access(broker, virtual_host=name))))
            inbox = opened.enter_context(closing(AmqpInbox(link, Takeable(f"{name}.orders"))))
            inbox.receive(1)
            AmqpOutbox(link, Published("", f"{name}.answers")).send("reply.json", name.encode())
            taken[name] = inbox
        yield taken


def test_a_partner_sends_orders_and_reads_its_answers(broker: Broker, inboxes: dict[str, AmqpInbox]) -> None:
    """By the documented rights, in its own virtual host; the other one's inbox gets nothing."""
    acme = Client(broker, partner("acme"), "acme")
    acme.put(ORDERS, "order.json", b"{}")
    (arrival,) = until(lambda: inboxes["acme"].receive(10))
    assert (arrival.name, arrival.data) == ("order.json", b"{}")
    inboxes["acme"].stored([arrival])
    inboxes["acme"].settle(arrival.delivery, "done")
    assert [message.body for message in acme.take(ANSWERS)] == [b"acme"]
    assert inboxes["beta"].receive(10) == []


@pytest.mark.usefixtures("inboxes")
@pytest.mark.parametrize("virtual_host", ["beta", VHOST])
def test_a_partner_is_let_into_no_other_virtual_host(broker: Broker, virtual_host: str) -> None:
    """Where another's queues are, or the gateway's: it cannot even connect."""
    with pytest.raises(Exception, match=r"OpenOk.*got <Connection\.Close"):
        Client(broker, partner("acme"), virtual_host).take(ANSWERS)


ATTEMPTS: dict[str, Callable[[AbstractChannel], Any]] = {
    "read orders": lambda channel: _read(channel, ORDERS),
    "read what was parked": lambda channel: _read(channel, f"{ORDERS}.parked"),
    "empty the orders": lambda channel: _queue(channel, "queue_purge", ORDERS),
    "make a queue": lambda channel: channel.declare_queue("acme.more"),
    "delete the orders": lambda channel: channel.queue_delete(ORDERS),
    "make an exchange": lambda channel: channel.declare_exchange("acme.exchange"),
    "publish through another exchange": lambda channel: _publish(channel, f"{ORDERS}.parked"),
}


async def _read(channel: AbstractChannel, queue: str) -> None:
    place = await channel.get_queue(queue, ensure=False)
    await place.get(no_ack=True, fail=False)


async def _queue(channel: AbstractChannel, what: str, queue: str) -> None:
    under = await channel.get_underlay_channel()
    await getattr(under, what)(queue)


async def _publish(channel: AbstractChannel, exchange: str) -> None:
    place = await channel.get_exchange(exchange, ensure=False)
    await place.publish(aio_pika.Message(b"{}"), "")


@pytest.mark.usefixtures("inboxes")
@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_partner_does_nothing_else_in_its_own_virtual_host(
    broker: Broker, attempt: Callable[[AbstractChannel], Any]
) -> None:
    """Its orders, once published, are the gateway's."""
    with pytest.raises(Exception, match="ACCESS_REFUSED"):
        Client(broker, partner("acme"), "acme").do(attempt)
