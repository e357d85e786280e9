"""A socket that gives up on who does not read."""

from __future__ import annotations

import socket
from time import monotonic
from typing import Any


class PatientSocket(socket.socket):
    """What paramiko writes to: it would go on for ever, as long as it is told only that time went by."""

    def __init__(self, plain: socket.socket, patience: float) -> None:
        super().__init__(plain.family, plain.type, plain.proto, fileno=plain.detach())
        self._patience = patience
        self._stuck_since: float | None = None
        self.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: Any, flags: int = 0, /) -> int:
        """Send what the system takes."""
        try:
            sent = super().send(data, flags)
        except TimeoutError:
            now = monotonic()
            self._stuck_since = self._stuck_since or now
            if now - self._stuck_since > self._patience:
                # A timeout would only make it try again.
                raise ConnectionAbortedError("the server takes nothing") from None
            raise
        self._stuck_since = None
        return sent
