"""How a message is parked: published to the parking place with the reason in its headers."""

from __future__ import annotations

import json
from collections.abc import Mapping

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractIncomingMessage, HeadersType

from gateway.channels.base import Refusal

# All headers of a message must fit into one frame of the protocol, which has 128 KiB at most brokers.
_LONGEST_REASON = 16_000
_LONGEST_HEADER = 1_000
_MOST_HEADERS = 20


def parked_copy(
    message: AbstractIncomingMessage, item: Refusal | None, delivery: str, reason: Mapping[str, object] | None
) -> Message:
    """Return a message as it is parked: its bytes and properties, and why.

    `x-gateway-delivery` is the same when it is parked once more, because it was not known to be parked.
    """
    headers: HeadersType = dict(_kept(message.headers))
    headers["x-gateway-delivery"] = delivery
    if item is not None:
        headers["x-gateway-code"] = item.violation.code
    if reason is not None:
        headers["x-gateway-reason"] = _shortened(reason)
    return Message(
        message.body,
        headers=headers,
        content_type=message.content_type,
        content_encoding=message.content_encoding,
        correlation_id=message.correlation_id,
        message_id=message.message_id,
        type=message.type,
        app_id=message.app_id,
        delivery_mode=DeliveryMode.PERSISTENT,
    )


def _kept(headers: HeadersType) -> HeadersType:
    """Return the headers that are short and plain; those of the broker's own are about the other queue."""
    plain = {
        name: value
        for name, value in headers.items()
        if not name.startswith("x-") and isinstance(value, str | int) and len(str(value)) <= _LONGEST_HEADER
    }
    return dict(list(plain.items())[:_MOST_HEADERS])


def _shortened(reason: Mapping[str, object]) -> str:
    """Return the reason as JSON, with as many of its violations as there is room for."""
    told = json.dumps(reason, ensure_ascii=False, default=str)
    violations = reason.get("violations")
    kept = len(violations) if isinstance(violations, list) else 0
    while len(told.encode("utf-8", "backslashreplace")) > _LONGEST_REASON and isinstance(violations, list):
        kept //= 2
        shorter = {**reason, "violations": violations[:kept], "more": len(violations) - kept}
        told = json.dumps(shorter, ensure_ascii=False, default=str)
        if not kept:
            break
    return told.encode("utf-8", "backslashreplace").decode()[:_LONGEST_REASON]
