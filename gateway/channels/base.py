"""What every channel is: the inbox and the outbox as protocols, and which names may cross."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from gateway.errors import GatewayError, ParkedError, Violation

Outcome = Literal["done", "quarantined"]
Check = Callable[[], None]

# Names that say "not finished" (ER-05); what we write ourselves has one of them too.
UNFINISHED = (".tmp", ".part", ".temp")
# A file system takes 255 bytes; the rest is room for what is put before and behind.
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Arrival:
    """One interchange, claimed and read; the sender cannot change it any more.

    Attributes:
        name: The name under which it came, made safe to show and to store.
        data: All its bytes.
        delivery: The id of this delivery, for ever: the same name or bytes again have another one.
    """

    name: str
    data: bytes = field(repr=False)
    delivery: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something whose bytes cannot be had: it is to be noted and settled as an arrival is.

    Attributes:
        name: The name under which it came, made safe to show and to store.
        violation: Why.
        delivery: The id of this delivery, for ever.
    """

    name: str
    violation: Violation
    delivery: str


class Inbox(Protocol):
    """Where interchanges arrive; one consumer at a time receives, stores, and settles when it may.

    What was received comes again until it is called stored, and once more when another process
    takes over before it was settled (at least once). The id of the delivery stays the same, so that
    the second time has no effect (ER-04).
    """

    def receive(self, limit: int) -> list[Arrival]:
        """Claim and read what is finished, oldest first, at most so many.

        Raises:
            RetryError: The channel as a whole cannot be used now.
        """
        ...

    def stored(self, deliveries: Iterable[Arrival | Refusal]) -> None:
        """Note that what is known of them is committed: they need not come again, only be settled."""
        ...

    def settle(self, delivery: str, outcome: Outcome, reason: Mapping[str, object] | None = None) -> None:
        """Put away what is stored; in quarantine the reason lies beside it (ER-05).

        What is not in hand (any more) needs no settling.

        Raises:
            RetryError: It could not be put away; it stays in hand.
        """
        ...

    def refusals(self) -> list[Refusal]:
        """Return what could not be had when `receive` was last called and is not noted as stored."""
        ...

    def waiting(self) -> int:
        """Return how much is there that is not settled: unfinished, unclaimed or in hand.

        Raises:
            RetryError: The channel as a whole cannot be used now.
        """
        ...

    def close(self) -> None:
        """Let go; what is not settled waits for the next process."""
        ...


def always() -> None:
    """Let everything leave that is to."""


class Outbox(Protocol):
    """Where messages leave; the same name with the same bytes may be sent again (CU-05)."""

    def send(self, name: str, data: bytes) -> None:
        """Send one message; when this returns, it is there and outlives a power cut.

        Raises:
            ParkedError: `channels.name-unsafe`, or `channels.name-taken` by other bytes.
            UnsentError: It has certainly not arrived; the same may be sent again.
            RetryError: Whether it arrived is in doubt; the same may be sent again.
        """
        ...

    def send_many(self, files: Sequence[tuple[str, bytes]], check: Check = always) -> dict[str, GatewayError]:
        """Send many at the price of few; return by name what was not sent and why, as `send` raises.

        Args:
            files: Names and bytes.
            check: Called as late as can be before anything can be seen; raises an `UnsentError` where it
                must not leave any more.
        """
        ...


def unfinished(name: str) -> bool:
    """Return whether a name is none of a finished interchange: hidden, or marked as being written."""
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


def shown(name: str) -> str:
    r"""Return a foreign name as text that is safe to show and to store; odd bytes become `\xff`.

    Control and formatting characters would forge lines of a log or turn the direction of writing.
    """
    if name.isprintable():
        return name
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def check_name(name: str) -> None:
    """Refuse a name under which nothing may leave.

    Raises:
        ParkedError: `channels.name-unsafe`.
    """
    separated = "/" in name or "\\" in name
    too_long = len(name.encode("utf-8", "surrogatepass")) > LONGEST_NAME
    if not name or separated or too_long or unfinished(name) or not name.isprintable():
        raise ParkedError("channels.name-unsafe", name=shown(name))


def reason_of(name: str, violation: Violation) -> dict[str, object]:
    """Return what the reason file says of a fault, in both languages (ER-05)."""
    told = {"code": violation.code, "text_en": violation.text("en"), "text_zh": violation.text("zh")}
    return {"name": name, "violations": [told]}
