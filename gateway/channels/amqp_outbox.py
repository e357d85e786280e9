"""An exchange and a routing key as an outbox: what is sent is confirmed, persistent, and routed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath

from aio_pika import DeliveryMode, Message

from gateway.channels.amqp_link import AmqpLink
from gateway.channels.amqp_publisher import Published, publish
from gateway.channels.amqp_queues import prepare_absent
from gateway.channels.base import Check, always, check_name
from gateway.errors import GatewayError, ParkedError, RetryError, UnsentError

_TYPES = {
    ".json": "application/json",
    ".xml": "application/xml",
    ".csv": "text/csv",
    ".zip": "application/zip",
    ".edi": "application/edifact",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class AmqpOutbox:
    """Publishes messages (ER-01, CU-06).

    A broker does not know what it was given before: the same name sent again is there again, with the
    same message id, by which a consumer knows it (at least once).
    """

    def __init__(self, link: AmqpLink, place: Published) -> None:
        self._link = link
        self._place = place
        self._prepared = bool(place.exchange)

    def send(self, name: str, data: bytes) -> None:
        """Publish one message; when this returns, the broker has it on its disk (CU-05).

        Raises:
            ParkedError: `channels.name-unsafe`, or `channels.amqp-refused` for good.
            UnsentError: The broker is away, or no queue takes it now.
            RetryError: Whether it arrived is in doubt.
        """
        if fault := self.send_many([(name, data)]).get(name):
            raise fault

    def send_many(self, files: Sequence[tuple[str, bytes]], check: Check = always) -> dict[str, GatewayError]:
        """Publish many messages and wait once; return by name what the broker did not confirm and why."""
        faults: dict[str, GatewayError] = {}
        messages: dict[str, Message] = {}
        for name, data in files:
            try:
                check_name(name)
                messages[name] = _message(name, data)
            except ParkedError as fault:
                faults[name] = fault
        if messages:
            # The publishing has its own limit; reaching the broker and preparing have theirs before it.
            limit = 4 * self._link.access.timeout_seconds
            try:
                faults |= self._link.call(self._publish(messages, check), limit)
            except RetryError as fault:
                faults |= dict.fromkeys(messages, fault)
        return faults

    async def _publish(self, messages: dict[str, Message], check: Check) -> dict[str, GatewayError]:
        if not self._prepared:
            try:
                await prepare_absent(self._link, self._place.routing_key)
            except RetryError as fault:
                raise UnsentError(fault.code, **fault.values) from fault
            self._prepared = True
        check()
        faults = await publish(self._link, self._place, messages)
        if not self._place.exchange and any(f.code == "channels.amqp-unroutable" for f in faults.values()):
            # The queue is gone: the next time finds it or makes it.
            self._prepared = False
        return faults


def _message(name: str, data: bytes) -> Message:
    return Message(
        data,
        message_id=name,
        headers={"filename": name},
        content_type=_TYPES.get(PurePath(name).suffix.lower(), "application/octet-stream"),
        delivery_mode=DeliveryMode.PERSISTENT,
    )
