"""A channel in memory, for tests of what stands behind channels; it keeps the same contract as folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import count

from gateway.channels.base import Arrival, Check, Outcome, Refusal, always, check_name, shown
from gateway.errors import GatewayError, ParkedError


class MemoryInbox:
    """What `put` gives is received until it is settled.

    Attributes:
        settled: Name, outcome and reason of each settled arrival, in order.
    """

    def __init__(self) -> None:
        self.settled: list[tuple[str, Outcome, Mapping[str, object] | None]] = []
        self._there: dict[str, Arrival] = {}
        self._stored: set[str] = set()
        self._numbers = count(1)

    def put(self, name: str, data: bytes) -> None:
        """Let an interchange arrive."""
        delivery = str(next(self._numbers))
        self._there[delivery] = Arrival(shown(name), data, delivery)

    def receive(self, limit: int) -> list[Arrival]:
        """Return the oldest that are not stored."""
        return [arrival for delivery, arrival in self._there.items() if delivery not in self._stored][:limit]

    def stored(self, deliveries: Iterable[Arrival | Refusal]) -> None:
        """Note that these need not come again."""
        self._stored.update(each.delivery for each in deliveries)

    def settle(self, delivery: str, outcome: Outcome, reason: Mapping[str, object] | None = None) -> None:
        """Put one away."""
        if arrival := self._there.pop(delivery, None):
            self.settled.append((arrival.name, outcome, reason))
            self._stored.discard(delivery)

    def refusals(self) -> list[Refusal]:
        """Return nothing: memory can always be read."""
        return []

    def waiting(self) -> int:
        """Return how many are not settled."""
        return len(self._there)

    def close(self) -> None:
        """Let go: another process receives what is not settled."""
        self._stored.clear()


class MemoryOutbox:
    """Keeps what was sent.

    Attributes:
        sent: The bytes by name.
    """

    def __init__(self) -> None:
        self.sent: dict[str, bytes] = {}

    def send(self, name: str, data: bytes) -> None:
        """Keep one message.

        Raises:
            ParkedError: `channels.name-unsafe`, or `channels.name-taken` by other bytes.
        """
        check_name(name)
        if self.sent.get(name, data) != data:
            raise ParkedError("channels.name-taken", name=name, folder="memory")
        self.sent[name] = data

    def send_many(self, files: Sequence[tuple[str, bytes]], check: Check = always) -> dict[str, GatewayError]:
        """Keep many messages; return by name what was not kept and why."""
        faults: dict[str, GatewayError] = {}
        for name, data in files:
            try:
                check()
                self.send(name, data)
            except GatewayError as fault:
                faults[name] = fault
        return faults
