"""A token that does not answer: told while it is so, since whoever asks it can tell nothing then (ID-03)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from socket import gethostname
from time import monotonic

from gateway.store import Member, Store

HANGING = "token.hanging"
UNUSABLE = "token.unusable"
DEVICE = "token"
ELSEWHERE = f"{DEVICE}@"


def device_of(member: Member) -> str:
    """Return how alerts call a gateway's token: by its machine, where several have one each (ID-03).

    What answers to one gateway says nothing of the token of another machine.
    """
    return f"{ELSEWHERE}{gethostname()}" if member.shares else DEVICE


class TokenWatch:
    """Knows since when the token has been asked; the thread that asks notes it, another one looks.

    It only tells. That the token answers again is noted with what it answered, by whichever process asks
    it then.

    Args:
        store: Where alerts are.
        device: What the token is called there.
        seconds: So long may the token take for one message.
    """

    def __init__(self, store: Store, device: str, seconds: float) -> None:
        self._store = store
        self._device = device
        self._seconds = seconds
        self._since: float | None = None
        self._told: float | None = None

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Note that the token is asked, for as long as it does not answer."""
        self._since = monotonic()
        try:
            yield
        finally:
            self._since = None

    def look(self) -> int:
        """Tell once of each question that the token hangs at; return how much was told."""
        since = self._since
        if since is None or since == self._told or monotonic() - since < self._seconds:
            return 0
        with self._store.begin() as unit:
            unit.alerts.open(HANGING, self._device, {"seconds": f"{self._seconds:g}"})
        self._told = since
        if self._since != since:
            # It answered while this was written, and what it answered may have been noted before.
            with self._store.begin() as unit:
                unit.alerts.close(HANGING, self._device)
        return 1
