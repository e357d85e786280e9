"""Trouble with one channel: told once, while the work at the others goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

from gateway.errors import GatewayError, RetryError, Violation
from gateway.store import Store

ALERT = "trouble.channel"
# What draws prints is away as a channel may be.
PRINTS = "prints"


def values_of(fault: GatewayError) -> dict[str, str]:
    """Return the values of an alert that is about the fault itself, so that its text can be told."""
    return {name: str(value) for name, value in fault.values.items()}


def reasons_of(fault: GatewayError | Violation) -> dict[str, str]:
    """Return the values of an alert that the fault is the reason of, in both languages."""
    return {"reason": fault.text("en"), "reason_zh": fault.text("zh")}


class Trouble:
    """The channels that cannot be used now, each with one open alert until it can."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = Lock()
        self._subjects: set[str] = set()
        self.look_again()

    def look_again(self) -> None:
        """Learn what is open, of which another gateway may have told before this one took over its work."""
        with self._lock, self._store.read() as unit:
            self._subjects = {alert.subject for alert in unit.alerts.opened(ALERT)}

    def keep(self, subjects: Iterable[str]) -> None:
        """Close what was told of all others: they left the configuration, and nobody works at them again."""
        for subject in self._subjects.difference(subjects):
            self._over(subject)

    @contextmanager
    def at(self, subject: str, *, pausing: bool = False) -> Iterator[None]:
        """Work at one channel; what goes wrong there and may later go right is told, not raised.

        Args:
            subject: The channel, as operators know it.
            pausing: Raise it as well, so that the stage pauses before it tries again.

        Raises:
            RetryError: As it came, when the stage is to pause.
        """
        try:
            yield
        except RetryError as fault:
            self._tell(subject, fault)
            if pausing:
                raise
        else:
            self._over(subject)

    def _tell(self, subject: str, fault: RetryError) -> None:
        with self._lock:
            if subject not in self._subjects:
                with self._store.begin() as unit:
                    unit.alerts.open(ALERT, subject, reasons_of(fault))
                self._subjects.add(subject)

    def _over(self, subject: str) -> None:
        with self._lock:
            if subject in self._subjects:
                with self._store.begin() as unit:
                    unit.alerts.close(ALERT, subject)
                self._subjects.discard(subject)
