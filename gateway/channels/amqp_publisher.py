"""Publishes many messages at once and waits for the broker's word about each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from aio_pika import Message
from aio_pika.abc import AbstractExchange
from aio_pika.exceptions import ChannelPreconditionFailed, DeliveryError, PublishError

from gateway.channels.amqp_link import AmqpLink, leave
from gateway.errors import GatewayError, ParkedError, RetryError, UnsentError


@dataclass(frozen=True, slots=True)
class Published:
    """Where messages are published; the default exchange gives them to the queue that the key names."""

    exchange: str
    routing_key: str

    def __str__(self) -> str:
        return f"{self.exchange}/{self.routing_key}" if self.exchange else self.routing_key


async def publish(
    link: AmqpLink, place: Published, messages: Mapping[str, Message]
) -> dict[str, GatewayError]:
    """Publish with confirmation; return by name what the broker has not confirmed, and why.

    Raises:
        UnsentError: The broker cannot be reached at all.
    """
    faults = await _in_one_channel(link, place, messages)
    refused = [
        name for name, fault in faults.items() if isinstance(fault.__cause__, ChannelPreconditionFailed)
    ]
    if not refused or len(messages) == 1:
        return {name: _for_good(fault) for name, fault in faults.items()}
    # The broker closes the channel at a message that it will never take, and does not say which it was.
    for name in refused:
        try:
            alone = await _in_one_channel(link, place, {name: messages[name]})
        except UnsentError:
            # Before the channel was closed, the broker may have taken it.
            continue
        del faults[name]
        faults |= {name: _for_good(fault) for name, fault in alone.items()}
    return faults


async def _in_one_channel(
    link: AmqpLink, place: Published, messages: Mapping[str, Message]
) -> dict[str, GatewayError]:
    try:
        channel = await link.channel("give")
    except RetryError as fault:
        raise UnsentError(fault.code, **fault.values) from fault
    try:
        exchange = channel.default_exchange
        if place.exchange:
            exchange = await channel.get_exchange(place.exchange, ensure=False)
        tasks = {
            name: asyncio.create_task(_one(link, exchange, place, name, message))
            for name, message in messages.items()
        }
        _, late = await asyncio.wait(tasks.values(), timeout=link.access.timeout_seconds)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
    finally:
        await leave(channel)
    if late:
        # What it says after this is about messages that are sent again.
        await link.drop("give")
    faults = {name: _outcome(link, place, name, task) for name, task in tasks.items()}
    return {name: fault for name, fault in faults.items() if fault is not None}


async def _one(
    link: AmqpLink, exchange: AbstractExchange, place: Published, name: str, message: Message
) -> GatewayError | None:
    try:
        with link.told():
            await exchange.publish(message, place.routing_key, mandatory=True)
    except RetryError as fault:
        return _meant(link, place, name, fault)
    return None


def _outcome(
    link: AmqpLink, place: Published, name: str, task: asyncio.Task[GatewayError | None]
) -> GatewayError | None:
    if task.cancelled():
        fault = link.away(f"not confirmed within {link.access.timeout_seconds:g} s")
        return _meant(link, place, name, fault)
    return task.result()


def _meant(link: AmqpLink, place: Published, name: str, fault: RetryError) -> GatewayError:
    """Return what a failure means for a message: refused for sure, or in doubt."""
    cause = fault.__cause__
    values = {"name": name, "broker": link.access.name, "place": str(place)}
    error: GatewayError
    if isinstance(cause, PublishError):
        error = UnsentError("channels.amqp-unroutable", **values)
    elif isinstance(cause, DeliveryError):
        # Behind an exchange another queue may have taken it.
        kind = RetryError if place.exchange else UnsentError
        error = kind("channels.amqp-not-taken", **values)
    else:
        reason = str(fault.values.get("reason", ""))
        error = RetryError(
            "channels.not-sent", name=name, folder=f"amqp:{link.access.name}:{place}", reason=reason
        )
    error.__cause__ = cause
    return error


def _for_good(fault: GatewayError) -> GatewayError:
    """Return what the broker will never take as a matter for a person."""
    cause = fault.__cause__
    if not isinstance(cause, ChannelPreconditionFailed):
        return fault
    error = ParkedError("channels.amqp-refused", name=fault.values["name"], reason=str(cause))
    error.__cause__ = cause
    return error
