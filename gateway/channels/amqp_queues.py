"""Queues that drop nothing: what they must be like, how they are made, and whether one is so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from aio_pika import ExchangeType
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPChannelError, ChannelNotFoundEntity, ChannelPreconditionFailed

from gateway.channels.amqp_link import AmqpLink, leave
from gateway.errors import RetryError, Violation

# Above every `deliveries`, so that the gateway, which can give a reason, is first to park a message. What
# the gateway cannot even decode is parked by the broker after so many times.
BROKER_DELIVERIES = 30


def parked(queue: str) -> str:
    """Return the name of the exchange and of the queue where a queue's parked messages lie."""
    return f"{queue}.parked"


def arguments_of(queue: str) -> dict[str, str | int]:
    """Return with what arguments a queue must be declared, so that nothing in it is ever dropped."""
    return {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": parked(queue),
        # At most once is the default, and loses what is dead-lettered while the broker fails.
        "x-dead-letter-strategy": "at-least-once",
        # Needed for that; and a queue that is full says so instead of forgetting its oldest.
        "x-overflow": "reject-publish",
        "x-delivery-limit": BROKER_DELIVERIES,
    }


async def prepare(link: AmqpLink, queue: str) -> None:
    """Declare a queue and its parking place; what stands there already must be of the same kind.

    Raises:
        RetryError: `channels.amqp-queue-unsafe`, `channels.amqp-no-rights`, or the broker is away.
    """
    await _make_queue(link, queue)
    place = parked(queue)

    async def make_place(channel: AbstractChannel) -> None:
        exchange = await channel.declare_exchange(place, ExchangeType.FANOUT, durable=True)
        kept = await channel.declare_queue(place, durable=True, arguments={"x-queue-type": "quorum"})
        await kept.bind(exchange)

    await _do(link, place, make_place)


async def prepare_absent(link: AmqpLink, queue: str) -> None:
    """Declare a queue to which we give if there is none; one that is there is its owner's.

    Raises:
        RetryError: As `prepare` raises.
    """
    if await count(link, queue) is None:
        await prepare(link, queue)


async def count(link: AmqpLink, queue: str) -> tuple[int, int] | None:
    """Return how many messages wait in a queue and how many consumers it has; None when there is none.

    Raises:
        RetryError: The broker is away.
    """
    found: list[tuple[int, int]] = []

    async def ask(channel: AbstractChannel) -> None:
        told = (await channel.declare_queue(queue, passive=True)).declaration_result
        found.append((told.message_count or 0, told.consumer_count or 0))

    try:
        await _do(link, queue, ask)
    except RetryError as fault:
        if isinstance(fault.__cause__, ChannelNotFoundEntity):
            return None
        raise
    return found[0]


def check_source(link: AmqpLink, queue: str) -> Iterator[Violation]:
    """Tell whether a queue from which we take would drop messages; nothing is made."""
    place = parked(queue)
    if link.call(count(link, queue)) is None:
        yield _absent(link, queue)
        return
    try:
        link.call(_make_queue(link, queue))
    except RetryError as fault:
        yield Violation(fault.code, values=fault.values)
        return
    lying = link.call(count(link, place))
    if lying is None:
        yield _absent(link, place)
    elif lying[0]:
        values = {"broker": link.access.name, "queue": place, "count": lying[0]}
        yield Violation("channels.amqp-parked", values=values, warning=True)


def check_target(link: AmqpLink, exchange: str, routing_key: str) -> Iterator[Violation]:
    """Tell whether what we publish to is there, and whether a queue that is named would keep it."""

    async def look(channel: AbstractChannel) -> None:
        await channel.get_exchange(exchange)

    if not exchange and link.call(count(link, routing_key)) is None:
        yield _absent(link, routing_key)
        return
    try:
        link.call(_do(link, exchange, look) if exchange else _make_queue(link, routing_key))
    except RetryError as fault:
        code, values = fault.code, fault.values
        if isinstance(fault.__cause__, ChannelNotFoundEntity):
            code, values = "channels.amqp-no-exchange", {"broker": link.access.name, "exchange": exchange}
        # A queue that we give to is its owner's: what he makes of it is told, not forbidden.
        yield Violation(code, values=values, warning=not exchange)


async def _make_queue(link: AmqpLink, queue: str) -> None:
    async def make(channel: AbstractChannel) -> None:
        await channel.declare_queue(queue, durable=True, arguments={**arguments_of(queue)})

    await _do(link, queue, make)


async def _do(link: AmqpLink, name: str, work: Callable[[AbstractChannel], Awaitable[None]]) -> None:
    """Do something in a channel of its own, which the broker closes where it refuses."""
    channel = await link.channel("take")
    try:
        with link.told():
            async with asyncio.timeout(link.access.timeout_seconds):
                await work(channel)
    except RetryError as fault:
        cause = fault.__cause__
        values = {"broker": link.access.name, "queue": name, "reason": str(cause)}
        if isinstance(cause, ChannelPreconditionFailed):
            right = ", ".join(f"{key}={value}" for key, value in arguments_of(name).items())
            raise RetryError("channels.amqp-queue-unsafe", **values, right=right) from cause
        if isinstance(cause, AMQPChannelError) and "ACCESS_REFUSED" in str(cause):
            raise RetryError("channels.amqp-no-rights", **values, user=link.access.user) from cause
        raise
    finally:
        await leave(channel)


def _absent(link: AmqpLink, queue: str) -> Violation:
    values = {"broker": link.access.name, "queue": queue}
    return Violation("channels.amqp-queue-absent", values=values, warning=True)
