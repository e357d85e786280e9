"""A token that does not answer: told while it is so, since whoever asks it can tell nothing then (ID-03)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from gateway.store import Store

HANGING = "token.hanging"


class TokenWatch:
    """Knows since when the token has been asked; the thread that asks notes it, another one looks.

    Args:
        store: Where alerts are.
        seconds: So long may the token take for one message.
    """

    def __init__(self, store: Store, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._since: float | None = None
        self._answered = False
        with store.read() as unit:
            self._told = bool(unit.alerts.opened(HANGING))

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Note that the token is asked, for as long as it does not answer."""
        self._since = monotonic()
        try:
            yield
        finally:
            self._since = None
            self._answered = True

    def look(self) -> int:
        """Tell once that the token hangs, and that it does not any more; return how much was told.

        What was told before a restart is over when the token has answered for the first time.
        """
        since = self._since
        hangs = since is not None and monotonic() - since > self._seconds
        if hangs == self._told or not (hangs or self._answered):
            return 0
        with self._store.begin() as unit:
            if hangs:
                unit.alerts.open(HANGING, "token", {"seconds": f"{self._seconds:g}"})
            else:
                unit.alerts.close(HANGING, "token")
        self._told = hangs
        return 1
