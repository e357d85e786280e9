"""One AMQP broker: a thread with an event loop, and in it a connection to take from and one to give to."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import CancelledError as GivenUpError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from aio_pika import Connection
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.connection import make_url
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, InvalidFrameError, ProbableAuthenticationError

from gateway.errors import RetryError
from gateway.logs import log

# What the libraries log is told to us as errors besides, and would be told twice.
for _name in ("aio_pika", "aiormq"):
    logging.getLogger(_name).setLevel(logging.CRITICAL)

# A broker under pressure stops reading from connections that publish: what is taken has one of its own.
Purpose = Literal["take", "give"]
_T = TypeVar("_T")
# So long after its own limit an operation is held to be stuck; it never should be.
_GRACE_SECONDS = 5.0
_CLOSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class AmqpAccess:
    """How a broker is reached, and as whom.

    Attributes:
        name: Its name in the configuration.
        password: Shown by nothing.
        tls: Without it the password crosses the network in the clear.
        ca_file: Who has signed the broker's certificate; without it the system's authorities.
        certificate_file: Our own certificate, with its key, where the broker wants one.
    """

    name: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    virtual_host: str = "/"
    tls: bool = True
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    heartbeat_seconds: int = 30
    timeout_seconds: float = 20.0


class AmqpLink:
    """Runs what concerns one broker; connections are made when they are needed and never mended.

    A connection or channel about which there is any doubt is thrown away whole, and the next one begins
    with nothing from it.

    Attributes:
        access: How the broker is reached.
    """

    def __init__(self, access: AmqpAccess) -> None:
        self.access = access
        self._loop = asyncio.new_event_loop()
        self._connections: dict[Purpose, AbstractConnection] = {}
        self._connecting: dict[Purpose, asyncio.Lock] = {"take": asyncio.Lock(), "give": asyncio.Lock()}
        self._thread = threading.Thread(target=self._run, name=f"amqp {access.name}", daemon=True)
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, _T], seconds: float | None = None) -> _T:
        """Run something in the loop and wait for it, from any other thread.

        Raises:
            RetryError: `channels.amqp-away`, or whatever the work raises.
        """
        if self._loop.is_closed():
            work.close()
            raise self.away("closed")
        limit = (self.access.timeout_seconds if seconds is None else seconds) + _GRACE_SECONDS
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(limit)
        except TimeoutError as fault:
            future.cancel()
            raise self.away(f"no answer within {limit:g} s") from fault
        except GivenUpError as fault:
            raise self.away("connection lost") from fault

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Begin something that runs beside everything else until `end`."""
        return self.call(self._spawned(work))

    def end(self, task: asyncio.Task[None]) -> None:
        """Let something that was spawned come to its end, and wait for it."""
        self.call(_ended(task))

    @contextmanager
    def told(self) -> Iterator[None]:
        """Tell in our words what goes wrong at the broker, and never name the password.

        Raises:
            RetryError: `channels.amqp-away`.
        """
        try:
            yield
        except asyncio.CancelledError as fault:
            _reraise_if_ended(fault)
            raise self.away("connection lost") from fault
        except TimeoutError as fault:
            raise self.away(f"no answer within {self.access.timeout_seconds:g} s") from fault
        except CONNECTION_EXCEPTIONS as fault:
            raise self.away(_reason(fault)) from fault

    def away(self, reason: str) -> RetryError:
        """Return the error of a broker that cannot be used now."""
        access = self.access
        return RetryError("channels.amqp-away", broker=access.name, host=access.host, reason=reason)

    async def channel(self, purpose: Purpose) -> AbstractChannel:
        """Open a channel, over a new connection if there is none; the caller closes it.

        Raises:
            RetryError: `channels.amqp-away`, `channels.amqp-login`, `channels.amqp-virtual-host`,
                `channels.amqp-certificate` or `channels.amqp-tls-files`.
        """
        async with self._connecting[purpose]:
            connection = self._connections.get(purpose)
            if connection is None or not _lives(connection):
                await self.drop(purpose)
                connection = self._connections[purpose] = await self._connect()
        giving = purpose == "give"
        try:
            with self.told():
                async with asyncio.timeout(self.access.timeout_seconds):
                    return await connection.channel(publisher_confirms=giving, on_return_raises=giving)
        except RetryError:
            if self._connections.get(purpose) is connection:
                await self.drop(purpose)
            raise

    async def drop(self, purpose: Purpose) -> None:
        """Throw a connection away; whatever was under way in it is in doubt."""
        connection = self._connections.pop(purpose, None)
        if connection is not None:
            await _given_up(connection)

    def close(self) -> None:
        """End the connections, the loop and its thread."""
        if self._loop.is_closed():
            return
        with suppress(RetryError):
            self.call(self._dropped(), _CLOSE_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
            rest = asyncio.all_tasks(self._loop)
            self._loop.run_until_complete(asyncio.gather(*map(_ended, rest)))
            self._loop.run_until_complete(asyncio.gather(*rest, return_exceptions=True))
        finally:
            asyncio.set_event_loop(None)
            self._loop.close()

    async def _spawned(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return self._loop.create_task(work)

    async def _dropped(self) -> None:
        for purpose in tuple(self._connections):
            await self.drop(purpose)

    async def _connect(self) -> AbstractConnection:
        access = self.access
        context = self._context() if access.tls else None
        url = make_url(
            host=access.host,
            port=access.port,
            login=access.user,
            password=access.password,
            virtualhost=access.virtual_host,
            ssl=access.tls,
            heartbeat=access.heartbeat_seconds,
        )
        # Not by the library's `connect`: it leaves what does not come about to be closed by nobody.
        connection = Connection(url, ssl_context=context)
        try:
            with self.told():
                await connection.connect(timeout=access.timeout_seconds)
        except RetryError as fault:
            await _given_up(connection)
            raise self._told_better(fault) from fault.__cause__
        except asyncio.CancelledError:
            await _given_up(connection)
            raise
        return connection

    def _context(self) -> ssl.SSLContext:
        access = self.access
        try:
            context = ssl.create_default_context(cafile=access.ca_file)
            if access.certificate_file is not None:
                context.load_cert_chain(access.certificate_file, access.key_file)
        except OSError as fault:
            files = (access.ca_file, access.certificate_file, access.key_file)
            named = ", ".join(str(file) for file in files if file is not None)
            reason = str(fault)
            raise RetryError(
                "channels.amqp-tls-files", broker=access.name, files=named, reason=reason
            ) from fault
        return context

    def _told_better(self, fault: RetryError) -> RetryError:
        """Return what a person can do about a connection that does not come about."""
        access, cause = self.access, fault.__cause__
        at = {"broker": access.name, "host": access.host}
        if isinstance(cause, ProbableAuthenticationError):
            return RetryError("channels.amqp-login", user=access.user, **at)
        if isinstance(cause, InvalidFrameError):
            # The broker said no where the library expected a yes; it keeps the words to itself.
            values = {"user": access.user, "virtual_host": access.virtual_host}
            return RetryError("channels.amqp-virtual-host", **values, **at)
        if "certificate" in _reason(cause).lower():
            return RetryError("channels.amqp-certificate", reason=_reason(cause), **at)
        return fault


def _lives(connection: AbstractConnection) -> bool:
    """Whether a connection can be used; the library's own word comes late or never when its reader died."""
    transport = connection.transport
    return not connection.is_closed and transport is not None and not transport.connection.is_closed


async def leave(channel: AbstractChannel) -> None:
    """Close a channel, however it stands with it."""
    if channel.is_closed:
        return
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await channel.close()
    except (*CONNECTION_EXCEPTIONS, asyncio.CancelledError) as fault:
        log.debug("amqp-channel-not-closed", reason=_reason(fault))
        _reraise_if_ended(fault)


async def _ended(task: asyncio.Task[Any]) -> None:
    # The library swallows a cancellation that comes while it tidies up after a lost connection.
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=_CLOSE_SECONDS)


async def _given_up(connection: AbstractConnection) -> None:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await connection.close()
    except (*CONNECTION_EXCEPTIONS, asyncio.CancelledError) as fault:
        log.debug("amqp-connection-not-closed", reason=_reason(fault))
        # Without its transport it is closed at once, and needs nobody to be closed by.
        await connection.close()
        _reraise_if_ended(fault)


def _reraise_if_ended(fault: BaseException) -> None:
    """Let ourselves be ended; the library gives up its own work by the same means when a connection ends."""
    task = asyncio.current_task()
    if isinstance(fault, asyncio.CancelledError) and (task is None or task.cancelling()):
        raise fault


def _reason(fault: BaseException | None) -> str:
    return str(fault) or type(fault).__name__
