"""Keeps one queue consumed: begins again whenever the consumer ended, was ended, or fell silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

import structlog
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from gateway.channels.amqp_link import AmqpLink, leave
from gateway.channels.amqp_queues import count, prepare
from gateway.errors import RetryError

log = structlog.get_logger("gateway.channels")

_PAUSES = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Consuming:
    """What is consumed, and how.

    Attributes:
        queue: Its name.
        prefetch: So many messages are given ahead that are not settled.
        look_seconds: So often the queue is asked whether it still has us.
    """

    queue: str
    prefetch: int
    look_seconds: float


class AmqpConsumer:
    """One consumer with its channel; `run` is its life.

    Attributes:
        asked: Set once it is known whether the queue can be consumed.
        fault: Why it cannot be consumed now.
    """

    def __init__(
        self,
        link: AmqpLink,
        consuming: Consuming,
        *,
        arrived: Callable[[AbstractIncomingMessage], None],
        lost: Callable[[], None],
    ) -> None:
        self._link = link
        self._queue = consuming.queue
        self._prefetch = consuming.prefetch
        self._arrived = arrived
        self._lost = lost
        self._look_seconds = consuming.look_seconds
        self._failures = 0
        self._delivered = 0
        self._unsettled = 0
        self.asked = Event()
        self.fault: RetryError | None = None

    def settled(self) -> None:
        """Note that the broker may deliver one more."""
        self._unsettled -= 1

    async def run(self) -> None:
        """Consume until cancelled."""
        while True:
            try:
                await self._consume()
            except RetryError as fault:
                # Why it first failed says more than what follows from it.
                self.fault = fault
                self.asked.set()
                log.warning("amqp-consumer-lost", queue=self._queue, code=fault.code, reason=fault.text())
            await asyncio.sleep(_PAUSES[min(self._failures, len(_PAUSES) - 1)])
            self._failures += 1

    async def _consume(self) -> None:
        await prepare(self._link, self._queue)
        channel = await self._link.channel("take")
        try:
            over = asyncio.Event()
            with self._link.told():
                async with asyncio.timeout(self._link.access.timeout_seconds):
                    await self._begin(channel, over)
            self.fault, self._failures = None, 0
            self.asked.set()
            await self._watch(over)
        finally:
            # What comes in before the channel is closed belongs to nobody any more.
            self._lost()
            await leave(channel)

    async def _begin(self, channel: AbstractChannel, over: asyncio.Event) -> None:
        self._delivered = self._unsettled = 0
        channel.close_callbacks.add(lambda *_: over.set())
        beneath = await channel.get_underlay_channel()
        # The broker ends a consumer whose queue is deleted or moves to another node.
        beneath.on_consumer_cancel_callbacks.add(lambda _: over.set())
        await channel.set_qos(self._prefetch)
        queue = await channel.get_queue(self._queue, ensure=False)

        async def deliver(message: AbstractIncomingMessage) -> None:
            if not over.is_set():
                self._delivered += 1
                self._unsettled += 1
                self._arrived(message)

        await queue.consume(deliver)

    async def _watch(self, over: asyncio.Event) -> None:
        """Wait until the consumer is over, and look now and then whether it is without saying so."""
        seen = -1
        while True:
            try:
                async with asyncio.timeout(self._look_seconds):
                    await over.wait()
            except TimeoutError:
                pass
            else:
                raise RetryError("channels.amqp-consumer-ended", queue=self._queue)
            before, seen = seen, self._delivered
            await self._look(idle=before == seen)

    async def _look(self, *, idle: bool) -> None:
        try:
            found = await count(self._link, self._queue)
        except RetryError:
            # A broker that does not answer is left: what it would still say goes unheard.
            await self._link.drop("take")
            raise
        ready, consumers = found or (0, 0)
        starving = idle and ready > 0 and self._unsettled < self._prefetch
        if starving or not consumers:
            raise RetryError("channels.amqp-consumer-ended", queue=self._queue)
