"""The messages in hand: delivered by the broker and not settled, each known by the id of its delivery."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from threading import Lock

from aio_pika.abc import AbstractIncomingMessage

from gateway.channels.base import Arrival, Refusal

# More than a broker may have given us ahead.
_REMEMBERED = 2000


@dataclass(slots=True)
class Held:
    """One delivery in hand.

    Attributes:
        item: What it is to us.
        messages: What the broker is to be told of it: the sender may have given it to the broker twice.
        time: The how manieth consumer it came to; with the consumer everything in hand is lost.
        stored: Whether it is committed, and waits only to be settled.
    """

    item: Arrival | Refusal
    messages: list[AbstractIncomingMessage]
    time: int
    stored: bool = False


class Hand:
    """Filled in the broker's thread, emptied in that of a stage.

    A connection that is lost takes everything with it: the broker gives it to the next one again.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._held: dict[str, Held] = {}
        self._time = 0
        # What was lost and had no id of its sender's: by our id of the delivery its name and digest.
        self._lost: dict[str, tuple[str, bytes]] = {}

    def __len__(self) -> int:
        with self._lock:
            return sum(len(held.messages) for held in self._held.values())

    def add(self, item: Arrival | Refusal, message: AbstractIncomingMessage) -> None:
        """Take a message in hand."""
        with self._lock:
            if message.redelivered and not message.message_id:
                item = self._known(item, message)
            self._held.setdefault(item.delivery, Held(item, [], self._time)).messages.append(message)

    def waiting(self) -> list[Arrival | Refusal]:
        """Return what is not stored, oldest first."""
        with self._lock:
            return [held.item for held in self._held.values() if not held.stored]

    def stored(self, deliveries: Iterable[str]) -> None:
        """Note that these are committed."""
        with self._lock:
            for delivery in deliveries:
                if held := self._held.get(delivery):
                    held.stored = True

    def pop(self, delivery: str) -> Held | None:
        """Give away what is to be settled."""
        with self._lock:
            return self._held.pop(delivery, None)

    def clear(self) -> None:
        """Let go of everything; the broker gives it again."""
        with self._lock:
            for held in self._held.values():
                self._forgo(held)
            self._held.clear()
            self._time += 1

    def give_back(self, held: Held) -> None:
        """Keep in hand what could not be settled; what was lost meanwhile, the broker gives again."""
        with self._lock:
            if held.time == self._time:
                again = self._held.setdefault(held.item.delivery, held)
                if again is not held:
                    # The sender's second one came in between.
                    again.messages += held.messages
            else:
                self._forgo(held)

    def _forgo(self, held: Held) -> None:
        for message in held.messages:
            if not message.message_id:
                self._lost[held.item.delivery] = _known_by(held.item, message)
        while len(self._lost) > _REMEMBERED:
            del self._lost[next(iter(self._lost))]

    def _known(self, item: Arrival | Refusal, message: AbstractIncomingMessage) -> Arrival | Refusal:
        mark = _known_by(item, message)
        for delivery, lost in self._lost.items():
            if lost == mark:
                del self._lost[delivery]
                return replace(item, delivery=delivery)
        return item


def _known_by(item: Arrival | Refusal, message: AbstractIncomingMessage) -> tuple[str, bytes]:
    return item.name, sha256(message.body).digest()
