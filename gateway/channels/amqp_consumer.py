"""Keeps one queue consumed: begins again whenever the consumer ended, was ended, or fell silent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from threading import Event

from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue

from gateway.channels.amqp_arrival import delivered_before
from gateway.channels.amqp_link import AmqpLink, leave
from gateway.channels.amqp_queues import count, prepare
from gateway.errors import RetryError
from gateway.logs import log

_PAUSES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
# Delivered before so often: once is what every restart does to what was fetched ahead.
_SUSPICIOUS = 2
Deliver = Callable[[AbstractIncomingMessage], Awaitable[None]]


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
        self._ahead = 1
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
                if self.fault is None or self.fault.code != fault.code:
                    log.warning("amqp-consumer-lost", queue=self._queue, code=fault.code, reason=fault.text())
                self.fault = fault
                self.asked.set()
            await asyncio.sleep(_PAUSES[min(self._failures, len(_PAUSES) - 1)])
            self._failures += 1

    async def _consume(self) -> None:
        await prepare(self._link, self._queue)
        channel = await self._link.channel("take")
        try:
            over, sound = asyncio.Event(), asyncio.Event()
            channel.close_callbacks.add(lambda *_: over.set())
            beneath = await channel.get_underlay_channel()
            # The broker ends a consumer whose queue is deleted or moves to another node.
            beneath.on_consumer_cancel_callbacks.add(lambda _: over.set())
            queue = await channel.get_queue(self._queue, ensure=False)
            self._unsettled = 0

            async def deliver(message: AbstractIncomingMessage) -> None:
                if not over.is_set():
                    self._note(message, sound)

            # What was delivered again and again comes first, and alone: if it ends us once more, nothing
            # beside it was delivered once more, and none but it is ever held for poison.
            tag = await self._begin(channel, queue, deliver, 1)
            self.fault = None
            self.asked.set()
            if self._prefetch > 1:
                await self._watch(over, sound)
                await self._end(queue, tag)
                # The one in hand from before counts, too.
                await self._begin(channel, queue, deliver, self._prefetch - 1)
            await self._watch(over, asyncio.Event())
        finally:
            # What comes in before the channel is closed belongs to nobody any more.
            self._lost()
            await leave(channel)

    async def _begin(
        self, channel: AbstractChannel, queue: AbstractQueue, deliver: Deliver, ahead: int
    ) -> str:
        with self._link.told():
            async with asyncio.timeout(self._link.access.timeout_seconds):
                await channel.set_qos(ahead)
                tag = await queue.consume(deliver)
        self._ahead = ahead
        return tag

    async def _end(self, queue: AbstractQueue, tag: str) -> None:
        with self._link.told():
            async with asyncio.timeout(self._link.access.timeout_seconds):
                await queue.cancel(tag)

    def _note(self, message: AbstractIncomingMessage, sound: asyncio.Event) -> None:
        self._delivered += 1
        self._unsettled += 1
        self._failures = 0
        self._arrived(message)
        if delivered_before(message.headers) < _SUSPICIOUS:
            sound.set()

    async def _watch(self, over: asyncio.Event, sound: asyncio.Event) -> None:
        """Wait until something sound came; look now and then whether we are still consuming at all.

        Raises:
            RetryError: `channels.amqp-consumer-ended`, or the broker is away.
        """
        seen = -1
        while not sound.is_set():
            waits = [asyncio.create_task(event.wait()) for event in (over, sound)]
            done, open_ = await asyncio.wait(
                waits, timeout=self._look_seconds, return_when=asyncio.FIRST_COMPLETED
            )
            for task in open_:
                task.cancel()
            if over.is_set():
                raise RetryError("channels.amqp-consumer-ended", queue=self._queue)
            if not done:
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
        starving = idle and ready > 0 and self._unsettled < self._ahead
        if starving or not consumers:
            raise RetryError("channels.amqp-consumer-ended", queue=self._queue)
        self._failures = 0
