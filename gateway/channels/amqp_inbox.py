"""A queue as an inbox: fetched ahead, acknowledged only when it is settled, parked with its reason."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from aio_pika.abc import AbstractIncomingMessage

from gateway.channels.amqp_arrival import Takeable, read
from gateway.channels.amqp_consumer import AmqpConsumer, Consuming
from gateway.channels.amqp_hand import Hand, Held
from gateway.channels.amqp_link import AmqpLink
from gateway.channels.amqp_parking import parked_copy
from gateway.channels.amqp_publisher import Published, publish
from gateway.channels.amqp_queues import count, parked, prepare
from gateway.channels.base import Arrival, Outcome, Refusal
from gateway.errors import GatewayError, RetryError
from gateway.logs import log

# So many bytes are given to one transaction; at least one message, however long it is.
_BATCH_BYTES = 64 * 1024 * 1024
LOOK_SECONDS = 10.0


class AmqpInbox:
    """Messages of one queue (ER-01).

    The broker gives at most `prefetch` messages ahead that are not settled. What it gives is in hand at
    once; `receive` never waits, except for the first connection.
    """

    def __init__(
        self,
        link: AmqpLink,
        takeable: Takeable,
        *,
        prefetch: int = 100,
        wake: Callable[[], None] = lambda: None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._link = link
        self._takeable = takeable
        self._wake = wake
        self._hand = Hand()
        self._refusals: list[Refusal] = []
        consuming = Consuming(takeable.queue, prefetch, look_seconds)
        self._consumer = AmqpConsumer(link, consuming, arrived=self._arrived, lost=self._hand.clear)
        self._task: asyncio.Task[None] | None = None

    def receive(self, limit: int) -> list[Arrival]:
        """Return what is in hand and not stored, oldest first (ER-05).

        Raises:
            RetryError: `channels.amqp-away`, `channels.amqp-queue-unsafe`, or another reason why the queue
                is not consumed now.
        """
        consumer = self._consumer
        if self._task is None or self._task.done():
            if self._task is not None and not self._task.cancelled():
                # Nobody foresaw it, and nobody else would notice: what it held is given again.
                log.error("amqp-consumer-died", queue=self._takeable.queue, exc_info=self._task.exception())
            consumer.asked.clear()
            self._task = self._link.spawn(consumer.run())
        self._refusals = []
        if not consumer.asked.wait(self._link.access.timeout_seconds):
            raise self._link.away("no connection yet")
        if consumer.fault is not None:
            raise consumer.fault
        return self._taken(limit)

    def stored(self, deliveries: Iterable[Arrival | Refusal]) -> None:
        """Note that these are committed, and need not come again over this connection."""
        self._hand.stored(each.delivery for each in deliveries)

    def settle(self, delivery: str, outcome: Outcome, reason: Mapping[str, object] | None = None) -> None:
        """Acknowledge a message, or park it first: published, confirmed, then acknowledged (ER-05).

        Raises:
            RetryError: `channels.not-settled`; it stays in hand, or comes again after a connection was lost.
        """
        held = self._hand.pop(delivery)
        if held is None:
            return
        try:
            self._link.call(self._put_away(held, outcome, reason))
        except GatewayError as fault:
            self._hand.give_back(held)
            told = {"name": held.item.name, "reason": fault.text(), "reason_zh": fault.text("zh")}
            raise RetryError("channels.not-settled", **told) from fault

    def refusals(self) -> list[Refusal]:
        """Return what could not be had when `receive` was last called and is not noted as stored."""
        waiting = {item.delivery for item in self._hand.waiting()}
        return [refusal for refusal in self._refusals if refusal.delivery in waiting]

    def waiting(self) -> int:
        """Return how many messages wait in the queue or are in hand; may be asked from any thread.

        Raises:
            RetryError: The broker is away.
        """
        found = self._link.call(count(self._link, self._takeable.queue))
        return (found[0] if found else 0) + len(self._hand)

    def close(self) -> None:
        """Let go of the queue; the broker gives what is not settled to the next consumer."""
        if self._task is not None:
            self._link.end(self._task)
            self._task = None

    def _arrived(self, message: AbstractIncomingMessage) -> None:
        self._hand.add(read(message, self._takeable), message)
        self._wake()

    def _taken(self, limit: int) -> list[Arrival]:
        arrivals: list[Arrival] = []
        room = _BATCH_BYTES
        for item in self._hand.waiting()[:limit]:
            if isinstance(item, Refusal):
                self._refusals.append(item)
                continue
            room -= len(item.data)
            if room < 0 and arrivals:
                break
            arrivals.append(item)
        return arrivals

    async def _put_away(self, held: Held, outcome: Outcome, reason: Mapping[str, object] | None) -> None:
        while held.messages:
            message = held.messages[0]
            if outcome == "quarantined":
                await self._park(message, held, reason)
            with self._link.told():
                async with asyncio.timeout(self._link.access.timeout_seconds):
                    await message.ack()
            held.messages.pop(0)
            self._consumer.settled()

    async def _park(
        self, message: AbstractIncomingMessage, held: Held, reason: Mapping[str, object] | None
    ) -> None:
        item = held.item if isinstance(held.item, Refusal) else None
        copy = parked_copy(message, item, held.item.delivery, reason)
        place = Published(exchange=parked(self._takeable.queue), routing_key=self._takeable.queue)
        faults = await publish(self._link, place, {held.item.name: copy})
        if faults:
            # The place is ours: where someone removed it, it is made again.
            await prepare(self._link, self._takeable.queue)
            faults = await publish(self._link, place, {held.item.name: copy})
        for fault in faults.values():
            raise fault
