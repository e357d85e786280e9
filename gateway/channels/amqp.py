"""The brokers of the configuration: each with its one link, which its inboxes and outboxes share."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from gateway.channels.amqp_arrival import Takeable
from gateway.channels.amqp_inbox import AmqpInbox
from gateway.channels.amqp_link import AmqpAccess, AmqpLink
from gateway.channels.amqp_outbox import AmqpOutbox
from gateway.channels.amqp_publisher import Published
from gateway.channels.amqp_queues import check_source, check_target
from gateway.config import AmqpQueue, AmqpTarget, Settings, read_secret, secret_variable
from gateway.errors import GatewayError, ParkedError, Violation


class AmqpBrokers:
    """Opens queues and exchanges; a broker's thread begins with its first."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._links: dict[str, AmqpLink] = {}
        self._parts = ExitStack()

    def inbox(self, place: AmqpQueue, wake: Callable[[], None]) -> AmqpInbox:
        """Open a queue; `wake` is called in the broker's thread for each message.

        Raises:
            ParkedError: `channels.amqp-no-password`, or a secret that others may read.
        """
        takeable = Takeable(place.queue, deliveries=place.deliveries)
        inbox = AmqpInbox(self._link(place.amqp), takeable, prefetch=place.prefetch, wake=wake)
        self._parts.callback(inbox.close)
        return inbox

    def outbox(self, place: AmqpTarget) -> AmqpOutbox:
        """Open an exchange.

        Raises:
            ParkedError: `channels.amqp-no-password`, or a secret that others may read.
        """
        return AmqpOutbox(self._link(place.amqp), Published(place.exchange, place.routing_key))

    def close(self) -> None:
        """Let go of the queues, then of the brokers."""
        self._parts.close()

    def _link(self, name: str) -> AmqpLink:
        if name not in self._links:
            link = self._links[name] = AmqpLink(access_of(self._settings, name))
            self._parts.callback(link.close)
        return self._links[name]


def access_of(settings: Settings, name: str) -> AmqpAccess:
    """Return how a broker of the configuration is reached.

    Raises:
        ParkedError: `channels.amqp-no-password`, or a secret that others may read.
    """
    broker = settings.amqp[name]
    secret = f"amqp-{name}-password"
    password = read_secret(secret, settings.secret_file(secret))
    if password is None:
        raise ParkedError("channels.amqp-no-password", broker=name, variable=secret_variable(secret))
    return AmqpAccess(
        name=name,
        host=broker.host,
        port=broker.port,
        user=broker.user,
        password=password,
        virtual_host=broker.virtual_host,
        tls=broker.tls,
        ca_file=None if broker.ca_file is None else settings.path(broker.ca_file),
        certificate_file=None if broker.certificate_file is None else settings.path(broker.certificate_file),
        key_file=None if broker.key_file is None else settings.path(broker.key_file),
        heartbeat_seconds=broker.heartbeat_seconds,
        timeout_seconds=broker.timeout_seconds,
    )


def check_amqp(settings: Settings, place: AmqpQueue | AmqpTarget) -> Iterator[Violation]:
    """Yield what is wrong with a place at a broker: out of reach, without rights, or dropping messages."""
    try:
        yield from _looked_at(access_of(settings, place.amqp), place)
    except GatewayError as fault:
        yield Violation(fault.code, values=fault.values)


def _looked_at(access: AmqpAccess, place: AmqpQueue | AmqpTarget) -> Iterator[Violation]:
    if not access.tls and not _is_local(access.host):
        yield Violation(
            "channels.amqp-no-tls", values={"broker": access.name, "host": access.host}, warning=True
        )
    link = AmqpLink(access)
    try:
        if isinstance(place, AmqpQueue):
            yield from check_source(link, place.queue)
        else:
            yield from check_target(link, place.exchange, place.routing_key)
    finally:
        link.close()


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
