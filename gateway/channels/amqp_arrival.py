"""What a message of a queue is to us: its name, its delivery, and whether it can be taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from aio_pika.abc import AbstractIncomingMessage

from gateway.channels.base import LONGEST_NAME, Arrival, Refusal, shown
from gateway.errors import Violation
from gateway.xmlio import MAX_BYTES

# By the sender's own word; whoever reads it looks into the bytes besides.
_SUFFIXES = {
    "application/json": ".json",
    "application/xml": ".xml",
    "text/xml": ".xml",
    "text/csv": ".csv",
    "application/csv": ".csv",
    "application/zip": ".zip",
    "application/x-zip-compressed": ".zip",
    "application/edifact": ".edi",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}
# Some senders name the character set here; everything else says that the bytes are wrapped once more.
_PLAIN = {
    "",
    "identity",
    "binary",
    "8bit",
    "ascii",
    "us-ascii",
    "utf-8",
    "utf8",
    "utf-16",
    "gbk",
    "gb2312",
    "gb18030",
}
_LONGEST_SUFFIX = 20


@dataclass(frozen=True, slots=True)
class Takeable:
    """What may be taken from a queue.

    Attributes:
        queue: Its name.
        deliveries: A message that was delivered so often before and never taken is refused.
        limit_bytes: A longer one is refused.
    """

    queue: str
    deliveries: int = 5
    limit_bytes: int = MAX_BYTES


def read(message: AbstractIncomingMessage, takeable: Takeable) -> Arrival | Refusal:
    """Return what arrived, or why it cannot be taken (ER-05).

    The delivery of a message to which its sender gave an id is that id with the bytes, for ever: given to
    the broker twice, because the confirmation was lost, it is still one. One without an id gets an id here.
    """
    digest = sha256(message.body).hexdigest()
    name = name_of(message, digest)
    delivery = uuid4().hex
    if message.message_id:
        told = f"{takeable.queue}\0{message.message_id}\0{digest}".encode("utf-8", "surrogatepass")
        delivery = sha256(told).hexdigest()
    fault = _fault(message, name, takeable)
    return Arrival(name, message.body, delivery) if fault is None else Refusal(name, fault, delivery)


def name_of(message: AbstractIncomingMessage, digest: str) -> str:
    """Return the header `filename`, the message id, or the digest; with the suffix of its type."""
    given = message.headers.get("filename")
    told = given if isinstance(given, str) else message.message_id or ""
    # It is a name, never a path; and what hides or leads upwards begins with a dot.
    name = shown(told.replace("/", "_").replace("\\", "_")).lstrip(". ") or digest[:16]
    kind = (message.content_type or "").partition(";")[0].strip().lower()
    stem, dot, suffix = name.rpartition(".")
    if not stem or len(suffix) > _LONGEST_SUFFIX:
        stem, dot, suffix = name, "", ""
    end = dot + suffix if dot else _SUFFIXES.get(kind, "")
    while len((stem + end).encode()) > LONGEST_NAME:
        stem = stem[:-1]
    return stem + end


def delivered_before(headers: Mapping[str, object]) -> int:
    """Return how often a quorum queue has delivered a message before, as it says itself."""
    counted = headers.get("x-delivery-count")
    return counted if isinstance(counted, int) else 0


def _fault(message: AbstractIncomingMessage, name: str, takeable: Takeable) -> Violation | None:
    size, limit = len(message.body), takeable.limit_bytes
    if size > limit:
        return Violation("channels.too-large", values={"name": name, "size": size, "limit": limit})
    encoding = (message.content_encoding or "").strip().lower()
    if encoding not in _PLAIN:
        return Violation("channels.amqp-encoded", values={"name": name, "encoding": shown(encoding)})
    before = delivered_before(message.headers)
    if before >= takeable.deliveries:
        return Violation("channels.amqp-poison", values={"name": name, "deliveries": before})
    return None
