"""The connection to an SFTP server that is there when it is needed, and is not asked for too often."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from paramiko import SSHClient

from gateway.channels.sftp_connecting import SftpAccess, close, connect
from gateway.channels.sftp_session import SftpSession
from gateway.channels.sftp_wire import LostError, Wire
from gateway.errors import RetryError

_LONGEST_PAUSE_SECONDS = 60.0
# These will not heal by themselves, and a server may lock out who tries too often.
_HOPELESS = {"channels.sftp-login", "channels.sftp-key-changed", "channels.sftp-key-unknown"}
# The servers of which it is known that they keep the protocol's word: a rename never overwrites.
_REFUSES_TAKEN = "OpenSSH"


class SftpLink:
    """One connection at a time, used by one thread at a time; lost, it is made anew at the next use.

    Between two attempts lies a pause, which doubles as long as the server is away. In the meantime
    every use fails at once, with what was wrong the last time.
    """

    def __init__(
        self, access: SftpAccess, *, pause: float = 5.0, clock: Callable[[], float] = monotonic
    ) -> None:
        self.access = access
        self._least_pause = pause
        self._clock = clock
        self._lock = threading.RLock()
        self._client: SSHClient | None = None
        self._session: SftpSession | None = None
        self._pause = pause
        self._not_before = clock()
        self._fault: RetryError | None = None

    @contextmanager
    def session(self) -> Iterator[SftpSession]:
        """Use the connection; nobody else does as long as this takes.

        Raises:
            RetryError: It cannot be had, or was lost in the middle.
        """
        with self._lock:
            session = self._current()
            try:
                yield session
            except LostError as fault:
                self._drop()
                server = f"{self.access.server} ({self.access.entry})"
                lost = RetryError("channels.sftp-lost", server=server, reason=str(fault))
                self._fail(lost)
                raise lost from fault

    def close(self) -> None:
        """End the connection; the next use makes a new one."""
        with self._lock:
            self._drop()

    def _current(self) -> SftpSession:
        if self._client is not None and self._session is not None:
            transport = self._client.get_transport()
            if transport is not None and transport.is_active():
                return self._session
            self._drop()
        now = self._clock()
        if now < self._not_before and self._fault is not None:
            raise RetryError(self._fault.code, **self._fault.values)
        try:
            return self._connect()
        except RetryError as fault:
            self._fail(fault)
            raise

    def _fail(self, fault: RetryError) -> None:
        self._fault = fault
        if fault.code in _HOPELESS:
            self._pause = _LONGEST_PAUSE_SECONDS
        self._not_before = self._clock() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE_SECONDS)

    def _connect(self) -> SftpSession:
        client, channel = connect(self.access)
        self._client = client
        try:
            wire = Wire(channel, self.access.timeout)
        except LostError as fault:
            self._drop()
            server = f"{self.access.server} ({self.access.entry})"
            raise RetryError("channels.sftp-unreachable", server=server, reason=str(fault)) from fault
        transport = client.get_transport()
        banner = "" if transport is None else transport.remote_version
        self._session = SftpSession(wire, refuses_taken=_REFUSES_TAKEN in banner)
        self._fault = None
        self._pause = self._least_pause
        return self._session

    def _drop(self) -> None:
        client, self._client, self._session = self._client, None, None
        if client is not None:
            close(client, self.access.timeout)
