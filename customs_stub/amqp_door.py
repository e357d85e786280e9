"""A door at an AMQP broker: submissions are taken from one queue, answers are put into another."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.connection import make_url
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from customs_stub.doors import Parcel
from customs_stub.layers import Layer

LOG = logging.getLogger("customs_stub")
BATCH = 50
PATIENCE = 300.0  # seconds
_TIMEOUT = 10.0
_PAUSE = 0.2
_T = TypeVar("_T")
for _name in ("aio_pika", "aiormq"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)


class AmqpDoor:
    """Two queues, which the enterprises' side makes; a broker that is away is waited for.

    What was taken is acknowledged after the commit, so that it comes again to an office that died before.
    """

    def __init__(self, name: str, broker: str, queues: tuple[str, str], layers: Sequence[Layer]) -> None:
        self.name = name
        self.layers = layers
        self.folder: Path | None = None
        self._broker = broker
        self._submissions, self._answers = queues
        self._loop = asyncio.new_event_loop()
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._taken: list[tuple[Parcel, AbstractIncomingMessage]] = []

    def take(self) -> list[Parcel]:
        """Return what waits in the queue; nothing while there is no queue, or no broker."""
        try:
            self._do(self._fetch)
        except (*CONNECTION_EXCEPTIONS, asyncio.CancelledError) as fault:
            self._leave()
            LOG.info("%s: nothing can be taken now: %s", self.name, type(fault).__name__)
        return [parcel for parcel, _ in self._taken]

    def taken(self, parcel: Parcel) -> None:
        """Acknowledge a submission; one whose acknowledgement is lost comes again, and is known."""
        message = next((message for known, message in self._taken if known is parcel), None)
        if message is None:
            # The connection was lost since it was taken.
            return
        self._taken = [pair for pair in self._taken if pair[0] is not parcel]

        async def acknowledge(_: AbstractChannel) -> None:
            await message.ack()

        with suppress(*CONNECTION_EXCEPTIONS, asyncio.CancelledError):
            self._do(acknowledge)

    def refused(self, parcel: Parcel) -> None:
        """Acknowledge a submission."""
        self.taken(parcel)

    def prepare(self, name: str, data: bytes) -> None:
        """Need nothing: a message is there whole or not at all."""

    def discard(self, name: str) -> None:
        """Need nothing."""

    def put(self, answers: Sequence[tuple[str, bytes]]) -> None:
        """Publish answers with confirmation, and wait for a broker that is away or has no queue yet."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                self._do(lambda channel: self._publish(channel, answers))
            except (*CONNECTION_EXCEPTIONS, asyncio.CancelledError) as fault:
                self._leave()
                if time.monotonic() > end:
                    raise
                LOG.info("%s: nothing can be put now: %s", self.name, type(fault).__name__)
                time.sleep(_PAUSE)
            else:
                return

    def close(self) -> None:
        """Let go; what was not acknowledged comes again."""
        self._leave()
        self._loop.close()

    def _do(self, work: Callable[[AbstractChannel], Awaitable[_T]]) -> _T:
        return self._loop.run_until_complete(self._run(work))

    async def _run(self, work: Callable[[AbstractChannel], Awaitable[_T]]) -> _T:
        async with asyncio.timeout(_TIMEOUT):
            if self._channel is None or self._channel.is_closed:
                self._taken = []
                if self._connection is None or self._connection.is_closed:
                    self._connection = aio_pika.Connection(make_url(self._broker))
                    await self._connection.connect(timeout=_TIMEOUT)
                self._channel = await self._connection.channel(on_return_raises=True)
            return await work(self._channel)

    async def _fetch(self, channel: AbstractChannel) -> None:
        queue = await channel.get_queue(self._submissions, ensure=False)
        while len(self._taken) < BATCH:
            message = await queue.get(no_ack=False, fail=False)
            if message is None:
                return
            name = str(message.headers.get("filename") or message.message_id)
            self._taken.append((Parcel(name, message.body), message))

    async def _publish(self, channel: AbstractChannel, answers: Sequence[tuple[str, bytes]]) -> None:
        for name, data in answers:
            message = aio_pika.Message(
                data,
                message_id=name,
                headers={"filename": name},
                content_type="application/xml",
                delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            )
            await channel.default_exchange.publish(message, self._answers)

    def _leave(self) -> None:
        connection, self._connection, self._channel, self._taken = self._connection, None, None, []
        if connection is not None:
            self._loop.run_until_complete(_closed(connection))


async def _closed(connection: AbstractConnection) -> None:
    # The second time it has no transport any more, and is closed at once.
    for _ in range(2):
        with suppress(*CONNECTION_EXCEPTIONS, asyncio.CancelledError):
            async with asyncio.timeout(1):
                await connection.close()
