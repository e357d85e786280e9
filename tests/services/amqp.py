"""What others do at the broker in tests: an ERP or customs that publishes, reads and makes queues."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, TypeVar

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from pamqp.commands import Basic

from gateway.channels.amqp_link import AmqpAccess
from tests.services.rabbitmq import GATEWAY, VHOST, Broker, User

PATIENCE = 60.0  # seconds
_T = TypeVar("_T")
_names = count(1)


def new_queue(about: str = "q") -> str:
    """Return the name of a queue that no other test uses."""
    return f"{about}.{next(_names)}"


def access(broker: Broker, user: User = GATEWAY, **other: Any) -> AmqpAccess:
    """Return how the gateway reaches the tests' broker, without TLS unless it is asked for."""
    values = {"host": "127.0.0.1", "port": broker.port, "virtual_host": VHOST, "tls": False}
    values |= {"user": user.name, "password": user.password, "timeout_seconds": 10.0} | other
    return AmqpAccess(name="broker", **values)


class Nameless(Basic.Properties):
    """Properties without an id, to which the sender's library has added none."""

    def marshal(self) -> bytes:
        """Leave the id out, which this library gives to everything."""
        self.message_id = None
        return super().marshal()


class Client:
    """Somebody else at the broker, who connects anew for everything that he does."""

    def __init__(self, broker: Broker, user: User = GATEWAY, virtual_host: str = VHOST) -> None:
        self._broker = broker
        self._user = user
        self._virtual_host = virtual_host

    def do(self, work: Callable[[AbstractChannel], Awaitable[_T]]) -> _T:
        """Do something in a channel of its own and return what came of it."""

        async def run() -> _T:
            connection = await aio_pika.connect(
                host="127.0.0.1",
                port=self._broker.port,
                login=self._user.name,
                password=self._user.password,
                virtualhost=self._virtual_host,
                timeout=PATIENCE,
            )
            async with connection:
                return await work(await connection.channel(on_return_raises=True))

        return asyncio.run(run())

    def publish(self, queue: str, *messages: aio_pika.Message) -> None:
        """Give messages to a queue, in order, and wait until the broker has them."""

        async def work(channel: AbstractChannel) -> None:
            given = [channel.default_exchange.publish(message, queue) for message in messages]
            await asyncio.gather(*given)

        self.do(work)

    def put(self, queue: str, name: str, data: bytes, **properties: Any) -> None:
        """Give a file to a queue as the documentation says."""
        self.publish(queue, message(name, data, **properties))

    def put_raw(self, queue: str, data: bytes, properties: Basic.Properties) -> None:
        """Give bytes to a queue with properties as they are."""

        async def work(channel: AbstractChannel) -> None:
            beneath = await channel.get_underlay_channel()
            await beneath.basic_publish(data, routing_key=queue, properties=properties)

        self.do(work)

    def declare(self, queue: str, **arguments: Any) -> None:
        """Make a queue of one's own kind."""
        durable = arguments.pop("durable", True)
        self.do(lambda channel: channel.declare_queue(queue, durable=durable, arguments=arguments))

    def delete(self, queue: str) -> None:
        """Delete a queue with all that is in it."""
        self.do(lambda channel: channel.queue_delete(queue))

    def count(self, queue: str) -> int:
        """Return how many messages wait in a queue."""

        async def work(channel: AbstractChannel) -> int:
            found = await channel.declare_queue(queue, passive=True)
            return int(found.declaration_result.message_count or 0)

        return self.do(work)

    def take(self, queue: str) -> list[AbstractIncomingMessage]:
        """Take all that waits in a queue."""

        async def work(channel: AbstractChannel) -> list[AbstractIncomingMessage]:
            place = await channel.get_queue(queue, ensure=False)
            taken = []
            while (message := await place.get(no_ack=True, fail=False)) is not None:
                taken.append(message)
            return taken

        return self.do(work)


def message(name: str, data: bytes, **properties: Any) -> aio_pika.Message:
    """Return a file as a message, persistent and with an id of its own."""
    return aio_pika.Message(data, headers={"filename": name}, delivery_mode=2, **properties)


def until(look: Callable[[], _T], patience: float = PATIENCE) -> _T:
    """Wait until something is so, and return it."""
    end = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return found
